package tensor

import (
	"math"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/internal/kernel"
)

func refAct(act kernel.Act, v float64) float64 {
	switch act {
	case kernel.GELUTanhAct:
		return 0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
	case kernel.GELUErfAct:
		return 0.5 * v * (1 + math.Erf(v/math.Sqrt2))
	case kernel.SiLUAct:
		return v / (1 + math.Exp(-v))
	case kernel.ReLUAct:
		return max(v, 0)
	}
	return v
}

func refLinear(x, w, b []float64, act kernel.Act) []float64 {
	in := len(w) / len(b)
	y := matmul(x, w, in)
	for i := range y {
		y[i] = refAct(act, y[i]+b[i%len(b)])
	}
	return y
}

func TestLinear(t *testing.T) {
	for name, act := range map[string]kernel.Act{"none": kernel.NoAct, "gelu tanh": kernel.GELUTanhAct, "gelu erf": kernel.GELUErfAct, "silu": kernel.SiLUAct, "relu": kernel.ReLUAct} {
		t.Run(name, func(t *testing.T) {
			opTest{
				in: []input{{shape: []int{2, 3, 19}}, {shape: []int{13, 19}, param: true, std: 0.3}, {shape: []int{13}, param: true}},
				build: func(t *Tape, x []*Tensor, p []*Param) *Tensor {
					return t.Linear(x[0], p[0], p[1], act)
				},
				ref: func(in [][]float64) []float64 { return refLinear(in[0], in[1], in[2], act) },
			}.run(t)
		})
	}
}

// TestLinearAfterActivation covers the activation's derivative in the next product's epilogue, and with two readers apart.
func TestLinearAfterActivation(t *testing.T) {
	in := []input{{shape: []int{5, 19}}, {shape: []int{17, 19}, param: true, std: 0.3}, {shape: []int{17}, param: true},
		{shape: []int{11, 17}, param: true, std: 0.3}, {shape: []int{11}, param: true}}
	for name, act := range map[string]kernel.Act{"gelu": kernel.GELUTanhAct, "silu": kernel.SiLUAct} {
		t.Run(name, func(t *testing.T) {
			opTest{in: in,
				build: func(t *Tape, x []*Tensor, p []*Param) *Tensor {
					return t.Linear(t.Linear(x[0], p[0], p[1], act), p[2], p[3], kernel.NoAct)
				},
				ref: func(in [][]float64) []float64 {
					return refLinear(refLinear(in[0], in[1], in[2], act), in[3], in[4], kernel.NoAct)
				},
			}.run(t)
		})
		t.Run(name+" two readers", func(t *testing.T) {
			opTest{in: in, loose: 1.5,
				build: func(t *Tape, x []*Tensor, p []*Param) *Tensor {
					h := t.Linear(x[0], p[0], p[1], act)
					return t.Add(t.Linear(h, p[2], p[3], kernel.NoAct), t.Linear(h, p[2], nil, kernel.NoAct))
				},
				ref: func(in [][]float64) []float64 {
					y := refLinear(refLinear(in[0], in[1], in[2], act), in[3], in[4], kernel.NoAct)
					for i := range y {
						y[i] = 2*y[i] - in[4][i%11]
					}
					return y
				},
			}.run(t)
		})
	}
}

func TestLinearResidual(t *testing.T) {
	for name, p := range map[string]float32{"plain": 0, "dropout": 0.3} {
		t.Run(name, func(t *testing.T) {
			opTest{
				in: []input{{shape: []int{2, 5, 19}}, {shape: []int{2, 5, 13}, res: true}, {shape: []int{13, 19}, param: true, std: 0.3}, {shape: []int{13}, param: true}},
				build: func(t *Tape, x []*Tensor, q []*Param) *Tensor {
					return t.LinearResidual(x[0], q[0], q[1], x[1], p)
				},
				ref: func(in [][]float64) []float64 {
					y := refLinear(in[0], in[2], in[3], kernel.NoAct)
					keep := mask(7, 3, 2, p, len(y))
					for i := range y {
						y[i] = in[1][i] + keep[i]*y[i]
					}
					return y
				},
			}.run(t)
		})
	}
}

func TestLinearNamesShapesThatDoNotFit(t *testing.T) {
	tape := testTape(t, F32, 1)
	defer func() {
		msg, _ := recover().(string)
		for _, part := range []string{"tensor.Linear", "f32[2,3]", "w", "[5,4]", "[out,3]"} {
			if !strings.Contains(msg, part) {
				t.Errorf("panic %q, want it to name %s", msg, part)
			}
		}
	}()
	tape.Run("k", 0, false, func() {
		tape.Linear(NewTensor(F32, 2, 3), NewParam("w", Init{}, 5, 4), nil, kernel.NoAct)
	})
}
