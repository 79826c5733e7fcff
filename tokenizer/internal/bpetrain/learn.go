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

	shards []*shard // one for each goroutine that joins
}

// maxWords bounds the learner's text, so that places in it and in the lists, which
// can become about twice as long, fit into 32 bits.
const maxWords = math.MaxUint32 / 3

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
	for range p.counts.cfg.Workers {
		l.shards = append(l.shards, &shard{left: newChanges(cfg.VocabSize), right: newChanges(cfg.VocabSize)})
	}
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
	if p.words > maxWords {
		return fmt.Errorf("the distinct pieces have %d bytes, want at most %d; set a memory limit, by which the rarest are left out", p.words, maxWords)
	}
	l.text = make([]uint32, 0, p.words)
	var mu sync.Mutex
	return p.counts.sum(ctx, func(_ int, t *table) error {
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
		switch now := l.pairs.stats[top.stat].count; {
		case now <= 0:
			continue
		case now != top.count && top.count < urgency:
			l.push(top.key, top.stat)
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

// first counts the pairs of all pieces and lists the pieces of each.
func (l *learner) first() {
	total := 0
	l.eachPair(func(stat *pairStat, w uint32) {
		if stat.count += l.count(w); stat.list.size == 0 || stat.list.at != w {
			stat.list = stretch{w, stat.list.size + 1}
			total++
		}
	})
	l.pairs.lists.reset(total)
	at := uint32(0)
	for k := range l.pairs.stats {
		list := &l.pairs.stats[k].list
		n := list.size
		*list = stretch{at, 0}
		at += n
	}
	words := l.pairs.lists.first
	l.eachPair(func(stat *pairStat, w uint32) {
		list := &stat.list
		if end := list.at + list.size; list.size == 0 || words[end-1] != w {
			words[end] = w
			list.size++
		}
	})
	for _, s := range l.pairs.index {
		if s.stat == 0 {
			continue
		}
		stat := &l.pairs.stats[s.stat-1]
		if stat.list.size == 1 {
			stat.list.at = words[stat.list.at]
		}
		if l.tooLong(uint32(s.key>>32), uint32(s.key)) {
			stat.count = 0
		}
		if _, merged := l.ranks[s.key]; !merged && stat.count >= l.cfg.MinFrequency {
			l.heap = append(l.heap, heapPair{stat.count, s.key, s.stat - 1})
		}
	}
	l.heap.init()
}

// eachPair calls f for every pair of every piece.
func (l *learner) eachPair(f func(stat *pairStat, w uint32)) {
	for w := 0; w < len(l.text); {
		i := w + 3
		for ; l.text[i] != end; i++ {
			f(&l.pairs.stats[l.pairs.get(pairKey(l.text[i-1], l.text[i]))], uint32(w))
		}
		w = i + 1
	}
}

func (l *learner) count(w uint32) int64 { return countOf(l.text[w:]) }

func countOf(text []uint32) int64 { return int64(uint64(text[0]) | uint64(text[1])<<32) }

func (l *learner) tooLong(a, b uint32) bool {
	return l.cfg.MaxLength > 0 && l.length[a]+l.length[b] > l.cfg.MaxLength
}

// urgency is more than any count. A pair that is a merge already and occurs
// anew, as two merges may spell the same token, is joined before all others, as
// encoding does; those of lower rank first.
const urgency = math.MaxInt64 - none

// push puts a pair on the heap if it is worth it.
func (l *learner) push(key uint64, stat uint32) {
	n := l.pairs.stats[stat].count
	if n <= 0 {
		return
	}
	if rank, merged := l.ranks[key]; merged {
		l.heap.push(heapPair{math.MaxInt64 - int64(rank), key, stat})
	} else if n >= l.cfg.MinFrequency {
		l.heap.push(heapPair{n, key, stat})
	}
}

// merge makes a token of a pair and joins the pair in every piece that has it.
// Two merges may spell the same token; it keeps its first id.
func (l *learner) merge(p heapPair) {
	a, b := uint32(p.key>>32), uint32(p.key)
	l.pairs.stats[p.stat].count = 0
	spelled := l.tokens[a] + l.tokens[b]
	id, ok := l.ids[spelled]
	if ok && int(id) < len(l.cfg.Fixed) && l.cfg.Fixed[id] {
		return // text must not become a special token
	}
	if !ok {
		id = uint32(len(l.tokens))
		l.ids[spelled] = id
		l.tokens, l.length = append(l.tokens, spelled), append(l.length, l.length[a]+l.length[b])
		l.out.Tokens = append(l.out.Tokens, spelled)
	}
	if _, merged := l.ranks[p.key]; !merged {
		l.ranks[p.key] = uint32(len(l.cfg.Merges) + len(l.out.Merges))
		l.out.Merges = append(l.out.Merges, [2]string{l.tokens[a], l.tokens[b]})
	}
	for _, s := range l.pairs.take(p.stat) {
		if s.size == 1 {
			l.joinAll([]uint32{s.at}, a, b, id)
			continue
		}
		words := l.pairs.lists.words(s)
		for len(words) > 0 {
			n := min(len(words), chunkWords)
			l.joinAll(words[:n], a, b, id)
			words = words[n:]
		}
		l.pairs.lists.giveBack(s)
	}
	l.pairs.stats[p.stat].count = 0 // overlaps such as aaa leave a remainder
}

// raise counts what became of pairs: a b now occurs by.count times more, in
// by.size pieces.
func (l *learner) raise(a, b uint32, by *change) {
	if by.at = nowhere; l.tooLong(a, b) {
		return
	}
	stat := l.pairs.get(pairKey(a, b))
	l.pairs.stats[stat].count += by.count
	if s := l.pairs.list(stat, by.size, by.last); s.size > 1 {
		by.at = s.at
	}
}

func (l *learner) drop(a, b uint32, n int64) {
	if stat, ok := l.pairs.find(pairKey(a, b)); ok {
		l.pairs.stats[stat].count -= n
	}
}

func (l *learner) offer(a, b uint32) {
	if stat, ok := l.pairs.find(pairKey(a, b)); ok {
		l.push(pairKey(a, b), stat)
	}
}
