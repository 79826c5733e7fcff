// Package charprop answers for characters as Hugging Face's tokenizers library does.
// The library's parts go by tables of several Unicode versions, none of them
// Go's: tables.go holds what the library itself answered.
package charprop

import (
	"sync"
	"unicode"
)

// Set is a set of characters with a test that takes two loads.
type Set struct {
	page [(unicode.MaxRune + 1) >> pageBits]uint16 // which of bits
	bits [][pageSize / 64]uint64
}

const (
	pageBits = 8
	pageSize = 1 << pageBits
)

// Has tells whether r, which may be any number, belongs to the set.
func (s *Set) Has(r rune) bool {
	if uint32(r) > unicode.MaxRune {
		return false
	}
	return s.bits[s.page[r>>pageBits]][r&(pageSize-1)>>6]>>(r&63)&1 != 0
}

// NewSet builds a set from pairs of first and last members, ascending. Equal
// pages are stored once.
func NewSet(ranges []uint32) *Set {
	s := &Set{}
	seen := map[[pageSize / 64]uint64]uint16{}
	next := 0
	for p := range s.page {
		var bits [pageSize / 64]uint64
		lo, hi := uint32(p<<pageBits), uint32(p<<pageBits+pageSize-1)
		for ; next < len(ranges) && ranges[next] <= hi; next += 2 {
			for r := max(lo, ranges[next]); r <= min(hi, ranges[next+1]); r++ {
				bits[r&(pageSize-1)>>6] |= 1 << (r & 63)
			}
			if ranges[next+1] > hi {
				break // the range goes on in the next page
			}
		}
		at, ok := seen[bits]
		if !ok {
			at = uint16(len(s.bits))
			s.bits, seen[bits] = append(s.bits, bits), at
		}
		s.page[p] = at
	}
	return s
}

func lazySet(ranges []uint32) func() *Set {
	return sync.OnceValue(func() *Set { return NewSet(ranges) })
}

// The sets are built at first use, each in less than a millisecond.
var (
	Numeric     = lazySet(numericRanges)     // char::is_numeric: categories Nd, Nl, No
	Word        = lazySet(wordRanges)        // \w of the regex crate
	Punctuation = lazySet(punctuationRanges) // ASCII symbols and categories P
	Control     = lazySet(controlRanges)     // what BertNormalizer's clean_text drops
	Nonspacing  = lazySet(nonspacingRanges)  // category Mn, for BertNormalizer
	Mark        = lazySet(markRanges)        // categories M, for StripAccents
	Active      = lazySet(activeRanges)      // what the normal forms may change
)

// OtherAlphabetic returns first and last, in pairs, of the characters that are
// alphabetic by Oniguruma, but not by their category: L or Nl.
func OtherAlphabetic() []uint32 { return otherAlphabeticRanges }

// OtherUppercase is OtherAlphabetic of upper case, of category Lu.
func OtherUppercase() []uint32 { return otherUppercaseRanges }

// OtherLowercase is OtherAlphabetic of lower case, of category Ll.
func OtherLowercase() []uint32 { return otherLowercaseRanges }

// IsSpace is char::is_whitespace, and \s of the regex crate: the property
// White_Space, which does not change.
func IsSpace(r rune) bool {
	if r < 0x80 {
		return r == ' ' || '\t' <= r && r <= '\r'
	}
	return unicode.Is(unicode.White_Space, r)
}

// lowerRow says that every step-th character from lo to hi becomes, in lower
// case, the one delta further on.
type lowerRow struct {
	lo, hi rune
	step   rune
	delta  rune
}

// Lower returns r in lower case. U+0130 becomes two characters, i and U+0307:
// dot is then true and r is i.
func Lower(r rune) (lower rune, dot bool) {
	if r < 0x80 {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r, false
	}
	if r == 0x130 {
		return 'i', true
	}
	lo, hi := 0, len(lowerRows)
	for lo < hi {
		m := (lo + hi) / 2
		if lowerRows[m].hi < r {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo < len(lowerRows) {
		if row := lowerRows[lo]; row.lo <= r && (r-row.lo)%row.step == 0 {
			return r + row.delta, false
		}
	}
	return r, false
}

// Script returns the number of the script that r is written in, as the
// UnicodeScripts pre-tokenizer tells them apart (Hiragana, Katakana and Han are
// one); 0 for characters that go with any script.
func Script(r rune) int {
	lo, hi := 0, len(scriptRanges)/3
	for lo < hi {
		m := (lo + hi) / 2
		if scriptRanges[3*m+1] < uint32(r) {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo < len(scriptRanges)/3 && scriptRanges[3*lo] <= uint32(r) {
		return int(scriptRanges[3*lo+2])
	}
	return 0
}
