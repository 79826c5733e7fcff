package tensor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// refHeadLoss returns the summed loss, and the gradients of x and w for a loss multiplied by scale.
func refHeadLoss(x, w []float64, c int, labels []int32, scale float64) (sum float64, dx, dw []float64) {
	v := len(w) / c
	logits := matmul(x, w, c)
	dx, dw = make([]float64, len(x)), make([]float64, len(w))
	for r, label := range labels {
		if label == Ignored {
			continue
		}
		row := logits[r*v : (r+1)*v]
		var z float64
		for _, l := range row {
			z += math.Exp(l)
		}
		sum += math.Log(z) - row[label]
		for k, l := range row {
			d := math.Exp(l) / z
			if k == int(label) {
				d--
			}
			for i := range c {
				dx[r*c+i] += scale * d * w[k*c+i]
				dw[k*c+i] += scale * d * x[r*c+i]
			}
		}
	}
	return sum, dx, dw
}

func TestHeadLoss(t *testing.T) {
	const rows, C, V = 149, 19, 37
	for _, ignored := range []int{0, 3, 1} { // none, some, all
		for _, dt := range []DType{F32, BF16, F16} {
			for _, level := range kernel.Levels() {
				t.Run(fmt.Sprintf("%v %v ignoring by %d", level, dt, ignored), func(t *testing.T) {
					kernel.SetLevelForTest(t, level)
					tape := testTape(t, dt, 2)
					tape.headChunk = 1 // chunks of 64 rows
					rng := rand.New(rand.NewPCG(3, 4))
					x := &Param{Name: "x", Shape: []int{rows, C}}
					w := &Param{Name: "w", Shape: []int{V, C}}
					for _, p := range []*Param{x, w} {
						p.Allocate(dt, true)
					}
					x64, w64 := fillRandom(rng, x.Value.F32(), dt, 1), fillRandom(rng, w.Value.F32(), dt, 0.5)
					w.Refresh(tape.Pool())
					labels := make([]int32, rows)
					for i := range labels {
						labels[i] = int32(i * 7 % V)
						if ignored > 0 && i%ignored == 0 {
							labels[i] = Ignored
						}
					}
					sum, dx, dw := refHeadLoss(x64, w64, C, labels, 0.25)
					var l *Loss
					for range 2 {
						ZeroGrads([]*Param{x, w})
						tape.Run("train", 0, true, func() {
							l = tape.HeadLoss(tape.leaf(x, dt), w, labels, 0.25)
							tape.Backward(l)
						})
					}
					tol := tolerance(dt)
					compare(t, "loss", []float32{float32(l.Sum())}, []float64{sum}, 1e-5)
					compare(t, "dx", x.Grad.F32(), dx, tol)
					compare(t, "dw", w.Grad.F32(), dw, tol)
					var eval *Loss
					tape.Run("eval", 0, false, func() { eval = tape.HeadLoss(tape.leaf(x, dt), w, labels, 0) })
					compare(t, "loss without gradient", []float32{float32(eval.Sum())}, []float64{sum}, 1e-5)
					if ignored == 0 && l.Count() != rows {
						t.Errorf("%d valid labels, want %d", l.Count(), rows)
					}
				})
			}
		}
	}
}

func TestTwoHeadLossesAdd(t *testing.T) {
	const rows, C, V = 70, 19, 37
	for _, dt := range []DType{F32, BF16, F16} {
		t.Run(dt.String(), func(t *testing.T) {
			tape := testTape(t, dt, 2)
			rng := rand.New(rand.NewPCG(3, 4))
			x := &Param{Name: "x", Shape: []int{rows, C}}
			w := &Param{Name: "w", Shape: []int{V, C}}
			x.Allocate(dt, true)
			w.Allocate(dt, true)
			x64, w64 := fillRandom(rng, x.Value.F32(), dt, 1), fillRandom(rng, w.Value.F32(), dt, 0.5)
			w.Refresh(tape.Pool())
			labels := make([]int32, rows)
			for i := range labels {
				labels[i] = int32(i % V)
			}
			_, dx, dw := refHeadLoss(x64, w64, C, labels, 0.75)
			tape.Run("train", 0, true, func() {
				h := tape.leaf(x, dt)
				tape.HeadLoss(h, w, labels, 0.25)
				tape.Backward(tape.HeadLoss(h, w, labels, 0.5))
			})
			compare(t, "dx", x.Grad.F32(), dx, tolerance(dt))
			compare(t, "dw", w.Grad.F32(), dw, tolerance(dt))
		})
	}
}

func TestHeadLogits(t *testing.T) {
	const rows, C, V = 6, 19, 37
	tape := testTape(t, F32, 2)
	rng := rand.New(rand.NewPCG(3, 4))
	x, w := NewTensor(F32, rows, C), NewParam("w", Init{}, V, C)
	w.Allocate(F32, false)
	want := matmul(fillRandom(rng, x.F32(), F32, 1), fillRandom(rng, w.Value.F32(), F32, 1), C)
	all, some := make([]float32, rows*V), make([]float32, 2*V)
	tape.Run("all", 0, false, func() { tape.HeadLogits(x, w, nil, all) })
	tape.Run("some", 0, false, func() { tape.HeadLogits(x, w, []int32{4, 1}, some) })
	compare(t, "all rows", all, want, 1e-5)
	compare(t, "rows 4 and 1", some, append(append([]float64(nil), want[4*V:5*V]...), want[V:2*V]...), 1e-5)
}
