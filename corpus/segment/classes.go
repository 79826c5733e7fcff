package segment

import (
	"sync"
	"unicode/utf8"
)

// class says what the rules hold of a character.
type class uint32

const (
	alpha      class = 1 << iota // spaCy's letters: those of the scripts that it knows
	lower                        // spaCy's lower case, and letters without case
	upper                        // spaCy's upper case, and letters without case
	quote                        // spaCy's quotes
	icon                         // spaCy's symbols
	prefix                       // splits off at the beginning
	suffix                       // splits off at the end
	currency                     // splits off behind a digit
	beforeStop                   // a full stop behind it splits off
	symbol                       // datatrove's punctuation: words of nothing else are not counted
	letter                       // category L
	space                        // white space as Python has it
	punct                        // category P
	terminator                   // ends a sentence for spaCy
	unspaced                     // of a script written without spaces
	stop                         // ends a line for FineWeb
	// Not in the table of ranges:
	digit // 0-9
	infix // may be an infix, as icons may
	affix // may be a prefix or a suffix in some places only
)

// pages are the classes of all characters, by their upper and lower bits.
type pages struct {
	of   [0x110000 >> 8]uint16
	page [][256]class
}

var table = sync.OnceValue(func() *pages {
	p := &pages{page: make([][256]class, 1, 400)} // page 0 is empty
	for _, r := range ranges {
		for c := r.lo; c <= r.hi; c++ {
			if p.of[c>>8] == 0 {
				p.of[c>>8] = uint16(len(p.page))
				p.page = append(p.page, [256]class{})
			}
			p.page[p.of[c>>8]][c&0xff] = r.bits
		}
	}
	for bits, of := range map[class]string{digit: "0123456789", infix: ".,:<>=/+*^-~–—…", affix: ".+$"} {
		for _, c := range of {
			p.page[p.of[c>>8]][c&0xff] |= bits
		}
	}
	return p
})

// class returns the class of a character; bytes that are not UTF-8 come as U+FFFD.
func (p *pages) class(c rune) class { return p.page[p.of[c>>8]][c&0xff] }

// ascii returns the classes of the first 256 characters.
func (p *pages) ascii() *[256]class { return &p.page[p.of[0]] }

// first returns the class and the size of the character at the beginning of s, which is not empty.
func (p *pages) first(s string) (class, int) {
	if s[0] < utf8.RuneSelf {
		return p.page[p.of[0]][s[0]], 1
	}
	c, size := utf8.DecodeRuneInString(s)
	return p.class(c), size
}

// last returns the class and the size of the character at the end of s, which is not empty.
func (p *pages) last(s string) (class, int) {
	if c := s[len(s)-1]; c < utf8.RuneSelf {
		return p.page[p.of[0]][c], 1
	}
	c, size := utf8.DecodeLastRuneInString(s)
	return p.class(c), size
}

// TrimSpace returns s without the white space around it, which is what Python's str.strip takes away: also the separators U+001C
// to U+001F, which [strings.TrimSpace] leaves.
func TrimSpace(s string) string { return TrimRight(TrimLeft(s)) }

// visible says whether a byte is a character of ASCII that is surely no white space.
func visible(c byte) bool { return ' ' < c && c < utf8.RuneSelf }

// TrimLeft returns s without the white space that it begins with.
func TrimLeft(s string) string {
	if s != "" && visible(s[0]) {
		return s
	}
	p := table()
	for s != "" {
		c, size := p.first(s)
		if c&space == 0 {
			break
		}
		s = s[size:]
	}
	return s
}

// TrimRight returns s without the white space that it ends with.
func TrimRight(s string) string {
	if s != "" && visible(s[len(s)-1]) {
		return s
	}
	p := table()
	for s != "" {
		c, size := p.last(s)
		if c&space == 0 {
			break
		}
		s = s[:len(s)-size]
	}
	return s
}

// IndexSpace returns where the first white space of s is, or its length.
func IndexSpace(s string) int {
	p := table()
	for i := 0; i < len(s); {
		if visible(s[i]) {
			i++
			continue
		}
		c, size := p.first(s[i:])
		if c&space != 0 {
			return i
		}
		i += size
	}
	return len(s)
}

// EndsLine says whether a text ends with a mark that ends a sentence, in whatever script: FineWeb's list.
func EndsLine(s string) bool {
	if s == "" {
		return false
	}
	c, _ := table().last(s)
	return c&stop != 0
}
