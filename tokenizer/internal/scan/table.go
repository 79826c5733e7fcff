package scan

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/ucd"
)

// Classes of characters that patterns tell apart, one bit each, so that a set
// of classes is a mask. A table uses those its patterns need.
const (
	letter  uint8 = 1 << iota // \p{L}; in a table of cases the letters without a case
	number                    // \p{N}
	space                     // \s but \r and \n
	newline                   // \r and \n
	other                     // anything else
	upper                     // \p{Lu}, \p{Lt}
	lower                     // \p{Ll}
	mark                      // \p{M}

	// In DeepSeek's table:
	punct  = upper // \p{P}, \p{S}
	chars  = lower // the letters and marks in [一-龥\u3040-ヿ]
	oddity = mark  // what else there is in it: ゛ ゜ ゠ ・ and unassigned ones
	cjk    = chars | oddity

	white = space | newline
)

// table maps characters to classes in two steps: pages of 256 code points,
// equal pages shared.
type table struct {
	ascii [utf8.RuneSelf]uint8
	index [(unicode.MaxRune + 1) >> 8]uint16
	pages [][256]uint8
	bad   uint8 // class of a byte that is not UTF-8: that of U+FFFD, which stands for it
}

// The tables are built at first use (some milliseconds) and never changed.
var (
	plain    = sync.OnceValue(func() *table { return newTable(classOf) })
	marked   = sync.OnceValue(func() *table { return newTable(markedClass) })
	cased    = sync.OnceValue(func() *table { return newTable(casedClass) })
	deepSeek = sync.OnceValue(func() *table { return newTable(deepSeekClass) })
)

func newTable(class func(rune) uint8) *table {
	t := &table{}
	seen := map[[256]uint8]uint16{}
	for i := range t.index {
		var page [256]uint8
		for k := range page {
			page[k] = class(rune(i<<8 | k))
		}
		at, ok := seen[page]
		if !ok {
			at = uint16(len(t.pages))
			seen[page] = at
			t.pages = append(t.pages, page)
		}
		t.index[i] = at
	}
	copy(t.ascii[:], t.pages[t.index[0]][:])
	t.bad = class(utf8.RuneError)
	return t
}

func classOf(r rune) uint8 {
	switch c := ucd.Of(r); {
	case r == '\r' || r == '\n':
		return newline
	case unicode.Is(unicode.White_Space, r): // the same 25 in all versions of Unicode since 6.3
		return space
	case ucd.L.Has(c):
		return letter
	case ucd.N.Has(c):
		return number
	}
	return other
}

// markedClass has marks among the letters.
func markedClass(r rune) uint8 {
	if ucd.Is(ucd.M, r) {
		return letter
	}
	return classOf(r)
}

// casedClass tells cases and marks apart.
func casedClass(r rune) uint8 {
	switch c := ucd.Of(r); {
	case c == ucd.Lu || c == ucd.Lt:
		return upper
	case c == ucd.Ll:
		return lower
	case ucd.M.Has(c):
		return mark
	}
	return classOf(r)
}

// deepSeekClass has marks among the letters, punctuation with symbols, and
// Chinese characters with kana.
func deepSeekClass(r rune) uint8 {
	switch {
	case 0x4e00 <= r && r <= 0x9fa5 || 0x3040 <= r && r <= 0x30ff:
		if ucd.Is(ucd.L|ucd.M, r) {
			return chars
		}
		return oddity
	case ucd.Is(ucd.P|ucd.S, r):
		return punct
	}
	return markedClass(r)
}

// at returns the class and width of the character at s[i], i < len(s). A byte
// that begins no valid UTF-8 sequence is one character of class bad.
func (t *table) at(s []byte, i int) (class uint8, width int) {
	if b := s[i]; b < utf8.RuneSelf {
		return t.ascii[b], 1
	}
	return t.wide(s, i)
}

// wide is at for bytes that are not ASCII.
func (t *table) wide(s []byte, i int) (class uint8, width int) {
	if b := s[i]; b-0xe1 < 0xec-0xe0 && i+2 < len(s) { // U+1000 … U+CFFF, most of the wide characters there are
		c, d := s[i+1]^0x80, s[i+2]^0x80
		if c|d < 0x40 {
			r := int(b&15)<<12 | int(c)<<6 | int(d)
			return t.pages[t.index[r>>8]][r&0xff], 3
		}
		return t.bad, 1
	}
	r, w := utf8.DecodeRune(s[i:])
	if r == utf8.RuneError && w == 1 {
		return t.bad, 1
	}
	return t.pages[t.index[r>>8]][r&0xff], w
}

// run returns the end of the longest run of classes in set from s[i] on.
func (t *table) run(s []byte, i int, set uint8) int {
	for i < len(s) {
		if b := s[i]; b < utf8.RuneSelf {
			if t.ascii[b]&set == 0 {
				return i
			}
			i++
			continue
		}
		c, w := t.wide(s, i)
		if c&set == 0 {
			return i
		}
		i += w
	}
	return i
}

// spaces measures the white space that begins at s[i]: its end, where its last
// character begins, and the end of its last \r or \n (0 if it has none).
func (t *table) spaces(s []byte, i int) (end, last, line int) {
	end = i
	for end < len(s) {
		class, w := t.at(s, end)
		if class&white == 0 {
			break
		}
		last = end
		end += w
		if class == newline {
			line = end
		}
	}
	return end, last, line
}

// lines is `\s*[\r\n]+|\s+(?!\S)|\s+` at a white-space character.
func (t *table) lines(s []byte, i int) int {
	end, last, line := t.spaces(s, i)
	if line > 0 {
		return line
	}
	return beforeWord(s, i, end, last)
}

// beforeWord is `\s+(?!\S)|\s+` at the white space s[i:end] whose last
// character begins at last: before a word the last one is left for the word.
func beforeWord(s []byte, i, end, last int) int {
	if end == len(s) || last == i {
		return end
	}
	return last
}

// digits takes up to n more digits.
func (t *table) digits(s []byte, i, n int) int {
	for ; n > 0 && i < len(s); n-- {
		class, w := t.at(s, i)
		if class != number {
			break
		}
		i += w
	}
	return i
}

// contraction returns the length of the s, t, re, ve, m, ll or d at s[i:], 0 if
// there is none.
func contraction(s []byte, i int) int {
	if i >= len(s) {
		return 0
	}
	switch s[i] {
	case 's', 't', 'm', 'd':
		return 1
	case 'r', 'v':
		if i+1 < len(s) && s[i+1] == 'e' {
			return 2
		}
	case 'l':
		if i+1 < len(s) && s[i+1] == 'l' {
			return 2
		}
	}
	return 0
}

// contractionFold is contraction without regard to case; ſ (U+017F) folds to s.
func contractionFold(s []byte, i int) int {
	if i >= len(s) {
		return 0
	}
	switch s[i] | 0x20 {
	case 's', 't', 'm', 'd':
		return 1
	case 'r', 'v':
		if i+1 < len(s) && s[i+1]|0x20 == 'e' {
			return 2
		}
	case 'l':
		if i+1 < len(s) && s[i+1]|0x20 == 'l' {
			return 2
		}
	case 0xc5 | 0x20:
		if s[i] == 0xc5 && i+1 < len(s) && s[i+1] == 0xbf {
			return 2
		}
	}
	return 0
}
