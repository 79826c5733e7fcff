package spmtrain

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// blockSyms is how many symbols a block of cells holds at least. Blocks are the
// units of parallel work.
const blockSyms = 1 << 14

// block is a run of cells with the pieces that begin at their symbols.
type block struct {
	cells []cell
	edges int // where its edges begin
}

// lattices holds, for every symbol of the distinct cells, the pieces that begin
// there: the edges of all segmentations. It is made once from the seeds and
// shrinks with the vocabulary, so that no pass over the corpus looks anything
// up.
type lattices struct {
	blocks []block
	starts []uint32 // position → its first edge; an end of a cell has none
	edges  []uint32 // pieces, the shortest first
}

// newLattices numbers the alphabet's characters that occur, then the seeds, and
// finds every place of theirs. It returns the pieces and their counts.
func newLattices(s *suffixes, a *alphabet, seeds []seed) (*lattices, []piece, []float32, error) {
	ct := s.ct
	pieces, counts, charID := charPieces(ct, a, len(seeds))
	chars := uint32(len(pieces))
	order := make([]uint32, len(seeds))
	for k, sd := range seeds {
		order[k] = uint32(k)
		pieces = append(pieces, piece{s.sa[sd.lo], sd.n})
		counts = append(counts, sd.score)
	}
	slices.SortFunc(order, func(x, y uint32) int {
		return cmp.Or(cmp.Compare(seeds[x].lo, seeds[y].lo), cmp.Compare(seeds[x].n, seeds[y].n))
	})
	l := &lattices{starts: make([]uint32, len(ct.syms))}
	s.eachPosition(seeds, order, func(p int32, open []uint32) { l.starts[p] = uint32(len(open)) + 1 })
	total := 0
	for p, n := range l.starts {
		if total > math.MaxUint32-int(n) {
			return nil, nil, nil, fmt.Errorf("the pieces occur at more than %d places; train on a number of sentences", uint32(math.MaxUint32))
		}
		l.starts[p] = uint32(total)
		total += int(n)
	}
	l.edges = make([]uint32, total)
	s.eachPosition(seeds, order, func(p int32, open []uint32) {
		e := l.starts[p]
		l.edges[e] = charID[ct.syms[p]]
		for i, k := range open {
			l.edges[e+1+uint32(i)] = chars + k
		}
	})
	l.cut(ct.cells)
	return l, pieces, counts, nil
}

// charPieces makes pieces of the alphabet's characters that occur, with room for others behind them; charID is the piece of a symbol.
func charPieces(ct *cellText, a *alphabet, others int) (pieces []piece, counts []float32, charID []uint32) {
	charID = make([]uint32, len(ct.chars))
	charAt := make([]int32, len(ct.chars))
	for p, c := range ct.syms {
		charAt[c] = int32(p)
	}
	symOf := make(map[rune]int32, len(ct.chars))
	for c, r := range ct.chars {
		symOf[r] = int32(c)
	}
	pieces = make([]piece, 0, len(a.chars)+others)
	counts = make([]float32, 0, cap(pieces))
	for _, cc := range a.chars {
		if cc.count > 0 {
			sym := symOf[cc.char]
			charID[sym] = uint32(len(pieces))
			pieces = append(pieces, piece{charAt[sym], 1})
			counts = append(counts, float32(cc.count))
		}
	}
	return pieces, counts, charID
}

// eachPosition visits the positions of the text by rank, each with the seeds that begin there, the shortest first. order has the seeds
// by their intervals of ranks, which nest: at each rank, those that hold it are a stack.
func (s *suffixes) eachPosition(seeds []seed, order []uint32, visit func(p int32, open []uint32)) {
	var open []uint32
	next := 0
	for i := s.from; i < int32(len(s.sa)); i++ {
		for len(open) > 0 && seeds[open[len(open)-1]].hi < i {
			open = open[:len(open)-1]
		}
		for next < len(order) && seeds[order[next]].lo == i {
			open = append(open, order[next])
			next++
		}
		visit(s.sa[i], open)
	}
}

// cut groups the cells into blocks.
func (l *lattices) cut(cells []cell) {
	for len(cells) > 0 {
		k, n := 0, int32(0)
		for k < len(cells) && n < blockSyms {
			n += cells[k].n + 1
			k++
		}
		l.blocks = append(l.blocks, block{cells[:k], int(l.starts[cells[0].at])})
		cells = cells[k:]
	}
}

// renumber gives every piece its new number; those below 0 are dropped.
func (l *lattices) renumber(ctx context.Context, workers int, ids []int32) error {
	return parallel(ctx, workers, len(l.blocks), func(_, b int) {
		blk := &l.blocks[b]
		last := blk.cells[len(blk.cells)-1]
		w, end := uint32(blk.edges), last.at+last.n
		for p := blk.cells[0].at; p < end; p++ {
			lo, hi := l.starts[p], l.starts[p+1]
			l.starts[p] = w
			for _, e := range l.edges[lo:hi] {
				if id := ids[e]; id >= 0 {
					l.edges[w] = uint32(id)
					w++
				}
			}
		}
		l.starts[end] = w
	})
}

// parallel runs do for every item below n, in any order, on a number of
// goroutines. It stops early when ctx ends.
func parallel(ctx context.Context, workers, n int, do func(worker, item int)) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range min(workers, n) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				do(w, i)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}
