package classify

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// calibrate fits scale and shift to the validation part (Platt 1999; of several labels "vector scaling" with one scale, Guo et al.
// 2017): the smallest log loss, with a weak pull to 1 and 0 that counts where the part tells nothing. The loss is convex and has
// few parameters: Newton's steps, halved while they do not lower it.
func (t *trainer) calibrate(m *Model) error {
	s := &t.parts[toValidate]
	c := &calibration{labels: s.labels(), k: t.k, p: make([]float64, len(t.labels))}
	c.z = make([]float64, s.n*t.k)
	for i := range s.n {
		m.logits(s.of(i), c.z[i*t.k:][:t.k])
	}
	x := make([]float64, 1+t.k)
	x[0] = 1
	grad := mat.NewVecDense(len(x), nil)
	hess := mat.NewSymDense(len(x), nil)
	loss := c.loss(x, grad, hess)
	for range 50 {
		var chol mat.Cholesky
		var step mat.VecDense
		if !chol.Factorize(hess) {
			return fmt.Errorf("classify: calibration: the loss is not convex at %v", x)
		}
		if err := chol.SolveVecTo(&step, grad); err != nil {
			return fmt.Errorf("classify: calibration: %w", err)
		}
		next, size, lower := make([]float64, len(x)), 1.0, loss
		for range 30 {
			for i := range x {
				next[i] = x[i] - size*step.AtVec(i)
			}
			if lower = c.loss(next, nil, nil); lower < loss {
				break
			}
			size /= 2
		}
		if !(lower < loss-1e-12*math.Abs(loss)) {
			break
		}
		x = next
		loss = c.loss(x, grad, hess)
	}
	m.head.Scale, m.head.Shift = x[0], x[1:]
	return m.check()
}

// calibration is the loss as a function of scale and shift.
type calibration struct {
	z      []float64 // logits [document][k]
	labels []int
	k      int
	p      []float64
}

// loss returns the loss at x, which is scale and shift, and sets gradient and Hessian where they are wanted. With output o of
// a document that has probability p_o, the rows of dz'/dx are z_o and 1 at o: H = Σ Jᵀ(diag p − ppᵀ)J.
func (c *calibration) loss(x []float64, grad *mat.VecDense, hess *mat.SymDense) float64 {
	m := &Model{head: head{Scale: x[0], Shift: x[1:]}}
	sum := 0.0
	for i, v := range x {
		if i == 0 {
			v--
		}
		sum += v * v / 2
		if grad != nil {
			grad.SetVec(i, v)
			for j := range i + 1 {
				hess.SetSym(i, j, 0)
			}
			hess.SetSym(i, i, 1)
		}
	}
	first := len(c.p) - c.k // of two labels the one output speaks for the second
	p := c.p[first:]
	for i, label := range c.labels {
		z := c.z[i*c.k:][:c.k]
		m.probabilities(z, c.p)
		sum -= math.Log(max(c.p[label], 1e-300))
		if grad == nil {
			continue
		}
		mean, square := 0.0, 0.0
		for o := range c.k {
			mean += p[o] * z[o]
			square += p[o] * z[o] * z[o]
		}
		hess.SetSym(0, 0, hess.At(0, 0)+square-mean*mean)
		for o := range c.k {
			d := p[o]
			if label == first+o {
				d--
			}
			grad.SetVec(0, grad.AtVec(0)+d*z[o])
			grad.SetVec(1+o, grad.AtVec(1+o)+d)
			hess.SetSym(0, 1+o, hess.At(0, 1+o)+p[o]*(z[o]-mean))
			hess.SetSym(1+o, 1+o, hess.At(1+o, 1+o)+p[o])
			for q := range o + 1 {
				hess.SetSym(1+o, 1+q, hess.At(1+o, 1+q)-p[o]*p[q])
			}
		}
	}
	return sum
}
