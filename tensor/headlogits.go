package tensor

import (
	"fmt"

	"github.com/athanor-lm/athanor/internal/kernel"
)

type headLogitsNode struct {
	op
	x        *Tensor
	w        *Param
	rows     []int32
	dst      []float32
	selected int     // rows computed
	gathered *buffer // [selected, C], where rows are given
	move     gatherJob
	g        kernel.GemmArgs
}

// HeadLogits writes the logits x·wᵀ of the given rows of x (nil: all) to dst in f32: [rows, V]. x is [.., C], w is [V, C]. A key's
// runs must give the same number of rows. For inference: no gradient comes back.
func (t *Tape) HeadLogits(x *Tensor, w *Param, rows []int32, dst []float32) {
	n, fresh := next[headLogitsNode](t, "HeadLogits")
	t.take("HeadLogits", fresh, &n.x, x)
	w.want("HeadLogits", w.Shape[0], x.cols())
	selected := len(rows)
	if rows == nil {
		selected = x.rows()
	}
	if fresh {
		n.selected = selected
		if rows != nil {
			n.gathered = t.newBuffer(x.dt.Size() * selected * x.cols())
		}
	}
	if selected != n.selected || (rows == nil) != (n.gathered == nil) || len(dst) != selected*w.Shape[0] {
		panic(fmt.Sprintf("tensor.HeadLogits: %d rows into %d elements, want %d rows (as recorded) of %d", selected, len(dst), n.selected, w.Shape[0]))
	}
	for _, r := range rows {
		if uint(r) >= uint(x.rows()) && !t.dry {
			panic(fmt.Sprintf("tensor.HeadLogits: row %d of x %v", r, x))
		}
	}
	n.w, n.rows, n.dst = w, rows, dst
	t.run(n)
}

func (n *headLogitsNode) forward(t *Tape) {
	x := t.mat(n.x)
	if n.gathered != nil {
		part := x
		part.Ptr, part.Rows = t.ptr(n.gathered), n.selected
		n.move = gatherJob{dst: part, src: x, rows: n.rows}
		if !t.dry {
			t.pool.Run(n.selected, grain(x.Cols), &n.move)
		}
		x = part
	}
	n.g = kernel.GemmArgs{A: x, B: t.operand(n.w), TransB: true, C: kernel.MatF32(n.dst, n.selected, n.w.Shape[0])}
	t.gemm(n.kind, &n.g)
}

func (n *headLogitsNode) backward(*Tape) {}
