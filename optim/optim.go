// Package optim updates parameters: AdamW as one fused parallel pass over all of them, the global gradient norm and
// its clipping, learning-rate schedules and the loss scaler of f16 training.
//
// All results are independent of the number of workers, and a step allocates nothing.
package optim

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/athanor-lm/athanor/tensor"
)

// blockLen is the number of elements of a block, the unit of work. The blocks of a parameter are fixed, so that the
// sums of the gradient norm do not depend on how blocks fall to workers.
const blockLen = 16 << 10

// block is a range of one parameter's elements.
type block struct{ param, lo, hi int }

func cut(params []*tensor.Param) []block {
	var blocks []block
	for i, p := range params {
		for lo := 0; lo < p.Len(); lo += blockLen {
			blocks = append(blocks, block{i, lo, min(lo+blockLen, p.Len())})
		}
	}
	return blocks
}

// AdamWConfig are the constants of AdamW.
type AdamWConfig struct {
	Beta1, Beta2 float64 // 0.9, 0.95
	Eps          float64 // 1e-8
	WeightDecay  float64 // decoupled, of parameters with Param.Decay: they shrink by LR·WeightDecay a step

	// LRScale multiplies the learning rate of a parameter; nil = 1 for all. It is asked once, by NewAdamW.
	LRScale func(p *tensor.Param) float64
}

// AdamW is the optimizer of Loshchilov & Hutter 2019, algorithm 2, over f32 masters and moments.
// Not safe for use from several goroutines.
type AdamW struct {
	cfg     AdamWConfig
	params  []*tensor.Param
	m, v    []*tensor.Tensor
	updates int64
	groups  []group

	blocks []block
	step   stepJob
	norm   normJob
}

// group is a set of parameters that are updated by the same numbers.
type group struct {
	lrScale, decay float64
	args           kernel.AdamWArgs
}

// NewAdamW returns an optimizer of params, which must have memory for values and gradients, with moments of zero.
// Parameters without a gradient (frozen ones) must be left out by the caller.
func NewAdamW(params []*tensor.Param, cfg AdamWConfig) *AdamW {
	a := &AdamW{cfg: cfg, params: params, blocks: cut(params)}
	n := len(params)
	a.m, a.v = make([]*tensor.Tensor, n), make([]*tensor.Tensor, n)
	a.step = stepJob{opt: a, views: make([]view, n)}
	a.norm = normJob{opt: a, grads: make([][]float32, n), sums: make([]float64, len(a.blocks))}
	for i, p := range params {
		if p.Value == nil || p.Grad == nil {
			panic(fmt.Sprintf("optim.NewAdamW: parameter %s has no memory for value and gradient", p.Name))
		}
		a.m[i], a.v[i] = tensor.NewTensor(tensor.F32, p.Shape...), tensor.NewTensor(tensor.F32, p.Shape...)
		a.step.views[i] = newView(p, a.m[i], a.v[i], a.groupOf(p))
	}
	return a
}

// groupOf returns the index of p's group, making it where it is the first of its kind.
func (a *AdamW) groupOf(p *tensor.Param) int {
	g := group{lrScale: 1}
	if a.cfg.LRScale != nil {
		g.lrScale = a.cfg.LRScale(p)
	}
	if p.Decay {
		g.decay = a.cfg.WeightDecay
	}
	for i, old := range a.groups {
		if old.lrScale == g.lrScale && old.decay == g.decay {
			return i
		}
	}
	a.groups = append(a.groups, g)
	return len(a.groups) - 1
}

// Free gives the moments' memory back.
func (a *AdamW) Free() {
	for i := range a.m {
		a.m[i].Free()
		a.v[i].Free()
	}
}

// Params returns the parameters in the order of their indices.
func (a *AdamW) Params() []*tensor.Param { return a.params }

// Moments returns the live first and second moments of parameter i, for saving and loading.
func (a *AdamW) Moments(i int) (m, v []float32) { return a.m[i].F32(), a.v[i].F32() }

// Updates returns the number of updates done, the t of the bias correction. A skipped step is none.
func (a *AdamW) Updates() int64 { return a.updates }

// SetUpdates restores the number of updates done, beside the moments.
func (a *AdamW) SetUpdates(n int64) { a.updates = n }

// StepArgs are the numbers of one update.
type StepArgs struct {
	LR        float64
	GradScale float64 // multiplies all gradients first: clipping's factor over the loss scale; 0 means 1
	// BeforeUpdate, where given, is called with the index of each parameter before any element of it changes.
	BeforeUpdate func(i int)
}

// Step updates all parameters, their moments and their compute copies by the gradients, which stay as they are.
func (a *AdamW) Step(pool *kernel.Pool, s StepArgs) {
	if s.BeforeUpdate != nil {
		for i := range a.params {
			s.BeforeUpdate(i)
		}
	}
	if s.GradScale == 0 {
		s.GradScale = 1
	}
	a.updates++
	b1, b2 := float32(a.cfg.Beta1), float32(a.cfg.Beta2)
	for i := range a.groups {
		g := &a.groups[i]
		g.args = kernel.AdamWArgs{
			LR: float32(s.LR * g.lrScale), Beta1: b1, Beta2: b2, Eps: float32(a.cfg.Eps), WeightDecay: float32(g.decay),
			GradScale: float32(s.GradScale), Correct1: correction(b1, a.updates), Correct2: correction(b2, a.updates),
		}
	}
	for i, p := range a.params {
		a.step.views[i].grad = p.Grad.F32()
	}
	pool.Run(len(a.blocks), 1, &a.step)
}

// correction is 1/(1−β^t) for β as the kernel knows it, so that the weights of the moving average sum to one.
func correction(beta float32, t int64) float32 {
	return float32(1 / (1 - math.Pow(float64(beta), float64(t))))
}

// view holds the memory of one parameter. The masters and moments stay where they are for the optimizer's life;
// gradients are asked for each step, because of Tensor.Zero.
type view struct {
	value, grad, m, v []float32
	bf16              []kernel.BF16Bits // the compute copy, if it is bf16
	f16               []kernel.F16Bits  // or f16
	group             int
}

func newView(p *tensor.Param, m, v *tensor.Tensor, group int) view {
	w := view{value: p.Value.F32(), m: m.F32(), v: v.F32(), group: group}
	if p.Compute == nil {
		return w
	}
	switch mat := p.Compute.Mat(); mat.DT {
	case kernel.BF16:
		w.bf16 = unsafe.Slice((*kernel.BF16Bits)(mat.Ptr), p.Len())
	case kernel.F16:
		w.f16 = unsafe.Slice((*kernel.F16Bits)(mat.Ptr), p.Len())
	default:
		panic(fmt.Sprintf("optim.NewAdamW: the compute copy of %s is %v, want bf16 or f16", p.Name, mat.DT))
	}
	return w
}

// stepJob is the update; its units are blocks.
type stepJob struct {
	opt   *AdamW
	views []view
}

// Do implements kernel.Job.
func (j *stepJob) Do(_, lo, hi int) {
	for _, b := range j.opt.blocks[lo:hi] {
		w := &j.views[b.param]
		args := &j.opt.groups[w.group].args
		p, g, m, v := w.value[b.lo:b.hi], w.grad[b.lo:b.hi], w.m[b.lo:b.hi], w.v[b.lo:b.hi]
		switch {
		case w.bf16 != nil:
			kernel.AdamWStepBF16(p, g, m, v, w.bf16[b.lo:b.hi], args)
		case w.f16 != nil:
			kernel.AdamWStepF16(p, g, m, v, w.f16[b.lo:b.hi], args)
		default:
			kernel.AdamWStep(p, g, m, v, args)
		}
	}
}
