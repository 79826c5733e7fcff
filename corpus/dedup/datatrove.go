package dedup

import (
	"encoding/binary"
	"math"
	"unicode"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus/segment"
	"github.com/cespare/xxhash/v2"
	"golang.org/x/text/unicode/norm"
)

// datatrove makes the signatures that datatrove 0.10 makes of English, bit for bit: its normalisation, spaCy's tokens, xxHash of 64
// bits of n of them joined by spaces, and permutations (a·x + b modulo 2^64) modulo 2^61 − 1 drawn by NumPy's generator.
type datatrove struct {
	words    int
	mul, add []uint64
	sig      []uint64
	simple   []byte
	joined   []byte
	starts   []int
	segments segment.Text
}

func newDatatrove(words, permutations int, seed uint64) *datatrove {
	d := &datatrove{words: words, sig: make([]uint64, permutations)}
	rng := newTwister(uint32(seed))
	for range permutations {
		d.mul = append(d.mul, rng.between(1, mersenne61))
	}
	for range permutations {
		d.add = append(d.add, rng.between(0, mersenne61))
	}
	return d
}

const mersenne61 = 1<<61 - 1

// sketch makes the signature of a text; false where it has fewer words than a shingle.
func (d *datatrove) sketch(text string) bool {
	d.simple = simplify(d.simple[:0], text)
	d.segments.Reset(string(d.simple))
	d.joined, d.starts = d.joined[:0], d.starts[:0]
	for _, w := range d.segments.Tokens() {
		d.starts = append(d.starts, len(d.joined))
		d.joined = append(append(d.joined, d.segments.Word(w)...), ' ')
	}
	n := len(d.starts) - d.words + 1
	d.starts = append(d.starts, len(d.joined))
	for i := range d.sig {
		d.sig[i] = math.MaxUint64
	}
	for i := range max(n, 0) {
		x := xxhash.Sum64(d.joined[d.starts[i] : d.starts[i+d.words]-1])
		for k, a := range d.mul {
			v := x*a + d.add[k]
			v = v&mersenne61 + v>>61
			if v >= mersenne61 {
				v -= mersenne61
			}
			d.sig[k] = min(d.sig[k], v)
		}
	}
	return n > 0
}

func (d *datatrove) appendRows(dst []byte, from, to int) []byte {
	for _, v := range d.sig[from:to] {
		dst = binary.LittleEndian.AppendUint64(dst, v)
	}
	return dst
}

func (d *datatrove) appendLow(dst []byte) []byte {
	for _, v := range d.sig {
		dst = append(dst, byte(v))
	}
	return dst
}

// isSpacer says whether datatrove's simplify_text has a space for a character, because it is on its list of punctuation or white space.
func isSpacer(r rune) bool {
	if r < utf8.RuneSelf {
		return r <= ' ' || r == 0x7f || asciiPunctuation[r]
	}
	switch r {
	case '—', '”', '：', '％', '１', '〈', '、', '━', '【', '「', '」', '，', '】', '；', '《', '„', '’', '∶', '´', '（', '–', '？', '！', '～', '«', '〉', '》', '）', '。', '…', '►', '»', '“', '．':
		return true
	}
	return r < 0xa0 || unicode.IsSpace(r)
}

var asciiPunctuation = func() (t [utf8.RuneSelf]bool) {
	for _, c := range "!/\\<&(#%+^]~`;'{|[=-*$,>?).@_\"}:" {
		t[c] = true
	}
	return t
}()

// simplify appends a text as simplify_text leaves it, but for the choice of spaces.
func simplify(dst []byte, text string) []byte {
	var room [32]byte
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if unicode.Is(unicode.Nd, r) {
			i = numberEnd(text, i)
			dst = append(dst, '0')
			continue
		}
		i += size
		switch {
		case isSpacer(r):
			dst = append(dst, ' ')
		case r < utf8.RuneSelf:
			if 'A' <= r && r <= 'Z' {
				r |= 0x20
			}
			dst = append(dst, byte(r))
		default:
			n := utf8.EncodeRune(room[:], unicode.ToLower(r))
			for _, c := range string(norm.NFD.Append(nil, room[:n]...)) {
				if !unicode.Is(unicode.Mn, c) {
					dst = utf8.AppendRune(dst, c)
				}
			}
		}
	}
	return dst
}

// numberEnd returns where the number ends that begins at i: digits, and digits behind one decimal separator.
func numberEnd(text string, i int) int {
	digits := func(i int) int {
		for i < len(text) {
			r, size := utf8.DecodeRuneInString(text[i:])
			if !unicode.Is(unicode.Nd, r) {
				break
			}
			i += size
		}
		return i
	}
	i = digits(i)
	if r, size := utf8.DecodeRuneInString(text[i:]); decimalPoint(r) {
		if end := digits(i + size); end > i+size {
			return end
		}
	}
	return i
}

func decimalPoint(r rune) bool {
	switch r {
	case '.', ',', '،', '٫', '⎖', '⎗', '⎘':
		return true
	}
	return false
}

// twister is the Mersenne Twister (Matsumoto & Nishimura 1998) as numpy.random.RandomState seeds it and draws from it.
type twister struct {
	state [624]uint32
	at    int
}

func newTwister(seed uint32) *twister {
	t := &twister{at: 624}
	t.state[0] = seed
	for i := 1; i < len(t.state); i++ {
		t.state[i] = 1812433253*(t.state[i-1]^t.state[i-1]>>30) + uint32(i)
	}
	return t
}

func (t *twister) next() uint32 {
	if t.at == len(t.state) {
		for i := range t.state {
			y := t.state[i]&0x80000000 | t.state[(i+1)%624]&0x7fffffff
			t.state[i] = t.state[(i+397)%624] ^ y>>1 ^ (y&1)*0x9908b0df
		}
		t.at = 0
	}
	y := t.state[t.at]
	t.at++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// between draws from low to before high < 2^61, as randint does of 64 bits: masked, and drawn again where too large.
func (t *twister) between(low, high uint64) uint64 {
	for {
		v := uint64(t.next())<<32 | uint64(t.next())
		if v &= mersenne61; v <= high-1-low {
			return low + v
		}
	}
}
