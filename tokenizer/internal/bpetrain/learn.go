package bpetrain

import (
	"context"
	"fmt"
	"math"
	"sync"
	"unicode/utf8"
)

// LearnConfig says what Learn starts from and how far it goes.
type LearnConfig struct {
	VocabSize    int   // ids in all
	MinFrequency int64 // a pair seen less often is not merged
	MaxLength    int   // bytes of the longest token to be made; 0 for no limit

	Tokens []string    // those there are, by id, spelled in the byte alphabet; "" for an id not in use
	Fixed  []bool      // by id: the token stands for its own text, and no merge may make it
	Bytes  [256]uint32 // the token of every byte; NoToken leaves the byte out
	Merges [][2]uint32 // those there are, in the order of their ranks
	// Encode, where not nil, gives the tokens of a piece by the merges there are.
	Encode   func(dst []uint32, piece []byte) []uint32
	Progress func(tokens int64) // may be nil
}

// NoToken marks a byte without a token.
const NoToken = none

// Learned is what Learn adds to the tokens and merges it was given.
type Learned struct {
	Tokens []string
	Merges [][2]string
}

// learner is the state of learning.
type learner struct {
	cfg    *LearnConfig
	out    Learned
	tokens []string // by id
	length []int    // of the tokens, in characters of the byte alphabet, which are bytes of text
	ids    map[string]uint32
	ranks  map[uint64]uint32 // pair → its merge's rank

	// text holds the distinct pieces: of each its count, low half and high half,
	// its symbols, which become fewer, and end. A piece is called by its place.
	text  []uint32
	pairs pairs
	heap  pairHeap

	left, right changes
}

// end is behind the last symbol of a piece.
const end = none

// Learn merges the most frequent adjacent pair of symbols into a new one, over
// and over, until the vocabulary is full or no pair is frequent enough. Among
// equally frequent pairs the one with the smaller ids wins.
func (p *Plan) Learn(ctx context.Context, cfg LearnConfig) (*Learned, error) {
	l := &learner{cfg: &cfg, ids: make(map[string]uint32, cfg.VocabSize), ranks: make(map[uint64]uint32, cfg.VocabSize), pairs: newPairs()}
	for id, token := range cfg.Tokens {
		l.tokens, l.length = append(l.tokens, token), append(l.length, utf8.RuneCountInString(token))
		if token != "" {
			l.ids[token] = uint32(id)
		}
	}
	for rank, m := range cfg.Merges {
		l.ranks[pairKey(m[0], m[1])] = uint32(rank)
	}
	l.left, l.right = newChanges(cfg.VocabSize), newChanges(cfg.VocabSize)
	l.pairs.nodes.free = none
	if err := l.load(ctx, p); err != nil {
		return nil, err
	}
	if err := p.counts.release(); err != nil {
		return nil, err
	}
	return &l.out, l.run(ctx)
}

// load spells the pieces in the symbols there are.
func (l *learner) load(ctx context.Context, p *Plan) error {
	if p.words > math.MaxUint32 {
		return fmt.Errorf("the distinct pieces have %d bytes, want at most %d; set a memory limit, by which the rarest are left out", p.words, uint32(math.MaxUint32))
	}
	l.text = make([]uint32, 0, p.words)
	var mu sync.Mutex
	return p.counts.sum(ctx, func(t *table) error {
		mu.Lock()
		defer mu.Unlock()
		t.each(func(piece []byte, n int64) {
			if len(piece) < 2 || n < p.least {
				return
			}
			from := len(l.text)
			l.text = append(l.text, uint32(n), uint32(n>>32))
			if l.cfg.Encode != nil {
				l.text = l.cfg.Encode(l.text, piece)
			} else {
				for _, b := range piece {
					if id := l.cfg.Bytes[b]; id != NoToken {
						l.text = append(l.text, id)
					}
				}
			}
			if len(l.text) < from+4 { // nothing to merge
				l.text = l.text[:from]
				return
			}
			l.text = append(l.text, end)
		})
		return nil
	})
}

func (l *learner) run(ctx context.Context) error {
	l.first()
	for n := 0; len(l.tokens) < l.cfg.VocabSize && len(l.heap) > 0; {
		top := l.heap.pop()
		stat := &l.pairs.stats[top.stat]
		urgent := top.count >= urgency
		if !urgent && stat.count != top.count {
			l.push(top.key, top.stat)
			continue
		}
		if urgent && stat.count <= 0 {
			continue
		}
		l.merge(top)
		if n++; n%64 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			l.progress()
		}
	}
	l.progress()
	return ctx.Err()
}

func (l *learner) progress() {
	if l.cfg.Progress != nil {
		l.cfg.Progress(int64(len(l.tokens)))
	}
}

// first counts the pairs of all pieces.
func (l *learner) first() {
	for w := 0; w < len(l.text); {
		n := l.count(uint32(w))
		i := w + 3
		for ; l.text[i] != end; i++ {
			k := l.pairs.get(pairKey(l.text[i-1], l.text[i]))
			s := &l.pairs.stats[k]
			s.count += n
			s.list = l.pairs.nodes.push(s.list, uint32(w))
		}
		w = i + 1
	}
	for _, s := range l.pairs.index {
		if s.stat == 0 {
			continue
		}
		stat := &l.pairs.stats[s.stat-1]
		if l.tooLong(uint32(s.key>>32), uint32(s.key)) {
			stat.count = 0
		}
		if rank, ok := l.ranks[s.key]; ok {
			stat.rank = rank
		}
		if stat.count >= l.cfg.MinFrequency && stat.rank == none {
			l.heap = append(l.heap, heapPair{stat.count, s.key, s.stat - 1})
		}
	}
	l.heap.init()
}

func (l *learner) count(w uint32) int64 {
	return int64(uint64(l.text[w]) | uint64(l.text[w+1])<<32)
}

func (l *learner) tooLong(a, b uint32) bool {
	return l.cfg.MaxLength > 0 && l.length[a]+l.length[b] > l.cfg.MaxLength
}

// urgency is more than any count. A pair that is a merge already and occurs
// anew, as two merges may spell the same token, is joined before all others, as
// encoding does; those of lower rank first.
const urgency = math.MaxInt64 - none

// push puts a pair on the heap if it is worth it.
func (l *learner) push(key uint64, stat uint32) {
	s := &l.pairs.stats[stat]
	switch {
	case s.rank != none && s.count > 0:
		l.heap.push(heapPair{math.MaxInt64 - int64(s.rank), key, stat})
	case s.count >= l.cfg.MinFrequency:
		l.heap.push(heapPair{s.count, key, stat})
	}
}

// merge makes a token of a pair and joins the pair in every piece that has it.
// Two merges may spell the same token; it keeps its first id.
func (l *learner) merge(p heapPair) {
	a, b := uint32(p.key>>32), uint32(p.key)
	stat := &l.pairs.stats[p.stat]
	list, spelled := stat.list, l.tokens[a]+l.tokens[b]
	stat.list, stat.count = none, 0
	id, ok := l.ids[spelled]
	if ok && int(id) < len(l.cfg.Fixed) && l.cfg.Fixed[id] {
		return // text must not become a special token; its pieces stay listed nowhere
	}
	if !ok {
		id = uint32(len(l.tokens))
		l.ids[spelled] = id
		l.tokens, l.length = append(l.tokens, spelled), append(l.length, l.length[a]+l.length[b])
		l.out.Tokens = append(l.out.Tokens, spelled)
	}
	if stat.rank == none {
		stat.rank = uint32(len(l.cfg.Merges) + len(l.out.Merges))
		l.ranks[p.key] = stat.rank
		l.out.Merges = append(l.out.Merges, [2]string{l.tokens[a], l.tokens[b]})
	}
	nodes := &l.pairs.nodes
	for k := list; k != none; {
		n := nodes.at(k)
		l.join(n.word, a, b, id)
		next := n.next
		n.next, nodes.free = nodes.free, k
		k = next
	}
	l.settle(a, b, id)
	l.pairs.stats[p.stat].count = 0 // overlaps such as aaa leave a remainder
}

// join replaces a b by id in piece w and notes the neighbours.
func (l *learner) join(w, a, b, id uint32) {
	n, s := l.count(w), l.text[w+2:]
	i := 0
	for ; s[i] != a || s[i+1] != b; i++ {
		if s[i] == end {
			return
		}
	}
	nodes := &l.pairs.nodes
	k := i
	for s[i] != end {
		if s[i] != a || s[i+1] != b {
			s[k] = s[i]
			i, k = i+1, k+1
			continue
		}
		if k > 0 {
			l.left.add(nodes, s[k-1], w, n)
		}
		if s[i+2] != end {
			l.right.add(nodes, s[i+2], w, n)
		}
		s[k] = id
		i, k = i+2, k+1
	}
	s[k] = end
}

// settle moves the counts of the neighbours' pairs: of x before a b from x a to
// x id, of y behind it from b y to id y.
func (l *learner) settle(a, b, id uint32) {
	for _, x := range l.left.seen {
		l.raise(x, id, &l.left.by[x])
	}
	for _, y := range l.right.seen {
		l.raise(id, y, &l.right.by[y])
	}
	for _, x := range l.left.seen {
		l.drop(x, a, l.left.by[x].count)
	}
	for _, y := range l.right.seen {
		l.drop(b, y, l.right.by[y].count)
	}
	for _, x := range l.left.seen {
		l.offer(x, id)
		l.left.by[x] = noChange
	}
	for _, y := range l.right.seen {
		l.offer(id, y)
		l.right.by[y] = noChange
	}
	l.left.seen, l.right.seen = l.left.seen[:0], l.right.seen[:0]
}

func (l *learner) raise(a, b uint32, by *change) {
	if l.tooLong(a, b) {
		l.pairs.nodes.giveBack(by.first, by.last)
		return
	}
	stat := &l.pairs.stats[l.pairs.get(pairKey(a, b))]
	stat.count += by.count
	l.pairs.nodes.at(by.last).next = stat.list
	stat.list = by.first
}

func (l *learner) drop(a, b uint32, n int64) {
	if stat, ok := l.pairs.find(pairKey(a, b)); ok {
		l.pairs.stats[stat].count -= n
	}
}

func (l *learner) offer(a, b uint32) {
	key := pairKey(a, b)
	stat, ok := l.pairs.find(key)
	if !ok {
		return
	}
	if rank, ok := l.ranks[key]; ok {
		l.pairs.stats[stat].rank = rank
	}
	l.push(key, stat)
}

// changes gathers by symbol what one merge changes.
type changes struct {
	by   []change
	seen []uint32 // symbols whose change is not noChange
}

// change is a count with the list of the pieces it comes from.
type change struct {
	count       int64
	first, last uint32
}

var noChange = change{first: none}

func newChanges(n int) changes {
	s := changes{by: make([]change, n)}
	for k := range s.by {
		s.by[k] = noChange
	}
	return s
}

func (s *changes) add(nodes *nodes, symbol, word uint32, n int64) {
	by := &s.by[symbol]
	first := nodes.push(by.first, word)
	if by.first == none {
		by.last = first
		s.seen = append(s.seen, symbol)
	}
	by.first = first
	by.count += n
}
