package objective

import (
	"slices"
	"testing"

	"github.com/athanor-lm/athanor/dataset"
)

func sample(valid int, docStart []int32) *dataset.Sample {
	s := dataset.NewSample(len(docStart) - 1)
	for i := range s.Tokens {
		if i < valid {
			s.Tokens[i] = int32(10 + i)
		}
	}
	copy(s.DocStart, docStart)
	s.Valid = valid
	return s
}

func TestCLM(t *testing.T) {
	const x = Ignore
	for _, c := range []struct {
		name                             string
		window                           int
		sample                           *dataset.Sample
		inputs, labels, positions, lo, h []int32
		valid                            int
	}{
		{"plain", 0, sample(5, []int32{0, 0, 0, 0, 0}),
			[]int32{10, 11, 12, 13}, []int32{11, 12, 13, 14}, []int32{0, 1, 2, 3}, []int32{0, 0, 0, 0}, []int32{1, 2, 3, 4}, 4},
		{"documents", 0, sample(5, []int32{0, 0, 2, 2, 4}),
			[]int32{10, 11, 12, 13}, []int32{11, x, 13, x}, []int32{0, 1, 0, 1}, []int32{0, 0, 2, 2}, []int32{1, 2, 3, 4}, 2},
		{"window", 2, sample(5, []int32{0, 0, 0, 3, 3}),
			[]int32{10, 11, 12, 13}, []int32{11, 12, x, 14}, []int32{0, 1, 2, 0}, []int32{0, 0, 1, 3}, []int32{1, 2, 3, 4}, 3},
		{"padding", 0, sample(3, []int32{0, 0, 0, 3, 4}),
			[]int32{10, 11, 12, 0}, []int32{11, 12, x, x}, []int32{0, 1, 2, 0}, []int32{0, 0, 0, 3}, []int32{1, 2, 3, 4}, 2},
	} {
		b := NewBatch(2, 4)
		CLM{c.window}.Fill(b, 1, c.sample)
		for _, f := range []struct {
			name      string
			got, want []int32
		}{{"inputs", b.Inputs, c.inputs}, {"labels", b.Labels, c.labels}, {"positions", b.Positions, c.positions}, {"key lo", b.KeyLo, c.lo}, {"key hi", b.KeyHi, c.h}} {
			if !slices.Equal(f.got[4:], f.want) {
				t.Errorf("%s: %s %v, want %v", c.name, f.name, f.got[4:], f.want)
			}
		}
		if b.Valid != c.valid {
			t.Errorf("%s: %d valid labels, want %d", c.name, b.Valid, c.valid)
		}
		if !slices.Equal(b.Labels[:4], []int32{x, x, x, x}) {
			t.Errorf("%s: row 0 has labels %v", c.name, b.Labels[:4])
		}
	}
}

func TestValidFollowsRefilledRows(t *testing.T) {
	b := NewBatch(2, 4)
	full, short := sample(5, make([]int32, 5)), sample(2, make([]int32, 5))
	CLM{}.Fill(b, 0, full)
	CLM{}.Fill(b, 1, full)
	CLM{}.Fill(b, 0, short)
	if b.Valid != 5 {
		t.Errorf("%d valid labels, want 5", b.Valid)
	}
	b.Clear(1)
	if b.Valid != 1 {
		t.Errorf("%d valid labels after clearing a row, want 1", b.Valid)
	}
	if n := testing.AllocsPerRun(10, func() { CLM{}.Fill(b, 0, full) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestSampleOfAnotherLengthPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	CLM{}.Fill(NewBatch(1, 4), 0, sample(3, make([]int32, 3)))
}
