// Package pattern finds the patterns of tokenizer.json in text: literal strings
// and regular expressions as Oniguruma, the reference's library, reads them.
//
// What needs no look-around runs in Go's regexp in linear time. The rest runs
// in regexp2, which can take exponential time: it is stopped after Timeout.
package pattern

import (
	"bytes"
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

// Timeout bounds the search for one match by a backtracking pattern.
const Timeout = 2 * time.Second

// Match is a match s[Lo:Hi], which may be empty.
type Match struct{ Lo, Hi int }

// Pattern is a compiled pattern. It may be used by many goroutines.
type Pattern struct {
	literal []byte
	linear  *regexp.Regexp
	back    *regexp2.Regexp
}

// Literal returns the pattern of a string.
func Literal(s string) (*Pattern, error) {
	if s == "" {
		return Compile("")
	}
	return &Pattern{literal: []byte(s)}, nil
}

// Compile reads a regular expression in Oniguruma's syntax.
func Compile(expr string) (*Pattern, error) {
	re2, back, err := translate(expr)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", expr, err)
	}
	if re2 != "" || expr == "" {
		if re, err := regexp.Compile(re2); err == nil {
			return &Pattern{linear: re}, nil
		}
	}
	re, err := regexp2.Compile(back, regexp2.None)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", expr, err)
	}
	re.MatchTimeout = Timeout
	return &Pattern{back: re}, nil
}

// Text returns the string that a pattern of Literal finds, nil for others.
func (p *Pattern) Text() []byte { return p.literal }

// Find appends all matches in s, in order, to dst: from left to right, without
// overlap, and no empty one right after another match. In an empty text there is
// none. If a search takes longer than Timeout it returns the matches before and
// an error.
func (p *Pattern) Find(dst []Match, s []byte) ([]Match, error) {
	switch {
	case len(s) == 0:
		return dst, nil
	case p.literal != nil:
		for i := 0; ; {
			k := bytes.Index(s[i:], p.literal)
			if k < 0 {
				return dst, nil
			}
			dst = append(dst, Match{i + k, i + k + len(p.literal)})
			i += k + len(p.literal)
		}
	case p.linear != nil:
		return p.findLinear(dst, s), nil
	}
	return p.findBack(dst, s)
}

func (p *Pattern) findLinear(dst []Match, s []byte) []Match {
	for _, m := range p.linear.FindAllIndex(s, -1) {
		dst = append(dst, Match{m[0], m[1]})
	}
	return dst
}

func (p *Pattern) findBack(dst []Match, s []byte) ([]Match, error) {
	runes, at := make([]rune, 0, len(s)), make([]int, 0, len(s)+1)
	for i := 0; i < len(s); {
		r, w := utf8.DecodeRune(s[i:])
		runes, at = append(runes, r), append(at, i)
		i += w
	}
	at = append(at, len(s))
	last := -1 // end of the match before
	for start := 0; start <= len(runes); {
		m, err := p.back.FindRunesMatchStartingAt(runes, start)
		if err != nil {
			return dst, fmt.Errorf("pattern %q: no end after %v at byte %d of %d", p.back.String(), Timeout, at[start], len(s))
		}
		if m == nil {
			break
		}
		lo, hi := m.Index, m.Index+m.Length
		if lo == hi && hi == last {
			start++
			continue
		}
		dst = append(dst, Match{at[lo], at[hi]})
		start, last = hi, hi
	}
	return dst, nil
}
