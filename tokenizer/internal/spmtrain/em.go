package spmtrain

import (
	"context"
	"math"
	"math/bits"

	"gonum.org/v1/gonum/mathext"
)

// unkPenalty is how much less likely than the rarest piece an unknown
// character is, in log probability.
const unkPenalty = 10

// arc is a piece as a segmentation sees it.
type arc struct {
	p float64 // probability
	n int32   // symbols
}

// em is the state of unigram training.
type em struct {
	*lattices
	cfg    *Config
	pieces []piece
	scores []float32 // log probabilities
	rest   int64     // characters outside the alphabet

	arcs  []arc
	unk   float32 // log probability of a character that is no piece
	shift int     // expected counts are integers of 2^-shift
	work  []emScratch
}

// emScratch is the working memory of one goroutine.
type emScratch struct {
	counts  []int64
	a, b    []float64
	scale   []int32 // symbol/rescaleEvery → binary exponent taken out of a
	arcs    []arc
	best    []float32
	back    []uint32
	backLen []int32
	path    []uint32
}

func newEM(c *Config, l *lattices, pieces []piece, counts []float32, rest int64) *em {
	logProbs(counts)
	e := &em{lattices: l, cfg: c, pieces: pieces, scores: counts, rest: rest, work: make([]emScratch, c.Workers)}
	total := rest
	longest := int32(0)
	for _, b := range l.blocks {
		for _, c := range b.cells {
			total += c.count * int64(c.n)
			longest = max(longest, c.n)
		}
	}
	// Sums of integers do not depend on the order of the additions.
	e.shift = min(32, 61-bits.Len64(uint64(total)))
	for w := range e.work {
		s := &e.work[w]
		s.a, s.b = make([]float64, longest+1), make([]float64, longest+1)
		s.scale = make([]int32, longest/rescaleEvery+1)
		s.best, s.back, s.backLen = make([]float32, longest+1), make([]uint32, longest+1), make([]int32, longest+1)
	}
	e.prepare()
	return e
}

// prepare brings what depends on pieces and scores up to date.
func (e *em) prepare() {
	e.arcs = e.arcs[:0]
	least := float32(math.MaxFloat32)
	for i, p := range e.pieces {
		e.arcs = append(e.arcs, arc{math.Exp(float64(e.scores[i])), p.n})
		least = min(least, e.scores[i])
	}
	e.unk = least - unkPenalty
	for w := range e.work {
		s := &e.work[w]
		if cap(s.counts) < len(e.pieces) {
			s.counts = make([]int64, len(e.pieces))
		}
		s.counts = s.counts[:len(e.pieces)]
	}
}

// counted runs do over all blocks and returns the sums of the counts.
func (e *em) counted(ctx context.Context, do func(s *emScratch, b *block)) ([]int64, error) {
	for w := range e.work {
		clear(e.work[w].counts)
	}
	err := parallel(ctx, e.cfg.Workers, len(e.blocks), func(w, b int) { do(&e.work[w], &e.blocks[b]) })
	if err != nil {
		return nil, err
	}
	sum := e.work[0].counts
	for _, s := range e.work[1:] {
		for i, n := range s.counts {
			sum[i] += n
		}
	}
	return sum, nil
}

// round is one round of EM: how often is each piece expected, and what are the
// probabilities then (Kudo 2018, section 3.2; the digamma function makes
// it variational Bayes, which favours few pieces: Liang and Klein 2007).
func (e *em) round(ctx context.Context) error {
	unk := math.Exp(float64(e.unk))
	counts, err := e.counted(ctx, func(s *emScratch, b *block) {
		for _, c := range b.cells {
			e.expect(s, c, unk)
		}
	})
	if err != nil {
		return err
	}
	// The original counts unknown characters as occurrences of piece 0.
	counts[0] += e.rest << e.shift
	ids := make([]int32, len(e.pieces))
	sum := float32(0)
	n := int32(0)
	for i, count := range counts {
		expected := float32(math.Ldexp(float64(count), -e.shift))
		if expected < 0.5 {
			ids[i] = -1
			continue
		}
		ids[i] = n
		e.pieces[n], e.scores[n] = e.pieces[i], expected
		sum += expected
		n++
	}
	if n == 0 { // so little text that each piece is expected less than once: they stay
		return nil
	}
	e.pieces, e.scores = e.pieces[:n], e.scores[:n]
	logSum := float32(mathext.Digamma(float64(sum)))
	for i, s := range e.scores {
		e.scores[i] = float32(mathext.Digamma(float64(s)) - float64(logSum))
	}
	e.prepare()
	return e.renumber(ctx, e.cfg.Workers, ids)
}

// Probabilities of long cells leave the range of float64. Every so many symbols
// a power of two is taken out of those in sight when they are small.
const (
	rescaleEvery = 8
	small        = 1e-100
)

// rescale multiplies v by a power of two so that the largest is near 1 and
// returns the exponent taken out.
func rescale(v []float64) int32 {
	top := 0.0
	for _, x := range v {
		top = max(top, x)
	}
	if top >= small || top == 0 {
		return 0
	}
	exp := math.Ilogb(top)
	f := math.Ldexp(1, -exp)
	for i := range v {
		v[i] *= f
	}
	return int32(exp)
}

// expect adds the expected occurrences of pieces in a cell's segmentations
// (forward-backward).
func (e *em) expect(s *emScratch, c cell, unk float64) {
	n := int(c.n)
	starts := e.starts[c.at : c.at+c.n+1]
	edges := e.edges[starts[0]:starts[n]]
	if n == 1 {
		id := uint32(0)
		if len(edges) > 0 {
			id = edges[0]
		}
		s.counts[id] += c.count << e.shift
		return
	}
	total := e.forward(s, n, starts, edges, unk)
	b := s.b[:n+1]
	clear(b)
	b[n] = 1
	taken := int32(0) // exponent taken out of b
	weight := math.Ldexp(float64(c.count), e.shift) / s.a[n]
	factor := weight
	k := len(edges)
	for i := n - 1; i >= 0; i-- {
		if i%rescaleEvery == rescaleEvery-1 || i == n-1 {
			if b[i+1] < small {
				taken += rescale(b[i+1 : min(n, i+e.cfg.MaxPiece)+1])
			}
			factor = weight
			if exp := s.scale[i/rescaleEvery] + taken - total; exp != 0 {
				factor = math.Ldexp(weight, int(exp))
			}
		}
		here := s.a[i] * factor
		sum := 0.0
		lo := int(starts[i] - starts[0])
		if lo == k || s.arcs[lo].n != 1 {
			t := unk * b[i+1]
			sum += t
			s.counts[0] += int64(here*t + 0.5)
		}
		for k--; k >= lo; k-- {
			arc := &s.arcs[k]
			t := arc.p * b[i+int(arc.n)]
			sum += t
			s.counts[edges[k]] += int64(here*t + 0.5)
		}
		k = lo
		b[i] = sum
	}
}

// forward fills s.a with the probabilities of the cell's beginnings, s.arcs with
// the arcs of edges and s.scale. It returns the exponent taken out of the last.
func (e *em) forward(s *emScratch, n int, starts, edges []uint32, unk float64) int32 {
	if cap(s.arcs) < len(edges) {
		s.arcs = make([]arc, 2*len(edges))
	}
	s.arcs = s.arcs[:len(edges)]
	a := s.a[:n+1]
	clear(a)
	a[0] = 1
	taken := int32(0)
	k := 0
	for i := range n {
		if i%rescaleEvery == 0 {
			if a[i] < small {
				taken += rescale(a[i : min(n, i+e.cfg.MaxPiece)+1])
			}
			s.scale[i/rescaleEvery] = taken
		}
		here := a[i]
		hi := int(starts[i+1] - starts[0])
		if k == hi || e.arcs[edges[k]].n != 1 {
			a[i+1] += here * unk
		}
		for ; k < hi; k++ {
			arc := e.arcs[edges[k]]
			s.arcs[k] = arc
			a[i+int(arc.n)] += here * arc.p
		}
	}
	return taken
}
