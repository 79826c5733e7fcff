package decontaminate

import (
	"unicode"
	"unicode/utf8"
)

// unit is what grams are made of: a word between white space, lower-case and without punctuation (GPT-3's definition), or one Han
// character or kana.
type unit struct {
	hash       uint64
	start, end int32 // bytes of the text, punctuation at the edges left out
}

// What bytes are to the scanner; everything else is a letter or digit, folded.
const (
	isSkipped  = 0 // punctuation and symbols, which words go on across
	isSpace    = 1
	isMultiple = 2 // the beginning of a longer character
)

// folded says what a byte is.
var folded = func() (t [256]byte) {
	for c := range t {
		switch {
		case c >= utf8.RuneSelf:
			t[c] = isMultiple
		case c == ' ' || c >= '\t' && c <= '\r':
			t[c] = isSpace
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'z':
			t[c] = byte(c)
		case c >= 'A' && c <= 'Z':
			t[c] = byte(c) | 0x20
		}
	}
	return t
}()

const (
	wordSeed  = 0x9E3779B97F4A7C15
	wordPrime = 0xD6E8FEB86659FD93
)

// scanner cuts a text into units, some at a time.
type scanner struct {
	text string
	at   int
}

// fill appends units to dst until it is full or the text ends.
func (s *scanner) fill(dst []unit) []unit {
	text, at := s.text, s.at
	h, start, end := uint64(wordSeed), -1, 0
	for at < len(text) && len(dst) < cap(dst)-1 { // a Han character ends a word: two units at once
		c := folded[text[at]]
		switch {
		case c > isMultiple:
			h = (h ^ uint64(c)) * wordPrime
			if start < 0 {
				start = at
			}
			at++
			end = at
		case c == isSkipped:
			at++
		case c == isSpace:
			at++
			if start >= 0 {
				dst = append(dst, unit{mix(h), int32(start), int32(end)})
				h, start = wordSeed, -1
			}
		default:
			if r := commonHan(text, at); r > 0 {
				if start >= 0 {
					dst = append(dst, unit{mix(h), int32(start), int32(end)})
					h, start = wordSeed, -1
				}
				dst = append(dst, unit{mix((wordSeed ^ uint64(r)) * wordPrime), int32(at), int32(at + 3)})
				at += 3
				continue
			}
			r, size := utf8.DecodeRuneInString(text[at:])
			r = foldRune(r)
			switch {
			case r == isSkipped:
			case r == isSpace || isHan(r):
				if start >= 0 {
					dst = append(dst, unit{mix(h), int32(start), int32(end)})
					h, start = wordSeed, -1
				}
				if r != isSpace {
					dst = append(dst, unit{mix((wordSeed ^ uint64(r)) * wordPrime), int32(at), int32(at + size)})
				}
			default:
				h = (h ^ uint64(r)) * wordPrime
				if start < 0 {
					start = at
				}
				end = at + size
			}
			at += size
		}
	}
	if start >= 0 { // at the end of the text: a full dst ends the loop behind a unit
		dst = append(dst, unit{mix(h), int32(start), int32(end)})
	}
	s.at = at
	return dst
}

// commonHan returns the character at a place if it is one of U+4E00 to U+9FFF, else 0.
func commonHan(text string, at int) rune {
	if at+3 > len(text) {
		return 0
	}
	a, b, c := text[at]^0xE0, text[at+1]^0x80, text[at+2]^0x80
	if r := rune(a)<<12 | rune(b)<<6 | rune(c); a < 16 && b < 64 && c < 64 && r >= 0x4E00 && r <= 0x9FFF {
		return r
	}
	return 0
}

// isHan tells whether a character is a unit by itself.
func isHan(r rune) bool {
	return r >= 0x4E00 && r <= 0x9FFF || r >= 0x3040 && r <= 0x30FF && r != 0x30FB || r >= 0x3400 && r <= 0x4DBF ||
		r >= 0xF900 && r <= 0xFAFF || r >= 0x20000 && r <= 0x3FFFF
}

// foldRune lower-cases a character beyond ASCII and folds the full-width forms of ASCII; punctuation, symbols and what is not a
// character become isSkipped, white space isSpace.
func foldRune(r rune) rune {
	switch {
	case r >= 0x4E00 && r <= 0x9FFF:
		return r
	case r >= 0xFF01 && r <= 0xFF5E:
		return rune(folded[r-0xFF01+'!'])
	case r == 0x3000 || r == 0x85 || r == 0xA0 || r >= 0x2000 && r <= 0x200A || r == 0x2028 || r == 0x2029:
		return isSpace
	case r < 0xA0 || r >= 0x2000 && r <= 0x206F || r >= 0x3001 && r <= 0x3004 || r >= 0x3008 && r <= 0x3020 || r == utf8.RuneError:
		return isSkipped
	case isHan(r):
		return r
	case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
		return unicode.ToLower(r)
	case unicode.IsSpace(r):
		return isSpace
	}
	return isSkipped
}

// mix spreads a word's hash over all bits (the finisher of MurmurHash3).
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xFF51AFD7ED558CCD
	h ^= h >> 33
	h *= 0xC4CEB9FE1A85EC53
	return h ^ h>>33
}
