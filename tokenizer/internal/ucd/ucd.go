// Package ucd holds the general categories of Unicode 16, which is what the
// regular expressions of Hugging Face's tokenizers and of tiktoken go by. Go's
// own tables follow the toolchain (Go 1.26 has Unicode 15, without 5,800 of
// these characters); ids must not.
package ucd

import (
	"sync"
	"unicode"
)

// Category is a general category; see Unicode Standard Annex 44.
type Category uint8

// The general categories. Cn is also what surrogates get, which are no
// characters.
const (
	Cn Category = iota
	Lu
	Ll
	Lt
	Lm
	Lo
	Mn
	Mc
	Me
	Nd
	Nl
	No
	Pc
	Pd
	Ps
	Pe
	Pi
	Pf
	Po
	Sm
	Sc
	Sk
	So
	Zs
	Zl
	Zp
	Cc
	Cf
	Co
)

// Set is a set of categories.
type Set uint32

// The sets that \p{L}, \p{M}, \p{N}, \p{P} and \p{S} name.
const (
	L Set = 1<<Lu | 1<<Ll | 1<<Lt | 1<<Lm | 1<<Lo
	M Set = 1<<Mn | 1<<Mc | 1<<Me
	N Set = 1<<Nd | 1<<Nl | 1<<No
	P Set = 1<<Pc | 1<<Pd | 1<<Ps | 1<<Pe | 1<<Pi | 1<<Pf | 1<<Po
	S Set = 1<<Sm | 1<<Sc | 1<<Sk | 1<<So
)

// Has tells whether c is in s.
func (s Set) Has(c Category) bool { return s>>c&1 != 0 }

type span struct {
	lo, hi rune
	cat    Category
}

// Of returns the category of a code point.
func Of(r rune) Category {
	if r < 0 || r > unicode.MaxRune {
		return Cn
	}
	t := table()
	return t.pages[t.index[r>>8]][r&0xff]
}

// Is tells whether the category of r is in s.
func Is(s Set, r rune) bool { return s.Has(Of(r)) }

// pages maps code points to categories in two steps: pages of 256 code points,
// equal pages shared.
type pages struct {
	index [(unicode.MaxRune + 1) >> 8]uint16
	pages [][256]Category
}

// table is built at first use (about a millisecond) and never changed.
var table = sync.OnceValue(func() *pages {
	flat := make([]Category, unicode.MaxRune+1)
	for _, s := range ranges {
		for r := s.lo; r <= s.hi; r++ {
			flat[r] = s.cat
		}
	}
	t := &pages{}
	seen := map[[256]Category]uint16{}
	for i := range t.index {
		page := [256]Category(flat[i<<8:])
		at, ok := seen[page]
		if !ok {
			at = uint16(len(t.pages))
			seen[page] = at
			t.pages = append(t.pages, page)
		}
		t.index[i] = at
	}
	return t
})
