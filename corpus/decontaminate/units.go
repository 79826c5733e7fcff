package decontaminate

import (
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/internal/eights"
	"github.com/athanor-lm/athanor/internal/kernel"
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
	charSeed  = 0xC2B2AE3D27D4EB4F // of units of one character
	wordPrime = 0xD6E8FEB86659FD93
)

// scanner cuts a text into units, some at a time.
type scanner struct {
	text    string
	at      int
	word    []byte // folded, where it does not lie in the text in one piece
	windows kernel.ByteWindows
}

// byteSets are what words are made of, and white space.
var byteSets = kernel.NewByteSets("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "\t\n\v\f\r ")

// reset begins with a text.
func (s *scanner) reset(text string) {
	s.text, s.at = text, 0
	s.windows.Reset(byteSets, text)
}

// windowUnits is how many units 64 bytes may have, with one more that follows them.
const windowUnits = 32 + 1

// fill appends units to dst until it is full or the text ends.
func (s *scanner) fill(dst []unit) []unit {
	for len(dst) < cap(dst)-1 && s.at < len(s.text) { // a Han character ends a word: two units at once
		if s.at+64+16 <= len(s.text) && len(dst)+windowUnits < cap(dst) {
			dst = s.window(dst)
		} else {
			dst = s.next(dst)
		}
	}
	return dst
}

// window appends the units that begin and end in the next 64 bytes, or a few more. What stands between white space is mostly up to 16 letters
// and digits of ASCII, with or without punctuation before and behind: that takes no branch that cannot be foretold.
func (s *scanner) window(dst []unit) []unit {
	w, i := s.windows.At(s.at), s.at
	letters, spaces := w[0], w[1]
	skipped := ^(letters | spaces | w[3])
	text := s.text[i : i+64+16]
	for starts := ^spaces & (spaces<<1 | 1); starts != 0; {
		from := bits.TrailingZeros64(starts)
		p := from + bits.TrailingZeros64(^(skipped >> from))
		n := bits.TrailingZeros64(^(letters >> (p & 63)))
		end := p + n
		after := end + bits.TrailingZeros64(^(skipped >> (end & 63)))
		if uint(n-1) < 16 && after < 64 && spaces>>after&1 != 0 {
			x := text[p : p+16]
			h := step(wordSeed, lower(eights.Load(x[:8]))&(^uint64(0)>>((64-8*uint(min(n, 8)))&63)))
			if n > 8 {
				h = step(h, lower(eights.Load(x[8:]))&(^uint64(0)>>((128-8*uint(n))&63)))
			}
			dst = append(dst, unit{mix(h), int32(i + p), int32(i + end)})
			starts &= starts - 1
			continue
		}
		s.at = i + from
		if from > 0 && spaces>>from == 0 {
			return dst // another window shows where it ends
		}
		dst = s.next(dst)
		if s.at >= i+64 || len(dst)+windowUnits >= cap(dst) {
			return dst
		}
		// White space beyond ASCII ends words too.
		done := uint(s.at - i)
		starts = starts&(^uint64(0)<<done) | ^spaces&(1<<done)
	}
	s.at = i + 64
	return dst
}

// lower makes letters of ASCII lower-case, and leaves digits.
func lower(x uint64) uint64 { return x | 0x2020202020202020 }

// next appends the next word, or what [scanner.fillSlow] does.
func (s *scanner) next(dst []unit) []unit {
	text, at := s.text, s.at
	for at < len(text) && folded[text[at]] <= isSpace {
		at++
	}
	s.at = at
	h, n := plainWord(text, at)
	end := at + n
	after := end
	for after < len(text) && folded[text[after]] == isSkipped {
		after++
	}
	if after < len(text) && folded[text[after]] != isSpace { // something goes on behind punctuation, or beyond ASCII
		return s.fillSlow(dst)
	}
	if n > 0 {
		dst = append(dst, unit{mix(h), int32(at), int32(end)})
	}
	s.at = after
	return dst
}

// plainWord measures the run of letters and digits of ASCII at a place, and returns the hash of the word that it is.
func plainWord(text string, at int) (h uint64, n int) {
	h = wordSeed
	for ; at+n+8 <= len(text); n += 8 {
		x := eights.Load(text[at+n:])
		low, small := x&^eights.Tops, (x|0x20*eights.Ones)&^eights.Tops
		others := ^(eights.Within(small, 'a', 'z') | eights.Within(low, '0', '9')) | x
		if others &= eights.Tops; others != 0 {
			k := bits.TrailingZeros64(others) / 8
			if k > 0 {
				h = step(h, small&(1<<(8*k)-1))
			}
			return h, n + k
		}
		h = step(h, small)
	}
	last, k := uint64(0), 0
	for ; at+n < len(text); n++ {
		c := folded[text[at+n]]
		if c <= isMultiple {
			break
		}
		last |= uint64(c) << (8 * k)
		k++
	}
	if k > 0 {
		h = step(h, last)
	}
	return h, n
}

// step takes eight bytes more of a word into its hash. The last may be fewer, as no byte is 0.
func step(h, eight uint64) uint64 {
	h = (h ^ eight) * wordPrime
	return h ^ h>>29
}

// hashWord is the hash of a word that is folded.
func hashWord(word []byte) uint64 {
	h := uint64(wordSeed)
	for ; len(word) >= 8; word = word[8:] {
		h = step(h, binary.LittleEndian.Uint64(word))
	}
	if len(word) > 0 {
		var last [8]byte
		copy(last[:], word)
		h = step(h, binary.LittleEndian.Uint64(last[:]))
	}
	return mix(h)
}

// fillSlow appends the next word, or Han characters and the words between them, up to white space or until dst is full.
func (s *scanner) fillSlow(dst []unit) []unit {
	text, at := s.text, s.at
	s.word = s.word[:0]
	start, end := -1, 0
	space := false
	for at < len(text) && !space && len(dst) < cap(dst)-1 {
		c, r, size := folded[text[at]], rune(0), 1
		switch {
		case c != isMultiple:
			r = rune(c)
		default:
			if r = commonHan(text, at); r > 0 {
				size = 3
				break
			}
			r, size = utf8.DecodeRuneInString(text[at:])
			r = foldRune(r)
		}
		han := isHan(r)
		space = r == isSpace
		switch {
		case han || space:
			if start >= 0 {
				dst = append(dst, unit{hashWord(s.word), int32(start), int32(end)})
				s.word, start = s.word[:0], -1
			}
			if han {
				dst = append(dst, unit{mix((charSeed ^ uint64(r)) * wordPrime), int32(at), int32(at + size)})
			}
		case r != isSkipped:
			s.word = utf8.AppendRune(s.word, r)
			if start < 0 {
				start = at
			}
			end = at + size
		}
		at += size
	}
	if start >= 0 { // at the end of the text: a full dst ends the loop behind a unit
		dst = append(dst, unit{hashWord(s.word), int32(start), int32(end)})
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
