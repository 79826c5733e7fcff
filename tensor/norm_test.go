package tensor

import (
	"math"
	"testing"
)

func refNorm(x, w, b []float64, layer bool, eps float64) []float64 {
	c := len(w)
	y := make([]float64, len(x))
	for r := 0; r < len(x); r += c {
		var mean, sq float64
		if layer {
			for _, v := range x[r : r+c] {
				mean += v / float64(c)
			}
		}
		for _, v := range x[r : r+c] {
			sq += (v - mean) * (v - mean) / float64(c)
		}
		for i := range c {
			y[r+i] = (x[r+i] - mean) / math.Sqrt(sq+eps) * w[i]
			if b != nil {
				y[r+i] += b[i]
			}
		}
	}
	return y
}

func TestRMSNorm(t *testing.T) {
	opTest{
		in: []input{{shape: []int{6, 11, 19}, res: true}, {shape: []int{19}, param: true}},
		build: func(t *Tape, x []*Tensor, p []*Param) *Tensor {
			return t.RMSNorm(x[0], p[0], 1e-3)
		},
		ref: func(in [][]float64) []float64 { return refNorm(in[0], in[1], nil, false, 1e-3) },
	}.run(t)
}

func TestLayerNorm(t *testing.T) {
	opTest{
		in: []input{{shape: []int{6, 11, 19}, res: true}, {shape: []int{19}, param: true}, {shape: []int{19}, param: true}},
		build: func(t *Tape, x []*Tensor, p []*Param) *Tensor {
			return t.LayerNorm(x[0], p[0], p[1], 1e-3)
		},
		ref: func(in [][]float64) []float64 { return refNorm(in[0], in[1], in[2], true, 1e-3) },
	}.run(t)
}

// TestNormAddsToTheResidualGradient covers a residual stream with a branch: the norm's gradient joins the one that is there.
func TestNormAddsToTheResidualGradient(t *testing.T) {
	opTest{
		in: []input{{shape: []int{70, 19}, res: true}, {shape: []int{19}, param: true}, {shape: []int{19, 19}, param: true, std: 0.3}},
		build: func(t *Tape, x []*Tensor, p []*Param) *Tensor {
			return t.LinearResidual(t.LayerNorm(x[0], p[0], nil, 1e-3), p[1], nil, x[0], 0)
		},
		ref: func(in [][]float64) []float64 {
			y := matmul(refNorm(in[0], in[1], nil, true, 1e-3), in[2], 19)
			for i := range y {
				y[i] += in[0][i]
			}
			return y
		},
	}.run(t)
}

func refHeadNorm(x, q, k []float64, H, K, D int, eps float64) []float64 {
	cols := (H + 2*K) * D
	y := append([]float64(nil), x...)
	for r := 0; r < len(x); r += cols {
		copy(y[r:], refNorm(x[r:r+H*D], q, nil, false, eps))
		copy(y[r+H*D:], refNorm(x[r+H*D:r+(H+K)*D], k, nil, false, eps))
	}
	return y
}

func TestHeadNorm(t *testing.T) {
	const H, K, D = 2, 1, 5
	in := []input{{shape: []int{3, 23, (H + 2*K) * D}}, {shape: []int{D}, param: true}, {shape: []int{D}, param: true}}
	opTest{in: in, loose: 2,
		build: func(t *Tape, x []*Tensor, p []*Param) *Tensor {
			return t.HeadNorm(x[0], p[0], p[1], H, K, D, 1e-3)
		},
		ref: func(in [][]float64) []float64 { return refHeadNorm(in[0], in[1], in[2], H, K, D, 1e-3) },
	}.run(t)
}
