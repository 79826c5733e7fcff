// Package darts is a double-array trie over bytes in the layout of Darts-clone,
// the one SentencePiece stores in its models: one 32-bit unit a node.
//
//	node    label in bits 0-7, "has a value" in bit 8, offset in bits 9-30
//	value   31 bits, bit 31 set, at the node's base
//
// The child of node n over byte c stands at n ^ offset(n) ^ c and carries c as
// its label. Every 256 units are one block, and a base's children lie in the
// base's block, so a block that is present holds all of them.
package darts

import "fmt"

// Block is the number of units a trie's size is a multiple of.
const Block = 256

const leaf = 1 << 31 // marks a unit that holds a value

func label(u uint32) uint32  { return u & (leaf | 0xff) }
func offset(u uint32) uint32 { return u >> 10 << (u & (1 << 9) >> 6) }
func hasValue(u uint32) bool { return u>>8&1 != 0 }

// Trie is a trie as stored. Lookups in one that Validate refused may panic.
type Trie []uint32

// Validate tells whether every step from every unit stays inside the trie and
// every value is below limit.
func (t Trie) Validate(limit uint32) error {
	n := uint64(len(t))
	if n == 0 || n%Block != 0 {
		return fmt.Errorf("%d units, want a multiple of %d", n, Block)
	}
	if t[0]&(leaf|0xff) != 0 || hasValue(t[0]) || offset(t[0]) == 0 {
		return fmt.Errorf("unit 0 is %#08x, which is no root", t[0])
	}
	for i, u := range t {
		if u&leaf != 0 {
			if u&^leaf >= limit {
				return fmt.Errorf("unit %d holds value %d, want less than %d", i, u&^leaf, limit)
			}
			continue
		}
		base := uint64(uint32(i) ^ offset(u))
		if base|(Block-1) >= n {
			return fmt.Errorf("unit %d points to unit %d of %d", i, base, n)
		}
		if hasValue(u) && t[base]&leaf == 0 {
			return fmt.Errorf("unit %d has its value at unit %d, which holds none", i, base)
		}
	}
	return nil
}

// Root is the node of the empty string.
const Root = uint32(0)

// Step returns the child of node over byte c.
func (t Trie) Step(node uint32, c byte) (child uint32, ok bool) {
	child = node ^ offset(t[node]) ^ uint32(c)
	return child, label(t[child]) == uint32(c)
}

// Value returns the value stored for the string that leads to node.
func (t Trie) Value(node uint32) (v uint32, ok bool) {
	u := t[node]
	if !hasValue(u) {
		return 0, false
	}
	return t[node^offset(u)] &^ leaf, true
}

// Flat is a trie laid out for speed: one load a step, values in the nodes. A
// unit holds its label in bits 0-8, value + 1 in bits 9-31 (0: none) and the
// base of its children in bits 32-63; the child over c stands at base ^ c and
// has c as its label. Node Root is unit 0.
type Flat []uint64

// MaxFlatValue bounds the values of a Flat.
const MaxFlatValue = 1<<23 - 2

// Flat converts the trie, whose values must not exceed MaxFlatValue.
func (t Trie) Flat() Flat {
	f := make(Flat, len(t))
	for i, u := range t {
		if u&leaf != 0 {
			f[i] = 0x100 // no byte leads here
			continue
		}
		base := uint32(i) ^ offset(u)
		f[i] = uint64(base)<<32 | uint64(u&0xff)
		if hasValue(u) {
			f[i] |= uint64(t[base]&^leaf+1) << 9
		}
	}
	return f
}
