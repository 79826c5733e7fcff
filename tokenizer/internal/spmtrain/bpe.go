package spmtrain

import (
	"cmp"
	"container/heap"
	"context"

	"github.com/athanor-lm/athanor/tokenizer/internal/spm"
)

// Symbols of BPE training: 0 and up are characters, then merges.
const (
	cellEnd  = -1 // between cells
	absorbed = -2 // the symbol before it reaches over it
)

// bpeSymbol is a character or a merge.
type bpeSymbol struct {
	text        string
	chars       int
	left, right int32
	freq        int64
	places      []int32 // where left begins, in order; some may be stale
	done        bool    // merged, or spelled before
	queued      bool    // waits to be pushed with its new frequency
	changed     bool    // its frequency fell since it was pushed
}

// bpe is the state of BPE training: the original's, with its frequencies, which
// count overlapping pairs (aaa holds aa twice) and are kept up to date.
type bpe struct {
	shape   *shape
	text    []int32 // symbols of all cells; a merge is followed by absorbed places
	cellAt  []int32
	cells   []cell
	symbols []*bpeSymbol
	pairs   map[[2]int32]int32 // → symbol, or -1 where it would be no valid piece
	queue   bpeQueue
	pending []int32
}

// trainBPE learns size pieces: merges, then the characters of the alphabet.
func (c *Config) trainBPE(ctx context.Context, t *unitTable, a *alphabet, size int) ([]spm.Piece, error) {
	ct, err := cellsOf(ctx, t, a, false)
	if err != nil {
		return nil, err
	}
	*t = unitTable{}
	b, err := newBPE(ctx, c, ct)
	if err != nil {
		return nil, err
	}
	merges := size - len(a.chars)
	var out []spm.Piece
	seen := make(map[string]bool)
	for len(out) < merges {
		best := b.next()
		if best < 0 {
			break
		}
		s := b.symbols[best]
		s.done = true
		if seen[s.text] { // another pair spells the same: in use they are one
			s.places = nil
			continue
		}
		seen[s.text] = true
		out = append(out, spm.Piece{Text: s.text, Score: -float32(len(out)), Type: spm.Normal})
		b.merge(best)
		if len(out)%64 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			c.report("merge", int64(len(out)), int64(merges))
		}
	}
	c.report("merge", int64(len(out)), int64(merges))
	for _, cc := range a.chars {
		out = append(out, spm.Piece{Text: string(cc.char), Score: -float32(len(out)), Type: spm.Normal})
	}
	return out, ctx.Err()
}

func newBPE(ctx context.Context, c *Config, ct *cellText) (*bpe, error) {
	b := &bpe{shape: c.shape(), text: ct.syms, cellAt: ct.cellIndex(), cells: ct.cells, pairs: make(map[[2]int32]int32)}
	for _, r := range ct.chars {
		b.symbols = append(b.symbols, &bpeSymbol{text: string(r), chars: 1, done: true})
	}
	for p, s := range b.text {
		if ct.chars[s] == 0 {
			b.text[p] = cellEnd
		}
	}
	for p := 1; p < len(b.text); p++ {
		if p%(1<<18) == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		b.add(int32(p-1), int32(p))
	}
	b.push()
	return b, nil
}

// pair returns the symbol of two neighbours, or nil where they are none that
// may be merged.
func (b *bpe) pair(left, right int32) *bpeSymbol {
	l, r := b.text[left], b.text[right]
	if l < 0 || r < 0 {
		return nil
	}
	k, ok := b.pairs[[2]int32{l, r}]
	if !ok {
		k = -1
		x, y := b.symbols[l], b.symbols[r]
		if text := x.text + y.text; x.chars+y.chars <= b.shape.maxLen && b.shape.valid([]rune(text)) {
			k = int32(len(b.symbols))
			b.symbols = append(b.symbols, &bpeSymbol{text: text, chars: x.chars + y.chars, left: l, right: r})
		}
		b.pairs[[2]int32{l, r}] = k
	}
	if k < 0 {
		return nil
	}
	return b.symbols[k]
}

// add counts the pair of two neighbours that met.
func (b *bpe) add(left, right int32) {
	s := b.pair(left, right)
	if s == nil || s.done {
		return
	}
	s.places = append(s.places, left)
	s.freq += b.cells[b.cellAt[left]].count
	if !s.queued {
		s.queued = true
		b.pending = append(b.pending, b.pairs[[2]int32{s.left, s.right}])
	}
}

// drop uncounts the pair of two neighbours that part.
func (b *bpe) drop(left, right int32, best *bpeSymbol) {
	if s := b.pair(left, right); s != nil && s != best && !s.done {
		s.freq -= b.cells[b.cellAt[left]].count
		s.changed = true
	}
}

// push puts the pairs that have become more frequent into the queue.
func (b *bpe) push() {
	for _, k := range b.pending {
		s := b.symbols[k]
		s.queued = false
		if !s.done {
			s.changed = false
			heap.Push(&b.queue, bpeEntry{s.freq, s, k})
		}
	}
	b.pending = b.pending[:0]
}

// next returns the most frequent pair, or -1 when none is left.
func (b *bpe) next() int32 {
	for len(b.queue) > 0 {
		top := b.queue[0]
		heap.Pop(&b.queue)
		switch {
		case top.sym.done:
		case top.sym.changed:
			top.sym.changed = false
			heap.Push(&b.queue, bpeEntry{top.sym.freq, top.sym, top.id})
		case top.freq == top.sym.freq:
			return top.id
		}
	}
	return -1
}

// merge joins the pair wherever it still stands.
func (b *bpe) merge(id int32) {
	s := b.symbols[id]
	for _, left := range s.places {
		if b.text[left] != s.left {
			continue
		}
		right := b.after(left)
		if b.text[right] != s.right {
			continue
		}
		prev, next := b.before(left), b.after(right)
		if prev >= 0 {
			b.drop(prev, left, s)
		}
		b.drop(right, next, s)
		b.text[left], b.text[right] = id, absorbed
		if prev >= 0 {
			b.add(prev, left)
		}
		b.add(left, next)
	}
	s.places = nil
	b.push()
}

// after returns the place of the next symbol, which may be the cell's end.
func (b *bpe) after(p int32) int32 {
	for p++; b.text[p] == absorbed; p++ {
	}
	return p
}

// before returns the place of the symbol before p, or -1 at the very beginning.
func (b *bpe) before(p int32) int32 {
	for p--; p >= 0 && b.text[p] == absorbed; p-- {
	}
	return p
}

// bpeEntry is a pair with the frequency it had when it was pushed.
type bpeEntry struct {
	freq int64
	sym  *bpeSymbol
	id   int32
}

// bpeQueue implements heap.Interface. The most frequent pair comes first, then
// the shortest in characters, then the order of the bytes; of pairs that spell
// the same, the one with the shorter left part (the original leaves that open).
type bpeQueue []bpeEntry

func (q bpeQueue) Len() int { return len(q) }
func (q bpeQueue) Less(i, j int) bool {
	x, y := &q[i], &q[j]
	if x.freq != y.freq {
		return x.freq > y.freq
	}
	return cmp.Or(cmp.Compare(x.sym.chars, y.sym.chars), cmp.Compare(x.sym.text, y.sym.text),
		cmp.Compare(x.sym.left, y.sym.left), cmp.Compare(x.sym.right, y.sym.right)) < 0
}
func (q bpeQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *bpeQueue) Push(x any)   { *q = append(*q, x.(bpeEntry)) }
func (q *bpeQueue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	*q = (*q)[:last]
	return e
}
