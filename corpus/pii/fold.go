package pii

import (
	"sort"
	"strings"
)

// isWideAlnum says whether a full-width letter, digit or '@' begins at t[i] (U+FF10-FF19, FF20-FF3A, FF41-FF5A).
func isWideAlnum(t string, i int) bool {
	if i+2 >= len(t) || t[i] != 0xEF {
		return false
	}
	c := t[i+2]
	switch t[i+1] {
	case 0xBC:
		return c >= 0x90 && c <= 0x99 || c >= 0xA0 && c <= 0xBA
	case 0xBD:
		return c >= 0x81 && c <= 0x9A
	}
	return false
}

// fold returns the text with the full-width forms U+FF01-FF5E and the ideographic space as ASCII, and notes where.
func (s *Scanner) fold(t string) string {
	s.folded, s.wide = s.folded[:0], s.wide[:0]
	for i := 0; i < len(t); {
		if c := foldedByte(t, i); c != 0 {
			s.wide = append(s.wide, len(s.folded))
			s.folded = append(s.folded, c)
			i += 3
			continue
		}
		s.folded = append(s.folded, t[i])
		i++
	}
	return string(s.folded)
}

// foldedByte returns the ASCII form of the three-byte character at t[i], or 0.
func foldedByte(t string, i int) byte {
	if t[i] != 0xEF && t[i] != 0xE3 || i+2 >= len(t) {
		return 0
	}
	b, c := t[i+1], t[i+2]
	switch {
	case t[i] == 0xE3 && b == 0x80 && c == 0x80:
		return ' '
	case t[i] == 0xEF && b == 0xBC && c >= 0x81 && c <= 0xBF:
		return c - 0x81 + '!'
	case t[i] == 0xEF && b == 0xBD && c >= 0x80 && c <= 0x9E:
		return c - 0x80 + '`'
	}
	return 0
}

// unfold returns where a place in the folded text lies in the text itself: each folded character before it was three bytes.
func (s *Scanner) unfold(p int) int {
	return p + 2*sort.SearchInts(s.wide, p)
}

// hasAt says whether t continues with w at i.
func hasAt(t string, i int, w string) bool { return strings.HasPrefix(t[i:], w) }

func isDigit(c byte) bool { return c-'0' < 10 }

func isUpper(c byte) bool { return c-'A' < 26 }

func isLetter(c byte) bool { return c|0x20-'a' < 26 }

func isAlnum(c byte) bool { return isDigit(c) || isLetter(c) }

// alnumBefore says whether a letter, digit or underscore stands right before i.
func alnumBefore(t string, i int) bool { return i > 0 && (isAlnum(t[i-1]) || t[i-1] == '_') }

// alnumAfter says whether a letter, digit or underscore stands at i.
func alnumAfter(t string, i int) bool { return i < len(t) && (isAlnum(t[i]) || t[i] == '_') }

// byteBefore returns the byte before i, or 0.
func byteBefore(t string, i int) byte {
	if i == 0 {
		return 0
	}
	return t[i-1]
}

// byteAt returns the byte at i, or 0 past the end.
func byteAt(t string, i int) byte {
	if i >= len(t) {
		return 0
	}
	return t[i]
}
