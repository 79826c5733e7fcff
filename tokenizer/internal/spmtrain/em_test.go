package spmtrain

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
)

// The scaled sums of a long cell must equal those in the log domain.
func TestExpectationsOfLongCells(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	var line []rune
	for range 1200 {
		line = append(line, 'a'+rune(rng.IntN(3)), 'd'+rune(rng.IntN(20)))
	}
	table := newUnitTable()
	cfg := Config{VocabSize: 100, Workers: 1}
	if err := cfg.check(); err != nil {
		t.Fatal(err)
	}
	cfg.Workers = 1
	table.addSentence([]byte(string(line)), cfg.shape().cuts)
	a, err := cfg.alphabetOf(table, new(Report))
	if err != nil {
		t.Fatal(err)
	}
	e, _, err := cfg.seedEM(context.Background(), table, a)
	if err != nil {
		t.Fatal(err)
	}
	for i := range e.scores { // far below what float64 can multiply 2400 times
		e.scores[i] -= 5 + 3*float32(i%7)
	}
	e.prepare()
	got, err := e.counted(context.Background(), func(s *emScratch, b *block) {
		for _, c := range b.cells {
			e.expect(s, c, math.Exp(float64(e.unk)))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := logExpectations(e)
	for i := range want {
		if g := math.Ldexp(float64(got[i]), -e.shift); math.Abs(g-want[i]) > 1e-5*(1+want[i]) {
			t.Errorf("piece %d is expected %v times, want %v", i, g, want[i])
		}
	}
}

// logExpectations is forward-backward in the log domain.
func logExpectations(e *em) []float64 {
	out := make([]float64, len(e.pieces))
	add := func(x, y float64) float64 {
		if math.IsInf(x, -1) {
			return y
		}
		return max(x, y) + math.Log1p(math.Exp(-math.Abs(x-y)))
	}
	for _, blk := range e.blocks {
		for _, c := range blk.cells {
			n := int(c.n)
			a, b := make([]float64, n+1), make([]float64, n+1)
			for i := range n {
				a[i+1], b[i] = math.Inf(-1), math.Inf(-1)
			}
			edges := func(i int) []uint32 { return e.edges[e.starts[int(c.at)+i]:e.starts[int(c.at)+i+1]] }
			for i := range n {
				for _, id := range edges(i) {
					j := i + int(e.pieces[id].n)
					a[j] = add(a[j], a[i]+float64(e.scores[id]))
				}
			}
			for i := n - 1; i >= 0; i-- {
				for _, id := range edges(i) {
					j := i + int(e.pieces[id].n)
					b[i] = add(b[i], b[j]+float64(e.scores[id]))
				}
			}
			for i := range n {
				for _, id := range edges(i) {
					j := i + int(e.pieces[id].n)
					out[id] += float64(c.count) * math.Exp(a[i]+float64(e.scores[id])+b[j]-a[n])
				}
			}
		}
	}
	return out
}
