package spm

import (
	"cmp"
	"math"
	"slices"
)

// noSymbol marks a character that occurs in no piece and a pair that does not
// join.
const noSymbol = math.MaxUint32

// merger joins symbols as SentencePiece's BPE does: text begins as characters,
// then the two neighbours whose concatenation is the piece with the highest
// score are joined, the leftmost of equals first, until none can be.
//
// Symbols are numbered: the pieces by their ids, then the characters that occur
// in pieces without being one.
type merger struct {
	chars  map[uint32]uint32 // packed character → symbol
	ascii  [128]uint32       // the same for ASCII
	pairs  pairTable         // two symbols → what they become
	out    []uint32          // symbol → id, or noSymbol where it has none that encoding may make
	sizes  []int32           // symbol → bytes
	unused bool              // some pieces are Unused
	lasts  []lastJoin        // of the pieces that come about, best first; nil if some are unused
}

// lastJoin is how a piece comes about. Within a piece nothing outside of it has
// a part in how it is made, so its last join is always the one it has when it is
// merged by itself: other joins that would give its text never happen.
type lastJoin struct {
	id, rank uint32
	parts    [2]uint32
}

// join is what a pair becomes; lower ranks are joined first.
type join struct{ rank, symbol uint32 }

func newMerger(pieces []Piece) *merger {
	m := &merger{chars: map[uint32]uint32{}}
	ids := map[string]uint32{}
	symbol := func(text string) uint32 {
		id := uint32(len(m.out))
		ids[text] = id
		m.out, m.sizes = append(m.out, noSymbol), append(m.sizes, int32(len(text)))
		return id
	}
	for id, p := range pieces {
		symbol(p.Text)
		if joinable(p.Type) && p.Type != Unused {
			m.out[id] = uint32(id)
		}
		m.unused = m.unused || p.Type == Unused
	}
	ranks := ranks(pieces)
	var joins []pairEntry
	for id, p := range pieces {
		text := []byte(p.Text)
		for i := 0; i < len(text); {
			c, n := pack(text, i)
			s, ok := ids[p.Text[i:i+n]]
			if !ok {
				s = symbol(p.Text[i : i+n])
			}
			m.chars[c] = s
			i += n
		}
		if !joinable(p.Type) {
			continue
		}
		for i := charLen(text[0]); i < len(text); i += charLen(text[i]) {
			a, okA := ids[p.Text[:i]]
			b, okB := ids[p.Text[i:]]
			if okA && okB {
				joins = append(joins, pairEntry{pairKey(a, b), join{ranks[id], uint32(id)}})
			}
		}
	}
	m.pairs = newPairTable(joins)
	for c := range m.ascii {
		s, ok := m.chars[uint32(c)]
		if !ok {
			s = noSymbol
		}
		m.ascii[c] = s
	}
	if !m.unused { // of those the original looks at all joins, whether they happen or not
		m.findLasts(pieces, ranks)
	}
	return m
}

// findLasts finds the last joins and forgets the others.
func (m *merger) findLasts(pieces []Piece, ranks []uint32) {
	var st mergeState
	var kept []pairEntry
	for id, p := range pieces {
		if !joinable(p.Type) {
			continue
		}
		cells := m.symbols(st.cells[:0], []byte(p.Text), len(p.Text))
		st.cells = cells
		switch n := len(cells); {
		case n < 2:
			continue
		case n <= shortText:
			cells, st.last = m.short(cells)
		default:
			cells = m.long(cells, &st)
		}
		if len(cells) == 1 {
			m.lasts = append(m.lasts, lastJoin{uint32(id), ranks[id], st.last})
			kept = append(kept, pairEntry{pairKey(st.last[0], st.last[1]), join{ranks[id], uint32(id)}})
		}
	}
	slices.SortFunc(m.lasts, func(a, b lastJoin) int { return cmp.Compare(a.rank, b.rank) })
	m.pairs = newPairTable(kept)
}

// joinable tells whether joining may make a piece of the type.
func joinable(t PieceType) bool { return t == Normal || t == UserDefined || t == Unused }

// ranks numbers the pieces' scores from the highest on; equal scores get equal
// ranks.
func ranks(pieces []Piece) []uint32 {
	// The order of floating-point numbers as that of integers, -0 before +0.
	key := func(score float32) int32 {
		b := int32(math.Float32bits(score))
		return b ^ b>>31&math.MaxInt32
	}
	order := make([]int, len(pieces))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(key(pieces[j].Score), key(pieces[i].Score)) })
	ranks := make([]uint32, len(pieces))
	rank := uint32(0)
	for k, i := range order {
		if k > 0 && key(pieces[i].Score) != key(pieces[order[k-1]].Score) {
			rank++
		}
		ranks[i] = rank
	}
	return ranks
}

func (m *merger) symbol(char uint32) uint32 {
	if char < 0x80 {
		return m.ascii[char]
	}
	if s, ok := m.chars[char]; ok {
		return s
	}
	return noSymbol
}

// symbols appends the first limit characters of text as symbols.
func (m *merger) symbols(dst []cell, text []byte, limit int) []cell {
	for i := 0; i < len(text) && limit > 0; limit-- {
		c, n := pack(text, i)
		dst = append(dst, cell{m.symbol(c), int32(n)})
		i += n
	}
	return dst
}

// cell is a symbol in a text being merged.
type cell struct {
	symbol uint32
	size   int32 // bytes
}

// shortText is the number of symbols up to which looking at every pair again
// after each merge is faster than a heap.
const shortText = 48

// short joins what can be joined, in place, and returns the symbols left.
// len(cells) must not exceed shortText. last are the symbols joined last.
func (m *merger) short(cells []cell) (left []cell, last [2]uint32) {
	var buf [shortText]join
	n := len(cells)
	if n < 2 {
		return cells, last
	}
	joins := buf[:n-1] // joins[i] is what cells[i] and cells[i+1] become
	for i := range joins {
		joins[i] = m.pairs.get(cells[i].symbol, cells[i+1].symbol)
	}
	for {
		at, best := 0, uint32(noSymbol)
		for i := range joins {
			if joins[i].rank < best {
				at, best = i, joins[i].rank
			}
		}
		if best == noSymbol {
			return cells[:n], last
		}
		last = [2]uint32{cells[at].symbol, cells[at+1].symbol}
		cells[at] = cell{joins[at].symbol, cells[at].size + cells[at+1].size}
		copy(cells[at+1:n], cells[at+2:n])
		copy(joins[at:], joins[at+1:])
		n--
		joins = joins[:n-1]
		if at > 0 {
			joins[at-1] = m.pairs.get(cells[at-1].symbol, cells[at].symbol)
		}
		if at < n-1 {
			joins[at] = m.pairs.get(cells[at].symbol, cells[at+1].symbol)
		}
	}
}

// pairTable is an open-addressing hash table from pairs of symbols to joins, at
// most half full. Most pairs that are looked for do not join: a bit for every
// pair, small enough for a near cache, tells so of seven in eight of them.
type pairTable struct {
	entries []pairEntry
	shift   uint
	filter  []uint64
	thin    uint // shift of the filter's bits
}

type pairEntry struct {
	key uint64
	join
}

const emptyPair = math.MaxUint64 // not a key: noSymbol joins with nothing

func pairKey(a, b uint32) uint64 { return uint64(a)<<32 | uint64(b) }

const pairHash = 0x9E3779B97F4A7C15

// newPairTable makes the table of pairs, which are all different.
func newPairTable(pairs []pairEntry) pairTable {
	bits := uint(6)
	for 1<<bits < 2*len(pairs) {
		bits++
	}
	t := pairTable{entries: make([]pairEntry, 1<<bits), shift: 64 - bits, filter: make([]uint64, 1<<(bits+2)/64), thin: 64 - bits - 2}
	for i := range t.entries {
		t.entries[i].key = emptyPair
	}
	for _, p := range pairs {
		hash := p.key * pairHash
		t.filter[hash>>t.thin>>6] |= 1 << (hash >> t.thin & 63)
		i := int(hash >> t.shift)
		for t.entries[i].key != emptyPair {
			i = (i + 1) & (len(t.entries) - 1)
		}
		t.entries[i] = p
	}
	return t
}

// get returns what a pair becomes; its rank is noSymbol when nothing.
func (t *pairTable) get(a, b uint32) join {
	key := pairKey(a, b)
	hash := key * pairHash
	if bit := hash >> t.thin; t.filter[bit>>6]>>(bit&63)&1 == 0 {
		return join{noSymbol, noSymbol}
	}
	return t.find(key, hash>>t.shift)
}

func (t *pairTable) find(key, at uint64) join {
	for i := int(at); ; i++ {
		e := &t.entries[i&(len(t.entries)-1)]
		if e.key == emptyPair { // first: two unknown characters have that key
			return join{noSymbol, noSymbol}
		}
		if e.key == key {
			return e.join
		}
	}
}
