// Package hanscript tells simplified from traditional Chinese by the characters that only one of them has.
package hanscript

import (
	"sync"
	"unicode/utf8"
)

// Kind says which script has a character.
type Kind uint8

// A character is of both scripts, or of one.
const (
	Both Kind = iota
	Simplified
	Traditional
)

const first, last = 0x3400, 0x9FFF

var kinds = sync.OnceValue(func() *[last - first + 1]Kind {
	t := new([last - first + 1]Kind)
	for _, c := range simplifiedOnly {
		t[c-first] = Simplified
	}
	for _, c := range traditionalOnly {
		t[c-first] = Traditional
	}
	return t
})

// Of returns the kind of a character: Both for what is not Han, too.
func Of(c rune) Kind {
	if c < first || c > last {
		return Both
	}
	return kinds()[c-first]
}

// Counts are a text's characters.
type Counts struct {
	Han         int // all Han characters
	Simplified  int // those of simplified Chinese only
	Traditional int // those of traditional Chinese only
}

// Count counts a text's Han characters.
func Count(text string) (n Counts) {
	t := kinds()
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		c, size := utf8.DecodeRuneInString(text[i:])
		i += size
		switch {
		case c >= first && c <= last:
			n.Han++
			switch t[c-first] {
			case Simplified:
				n.Simplified++
			case Traditional:
				n.Traditional++
			}
		case IsHan(c):
			n.Han++
		}
	}
	return n
}

// IsHan says whether a character is Han: a unified or compatibility ideograph, or the closed-circle zero 〇.
func IsHan(c rune) bool {
	return c >= first && c <= last && (c < 0x4DC0 || c > 0x4DFF) || c == '〇' || c == '々' || c >= 0xF900 && c <= 0xFAFF || c >= 0x20000 && c <= 0x323AF
}

// Script returns Hans or Hant by the majority of the characters that tell, and the share it has of them; an empty script where
// none tells. A share below about 0.9 is a mixture.
func (n Counts) Script() (script string, share float64) {
	s, t := n.Simplified, n.Traditional
	switch {
	case s+t == 0:
		return "", 0
	case t > s:
		return "Hant", float64(t) / float64(s+t)
	}
	return "Hans", float64(s) / float64(s+t)
}
