package tensor

import (
	"testing"

	"github.com/athanor-lm/athanor/internal/kernel"
)

func refGLU(x []float64, f int, act kernel.Act) []float64 {
	y := make([]float64, len(x)/2)
	for i := range y {
		r := i / f * 2 * f
		y[i] = refAct(act, x[r+i%f]) * x[r+f+i%f]
	}
	return y
}

func TestGatedUnits(t *testing.T) {
	for name, act := range map[string]kernel.Act{"SwiGLU": kernel.SiLUAct, "GEGLU": kernel.GELUTanhAct} {
		op := func(t *Tape, x *Tensor) *Tensor {
			if act == kernel.SiLUAct {
				return t.SwiGLU(x)
			}
			return t.GEGLU(x)
		}
		t.Run(name, func(t *testing.T) {
			opTest{in: []input{{shape: []int{3, 5, 38}}},
				build: func(t *Tape, x []*Tensor, _ []*Param) *Tensor { return op(t, x[0]) },
				ref:   func(in [][]float64) []float64 { return refGLU(in[0], 19, act) },
			}.run(t)
		})
		// After a Linear the gradient is written over the value; with a second reader it must not be.
		t.Run(name+" after linear", func(t *testing.T) {
			opTest{in: []input{{shape: []int{3, 17}}, {shape: []int{38, 17}, param: true, std: 0.3}}, loose: 2,
				build: func(t *Tape, x []*Tensor, p []*Param) *Tensor { return op(t, t.Linear(x[0], p[0], nil, kernel.NoAct)) },
				ref:   func(in [][]float64) []float64 { return refGLU(matmul(in[0], in[1], 17), 19, act) },
			}.run(t)
		})
		t.Run(name+" two readers", func(t *testing.T) {
			opTest{in: []input{{shape: []int{3, 17}}, {shape: []int{38, 17}, param: true, std: 0.3}}, loose: 2,
				build: func(t *Tape, x []*Tensor, p []*Param) *Tensor {
					h := t.Linear(x[0], p[0], nil, kernel.NoAct)
					return t.Add(op(t, h), op(t, h))
				},
				ref: func(in [][]float64) []float64 {
					y := refGLU(matmul(in[0], in[1], 17), 19, act)
					for i := range y {
						y[i] *= 2
					}
					return y
				},
			}.run(t)
		})
	}
}

func TestAddOfATensorToItself(t *testing.T) {
	opTest{in: []input{{shape: []int{3, 7}}, {shape: []int{3, 7}}},
		build: func(t *Tape, x []*Tensor, _ []*Param) *Tensor { return t.Add(t.Add(x[0], x[1]), x[0]) },
		ref: func(in [][]float64) []float64 {
			y := make([]float64, len(in[0]))
			for i := range y {
				y[i] = 2*in[0][i] + in[1][i]
			}
			return y
		},
	}.run(t)
}

func TestScaleAndDropout(t *testing.T) {
	const p = 0.4
	opTest{in: []input{{shape: []int{3, 4, 7}}},
		build: func(t *Tape, x []*Tensor, _ []*Param) *Tensor { return t.Dropout(t.Scale(x[0], -1.5), p) },
		ref: func(in [][]float64) []float64 {
			y := make([]float64, len(in[0]))
			keep := mask(7, 3, 2, p, len(y))
			for i := range y {
				y[i] = -1.5 * in[0][i] * keep[i]
			}
			return y
		},
	}.run(t)
}

func TestDropoutKeepsItsShareAndChangesWithTheStep(t *testing.T) {
	tape := testTape(t, F32, 2)
	x := NewTensor(F32, 100, 100)
	kernel.Fill(x.F32(), 1)
	out := make([][]float32, 3)
	for i, step := range []uint64{1, 2, 1} {
		out[i] = make([]float32, x.Len())
		tape.Run("k", step, true, func() { tape.Dropout(x, 0.25).CopyTo(out[i]) })
	}
	kept, differ := 0, 0
	for i, v := range out[0] {
		if v != 0 {
			kept++
		}
		if v != out[1][i] {
			differ++
		}
		if v != out[2][i] {
			t.Fatalf("element %d: %v and %v for the same step", i, v, out[2][i])
		}
	}
	if kept < 7350 || kept > 7650 || differ == 0 {
		t.Errorf("kept %d of 10000 with p = 0.25, %d differ between steps", kept, differ)
	}
}
