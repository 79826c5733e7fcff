package bpe

import "math"

// noID marks a byte or character without a token, and a pair without a merge.
const noID = math.MaxUint32

// merge is a pair's rank and what it becomes.
type merge struct{ rank, id uint32 }

// pairTable is an open-addressing hash table from id pairs to merges, at most
// half full.
type pairTable struct {
	entries []pairEntry
	shift   uint
}

type pairEntry struct {
	key uint64
	merge
}

const emptyPair = math.MaxUint64

func pairKey(a, b uint32) uint64 { return uint64(a)<<32 | uint64(b) }

func newPairTable(n int) pairTable {
	bits := uint(4)
	for 1<<bits < 2*n {
		bits++
	}
	t := pairTable{entries: make([]pairEntry, 1<<bits), shift: 64 - bits}
	for i := range t.entries {
		t.entries[i].key = emptyPair
	}
	return t
}

// set adds or replaces a pair. The table must have been made large enough.
func (t *pairTable) set(a, b uint32, m merge) {
	key := pairKey(a, b)
	mask := len(t.entries) - 1
	for i := int(key * 0x9E3779B97F4A7C15 >> t.shift); ; i = (i + 1) & mask {
		e := &t.entries[i]
		if e.key == emptyPair || e.key == key {
			*e = pairEntry{key, m}
			return
		}
	}
}

// get returns a pair's merge; its rank is noID when there is none.
func (t *pairTable) get(a, b uint32) merge {
	key := pairKey(a, b)
	mask := len(t.entries) - 1
	for i := int(key * 0x9E3779B97F4A7C15 >> t.shift); ; i = (i + 1) & mask {
		e := &t.entries[i&mask]
		if e.key == key {
			return e.merge
		}
		if e.key == emptyPair {
			return merge{noID, noID}
		}
	}
}
