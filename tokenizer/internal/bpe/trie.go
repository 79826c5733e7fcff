package bpe

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
)

// trie finds the longest token at a place of the text. It is a double array
// over bytes laid out for one load a step (Aoe 1989, with the exclusive or of
// Darts-clone): a unit holds its label in bits 0-8, its token + 1 in bits 9-31
// (0: none) and its base in bits 32-63. The child over byte c stands at
// base ^ c and has label c. Bases are unique, so the label alone tells whose
// child a unit is; a unit without children has base 0, which nobody else has.
type trie struct {
	units []uint64
	first *[1 << 16]uint64 // by the first two bytes, the first one low: their unit, with the longest token so far
}

const (
	noLabel    = 0x100 // of free units: no byte leads there
	blockUnits = 256   // a base's children lie in the base's block
	openBlocks = 8     // blocks that are searched for room
)

// longest returns the longest token that text begins with, noID if there is none.
//
// Where it ends is hard to foretell, so the first four bytes are looked up without
// branches; a unit of 0 leads to no other.
func (t *trie) longest(text []byte) uint32 {
	if len(text) < 4 {
		return t.walk(text, t.units[0], 0)
	}
	head := binary.LittleEndian.Uint32(text)
	u := t.first[head&0xffff]
	best := uint32(u) >> 9
	for shift := 16; shift < 32; shift += 8 {
		c := head >> shift & 0xff
		u = t.units[uint32(u>>32)^c]
		if uint32(u)&0x1ff != c {
			u = 0
		}
		if v := uint32(u) >> 9; v != 0 {
			best = v
		}
	}
	if u>>32 == 0 {
		return best - 1 // 0 becomes noID
	}
	return t.walk(text[4:], u, best)
}

// walk is longest from unit u on, where best is the longest token so far + 1.
func (t *trie) walk(text []byte, u uint64, best uint32) uint32 {
	for _, c := range text {
		at := uint32(u>>32) ^ uint32(c)
		if int(at) >= len(t.units) { // never: every block that a base points to is there
			break
		}
		u = t.units[at]
		if uint32(u)&0x1ff != uint32(c) {
			break
		}
		if v := uint32(u) >> 9; v != 0 {
			best = v
		}
	}
	return best - 1
}

// begin fills first.
func (t *trie) begin() {
	t.first = new([1 << 16]uint64)
	for a := range uint64(256) {
		u := t.units[t.units[0]>>32^a]
		if u&0x1ff != a {
			continue
		}
		for b := range uint64(256) {
			v := t.units[u>>32^b]
			if v&0x1ff != b {
				v = 0
			}
			if v>>9&(1<<23-1) == 0 {
				v |= u & (1<<32 - 1<<9)
			}
			t.first[a|b<<8] = v
		}
	}
}

// trieKey is a token's text and id.
type trieKey struct {
	text string
	id   uint32
}

type trieBuilder struct {
	units []uint64
	keys  []trieKey
	used  [][4]uint64 // block → units in use
	bases [][4]uint64 // block → bases in use
	open  []int       // blocks with room, oldest first
	kids  []byte
}

// newTrie builds the trie of keys, which are non-empty and different; it sorts them.
func newTrie(keys []trieKey) trie {
	slices.SortFunc(keys, func(a, b trieKey) int { return strings.Compare(a.text, b.text) })
	b := &trieBuilder{keys: keys}
	b.block()
	b.used[0][0], b.bases[0][0] = 1, 1 // the root, and the base of units without children
	b.units[0] = noLabel
	b.place(0, 0, len(keys), 0)
	t := trie{units: b.units}
	t.begin()
	return t
}

func (b *trieBuilder) block() int {
	n := len(b.used)
	for range blockUnits {
		b.units = append(b.units, noLabel)
	}
	b.used, b.bases = append(b.used, [4]uint64{}), append(b.bases, [4]uint64{})
	b.open = append(b.open, n)
	if len(b.open) > openBlocks {
		b.open = b.open[1:]
	}
	return n
}

// place lays out the children of unit at, whose keys are keys[lo:hi], alike in
// their first depth bytes.
func (b *trieBuilder) place(at, lo, hi, depth int) {
	if lo < hi && len(b.keys[lo].text) == depth {
		b.units[at] |= uint64(b.keys[lo].id+1) << 9
		lo++
	}
	if lo == hi {
		return
	}
	kids := b.kids[:0]
	for i := lo; i < hi; i++ {
		if c := b.keys[i].text[depth]; len(kids) == 0 || kids[len(kids)-1] != c {
			kids = append(kids, c)
		}
	}
	b.kids = kids
	base := b.room(kids)
	b.units[at] |= uint64(base) << 32
	mark(&b.bases[base/blockUnits], base%blockUnits)
	for _, c := range kids {
		unit := base ^ int(c)
		mark(&b.used[unit/blockUnits], unit%blockUnits)
		b.units[unit] = uint64(c)
	}
	for lo < hi {
		c := b.keys[lo].text[depth]
		n := lo + 1
		for n < hi && b.keys[n].text[depth] == c {
			n++
		}
		b.place(base^int(c), lo, n, depth+1)
		lo = n
	}
}

// room finds a base whose children over kids are free.
func (b *trieBuilder) room(kids []byte) int {
	for k := len(b.open) - 1; k >= 0; k-- {
		block := b.open[k]
		if base := b.roomIn(block, kids); base >= 0 {
			return base
		}
	}
	return b.roomIn(b.block(), kids)
}

func (b *trieBuilder) roomIn(block int, kids []byte) int {
	used, bases := &b.used[block], &b.bases[block]
	for w := range used {
		for free := ^used[w]; free != 0; free &= free - 1 {
			base := (w*64 + bits.TrailingZeros64(free)) ^ int(kids[0])
			if has(bases, base) {
				continue
			}
			fits := true
			for _, c := range kids[1:] {
				if has(used, base^int(c)) {
					fits = false
					break
				}
			}
			if fits {
				return block*blockUnits + base
			}
		}
	}
	return -1
}

func mark(set *[4]uint64, i int)     { set[i>>6&3] |= 1 << (i & 63) }
func has(set *[4]uint64, i int) bool { return set[i>>6&3]>>(i&63)&1 != 0 }
