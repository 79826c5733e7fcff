package tensor

import (
	"fmt"

	"github.com/athanor-lm/athanor/internal/kernel"
)

type embedNode struct {
	op
	ids, positions []int32
	w, pos         *Param
	p              float32
	scratch        *buffer
	job            embedJob
}

// Embed returns the residual stream's start, dropout(w[ids] + pos[positions]) in f32: [B,T,C]. w is [V,C] with ids below V; pos is
// [P,C] with positions below P, or nil (positions may then be nil too). ids and positions have B·T elements.
func (t *Tape) Embed(ids []int32, B, T int, w *Param, positions []int32, pos *Param, drop float32) *Tensor {
	checkDrop("Embed", drop)
	if len(ids) != B*T || pos != nil && len(positions) != B*T {
		panic(fmt.Sprintf("tensor.Embed: %d ids and %d positions, want B·T = %d·%d", len(ids), len(positions), B, T))
	}
	n, fresh := next[embedNode](t, "Embed")
	if fresh {
		t.result("Embed", &n.out, F32, B, T, w.Shape[len(w.Shape)-1])
	} else if n.out.shape[0] != B || n.out.shape[1] != T {
		panic(fmt.Sprintf("tensor.Embed: key %q: B %d and T %d, recorded was %v", t.prog.key, B, T, &n.out))
	}
	w.want("Embed", w.Shape[0], n.out.cols())
	if pos != nil {
		pos.want("Embed", pos.Shape[0], n.out.cols())
	}
	n.ids, n.positions, n.w, n.pos, n.p = ids, positions, w, pos, drop
	if !t.dry {
		checkIndices("Embed", "id", ids, w)
		if pos != nil {
			checkIndices("Embed", "position", positions, pos)
		}
	}
	t.run(n)
	return &n.out
}

func checkIndices(op, what string, ids []int32, w *Param) {
	for i, id := range ids {
		if uint(id) >= uint(w.Shape[0]) {
			panic(fmt.Sprintf("tensor.%s: %s %d at %d, want 0 to %d (rows of %s)", op, what, id, i, w.Shape[0]-1, w.Name))
		}
	}
}

// embedJob gathers over rows, or in reverse scatters over columns.
type embedJob struct {
	n       *embedNode
	out     kernel.Mat // output, or its gradient
	w, pos  []float32  // values, or gradients
	drop    kernel.Drop
	reverse bool
}

func (n *embedNode) forward(t *Tape) {
	n.job = embedJob{n: n, out: t.mat(&n.out), w: t.values(n.w), pos: t.values(n.pos), drop: t.drop(&n.op, n.p)}
	if !t.dry {
		t.pool.Run(n.job.out.Rows, grain(n.job.out.Cols), &n.job)
	}
}

// backward: dw[ids[r]] += dout[r] and dpos[positions[r]] += dout[r] through the dropout mask. Each worker does its columns of all rows, in the
// order of the rows, so that the sums do not depend on the number of workers.
func (n *embedNode) backward(t *Tape) {
	g := t.gradOf(&n.out)
	if d := t.drop(&n.op, n.p); d.P > 0 {
		t.convert(g, g, d, &n.scratch)
	}
	n.job = embedJob{n: n, out: g, w: t.gradients(n.w), pos: t.gradients(n.pos), reverse: true}
	if !t.dry {
		t.pool.Run(g.Cols, 64, &n.job)
	}
}

func (j *embedJob) Do(_, lo, hi int) {
	c := j.out.Cols
	if j.reverse {
		j.scatter(lo, hi)
		return
	}
	for r := lo; r < hi; r++ {
		row := j.out.RowF32(r)
		id := int(j.n.ids[r])
		if j.pos == nil {
			copy(row, j.w[id*c:(id+1)*c])
		} else {
			p := int(j.n.positions[r])
			kernel.Add(row, j.w[id*c:(id+1)*c], j.pos[p*c:(p+1)*c])
		}
		if j.drop.P > 0 {
			kernel.DropRow(row, row, j.drop, uint64(r)*uint64(c))
		}
	}
}

func (j *embedJob) scatter(lo, hi int) {
	c := j.out.Cols
	for r := range j.out.Rows {
		row := j.out.RowF32(r)[lo:hi]
		if j.w != nil {
			at := int(j.n.ids[r]) * c
			kernel.AddTo(j.w[at+lo:at+hi], row)
		}
		if j.pos != nil {
			at := int(j.n.positions[r]) * c
			kernel.AddTo(j.pos[at+lo:at+hi], row)
		}
	}
}
