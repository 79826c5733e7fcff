package bpetrain

import "math"

// none is no id, no node, no rank.
const none = math.MaxUint32

func pairKey(a, b uint32) uint64 { return uint64(a)<<32 | uint64(b) }

// pairs counts the adjacent pairs of symbols in the pieces, and keeps for each
// a list of the pieces it is in; a piece listed may have lost the pair since.
type pairs struct {
	index []pairSlot // open addressing, a power of two
	shift uint
	stats []pairStat
	lists lists
	more  map[uint32][]stretch // by place in stats: parts of its list behind the first
}

type pairSlot struct {
	key  uint64
	stat uint32 // place in stats, plus 1; 0 for a free slot
}

type pairStat struct {
	count int64
	list  stretch // of one piece: the piece itself in place of a stretch
}

func newPairs() pairs {
	p := pairs{more: map[uint32][]stretch{}}
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
	p.stats = append(p.stats, pairStat{})
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

// list makes room for n more pieces, 1 to chunkWords, in a pair's list. If n is 1
// the piece itself takes the place of the stretch.
func (p *pairs) list(stat, n, piece uint32) stretch {
	s := stretch{piece, 1}
	if n > 1 {
		s = p.lists.alloc(n)
	}
	if first := &p.stats[stat].list; first.size == 0 {
		*first = s
	} else {
		p.more[stat] = append(p.more[stat], s)
	}
	return s
}

// take empties a pair's list and returns its parts, to be given back.
func (p *pairs) take(stat uint32) []stretch {
	first := &p.stats[stat].list
	if first.size == 0 {
		return nil
	}
	all := append([]stretch{*first}, p.more[stat]...)
	*first = stretch{}
	delete(p.more, stat)
	return all
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
