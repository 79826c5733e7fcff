package darts

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"
)

// openBlocks is how many of the last blocks are searched for room. Older
// blocks are nearly full, and searching them would make building quadratic.
const openBlocks = 16

const (
	maxNear = 1 << 21 // offsets below it are stored as they are
	maxFar  = 1 << 29 // … and multiples of 256 below this one shifted
)

// Build makes the trie of keys, which must be sorted, distinct, not empty and
// without byte 0. values[i] belongs to keys[i] and takes 31 bits; nil stands
// for 0, 1, 2, ….
func Build(keys []string, values []uint32) (Trie, error) {
	return build(keys, values, nil)
}

// BuildShared is Build with subtrees that are equal, keys' ends and values, laid
// out once. That takes longer and pays where many keys have the same value.
func BuildShared(keys []string, values []uint32) (Trie, error) {
	return build(keys, values, make(map[uint64]subtree))
}

func build(keys []string, values []uint32, shared map[uint64]subtree) (Trie, error) {
	for i, k := range keys {
		switch {
		case k == "":
			return nil, fmt.Errorf("darts: key %d is empty", i)
		case i > 0 && keys[i-1] >= k:
			return nil, fmt.Errorf("darts: key %d, %q, does not follow %q", i, k, keys[i-1])
		case values != nil && values[i] >= leaf:
			return nil, fmt.Errorf("darts: value %d of key %q takes more than 31 bits", values[i], k)
		}
		for _, c := range []byte(k) {
			if c == 0 {
				return nil, fmt.Errorf("darts: key %q contains byte 0", k)
			}
		}
	}
	b := &builder{keys: keys, values: values, shared: shared}
	b.grow()
	b.take(0) // the root
	if err := b.insert(0, 0, len(keys), 0); err != nil {
		return nil, err
	}
	b.close(0)
	return b.units, nil
}

type builder struct {
	keys   []string
	values []uint32
	units  Trie
	used   []bool   // by unit
	based  []bool   // by unit: it is the base of some node
	free   []int    // by block: unused units
	bases  []int    // by block: units that are bases
	closed int      // blocks below it take no more nodes
	labels [][]byte // child labels by depth, reused

	shared map[uint64]subtree // by hash; nil: lay out every subtree
}

// subtree is what follows the first depth bytes of keys[lo:hi], laid out at a
// base.
type subtree struct {
	lo, hi, depth int
	base          uint32
}

func (b *builder) grow() {
	b.units = append(b.units, make([]uint32, Block)...)
	b.used = append(b.used, make([]bool, Block)...)
	b.based = append(b.based, make([]bool, Block)...)
	b.free = append(b.free, Block)
	b.bases = append(b.bases, 0)
	b.close(openBlocks)
}

func (b *builder) take(i uint32) {
	b.used[i] = true
	b.free[i/Block]--
}

// insert lays out the children of node, which stands for the first depth bytes
// of keys[lo:hi].
func (b *builder) insert(node uint32, lo, hi, depth int) error {
	if len(b.labels) <= depth {
		b.labels = append(b.labels, nil)
	}
	labels := b.labels[depth][:0]
	for i := lo; i < hi; i++ {
		c := byte(0) // the key ends here: its value takes label 0
		if len(b.keys[i]) > depth {
			c = b.keys[i][depth]
		}
		if len(labels) == 0 || labels[len(labels)-1] != c {
			labels = append(labels, c)
		}
	}
	b.labels[depth] = labels
	if len(labels) == 0 { // no keys at all: the root needs a base all the same
		labels = []byte{1}
	}
	hash, done := b.share(node, lo, hi, depth)
	if done {
		return nil
	}
	base, err := b.place(node, labels)
	if err != nil {
		return err
	}
	if b.shared != nil {
		b.shared[hash] = subtree{lo, hi, depth, base}
	}
	if len(b.keys) == 0 {
		b.used[base^1] = false
		b.free[base/Block]++
		return nil
	}
	for i := lo; i < hi; {
		if len(b.keys[i]) == depth {
			value := uint32(i)
			if b.values != nil {
				value = b.values[i]
			}
			b.units[node] |= 1 << 8
			b.units[base] = value | leaf
			i++
			continue
		}
		c, from := b.keys[i][depth], i
		for i < hi && b.keys[i][depth] == c {
			i++
		}
		child := base ^ uint32(c)
		b.units[child] |= uint32(c)
		if err := b.insert(child, from, i, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// share links node to an equal subtree if one is laid out within reach. It
// returns the subtree's hash.
func (b *builder) share(node uint32, lo, hi, depth int) (hash uint64, done bool) {
	if b.shared == nil {
		return 0, false
	}
	var h xxhash.Digest
	h.Reset()
	var value [5]byte // a byte 0 before it: no key has one
	for i := lo; i < hi; i++ {
		h.WriteString(b.keys[i][depth:])
		binary.LittleEndian.PutUint32(value[1:], b.values[i])
		h.Write(value[:])
	}
	hash = h.Sum64()
	t, ok := b.shared[hash]
	if !ok || t.hi-t.lo != hi-lo {
		return hash, false
	}
	for i := range hi - lo {
		if b.keys[t.lo+i][t.depth:] != b.keys[lo+i][depth:] || b.values[t.lo+i] != b.values[lo+i] {
			return hash, false
		}
	}
	unit, ok := encodeOffset(t.base ^ node)
	if !ok || t.base == node {
		return hash, false
	}
	b.units[node] |= unit
	if len(b.keys[lo]) == depth {
		b.units[node] |= 1 << 8
	}
	return hash, true
}

// place finds a base for node whose children by labels are unused, takes them
// and links node to the base.
func (b *builder) place(node uint32, labels []byte) (uint32, error) {
	for block := b.closed; ; block++ {
		if block == len(b.free) {
			b.grow()
		}
		// One base a block stays unused: close needs it for the unused units.
		if b.free[block] < len(labels) || b.bases[block] >= Block-1 {
			continue
		}
		lo := uint32(block * Block)
		for at := lo; at < lo+Block; at++ {
			base := at ^ uint32(labels[0])
			if b.used[at] || b.based[base] || base == node || !b.fits(base, labels) {
				continue
			}
			unit, ok := encodeOffset(base ^ node)
			if !ok {
				continue
			}
			b.units[node] |= unit
			b.based[base] = true
			b.bases[block]++
			for _, c := range labels {
				b.take(base ^ uint32(c))
			}
			return base, nil
		}
		if uint64(len(b.units)) > maxFar {
			return 0, errors.New("darts: too many keys for one trie")
		}
	}
}

func (b *builder) fits(base uint32, labels []byte) bool {
	for _, c := range labels[1:] {
		if b.used[base^uint32(c)] {
			return false
		}
	}
	return true
}

func encodeOffset(off uint32) (uint32, bool) {
	switch {
	case off < maxNear:
		return off << 10, true
	case off&0xff == 0 && off < maxFar:
		return off<<2 | 1<<9, true
	}
	return 0, false
}

// close ends all but the last open blocks: their unused units get the labels
// they would have under an unused base, so that no lookup takes them for
// children.
func (b *builder) close(open int) {
	for ; b.closed < len(b.free)-open; b.closed++ {
		lo := uint32(b.closed * Block)
		spare := lo
		for b.based[spare] {
			spare++
		}
		for i := lo; i < lo+Block; i++ {
			if !b.used[i] {
				b.units[i] = (i ^ spare) & 0xff
			}
		}
	}
}
