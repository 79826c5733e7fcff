package bpetrain

import "math"

// none is no id, no node, no rank.
const none = math.MaxUint32

func pairKey(a, b uint32) uint64 { return uint64(a)<<32 | uint64(b) }

// pairs counts the adjacent pairs of symbols in the pieces, and keeps for each
// a list of the pieces it is in.
type pairs struct {
	index []pairSlot // open addressing, a power of two
	shift uint
	stats []pairStat
	nodes nodes
}

type pairSlot struct {
	key  uint64
	stat uint32 // place in stats, plus 1; 0 for a free slot
}

type pairStat struct {
	count int64
	list  uint32 // first node, or none; a piece listed may have lost the pair since
	rank  uint32 // of the merge that the pair has become, or none
}

func newPairs() pairs {
	p := pairs{}
	p.resize(1 << 12)
	return p
}

func (p *pairs) resize(n int) {
	p.index, p.shift = make([]pairSlot, n), 64
	for ; n > 1; n >>= 1 {
		p.shift--
	}
}

// find returns the place of a pair in stats; ok is false if there is none.
func (p *pairs) find(key uint64) (stat uint32, ok bool) {
	mask := len(p.index) - 1
	for i := int(key * 0x9E3779B97F4A7C15 >> p.shift); ; i = (i + 1) & mask {
		switch s := &p.index[i]; {
		case s.stat == 0:
			return 0, false
		case s.key == key:
			return s.stat - 1, true
		}
	}
}

// get is find, and makes the pair if need be.
func (p *pairs) get(key uint64) uint32 {
	if stat, ok := p.find(key); ok {
		return stat
	}
	if len(p.stats) >= len(p.index)/3*2 {
		old := p.index
		p.resize(2 * len(old))
		for _, s := range old {
			if s.stat != 0 {
				p.insert(s)
			}
		}
	}
	p.stats = append(p.stats, pairStat{list: none, rank: none})
	p.insert(pairSlot{key, uint32(len(p.stats))})
	return uint32(len(p.stats) - 1)
}

func (p *pairs) insert(s pairSlot) {
	mask := len(p.index) - 1
	i := int(s.key * 0x9E3779B97F4A7C15 >> p.shift)
	for p.index[i].stat != 0 {
		i = (i + 1) & mask
	}
	p.index[i] = s
}

// nodes are the links of lists of pieces, in blocks that never move.
type nodes struct {
	blocks [][]node
	used   uint32 // of the last block and those before it
	free   uint32 // first node given back, or none
}

type node struct{ word, next uint32 }

const nodeBits = 16

func (n *nodes) at(k uint32) *node { return &n.blocks[k>>nodeBits][k&(1<<nodeBits-1)] }

// push puts a piece before the list that begins with node first, unless it is
// there already, and returns the first node.
func (n *nodes) push(first, word uint32) uint32 {
	if first != none && n.at(first).word == word {
		return first
	}
	k := n.free
	if k != none {
		n.free = n.at(k).next
	} else {
		if int(n.used>>nodeBits) == len(n.blocks) {
			n.blocks = append(n.blocks, make([]node, 1<<nodeBits))
		}
		k = n.used
		n.used++
	}
	*n.at(k) = node{word, first}
	return k
}

// giveBack frees a list from its first node to its last.
func (n *nodes) giveBack(first, last uint32) {
	n.at(last).next = n.free
	n.free = first
}

// heapPair is a pair with the count it had when it was pushed.
type heapPair struct {
	count int64
	key   uint64
	stat  uint32
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
