package tensor

import (
	"fmt"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// addJob computes dst = a + b, row by row; all of one type.
type addJob struct{ dst, a, b kernel.Mat }

func (j *addJob) Do(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		switch j.dst.DT {
		case F32:
			kernel.Add(j.dst.RowF32(i), j.a.RowF32(i), j.b.RowF32(i))
		case BF16:
			kernel.AddBF16(j.dst.RowBF16(i), j.a.RowBF16(i), j.b.RowBF16(i))
		default:
			d, a, b := j.dst.RowF16(i), j.a.RowF16(i), j.b.RowF16(i)
			for k := range d {
				d[k] = kernel.ToF16(a[k].F32() + b[k].F32())
			}
		}
	}
}

// addTo adds src to dst.
func (t *Tape) addTo(dst, src kernel.Mat) {
	if t.dry {
		return
	}
	t.add = addJob{dst, dst, src}
	t.pool.Run(dst.Rows, grain(dst.Cols), &t.add)
}

type addNode struct {
	op
	a, b *Tensor
	job  addJob
}

// Add returns a + b, of one type and shape.
func (t *Tape) Add(a, b *Tensor) *Tensor {
	n, fresh := next[addNode](t, "Add")
	t.take("Add", fresh, &n.a, a)
	t.take("Add", fresh, &n.b, b)
	if fresh {
		if a.shape != b.shape || a.dt != b.dt {
			panic(fmt.Sprintf("tensor.Add: %v and %v, want one type and shape", a, b))
		}
		t.result("Add", &n.out, a.dt, a.Shape()...)
	}
	t.run(n)
	return &n.out
}

func (n *addNode) forward(t *Tape) {
	n.job = addJob{t.mat(&n.out), t.mat(n.a), t.mat(n.b)}
	if !t.dry {
		t.pool.Run(n.job.dst.Rows, grain(n.job.dst.Cols), &n.job)
	}
}

func (n *addNode) outputOnly() bool { return true }

// backward: da = db = dout. b gets a copy or a sum before a takes the buffer over.
func (n *addNode) backward(t *Tape) {
	if t.wantsGrad(n.b) {
		dst, add := t.gradDst(n.b)
		src := t.gradOf(&n.out)
		if add {
			t.addTo(dst, src)
		} else {
			t.convert(dst, src, kernel.Drop{}, nil)
		}
	}
	t.passGrad(n.a, &n.out)
}
