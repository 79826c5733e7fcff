package tokenizer

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

// pairStats counts the adjacent pairs of the pieces under training and
// remembers which pieces a pair occurs in.
type pairStats struct {
	table  pairTable // pair → slot, in merge.rank
	keys   []uint64
	counts []int64
	where  [][]uint32 // slot → pieces; a piece may have lost the pair since
	marked []bool     // slot is in raised
	raised []uint32   // slots whose count rose during the present merge
}

func newPairStats() pairStats { return pairStats{table: newPairTable(1 << 12)} }

func (s *pairStats) slot(key uint64) uint32 {
	a, b := uint32(key>>32), uint32(key)
	if m := s.table.get(a, b); m.rank != noID {
		return m.rank
	}
	slot := uint32(len(s.keys))
	if 2*len(s.keys) >= len(s.table.entries) {
		bigger := newPairTable(len(s.table.entries))
		for k, key := range s.keys {
			bigger.set(uint32(key>>32), uint32(key), merge{rank: uint32(k)})
		}
		s.table = bigger
	}
	s.table.set(a, b, merge{rank: slot})
	s.keys = append(s.keys, key)
	s.counts = append(s.counts, 0)
	s.where = append(s.where, nil)
	s.marked = append(s.marked, false)
	return slot
}

// add counts n more occurrences of a pair, in piece w.
func (s *pairStats) add(key uint64, n int64, w uint32) uint32 {
	slot := s.slot(key)
	s.counts[slot] += n
	if list := s.where[slot]; len(list) == 0 || list[len(list)-1] != w {
		s.where[slot] = append(list, w)
	}
	return slot
}

func (s *pairStats) drop(key uint64, n int64) { s.counts[s.slot(key)] -= n }

func (s *pairStats) raise(key uint64, n int64, w uint32) {
	if slot := s.add(key, n, w); !s.marked[slot] {
		s.marked[slot] = true
		s.raised = append(s.raised, slot)
	}
}

// take empties a pair and returns its pieces.
func (s *pairStats) take(slot uint32) []uint32 {
	list := s.where[slot]
	s.where[slot], s.counts[slot] = nil, 0
	return list
}

// heapPair is a pair with the count it had when it was pushed.
type heapPair struct {
	count int64
	key   uint64
	slot  uint32
}

// before is the order of merging: more frequent first, then smaller ids.
func (p heapPair) before(q heapPair) bool {
	return p.count > q.count || p.count == q.count && p.key < q.key
}

type pairHeap []heapPair

func (h pairHeap) init() {
	for i := len(h)/2 - 1; i >= 0; i-- {
		h.down(i)
	}
}

func (h *pairHeap) push(p heapPair) {
	*h = append(*h, p)
	s := *h
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if !s[i].before(s[up]) {
			return
		}
		s[i], s[up] = s[up], s[i]
		i = up
	}
}

func (h *pairHeap) pop() heapPair {
	s := *h
	top := s[0]
	s[0] = s[len(s)-1]
	*h = s[:len(s)-1]
	h.down(0)
	return top
}

func (h pairHeap) down(i int) {
	for {
		c := 2*i + 1
		if c >= len(h) {
			return
		}
		if c+1 < len(h) && h[c+1].before(h[c]) {
			c++
		}
		if !h[c].before(h[i]) {
			return
		}
		h[i], h[c] = h[c], h[i]
		i = c
	}
}
