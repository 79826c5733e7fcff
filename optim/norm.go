package optim

import (
	"math"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// GradNorm returns the L2 norm over all gradients as they stand: squares are summed in f64 within fixed blocks and
// the blocks' sums in their order, so the result is the same on any number of workers. It is NaN or +Inf exactly
// when a gradient is not finite, since no sum of squares of finite f32 numbers overflows f64.
func (a *AdamW) GradNorm(pool *kernel.Pool) float64 {
	for i, p := range a.params {
		a.norm.grads[i] = p.Grad.F32()
	}
	pool.Run(len(a.blocks), 1, &a.norm)
	sum := 0.0
	for _, s := range a.norm.sums {
		sum += s
	}
	return math.Sqrt(sum)
}

// normJob sums the squares of the gradients by block.
type normJob struct {
	opt   *AdamW
	grads [][]float32
	sums  []float64 // a block
}

// Do implements kernel.Job.
func (j *normJob) Do(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		b := j.opt.blocks[i]
		j.sums[i] = kernel.SumSq(j.grads[b.param][b.lo:b.hi])
	}
}

// Finite reports whether a gradient norm says that all gradients are finite.
func Finite(norm float64) bool { return !math.IsNaN(norm) && !math.IsInf(norm, 0) }

// ClipFactor returns what gradients of the given global norm are multiplied by so that it does not exceed limit
// (Pascanu et al. 2013, algorithm 1, with PyTorch's 1e-6 in the denominator). limit 0 means no clipping.
func ClipFactor(norm, limit float64) float64 {
	if limit <= 0 {
		return 1
	}
	return min(1, limit/(norm+1e-6))
}
