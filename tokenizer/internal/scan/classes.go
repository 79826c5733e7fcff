package scan

import (
	"sync"
	"unicode"
	"unicode/utf8"
)

// Character classes the pre-tokenizer patterns tell apart.
const (
	classOther   uint8 = iota // anything else, and bytes that are not UTF-8
	classLetter               // \p{L}
	classNumber               // \p{N}
	classSpace                // \s but \r and \n
	classNewline              // \r and \n
)

// table maps code points to classes in two steps: pages of 256 code
// points, equal pages shared.
type table struct {
	ascii [256]uint8 // by byte; bytes ≥ 0x80 are classOther (a lone one is not UTF-8)
	index [(unicode.MaxRune + 1) >> 8]uint16
	pages [][256]uint8
}

// classes is built at first use (about a millisecond) and never changed.
var classes = sync.OnceValue(buildClasses)

func buildClasses() *table {
	flat := make([]uint8, unicode.MaxRune+1)
	paint(flat, unicode.L, classLetter)
	paint(flat, unicode.N, classNumber)
	paint(flat, unicode.White_Space, classSpace)
	flat['\r'], flat['\n'] = classNewline, classNewline
	t := &table{}
	seen := map[[256]uint8]uint16{}
	for i := range t.index {
		page := [256]uint8(flat[i<<8:])
		at, ok := seen[page]
		if !ok {
			at = uint16(len(t.pages))
			seen[page] = at
			t.pages = append(t.pages, page)
		}
		t.index[i] = at
	}
	copy(t.ascii[:utf8.RuneSelf], flat)
	return t
}

func paint(flat []uint8, table *unicode.RangeTable, class uint8) {
	for _, r := range table.R16 {
		for c := int(r.Lo); c <= int(r.Hi); c += int(r.Stride) {
			flat[c] = class
		}
	}
	for _, r := range table.R32 {
		for c := int(r.Lo); c <= int(r.Hi); c += int(r.Stride) {
			flat[c] = class
		}
	}
}

// at returns the class and width of the character at s[i], i < len(s). A byte
// that begins no valid UTF-8 sequence is one character of classOther.
func (t *table) at(s []byte, i int) (class uint8, width int) {
	if b := s[i]; b < utf8.RuneSelf {
		return t.ascii[b], 1
	}
	r, w := utf8.DecodeRune(s[i:])
	if r == utf8.RuneError && w == 1 {
		return classOther, 1
	}
	return t.pages[t.index[r>>8]][r&0xff], w
}

// run returns the end of the longest run of one class that covers s[i:].
func (t *table) run(s []byte, i int, class uint8) int {
	for i < len(s) {
		if b := s[i]; b < utf8.RuneSelf {
			if t.ascii[b] != class {
				return i
			}
			i++
			continue
		}
		c, w := t.at(s, i)
		if c != class {
			return i
		}
		i += w
	}
	return i
}
