package tensor

import (
	"fmt"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// normChunk is the number of rows whose weight gradients are summed together; the chunks' sums are then added in order. It
// depends on nothing, so that the result does not depend on the number of workers.
const normChunk = 64

func chunks(rows int) int { return (rows + normChunk - 1) / normChunk }

type normNode struct {
	op
	x        *Tensor
	w, b     *Param
	layer    bool // LayerNorm, else RMSNorm
	first    bool // of the operations that take x, so that its backward pass is the last to add to the gradient of x
	eps      float32
	stats    *buffer // [rows] reciprocal deviations, and with layer [rows] means
	hat      *Tensor // x̂ = (x − mean)·rstd in bf16 or f16, kept for the backward pass instead of x; nil in f32 or where all is kept
	partials *buffer // [chunks, 2, C] sums for dw and db
	scratch  *buffer
	job      normJob
	sum      sumJob
}

// RMSNorm returns x/√(mean(x²) + eps)·w over the last dimension (Zhang & Sennrich 2019, eq. 4): [.., C] → [.., C] in the
// compute type. x is f32, w is [C].
func (t *Tape) RMSNorm(x *Tensor, w *Param, eps float32) *Tensor {
	return t.norm("RMSNorm", x, w, nil, eps)
}

// LayerNorm returns (x − mean)/√(var + eps)·w + b over the last dimension (Ba et al. 2016): [.., C] → [.., C] in the compute
// type. x is f32; w is [C], b is [C] or nil.
func (t *Tape) LayerNorm(x *Tensor, w, b *Param, eps float32) *Tensor {
	return t.norm("LayerNorm", x, w, b, eps)
}

func (t *Tape) norm(kind string, x *Tensor, w, b *Param, eps float32) *Tensor {
	n, fresh := next[normNode](t, kind)
	t.take(kind, fresh, &n.x, x)
	w.want(kind, x.cols(), 0)
	if b != nil {
		b.want(kind, x.cols(), 0)
	}
	if fresh {
		if x.dt != F32 {
			panic(fmt.Sprintf("tensor.%s: x %v, want f32", kind, x))
		}
		n.layer, n.first = kind == "LayerNorm", x.uses == 1
		t.result(kind, &n.out, t.compute, x.Shape()...)
		if t.train {
			n.stats = t.valueBuffer(2 * 4 * x.rows())
			n.out.maker = n
			if t.compute != F32 && !t.prog.keep {
				n.hat = &Tensor{}
				t.result(kind, n.hat, t.compute, x.Shape()...)
				n.job.ones = make([]float32, x.cols())
				kernel.Fill(n.job.ones, 1)
			}
		}
	}
	n.w, n.b, n.eps = w, b, eps
	t.run(n)
	return &n.out
}

// normJob is a pass over rows, forward or backward.
type normJob struct {
	n            *normNode
	x, y, dx     kernel.Mat // y: output, or its gradient; x is absent where only hat is read
	hat          kernel.Mat
	half         kernel.Mat // dx in bf16, where that is wanted too
	w, b         []float32
	rstd, mean   []float32 // nil: not kept
	partials     []float32
	add, reverse bool
	scratch      []float32 // three rows a worker
	ones         []float32
}

func (n *normNode) prepare(t *Tape, y kernel.Mat) {
	t.pool.WaitFor(&n.job)
	n.job = normJob{n: n, ones: n.job.ones, y: y, w: t.values(n.w), b: t.values(n.b)}
	if n.stats != nil {
		if s := t.floats(n.stats); s != nil {
			n.job.rstd, n.job.mean = s[:len(s)/2], s[len(s)/2:]
		}
	}
	if n.hat != nil {
		n.job.hat = t.mat(n.hat)
	}
	n.job.scratch = t.scratch(&n.scratch, 3*t.pool.Workers()*y.Cols)
}

func (n *normNode) forward(t *Tape) {
	n.prepare(t, t.mat(&n.out))
	n.job.x = t.mat(n.x)
	n.start(t, n.job.y.Rows, grain(n.job.y.Cols), 1)
}

// start hands the job out, whose units are so many rows.
func (n *normNode) start(t *Tape, units, grain, rows int) {
	j := &n.job
	if t.dry {
		return
	}
	y := kernel.Writes
	if j.reverse {
		y = kernel.Reads
	}
	if j.y.DT == F16 || j.reverse && j.dx.IsNil() {
		t.pool.Run(units, grain, j)
		return
	}
	var rstd, mean, sums kernel.Mat
	hat := kernel.Reads
	if j.rstd != nil {
		rstd, mean = kernel.MatF32(j.rstd, j.y.Rows, 1), kernel.MatF32(j.mean, j.y.Rows, 1)
		if !j.x.IsNil() && !j.reverse {
			hat = kernel.Writes
		}
	}
	if j.reverse {
		sums = kernel.MatF32(j.partials, units, 2*j.y.Cols)
	}
	t.pool.Start(units, grain, j, y(j.y).Of(rows), kernel.Reads(j.x).Of(rows), hat(j.hat).Of(rows), kernel.Writes(j.dx).Of(rows),
		kernel.Writes(j.half).Of(rows), kernel.Writes(rstd).Of(rows), kernel.Writes(mean).Of(rows), kernel.Writes(sums))
}

// remake computes the output from what is kept.
func (n *normNode) remake(t *Tape) {
	n.prepare(t, t.mat(&n.out))
	if n.hat == nil {
		n.job.x = t.mat(n.x)
	}
	n.start(t, n.job.y.Rows, grain(n.job.y.Cols), 1)
}

// backward, with x̂ = (x − mean)·rstd (mean 0 for RMSNorm) and g = dy·w: dx = rstd·(g − mean(g) − x̂·mean(g·x̂)) (without mean(g)
// for RMSNorm), dw += Σ_rows dy·x̂, db += Σ_rows dy.
func (n *normNode) backward(t *Tape) {
	n.prepare(t, t.gradOf(&n.out))
	j := &n.job
	rows, cols := n.x.rows(), n.x.cols()
	j.reverse = true
	if n.hat == nil {
		j.x = t.mat(n.x)
	}
	if t.wantsGrad(n.x) {
		j.dx, j.add = t.gradDst(n.x)
		if n.x.half != nil && n.first {
			j.half = kernel.Mat{Ptr: t.ptr(n.x.half), DT: BF16, Rows: rows, Cols: cols, Stride: cols}
			n.x.hasHalf = true
		}
	}
	j.partials = t.scratch(&n.partials, chunks(rows)*2*cols)
	n.start(t, chunks(rows), 1, normChunk)
	t.sums = append(t.sums, n)
}

// addUp adds the chunks' sums to the weights' gradients: at the end of the backward pass, as it needs the chunks of all workers, which before had
// to wait for each other here.
func (n *normNode) addUp(t *Tape) {
	partials := t.floats(n.partials)
	if t.dry {
		return
	}
	t.pool.WaitFor(&n.sum)
	n.sum = sumJob{dst: [2][]float32{t.gradients(n.w), t.gradients(n.b)}, src: partials, cols: n.x.cols()}
	t.pool.Start(n.sum.cols, 256, &n.sum, kernel.Reads(kernel.MatF32(partials, 1, len(partials))), vector(n.sum.dst[0]), vector(n.sum.dst[1]))
}

func (j *normJob) Do(worker, lo, hi int) {
	cols := j.y.Cols
	if !j.reverse {
		if j.hat.DT == BF16 && !j.hat.IsNil() {
			j.rowsHat(lo, hi)
			return
		}
		for i := lo; i < hi; i++ {
			if j.hat.IsNil() {
				j.row(worker, i)
			} else {
				j.rowHat(worker, i)
			}
		}
		return
	}
	for c := lo; c < hi; c++ {
		dw := j.partials[2*c*cols : (2*c+1)*cols]
		db := j.partials[(2*c+1)*cols : (2*c+2)*cols]
		clear(dw)
		clear(db)
		for i := c * normChunk; i < min((c+1)*normChunk, j.y.Rows); i++ {
			j.rowGrad(worker, i, dw, db)
			if !j.half.IsNil() {
				kernel.F32ToBF16(j.half.RowBF16(i), j.dx.RowF32(i))
			}
		}
	}
}

// row computes y where x is kept or nothing is.
func (j *normJob) row(worker, i int) {
	x, eps := j.x.RowF32(i), j.n.eps
	var mean, rstd float32
	if j.y.DT == BF16 {
		if j.n.layer {
			mean, rstd = kernel.LayerNormRowBF16(j.y.RowBF16(i), x, j.w, j.b, eps)
		} else {
			rstd = kernel.RMSNormRowBF16(j.y.RowBF16(i), x, j.w, eps)
		}
	} else {
		y := j.row32(j.y, worker, i)
		if j.n.layer {
			mean, rstd = kernel.LayerNormRow(y, x, j.w, j.b, eps)
		} else {
			rstd = kernel.RMSNormRow(y, x, j.w, eps)
		}
		if j.y.DT == F16 {
			kernel.StoreF32(j.y, i, y)
		}
	}
	if j.rstd != nil {
		j.rstd[i], j.mean[i] = rstd, mean
	}
}

// rowsHat computes x̂ in bf16 and from it y; without x only y, from the x̂ that is kept. A few rows at a time stay in the cache between
// the two.
func (j *normJob) rowsHat(lo, hi int) {
	for step := 8; lo < hi; lo += step {
		end := min(lo+step, hi)
		for i := lo; i < end && !j.x.IsNil(); i++ {
			x, h, eps := j.x.RowF32(i), j.hat.RowBF16(i), j.n.eps
			if j.n.layer {
				_, j.rstd[i] = kernel.LayerNormRowBF16(h, x, j.ones, nil, eps)
			} else {
				j.rstd[i] = kernel.RMSNormRowBF16(h, x, j.ones, eps)
			}
		}
		kernel.HatRows(j.y.RowsFrom(lo, end), j.hat.RowsFrom(lo, end), j.w, j.b)
	}
}

// rowHat is rowsHat of one row in f16.
func (j *normJob) rowHat(worker, i int) {
	h := j.scratchRow(worker, 0)
	if !j.x.IsNil() {
		x, eps := j.x.RowF32(i), j.n.eps
		if j.n.layer {
			_, j.rstd[i] = kernel.LayerNormRow(h, x, j.ones, nil, eps)
		} else {
			j.rstd[i] = kernel.RMSNormRow(h, x, j.ones, eps)
		}
		kernel.StoreF32(j.hat, i, h)
	}
	kernel.LoadF32(h, j.hat, i) // as remake does, so that keeping, remaking and Recompute give the same bits
	kernel.Mul(h, h, j.w)
	if j.b != nil {
		kernel.AddTo(h, j.b)
	}
	kernel.StoreF32(j.y, i, h)
}

func (j *normJob) rowGrad(worker, i int, dw, db []float32) {
	rstd, mean := j.rstd[i], float32(0)
	var x, dx []float32
	if j.dx.IsNil() {
		dx = j.scratchRow(worker, 1)
	} else {
		dx = j.dx.RowF32(i)
	}
	if !j.hat.IsNil() && j.hat.DT == BF16 {
		if j.n.layer {
			kernel.LayerNormHatRowGrad(dx, dw, db, j.y.RowBF16(i), j.hat.RowBF16(i), j.w, rstd, j.add)
		} else {
			kernel.RMSNormHatRowGrad(dx, dw, j.y.RowBF16(i), j.hat.RowBF16(i), j.w, rstd, j.add)
		}
		return
	}
	if j.hat.IsNil() {
		x, mean = j.x.RowF32(i), j.mean[i]
	} else { // the kernels divide by the deviation themselves
		x = j.scratchRow(worker, 0)
		kernel.LoadF32(x, j.hat, i)
		kernel.Scale(x, x, 1/rstd)
	}
	if j.y.DT == BF16 {
		if j.n.layer {
			kernel.LayerNormRowGradBF16(dx, dw, db, j.y.RowBF16(i), x, j.w, mean, rstd, j.add)
		} else {
			kernel.RMSNormRowGradBF16(dx, dw, j.y.RowBF16(i), x, j.w, rstd, j.add)
		}
		return
	}
	dy := j.row32(j.y, worker, i)
	if j.y.DT == F16 {
		kernel.LoadF32(dy, j.y, i)
	}
	if j.n.layer {
		kernel.LayerNormRowGrad(dx, dw, db, dy, x, j.w, mean, rstd, j.add)
	} else {
		kernel.RMSNormRowGrad(dx, dw, dy, x, j.w, rstd, j.add)
	}
}

// row32 returns row i of an f32 matrix, or for f16 the worker's third scratch row.
func (j *normJob) row32(m kernel.Mat, worker, i int) []float32 {
	if m.DT == F32 {
		return m.RowF32(i)
	}
	return j.scratchRow(worker, 2)
}

func (j *normJob) scratchRow(worker, k int) []float32 {
	cols := j.y.Cols
	return j.scratch[(3*worker+k)*cols:][:cols]
}

// sumJob adds the chunks of src, [chunks, 2, cols], in order to the two destinations; nil ones are skipped. Its units are columns.
type sumJob struct {
	dst  [2][]float32
	src  []float32
	cols int
}

func (j *sumJob) Do(_, lo, hi int) {
	for k, dst := range j.dst {
		if dst == nil {
			continue
		}
		for off := k * j.cols; off < len(j.src); off += 2 * j.cols {
			kernel.AddTo(dst[lo:hi], j.src[off+lo:off+hi])
		}
	}
}

// vector is the use of a vector that is added to.
func vector(v []float32) kernel.Use {
	if v == nil {
		return kernel.Use{}
	}
	return kernel.Writes(kernel.MatF32(v, 1, len(v)))
}
