package tensor

import (
	"fmt"

	"github.com/athanor-lm/athanor/internal/kernel"
)

type dropoutNode struct {
	op
	x       *Tensor
	p       float32
	scratch *buffer
}

// Dropout returns x with each element zeroed with probability p and the others multiplied by 1/(1−p) (Srivastava et al.
// 2014, inverted form); x itself outside training or with p = 0. The mask is a function of (seed, step, operation,
// element) and is never stored.
func (t *Tape) Dropout(x *Tensor, p float32) *Tensor {
	checkDrop("Dropout", p)
	if !t.train || p == 0 {
		return x
	}
	n, fresh := next[dropoutNode](t, "Dropout")
	t.take("Dropout", fresh, &n.x, x)
	if fresh {
		t.result("Dropout", &n.out, x.dt, x.Shape()...)
	}
	n.p = p
	t.run(n)
	return &n.out
}

func (n *dropoutNode) forward(t *Tape) {
	t.convert(t.mat(&n.out), t.mat(n.x), t.drop(&n.op, n.p), &n.scratch)
}

// backward: dx = mask/(1−p)·dout, in place.
func (n *dropoutNode) backward(t *Tape) {
	g := t.gradOf(&n.out)
	t.convert(g, g, t.drop(&n.op, n.p), &n.scratch)
	t.passGrad(n.x, &n.out)
}

func checkDrop(op string, p float32) {
	if !(p >= 0 && p < 1) {
		panic(fmt.Sprintf("tensor.%s: dropout %v, want 0 ≤ p < 1", op, p))
	}
}

// scaleJob computes dst = a·src row by row.
type scaleJob struct {
	dst, src kernel.Mat
	a        float32
	scratch  []float32 // a row a worker
}

func (j *scaleJob) Do(worker, lo, hi int) {
	cols := j.dst.Cols
	row := j.scratch[worker*cols : (worker+1)*cols]
	for i := lo; i < hi; i++ {
		kernel.LoadF32(row, j.src, i)
		kernel.Scale(row, row, j.a)
		kernel.StoreF32(j.dst, i, row)
	}
}

type scaleNode struct {
	op
	x       *Tensor
	a       float32
	scratch *buffer
	job     scaleJob
}

// Scale returns a·x.
func (t *Tape) Scale(x *Tensor, a float32) *Tensor {
	n, fresh := next[scaleNode](t, "Scale")
	t.take("Scale", fresh, &n.x, x)
	if fresh {
		t.result("Scale", &n.out, x.dt, x.Shape()...)
	}
	n.a = a
	t.run(n)
	return &n.out
}

func (n *scaleNode) forward(t *Tape) { n.apply(t, t.mat(&n.out), t.mat(n.x)) }

// backward: dx = a·dout, in place.
func (n *scaleNode) backward(t *Tape) {
	g := t.gradOf(&n.out)
	n.apply(t, g, g)
	t.passGrad(n.x, &n.out)
}

func (n *scaleNode) apply(t *Tape, dst, src kernel.Mat) {
	n.job = scaleJob{dst, src, n.a, t.scratch(&n.scratch, t.pool.Workers()*dst.Cols)}
	if !t.dry {
		t.pool.Run(dst.Rows, grain(dst.Cols), &n.job)
	}
}
