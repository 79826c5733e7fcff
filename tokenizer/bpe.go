package tokenizer

import (
	"math"
	"unicode/utf8"
)

// noID marks a byte or character without a token, and a pair without a merge.
const noID = math.MaxUint32

// bpe is the byte-pair encoding model: a piece is cut into bytes (byte-level)
// or characters, then the adjacent pair with the lowest rank is joined, the
// leftmost first, until no pair has a merge (Sennrich et al. 2016, Radford et
// al. 2019).
type bpe struct {
	byteLevel    bool
	ignoreMerges bool // a piece that is a token is that token, whatever the merges
	fuseUnk      bool

	byteIDs [256]uint32       // byte-level: byte → id or noID
	whole   map[string]uint32 // piece → id, for ignoreMerges
	chars   map[string]uint32 // not byte-level: character → id
	unk     uint32            // noID: what has no token is left out, as the reference does
	merges  pairTable         // pair → rank and joined id
	count   int               // merges
}

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

// symbols appends the ids a piece begins with, before any merge.
func (m *bpe) symbols(dst []uint32, piece []byte) []uint32 {
	if m.byteLevel {
		for _, b := range piece {
			if id := m.byteIDs[b]; id != noID {
				dst = append(dst, id)
			}
		}
		return dst
	}
	unknown := false
	for i := 0; i < len(piece); {
		_, w := utf8.DecodeRune(piece[i:])
		id, ok := m.chars[string(piece[i:i+w])]
		if !ok {
			id = m.unk
			if unknown && m.fuseUnk {
				id = noID
			}
		}
		unknown = !ok
		if id != noID {
			dst = append(dst, id)
		}
		i += w
	}
	return dst
}

// shortPiece is the number of symbols up to which looking at every pair again
// after each merge is faster than a heap.
const shortPiece = 48

// encode appends the ids of one piece to dst.
func (m *bpe) encode(dst []uint32, piece []byte, e *encoder) []uint32 {
	if m.ignoreMerges {
		if id, ok := m.whole[string(piece)]; ok {
			return append(dst, id)
		}
	}
	first := len(dst)
	dst = m.symbols(dst, piece)
	ids := dst[first:]
	var n int
	if len(ids) <= shortPiece {
		n = m.mergeShort(ids)
	} else {
		n = m.mergeLong(ids, &e.long)
	}
	return dst[:first+n]
}

// mergeShort merges ids in place and returns how many are left.
func (m *bpe) mergeShort(ids []uint32) int {
	var buf [shortPiece]merge
	n := len(ids)
	if n < 2 {
		return n
	}
	pairs := buf[:n-1] // pairs[i] is the merge of ids[i], ids[i+1]
	for i := range pairs {
		pairs[i] = m.merges.get(ids[i], ids[i+1])
	}
	for {
		at, best := 0, uint32(noID)
		for i := range pairs {
			if pairs[i].rank < best {
				at, best = i, pairs[i].rank
			}
		}
		if best == noID {
			return n
		}
		ids[at] = pairs[at].id
		copy(ids[at+1:n], ids[at+2:n])
		copy(pairs[at:], pairs[at+1:])
		n--
		pairs = pairs[:n-1]
		if at > 0 {
			pairs[at-1] = m.merges.get(ids[at-1], ids[at])
		}
		if at < n-1 {
			pairs[at] = m.merges.get(ids[at], ids[at+1])
		}
	}
}

// longState is the working memory of mergeLong.
type longState struct {
	heap       []candidate
	next, prev []int32
}

// candidate is a merge waiting in the heap, ordered by rank, then position.
type candidate struct {
	rank uint32
	at   int32
	pair uint64
	id   uint32
}

func (c candidate) before(d candidate) bool {
	return c.rank < d.rank || c.rank == d.rank && c.at < d.at
}

// mergeLong is mergeShort in n log n: symbols are linked, candidates sit in a
// heap, and a candidate whose pair has changed since is dropped.
func (m *bpe) mergeLong(ids []uint32, st *longState) int {
	n := len(ids)
	st.heap, st.next, st.prev = st.heap[:0], st.next[:0], st.prev[:0]
	for i := range n {
		st.next = append(st.next, int32(i+1))
		st.prev = append(st.prev, int32(i-1))
		if i+1 < n {
			st.add(m, ids, int32(i), int32(i+1))
		}
	}
	for i := len(st.heap)/2 - 1; i >= 0; i-- {
		st.down(i)
	}
	const gone = noID
	for len(st.heap) > 0 {
		c := st.pop()
		right := st.next[c.at]
		if ids[c.at] == gone || int(right) == n || pairKey(ids[c.at], ids[right]) != c.pair {
			continue
		}
		ids[c.at], ids[right] = c.id, gone
		after := st.next[right]
		st.next[c.at] = after
		if int(after) < n {
			st.prev[after] = c.at
			if st.add(m, ids, c.at, after) {
				st.up(len(st.heap) - 1)
			}
		}
		if before := st.prev[c.at]; before >= 0 {
			if st.add(m, ids, before, c.at) {
				st.up(len(st.heap) - 1)
			}
		}
	}
	k := 0
	for i := 0; i < n; i = int(st.next[i]) {
		ids[k] = ids[i]
		k++
	}
	return k
}

func (st *longState) add(m *bpe, ids []uint32, at, right int32) bool {
	g := m.merges.get(ids[at], ids[right])
	if g.rank == noID {
		return false
	}
	st.heap = append(st.heap, candidate{g.rank, at, pairKey(ids[at], ids[right]), g.id})
	return true
}

func (st *longState) up(i int) {
	for h := st.heap; i > 0; {
		p := (i - 1) / 2
		if !h[i].before(h[p]) {
			return
		}
		h[i], h[p] = h[p], h[i]
		i = p
	}
}

func (st *longState) down(i int) {
	for h := st.heap; ; {
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

func (st *longState) pop() candidate {
	top := st.heap[0]
	n := len(st.heap) - 1
	st.heap[0] = st.heap[n]
	st.heap = st.heap[:n]
	st.down(0)
	return top
}
