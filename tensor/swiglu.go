package tensor

import (
	"fmt"

	"github.com/athanor-lm/athanor/internal/kernel"
)

type gluNode struct {
	op
	x       *Tensor
	scratch *buffer
	part    *buffer
	job     gluJob
}

// SwiGLU returns SiLU(gate)·up (Shazeer 2020, eq. 5): [.., 2F] → [.., F], where the first F columns of x are the gate.
func (t *Tape) SwiGLU(x *Tensor) *Tensor { return t.glu("SwiGLU", x) }

// GEGLU returns GELU(gate)·up with GELU's tanh form: [.., 2F] → [.., F], where the first F columns of x are the gate.
func (t *Tape) GEGLU(x *Tensor) *Tensor { return t.glu("GEGLU", x) }

func (t *Tape) glu(kind string, x *Tensor) *Tensor {
	n, fresh := next[gluNode](t, kind)
	t.take(kind, fresh, &n.x, x)
	if fresh {
		if x.cols()%2 != 0 {
			panic(fmt.Sprintf("tensor.%s: x %v, want an even last dimension (gate and up)", kind, x))
		}
		shape := x.shape
		shape[x.dims-1] /= 2
		t.result(kind, &n.out, x.dt, shape[:x.dims]...)
		if t.train {
			n.out.maker = n
		}
		n.job.gelu = kind == "GEGLU"
	}
	t.run(n)
	return &n.out
}

// gluJob is a pass over rows: forward, or with dx given backward.
type gluJob struct {
	x, y, dx kernel.Mat // y: output, or its gradient
	gelu     bool
	scratch  []float32 // three rows of F a worker, for f16
}

func (n *gluNode) forward(t *Tape) {
	n.pass(t, t.mat(&n.out), kernel.Mat{})
}

func (n *gluNode) remake(t *Tape) { n.forward(t) }

// backward: dgate = dout·up·act'(gate), dup = dout·act(gate), usually written over gate and up.
func (n *gluNode) backward(t *Tape) {
	if !t.wantsGrad(n.x) {
		return
	}
	dx, add := t.gradOver(n.x, &n.part)
	n.pass(t, t.gradOf(&n.out), dx)
	if add {
		t.addTo(t.gradOf(n.x), dx)
	}
}

func (n *gluNode) pass(t *Tape, y, dx kernel.Mat) {
	n.job.x, n.job.y, n.job.dx = t.mat(n.x), y, dx
	if y.DT == F16 {
		n.job.scratch = t.scratch(&n.scratch, 3*t.pool.Workers()*y.Cols)
	}
	if !t.dry {
		t.pool.Run(y.Rows, grain(y.Cols), &n.job)
	}
}

func (j *gluJob) Do(worker, lo, hi int) {
	f := j.y.Cols
	for i := lo; i < hi; i++ {
		switch {
		case j.y.DT == BF16:
			j.rowBF16(i)
		case j.dx.IsNil():
			gate, up, y := j.load(worker, i)
			glu(j.gelu, y, gate, up)
			if j.y.DT == F16 {
				kernel.StoreF32(j.y, i, y)
			}
		default:
			gate, up, y := j.load(worker, i)
			if j.y.DT == F16 {
				kernel.LoadF32(y, j.y, i)
				gluGrad(j.gelu, gate, up, y, gate, up)
				kernel.StoreF32(j.dx.ColsFrom(0, f), i, gate)
				kernel.StoreF32(j.dx.ColsFrom(f, 2*f), i, up)
				continue
			}
			dx := j.dx.RowF32(i)
			gluGrad(j.gelu, dx[:f], dx[f:], y, gate, up)
		}
	}
}

// load returns gate, up and y of row i: the rows themselves, or for f16 scratch with gate and up converted.
func (j *gluJob) load(worker, i int) (gate, up, y []float32) {
	f := j.y.Cols
	if j.y.DT == F32 {
		x := j.x.RowF32(i)
		return x[:f], x[f:], j.y.RowF32(i)
	}
	rows := j.scratch[3*worker*f:]
	kernel.LoadF32(rows[:2*f], j.x, i)
	return rows[:f], rows[f : 2*f], rows[2*f : 3*f]
}

func (j *gluJob) rowBF16(i int) {
	x, y, f := j.x.RowBF16(i), j.y.RowBF16(i), j.y.Cols
	switch {
	case j.dx.IsNil() && j.gelu:
		kernel.GEGLUBF16(y, x[:f], x[f:])
	case j.dx.IsNil():
		kernel.SwiGLUBF16(y, x[:f], x[f:])
	case j.gelu:
		dx := j.dx.RowBF16(i)
		kernel.GEGLUGradBF16(dx[:f], dx[f:], y, x[:f], x[f:])
	default:
		dx := j.dx.RowBF16(i)
		kernel.SwiGLUGradBF16(dx[:f], dx[f:], y, x[:f], x[f:])
	}
}

func glu(gelu bool, dst, gate, up []float32) {
	if gelu {
		kernel.GEGLU(dst, gate, up)
	} else {
		kernel.SwiGLU(dst, gate, up)
	}
}

func gluGrad(gelu bool, dgate, dup, dout, gate, up []float32) {
	if gelu {
		kernel.GEGLUGrad(dgate, dup, dout, gate, up)
	} else {
		kernel.SwiGLUGrad(dgate, dup, dout, gate, up)
	}
}
