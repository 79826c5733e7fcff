package dedup

import (
	"encoding/binary"
	mathbits "math/bits"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/zeebo/xxh3"
	"golang.org/x/text/unicode/norm"

	"github.com/athanor-lm/athanor/internal/eights"
	"github.com/athanor-lm/athanor/internal/kernel"
)

// shingler cuts texts into tokens and hashes runs of n of them. A token is a word, or a single character of a script that is
// written without spaces. Words are runs of letters, marks and numbers, after datatrove's normalisation: lower case, every number
// (with a decimal part) as 0, accents removed; and full-width letters as their usual ones. Everything else separates words and is
// left out. One goroutine uses it.
type shingler struct {
	words, chars int  // tokens of a shingle, in texts of words and in texts of characters
	asTheyStand  bool // numbers are not all alike
	tokens       []uint64
	shingles     []uint32
	hashes       []uint64
	word         []byte
	class        *[tableEndRune]uint16
	windows      kernel.ByteWindows
}

// What table[r] says of characters below tableEndRune; from classLetter on it is the folded letter itself.
const (
	classSpace  = 0
	classMark   = 1 // left out, and no space
	classDigit  = 2
	classChar   = 3 // a token of its own
	classLetter = 4

	tableEndRune = 0x3000
)

// asciiWord is a class of a byte: 0 ends words, 1 is a letter, 2 needs a closer look.
var asciiWord = func() (t [256]byte) {
	for c := range t {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z' && c < utf8.RuneSelf:
			t[c] = 1
		case c >= utf8.RuneSelf || '0' <= c && c <= '9':
			t[c] = 2
		}
	}
	return t
}()

var runeClasses = sync.OnceValue(func() *[tableEndRune]uint16 {
	t := new([tableEndRune]uint16)
	for r := range rune(tableEndRune) {
		t[r] = classOf(r)
	}
	return t
})

// classOf says what a character below tableEndRune is.
func classOf(r rune) uint16 {
	switch {
	case unicode.Is(unicode.Mn, r):
		return classMark
	case unicode.Is(unicode.Nd, r):
		return classDigit
	case !unicode.In(r, unicode.L, unicode.M, unicode.N):
		return classSpace
	case unicode.In(r, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan):
		return classChar
	}
	r = unicode.ToLower(r)
	base := rune(0)
	for _, c := range norm.NFD.String(string(r)) {
		if !unicode.Is(unicode.Mn, c) {
			if base != 0 {
				return uint16(r)
			}
			base = c
		}
	}
	if base > 0 && base < tableEndRune {
		return uint16(base)
	}
	return uint16(r)
}

func newShingler(words, chars int) *shingler {
	return &shingler{words: words, chars: chars, class: runeClasses()}
}

// far classifies the characters beyond the table.
func far(r rune) (class uint16, folded rune) {
	switch {
	case 0x4e00 <= r && r <= 0x9fff, 0x3041 <= r && r <= 0x3096, 0x30a1 <= r && r <= 0x30fa, r == 0x30fc:
		return classChar, r
	case r <= 0x3004, 0x3008 <= r && r <= 0x3020, 0xff01 <= r && r <= 0xff0f, 0xff1a <= r && r <= 0xff20:
		return classSpace, r
	case 0xff10 <= r && r <= 0xff19:
		return classDigit, r
	case 0xff21 <= r && r <= 0xff3a:
		return classLetter, r - 0xff21 + 'a'
	case 0xff41 <= r && r <= 0xff5a:
		return classLetter, r - 0xff41 + 'a'
	case r == utf8.RuneError, !unicode.In(r, unicode.L, unicode.M, unicode.N):
		return classSpace, r
	case unicode.Is(unicode.Mn, r):
		return classMark, r
	case unicode.Is(unicode.Nd, r):
		return classDigit, r
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Myanmar): // Myanmar's extensions lie beyond the table
		return classChar, r
	}
	return classLetter, unicode.ToLower(r)
}

func (s *shingler) look(r rune) (class uint16, folded rune) {
	if r >= tableEndRune {
		return far(r)
	}
	if c := s.class[r]; c > classChar {
		return classLetter, rune(c)
	} else {
		return c, r
	}
}

const (
	wordSeed = 0x9e3779b97f4a7c15
	charSeed = 0xc2b2ae3d27d4eb4f
	mixer    = 0xff51afd7ed558ccd
	lower8   = 0x20 * eights.Ones
)

// text hashes a text's shingles, in order and with repeats. The result is valid until the next call.
func (s *shingler) text(text string) []uint32 {
	n := s.words
	if chars := s.cut(text); chars > len(s.tokens)/2 {
		n = s.chars
	}
	s.roll(n)
	return s.shingles
}

// runs hashes runs of n tokens whose starts are so many tokens apart. The result is valid until the next call.
func (s *shingler) runs(n, stride int) []uint64 {
	s.hashes = s.hashes[:0]
	for at := 0; at+n <= len(s.tokens); at += stride {
		h := uint64(n)
		for _, t := range s.tokens[at : at+n] {
			h = mix(h, t)
		}
		s.hashes = append(s.hashes, h)
	}
	return s.hashes
}

// cutAtSpaces takes for tokens what stands between white space, as it stands, and single characters of scripts written without it.
func (s *shingler) cutAtSpaces(text string) {
	s.tokens = s.tokens[:0]
	eachToken(text, func(start, end int) {
		token := xxh3.HashString(text[start:end])
		if text[start] >= utf8.RuneSelf {
			if r, _ := utf8.DecodeRuneInString(text[start:]); single(r) {
				token = mix(charSeed, uint64(r))
			}
		}
		s.tokens = append(s.tokens, token)
	})
}

// cut finds the tokens of a text, and says how many are single characters.
func (s *shingler) cut(text string) (chars int) {
	s.tokens = s.tokens[:0]
	s.windows.Reset(wordSets, text)
	i := 0
	for i+64+16 <= len(text) {
		i, chars = s.window(text, i, chars)
	}
	for i < len(text) {
		i, chars = s.step(text, i, chars)
	}
	return chars
}

// wordSets are the letters of ASCII, and what is in words beside them.
var wordSets = kernel.NewByteSets("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789")

// window finds the tokens that begin and end in the 64 bytes at i, and returns where to go on, and how many tokens of one character there are
// now. Most are up to 16 letters of ASCII: those take no branch that cannot be foretold.
func (s *shingler) window(text string, i, chars int) (int, int) {
	w := s.windows.At(i)
	letters, in := w[0], w[0]|w[1]|w[3]
	part := text[i : i+64+16]
	for starts := in &^ (in << 1); starts != 0; {
		p := mathbits.TrailingZeros64(starts)
		n := mathbits.TrailingZeros64(^(letters >> p))
		if end := p + n; uint(n-1) < 16 && end < 64 && in>>end&1 == 0 {
			x := part[p : p+16]
			h := mix(wordSeed, (eights.Load(x[:8])|lower8)&(^uint64(0)>>((64-8*uint(min(n, 8)))&63)))
			if n > 8 {
				h = mix(h, (eights.Load(x[8:])|lower8)&(^uint64(0)>>((128-8*uint(n))&63)))
			}
			s.tokens = append(s.tokens, h)
			starts &= starts - 1
			continue
		}
		if p > 0 && in>>p == ^uint64(0)>>p {
			return i + p, chars // another window shows where it ends
		}
		var at int
		at, chars = s.step(text, i+p, chars)
		if at >= i+64 {
			return at, chars
		}
		done := uint(at - i)
		starts = starts&(^uint64(0)<<done) | in&(1<<done) // one character may follow another
	}
	return i + 64, chars
}

// step finds the token at i, or passes over what is in none, and returns where to go on, and how many tokens of one character there are now.
func (s *shingler) step(text string, i, chars int) (int, int) {
	switch asciiWord[text[i]] {
	case 0:
		return i + 1, chars
	case 1:
		h, end := letters(text, i)
		if end < len(text) && asciiWord[text[end]] == 2 {
			return s.slow(text, i, chars)
		}
		s.tokens = append(s.tokens, h)
		return end + 1, chars
	}
	return s.slow(text, i, chars)
}

// letters hashes the ASCII letters at a place, in lower case, eight at a time, and returns where they end.
func letters(text string, at int) (h uint64, end int) {
	h = wordSeed
	for ; at+8 <= len(text); at += 8 {
		x := eights.Load(text[at:]) | lower8
		others := (^eights.Within(x&^eights.Tops, 'a', 'z') | x) & eights.Tops // bytes that are no letters
		if others != 0 {
			n := mathbits.TrailingZeros64(others) / 8
			if n > 0 {
				h = mix(h, x&(1<<(8*n)-1))
			}
			return h, at + n
		}
		h = mix(h, x)
	}
	w, n := uint64(0), 0
	for ; at < len(text) && asciiWord[text[at]] == 1; at++ {
		w |= uint64(text[at]|0x20) << (8 * n)
		n++
	}
	if n > 0 {
		h = mix(h, w)
	}
	return h, at
}

// hashWord hashes a folded word as letters does.
func hashWord(word []byte) uint64 {
	h := uint64(wordSeed)
	for ; len(word) >= 8; word = word[8:] {
		h = mix(h, binary.LittleEndian.Uint64(word))
	}
	if len(word) > 0 {
		var w [8]byte
		copy(w[:], word)
		h = mix(h, binary.LittleEndian.Uint64(w[:]))
	}
	return h
}

func mix(h, w uint64) uint64 {
	h = (h ^ w) * mixer
	return h ^ h>>32
}

// slow takes words with digits or characters beyond ASCII, and tokens of one character, until a word has ended; it returns
// where it stopped and how many tokens of one character there are now.
func (s *shingler) slow(text string, i, chars int) (int, int) {
	s.word = s.word[:0]
	for i < len(text) {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		class, folded := s.look(r)
		if class == classSpace {
			break
		}
		i += size
		switch class {
		case classDigit:
			if s.asTheyStand {
				s.word = utf8.AppendRune(s.word, r)
				break
			}
			i = s.number(text, i)
			s.word = append(s.word, '0')
		case classLetter:
			s.word = utf8.AppendRune(s.word, folded)
		case classChar:
			s.endWord()
			s.tokens = append(s.tokens, mix(charSeed, uint64(folded)))
			chars++
		}
	}
	s.endWord()
	if i < len(text) { // the character that separates
		_, size := utf8.DecodeRuneInString(text[i:])
		i += size
	}
	return i, chars
}

func (s *shingler) endWord() {
	if len(s.word) > 0 {
		s.tokens = append(s.tokens, hashWord(s.word))
		s.word = s.word[:0]
	}
}

// number returns where a number ends whose first digit ends at i: digits, and once more digits behind a decimal separator.
func (s *shingler) number(text string, i int) int {
	i = s.digits(text, i)
	if i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if decimalPoint(r) {
			if end := s.digits(text, i+size); end > i+size {
				return end
			}
		}
	}
	return i
}

func (s *shingler) digits(text string, i int) int {
	for i < len(text) {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		if class, _ := s.look(r); class != classDigit {
			break
		}
		i += size
	}
	return i
}

// roll hashes every run of n tokens t: Σ tᵢ·base^(n-1-i) modulo 2^64, then mixed, of which the upper half serves.
func (s *shingler) roll(n int) {
	const base = 0x9fb21c651e98df25
	s.shingles = s.shingles[:0]
	if len(s.tokens) < n {
		return
	}
	out := uint64(1) // base^n, what the token that leaves is worth
	h := uint64(0)
	for _, t := range s.tokens[:n] {
		out *= base
		h = h*base + t
	}
	if cap(s.shingles) < len(s.tokens) {
		s.shingles = make([]uint32, 0, len(s.tokens)+len(s.tokens)/4)
	}
	s.shingles = append(s.shingles, finish(h))
	leaving := s.tokens[:len(s.tokens)-n]
	for i, t := range s.tokens[n:] {
		h = h*base + t - leaving[i]*out
		s.shingles = append(s.shingles, finish(h))
	}
}

func finish(h uint64) uint32 {
	h = (h ^ h>>32) * mixer
	return uint32(h >> 32)
}
