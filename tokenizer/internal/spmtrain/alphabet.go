package spmtrain

import (
	"cmp"
	"errors"
	"slices"
	"unicode"
	"unicode/utf8"
)

// charCount is a character of the alphabet and its occurrences.
type charCount struct {
	char  rune
	count int64
}

// alphabet is the characters that the vocabulary must have, the most frequent
// first.
type alphabet struct {
	chars []charCount
	has   []bool // by code point
	rest  int64  // occurrences of the other characters, rare ones and boundaries
}

// alphabetOf chooses the characters that cover the text as far as asked.
func (c *Config) alphabetOf(t *unitTable, rep *Report) (*alphabet, error) {
	counts := make(map[rune]int64)
	ascii := [utf8.RuneSelf]int64{}
	for k := range t.units {
		u := &t.units[k]
		for s := t.text[u.at : u.at+uint64(u.size)]; len(s) > 0; {
			r, w := utf8.DecodeRune(s)
			if r < utf8.RuneSelf {
				ascii[r] += u.count
			} else {
				counts[r] += u.count
			}
			s = s[w:]
		}
	}
	for r, n := range ascii {
		if r != 0 && n > 0 {
			counts[rune(r)] = n
		}
	}
	var all int64
	for _, n := range counts {
		all += n
	}
	if all == 0 {
		return nil, errors.New("the corpus holds no text")
	}
	a := &alphabet{has: make([]bool, unicode.MaxRune+1)}
	a.choose(c, counts, all)
	rep.Alphabet, rep.Covered = len(a.chars), float64(all-a.rest)/float64(all)
	a.rest += ascii[0]
	return a, nil
}

// choose takes required characters, then frequent ones, until enough is
// covered. Coverage is compared in single precision, as the original does.
func (a *alphabet) choose(c *Config, counts map[rune]int64, all int64) {
	required := make(map[rune]bool)
	for _, r := range c.RequiredChars {
		if !reserved(r) {
			required[r] = true
		}
	}
	order := make([]charCount, 0, len(counts)+len(required))
	for r, n := range counts {
		order = append(order, charCount{r, n})
	}
	for r := range required {
		if counts[r] == 0 {
			order = append(order, charCount{r, 0})
		}
	}
	slices.SortFunc(order, func(x, y charCount) int {
		if required[x.char] != required[y.char] {
			if required[x.char] {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(y.count, x.count), cmp.Compare(x.char, y.char))
	})
	var covered int64
	for _, cc := range order {
		if !c.UseAll && float32(float64(covered)/float64(all)) >= float32(c.Coverage) {
			break
		}
		covered += cc.count
		if cc.char != boundary {
			a.chars = append(a.chars, cc)
			a.has[cc.char] = true
		}
	}
	a.rest = all
	for _, cc := range a.chars {
		a.rest -= cc.count
	}
	slices.SortFunc(a.chars, func(x, y charCount) int {
		return cmp.Or(cmp.Compare(y.count, x.count), cmp.Compare(x.char, y.char))
	})
}
