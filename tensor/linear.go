package tensor

import (
	"fmt"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// gemm starts a product, or while planning counts it.
func (t *Tape) gemm(kind string, g *kernel.GemmArgs) {
	if t.dry {
		k := g.A.Cols
		if g.TransA {
			k = g.A.Rows
		}
		t.flops(kind, 2*float64(g.C.Rows)*float64(g.C.Cols)*float64(k))
		return
	}
	g.Compute = F32
	if t.compute == BF16 {
		g.Compute = BF16
	}
	kernel.StartGemm(t.pool, g)
}

func (t *Tape) flops(kind string, n float64) {
	if t.rerun {
		kind = "Recompute"
	}
	t.prog.info.FLOPs[kind] += n
}

type linearNode struct {
	op
	x        *Tensor
	w, b     *Param
	act      kernel.Act
	pre      Tensor  // x·wᵀ + b, kept where act needs it
	residual *Tensor // LinearResidual only
	p        float32
	g        kernel.GemmArgs
	actJob   actJob
	dropped  *buffer // gradient with the dropout mask
	scratch  *buffer
}

// Linear returns act(x·wᵀ + b): [.., in] → [.., out] in the compute type. w is [out, in]; b is [out] or nil.
func (t *Tape) Linear(x *Tensor, w, b *Param, act kernel.Act) *Tensor {
	n, fresh := next[linearNode](t, "Linear")
	n.inputs(t, fresh, x, w, b)
	if fresh {
		n.act = act
		shape := x.shape
		shape[x.dims-1] = w.Shape[0]
		t.result("Linear", &n.out, t.compute, shape[:x.dims]...)
		n.out.spare = true
		if act != kernel.NoAct && t.train {
			t.result("Linear", &n.pre, t.compute, shape[:x.dims]...)
			n.out.act, n.out.pre, n.out.maker = act, &n.pre, n
			n.out.spare = false
		}
	} else if n.act != act {
		panic(fmt.Sprintf("tensor.Linear: %s: activation %d, recorded was %d", w.Name, act, n.act))
	}
	t.run(n)
	return &n.out
}

// LinearResidual returns residual + dropout(x·wᵀ + b) in f32: [.., in] and [.., out] → [.., out], the end of a branch. The sum is the
// product's epilogue. x and residual have the same rows.
func (t *Tape) LinearResidual(x *Tensor, w, b *Param, residual *Tensor, drop float32) *Tensor {
	checkDrop("LinearResidual", drop)
	n, fresh := next[linearNode](t, "LinearResidual")
	n.inputs(t, fresh, x, w, b)
	t.take("LinearResidual", fresh, &n.residual, residual)
	if fresh {
		if residual.dt != F32 || residual.rows() != x.rows() || residual.cols() != w.Shape[0] {
			panic(fmt.Sprintf("tensor.LinearResidual: residual %v, want f32 with %d rows of %d (x %v, %s %v)",
				residual, x.rows(), w.Shape[0], x, w.Name, w.Shape))
		}
		t.result("LinearResidual", &n.out, F32, residual.Shape()...)
		if t.train && t.compute == BF16 && drop == 0 {
			n.out.half = t.newBuffer(n.out.Len() * BF16.Size())
		}
	}
	n.p = drop
	t.run(n)
	return &n.out
}

func (n *linearNode) inputs(t *Tape, fresh bool, x *Tensor, w, b *Param) {
	t.take(n.kind, fresh, &n.x, x)
	if len(w.Shape) != 2 || w.Shape[1] != x.cols() || !fresh && w.Shape[0] != n.out.cols() {
		panic(fmt.Sprintf("tensor.%s: x %v and parameter %s %v, want [out,%d]", n.kind, x, w.Name, shapeString(w.Shape), x.cols()))
	}
	if b != nil {
		b.want(n.kind, w.Shape[0], 0)
	}
	n.w, n.b = w, b
}

func (n *linearNode) forward(t *Tape) {
	n.g = kernel.GemmArgs{A: t.mat(n.x), B: t.operand(n.w), TransB: true, C: t.mat(&n.out), Bias: t.values(n.b), Act: n.act}
	if n.pre.tape != nil {
		n.g.PreAct = t.mat(&n.pre)
		if t.rerun && !t.prog.keep { // from the rounded pre-activation, as remake does, so that Recompute changes no bit
			n.g.C, n.g.PreAct, n.g.Act = n.g.PreAct, kernel.Mat{}, kernel.NoAct
			t.gemm(n.kind, &n.g)
			n.remake(t)
			return
		}
	}
	if n.residual != nil {
		n.g.Residual = t.mat(n.residual)
		n.g.Drop = t.drop(&n.op, n.p)
	}
	t.gemm(n.kind, &n.g)
}

func (n *linearNode) outputOnly() bool { return n.pre.tape == nil }

// backward, with dy the gradient of x·wᵀ + b: dx = dy·w, dw += dyᵀ·x, db += Σ_rows dy, and dresidual = dout.
func (n *linearNode) backward(t *Tape) {
	dy, dyMem := n.outputGrad(t)
	// The weight's product comes first, so that the gradient of x may be put over x; but not where that one's product makes x, nor where memory is not
	// scarce: dx takes of dy only the rows a worker has made itself, so that nobody need wait for it.
	makes := n.w.trained() && t.remadeByGrad(n.x)
	first := makes || t.prog.keep && t.wantsGrad(n.x)
	if first {
		n.g = kernel.GemmArgs{A: dy, B: t.operand(n.w)}
		if makes {
			n.x.buf.remade = true
			n.g.ActOut = t.mat(n.x)
		}
		t.inputGrad(n.kind, n.x, &n.g)
	}
	if n.w.trained() {
		t.remake(n.x)
		n.g = kernel.GemmArgs{A: dy, TransA: true, B: t.mat(n.x), ColSumA: t.gradients(n.b)}
		t.gradProduct(&n.g, n.w)
		t.gemm(n.kind, &n.g)
	} else if n.b.trained() {
		panic(fmt.Sprintf("tensor.%s: bias %s is trained, its weight %s is not", n.kind, n.b.Name, n.w.Name))
	}
	if !first && t.wantsGrad(n.x) {
		t.tick() // x is not needed any more
		dy.Ptr = t.ptr(dyMem)
		n.g = kernel.GemmArgs{A: dy, B: t.operand(n.w)}
		t.inputGrad(n.kind, n.x, &n.g)
	}
	if n.residual != nil {
		t.passGrad(n.residual, &n.out)
	}
}

// outputGrad returns dy, dout through the dropout mask or the activation's derivative, and its memory.
func (n *linearNode) outputGrad(t *Tape) (kernel.Mat, *buffer) {
	dout := t.gradOf(&n.out)
	if d := t.drop(&n.op, n.p); d.P > 0 || n.residual != nil && t.compute == BF16 {
		// The gradient of the residual stream itself must stay as it is. In bf16 it is rounded here, once for both products.
		dy := dout
		if t.compute == BF16 {
			dy.DT = BF16
		}
		if d.P == 0 && n.out.hasHalf {
			dy.Ptr = t.ptr(n.out.half)
			return dy, n.out.half
		}
		if n.dropped == nil {
			n.dropped = t.newBuffer(dy.Rows * dy.Cols * dy.DT.Size())
		}
		dy.Ptr = t.ptr(n.dropped)
		t.convert(dy, dout, d, &n.scratch)
		return dy, n.dropped
	}
	if n.act != kernel.NoAct && !n.out.gradPre {
		n.activate(t, dout, true)
	}
	return dout, n.out.grad
}

// remake computes the output from the pre-activation.
func (n *linearNode) remake(t *Tape) { n.activate(t, t.mat(&n.out), false) }

// activate sets y = act(pre), or in reverse y = y ⊙ act'(pre).
func (n *linearNode) activate(t *Tape, y kernel.Mat, reverse bool) {
	n.actJob = actJob{y: y, pre: t.mat(&n.pre), act: n.act, reverse: reverse}
	if y.DT != F32 {
		n.actJob.scratch = t.scratch(&n.scratch, 2*t.pool.Workers()*y.Cols)
	}
	if !t.dry {
		t.pool.Run(y.Rows, grain(y.Cols), &n.actJob)
	}
}

// inputGrad runs g, whose operands are given, to make the gradient of x. Where x is the output of an activation that only this
// operation reads, the activation's derivative is applied in the product's epilogue.
func (t *Tape) inputGrad(kind string, x *Tensor, g *kernel.GemmArgs) {
	var add bool
	g.C, add = t.gradDst(x)
	switch {
	case add && x.dt == F32:
		g.Accumulate = true
	case add:
		g.Residual = g.C
	case x.pre != nil && x.uses == 1:
		g.Act, g.ActGrad, g.PreAct = x.act, true, t.mat(x.pre)
		x.gradPre = true
	}
	t.gemm(kind, g)
}

// remadeByGrad reports whether the epilogue of inputGrad can make the value of x again at little cost, with the bits of remake.
func (t *Tape) remadeByGrad(x *Tensor) bool {
	return t.forgotten(x) && t.compute == BF16 && x.act == kernel.GELUTanhAct && x.uses == 1
}
