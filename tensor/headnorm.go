package tensor

import (
	"fmt"

	"github.com/athanor-lm/athanor/internal/kernel"
)

type headNormNode struct {
	op
	x        *Tensor
	q, k     *Param
	H, K, D  int
	eps      float32
	rstd     *buffer // [rows, H+K]
	partials *buffer // [chunks, 2, D] sums for dq and dk
	scratch  *buffer
	part     *buffer
	job      headNormJob
	sum      sumJob
}

// HeadNorm returns qkv with an RMSNorm over every head of q and k and v as it is (Qwen3): [B,T,(H+2K)·D] → the same. q and k
// are [D].
func (t *Tape) HeadNorm(qkv *Tensor, q, k *Param, H, K, D int, eps float32) *Tensor {
	n, fresh := next[headNormNode](t, "HeadNorm")
	t.take("HeadNorm", fresh, &n.x, qkv)
	q.want("HeadNorm", D, 0)
	k.want("HeadNorm", D, 0)
	if qkv.cols() != (H+2*K)*D {
		panic(fmt.Sprintf("tensor.HeadNorm: qkv %v with H %d, K %d, D %d: want [..,(H+2K)·D]", qkv, H, K, D))
	}
	if fresh {
		t.result("HeadNorm", &n.out, qkv.dt, qkv.Shape()...)
		if t.train {
			n.rstd = t.valueBuffer(4 * qkv.rows() * (H + K))
			n.out.maker = n
		}
	}
	n.q, n.k, n.H, n.K, n.D, n.eps = q, k, H, K, D, eps
	t.run(n)
	return &n.out
}

// headNormJob is a pass over rows, or in reverse over chunks of rows.
type headNormJob struct {
	n        *headNormNode
	x, y, dx kernel.Mat // y: output, or its gradient
	q, k     []float32
	rstd     []float32 // nil: not kept
	partials []float32
	reverse  bool
	scratch  []float32 // two rows a worker
}

func (n *headNormNode) prepare(t *Tape, y kernel.Mat) {
	n.job = headNormJob{n: n, x: t.mat(n.x), y: y, q: t.values(n.q), k: t.values(n.k)}
	if n.rstd != nil {
		n.job.rstd = t.floats(n.rstd)
	}
	n.job.scratch = t.scratch(&n.scratch, 2*t.pool.Workers()*y.Cols)
}

func (n *headNormNode) forward(t *Tape) {
	n.prepare(t, t.mat(&n.out))
	if !t.dry {
		t.pool.Run(n.job.x.Rows, grain(n.job.x.Cols), &n.job)
	}
}

func (n *headNormNode) remake(t *Tape) { n.forward(t) }

// backward is RMSNorm's for every head; the weight gradients sum over heads and rows.
func (n *headNormNode) backward(t *Tape) {
	if !t.wantsGrad(n.x) {
		panic("tensor.HeadNorm: backward through a persistent tensor")
	}
	var add bool
	n.prepare(t, t.gradOf(&n.out))
	j := &n.job
	j.reverse = true
	j.dx, add = t.gradPart(n.x, &n.part)
	j.partials = t.scratch(&n.partials, chunks(n.x.rows())*2*n.D)
	if !t.dry {
		t.pool.Run(chunks(n.x.rows()), 1, j)
		n.sum = sumJob{dst: [2][]float32{t.gradients(n.q), t.gradients(n.k)}, src: j.partials, cols: n.D}
		t.pool.Run(n.D, 256, &n.sum)
	}
	if add {
		t.addTo(t.gradOf(n.x), j.dx)
	}
}

func (j *headNormJob) Do(worker, lo, hi int) {
	cols, d := j.x.Cols, j.n.D
	x := j.scratch[2*worker*cols : (2*worker+1)*cols]
	dy := j.scratch[(2*worker+1)*cols : (2*worker+2)*cols]
	if !j.reverse {
		for i := lo; i < hi; i++ {
			j.row(i, x)
		}
		return
	}
	for c := lo; c < hi; c++ {
		dq := j.partials[2*c*d : (2*c+1)*d]
		dk := j.partials[(2*c+1)*d : (2*c+2)*d]
		clear(dq)
		clear(dk)
		for i := c * normChunk; i < min((c+1)*normChunk, j.x.Rows); i++ {
			j.rowGrad(i, x, dy, dq, dk)
		}
	}
}

func (j *headNormJob) row(i int, x []float32) {
	n := j.n
	kernel.LoadF32(x, j.x, i)
	for h := range n.H + n.K {
		w := j.q
		if h >= n.H {
			w = j.k
		}
		head := x[h*n.D : (h+1)*n.D]
		rstd := kernel.RMSNormRow(head, head, w, n.eps)
		if j.rstd != nil {
			j.rstd[i*(n.H+n.K)+h] = rstd
		}
	}
	kernel.StoreF32(j.y, i, x)
}

func (j *headNormJob) rowGrad(i int, x, dy, dq, dk []float32) {
	n := j.n
	kernel.LoadF32(x, j.x, i)
	kernel.LoadF32(dy, j.y, i)
	for h := range n.H + n.K {
		w, dw := j.q, dq
		if h >= n.H {
			w, dw = j.k, dk
		}
		head, dhead := x[h*n.D:(h+1)*n.D], dy[h*n.D:(h+1)*n.D]
		kernel.RMSNormRowGrad(dhead, dw, dhead, head, w, j.rstd[i*(n.H+n.K)+h], false)
	}
	kernel.StoreF32(j.dx, i, dy)
}
