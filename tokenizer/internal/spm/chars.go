package spm

import (
	"fmt"
	"slices"

	"github.com/athanor-lm/athanor/tokenizer/internal/darts"
)

// space is how a space looks in normalized text: U+2581, LOWER ONE EIGHTH BLOCK.
const space = "\u2581"

const spaceChar = 0xe29681 // space, packed

// charLen returns the bytes of the character that begins with byte c, from the
// byte alone, as SentencePiece counts: a stray continuation byte is one.
func charLen(c byte) int {
	switch {
	case c < 0xc0:
		return 1
	case c < 0xe0:
		return 2
	case c < 0xf0:
		return 3
	}
	return 4
}

// pack returns the character at text[i:], its bytes packed into an integer, and
// its length; a character that is cut off is what is there of it.
func pack(text []byte, i int) (c uint32, n int) {
	b := text[i]
	if b < 0xc0 {
		return uint32(b), 1
	}
	n = min(charLen(b), len(text)-i)
	for _, b := range text[i : i+n] {
		c = c<<8 | uint32(b)
	}
	return c, n
}

// pairSet holds the pairs of adjacent characters that occur inside pieces. Where
// a text's pair is not among them no piece can reach across, so the text can be
// cut there and its parts segmented by themselves. The set is exact for ASCII
// and for ASCII before a space; of other pairs it may hold some that no piece
// contains, which only means fewer cuts.
type pairSet struct {
	ascii [128 * 128 / 64]uint64
	space [128 / 64]uint64
	bits  []uint64
	shift uint
}

func newPairSet(pieces []string) *pairSet {
	type pair struct{ a, b uint32 }
	wide := map[pair]struct{}{}
	s := &pairSet{}
	for _, p := range pieces {
		text := []byte(p)
		if len(text) == 0 {
			continue
		}
		prev, i := pack(text, 0)
		for i < len(text) {
			c, n := pack(text, i)
			if prev < 0x80 && c < 0x80 {
				at := prev<<7 | c
				s.ascii[at>>6] |= 1 << (at & 63)
			} else if prev < 0x80 && c == spaceChar {
				s.space[prev>>6] |= 1 << (prev & 63)
			} else {
				wide[pair{prev, c}] = struct{}{}
			}
			prev, i = c, i+n
		}
	}
	bits := uint(9)
	for 1<<bits < 16*len(wide) { // one in sixteen other pairs is taken for a member
		bits++
	}
	s.bits, s.shift = make([]uint64, 1<<(bits-6)), 64-bits
	for p := range wide {
		h := s.hash(p.a, p.b)
		s.bits[h>>6] |= 1 << (h & 63)
	}
	return s
}

func (s *pairSet) hash(a, b uint32) uint64 {
	return (uint64(a)<<32 | uint64(b)) * 0x9E3779B97F4A7C15 >> s.shift
}

// joined tells whether a piece may contain character a followed by b.
func (s *pairSet) joined(a, b uint32) bool {
	if a|b < 0x80 {
		at := a<<7 | b
		return s.ascii[at>>6]>>(at&63)&1 != 0
	}
	if a < 0x80 && b == spaceChar {
		return s.space[a>>6]>>(a&63)&1 != 0
	}
	h := s.hash(a, b)
	return s.bits[h>>6]>>(h&63)&1 != 0
}

// maxMatches is how many of the symbols that are prefixes of a text are looked
// at, shortest first, as in the original.
const maxMatches = 64

// matcher finds user-defined symbols. The nil matcher finds none.
type matcher struct {
	trie    darts.Flat
	first   [256]bool // some symbol begins with the byte
	longest int
}

func newMatcher(symbols []string) (*matcher, error) {
	if len(symbols) == 0 {
		return nil, nil
	}
	symbols = slices.Clone(symbols)
	slices.Sort(symbols)
	trie, err := darts.Build(slices.Compact(symbols), nil)
	if err != nil {
		return nil, fmt.Errorf("user-defined symbols: %w", err)
	}
	m := &matcher{trie: trie.Flat()}
	for _, s := range symbols {
		m.first[s[0]] = true
		m.longest = max(m.longest, len(s))
	}
	return m, nil
}

// match returns the length of the longest symbol at the start of text, 0 for
// none.
func (m *matcher) match(text []byte) (n int) {
	if m == nil || !m.first[text[0]] {
		return 0
	}
	u, found := m.trie[darts.Root], 0
	for i, c := range text {
		u = m.trie[uint32(u>>32)^uint32(c)]
		if uint32(u)&0x1ff != uint32(c) {
			break
		}
		if uint32(u)>>9 != 0 {
			n = i + 1
			if found++; found == maxMatches {
				break
			}
		}
	}
	return n
}
