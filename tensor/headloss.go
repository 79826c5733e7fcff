package tensor

import (
	"fmt"
	"unsafe"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// Loss is the result of HeadLoss; its figures are valid from the end of Tape.Run until the next run of the key.
type Loss struct {
	sum   float64
	count int
	index int // of the operation
}

// Sum returns the summed loss of all valid labels, in nats.
func (l *Loss) Sum() float64 { return l.sum }

// Count returns the number of valid labels.
func (l *Loss) Count() int { return l.count }

// Ignored is the label of a position without a loss.
const Ignored = -100

// headChunkBytes bounds the f32 logits that are in memory at a time. Larger chunks read the head's weight and gradient fewer
// times, smaller ones stay in the cache between the product, the softmax and the gradient's products.
const headChunkBytes = 48 << 20

type headLossNode struct {
	op
	x         *Tensor
	w         *Param
	labels    []int32
	gradScale float32
	loss      Loss

	chunk    int     // rows of logits at a time
	logits   *buffer // [chunk, V]; overwritten by its gradient
	losses   *buffer // [rows]
	gathered *buffer // [chunk, C] valid rows of x, where some labels are ignored
	dx       *buffer // [chunk, C] their gradient
	valid    []int32 // rows with a label
	g        kernel.GemmArgs
	ce       crossEntropyJob
	move     gatherJob
}

// HeadLoss returns the cross-entropy of the logits x·wᵀ against labels, without ever holding all logits: chunk by chunk of rows, it computes logits,
// losses and, in a training run, dx and w's gradient in the same pass. x is [.., C] in the compute type, w is [V, C] (the
// head's, or with tied weights the embedding's), labels has an id below V or Ignored for each row of x. Ignored rows
// cost nothing. gradScale multiplies the gradient: for the mean over a global batch, the loss scale divided by
// the batch's number of valid labels.
func (t *Tape) HeadLoss(x *Tensor, w *Param, labels []int32, gradScale float32) *Loss {
	n, fresh := next[headLossNode](t, "HeadLoss")
	t.take("HeadLoss", fresh, &n.x, x)
	if t.rerun || t.prog.segment != nil {
		panic("tensor.HeadLoss: inside a Recompute segment")
	}
	w.want("HeadLoss", w.Shape[0], x.cols())
	rows := x.rows()
	if len(labels) != rows {
		panic(fmt.Sprintf("tensor.HeadLoss: %d labels for x %v, want %d", len(labels), x, rows))
	}
	if fresh {
		n.plan(t, rows, x.cols(), w.Shape[0])
	}
	n.w, n.labels, n.gradScale = w, labels, gradScale
	t.run(n)
	return &n.loss
}

func (n *headLossNode) plan(t *Tape, rows, cols, vocab int) {
	most := max(64, t.headChunk/(4*vocab))
	parts := (rows + most - 1) / most
	n.chunk = min(rows, ((rows+parts-1)/parts+15)&^15)
	n.logits = t.newBuffer(4 * n.chunk * vocab)
	n.losses = t.newBuffer(4 * rows)
	n.gathered = t.newBuffer(n.x.dt.Size() * n.chunk * cols)
	n.dx = t.newBuffer(n.x.dt.Size() * n.chunk * cols)
	n.valid = make([]int32, 0, rows)
	n.loss.index = n.index
}

// forward, with P the softmax of the logits and Y the one-hot labels: dlogits = gradScale·(P − Y), dx = dlogits·w,
// dw += dlogitsᵀ·x.
func (n *headLossNode) forward(t *Tape) {
	n.valid = n.valid[:0]
	if t.dry {
		n.dryChunk(t)
		return
	}
	for i, l := range n.labels {
		if l != Ignored {
			n.valid = append(n.valid, int32(i))
		}
	}
	n.ce.losses = t.floats(n.losses)
	x := t.mat(n.x)
	var dx kernel.Mat
	var add bool
	if t.train && t.wantsGrad(n.x) {
		dx, add = t.gradDst(n.x)
	}
	gather := len(n.valid) < x.Rows || add
	if gather && !add && !dx.IsNil() {
		t.pool.Wait()
		clearMat(dx)
	}
	for lo := 0; lo < len(n.valid); lo += n.chunk {
		rows := n.valid[lo:min(lo+n.chunk, len(n.valid))]
		if gather {
			n.gatheredChunk(t, x, dx, add, rows, lo)
		} else {
			n.run(t, x.RowsFrom(lo, lo+len(rows)), rowsOrNil(dx, lo, lo+len(rows)), rows, lo)
		}
	}
	t.pool.Wait()
	n.loss.sum, n.loss.count = 0, len(n.valid)
	for _, l := range n.ce.losses[:len(n.valid)] {
		n.loss.sum += float64(l)
	}
}

// backward has nothing to do: the forward pass left the gradients.
func (n *headLossNode) backward(*Tape) {}

// dryChunk notes the buffers and the work of a pass with all labels valid.
func (n *headLossNode) dryChunk(t *Tape) {
	x := t.mat(n.x)
	for _, b := range []*buffer{n.logits, n.losses, n.gathered} {
		t.ptr(b)
	}
	logits := kernel.Mat{DT: F32, Rows: x.Rows, Cols: n.w.Shape[0]}
	n.g = kernel.GemmArgs{A: x, B: t.operand(n.w), TransB: true, C: logits}
	t.gemm(n.kind, &n.g)
	if !t.train {
		return
	}
	if t.wantsGrad(n.x) {
		t.ptr(n.dx)
		dx, _ := t.gradDst(n.x)
		n.g = kernel.GemmArgs{A: logits, B: t.operand(n.w), C: dx}
		t.gemm(n.kind, &n.g)
	}
	if n.w.trained() {
		n.g = kernel.GemmArgs{A: logits, TransA: true, B: x}
		t.gradProduct(&n.g, n.w)
		t.gemm(n.kind, &n.g)
	}
}

// run does a chunk: rows of x (and dx), whose labels are those of the original rows; at is the chunk's place among the losses.
func (n *headLossNode) run(t *Tape, x, dx kernel.Mat, rows []int32, at int) {
	vocab := n.w.Shape[0]
	logits := kernel.Mat{Ptr: t.ptr(n.logits), DT: F32, Rows: len(rows), Cols: vocab, Stride: vocab}
	n.g = kernel.GemmArgs{A: x, B: t.operand(n.w), TransB: true, C: logits}
	t.gemm(n.kind, &n.g)

	t.pool.WaitFor(&n.ce)
	n.ce.n, n.ce.logits, n.ce.rows, n.ce.at, n.ce.grad = n, logits, rows, at, t.train
	n.ce.half = t.compute == BF16
	losses := kernel.MatF32(n.ce.losses[at:at+len(rows)], len(rows), 1)
	t.pool.Start(len(rows), 1, &n.ce, kernel.Writes(logits), kernel.Writes(losses))
	if !t.train {
		return
	}
	dlogits := logits
	if n.ce.half {
		dlogits.DT, dlogits.Stride = BF16, 2*vocab
	}
	if !dx.IsNil() {
		n.g = kernel.GemmArgs{A: dlogits, B: t.operand(n.w), C: dx}
		t.gemm(n.kind, &n.g)
	}
	if n.w.trained() {
		n.g = kernel.GemmArgs{A: dlogits, TransA: true, B: x}
		t.gradProduct(&n.g, n.w)
		t.gemm(n.kind, &n.g)
	}
}

// gatheredChunk is run for rows that do not follow each other.
func (n *headLossNode) gatheredChunk(t *Tape, x, dx kernel.Mat, add bool, rows []int32, at int) {
	part := x
	part.Ptr, part.Rows, part.Stride = t.ptr(n.gathered), len(rows), x.Cols
	n.move = gatherJob{dst: part, src: x, rows: rows}
	t.pool.Run(len(rows), grain(x.Cols), &n.move)
	dpart := part
	dpart.Ptr = t.ptr(n.dx)
	if dx.IsNil() {
		dpart = kernel.Mat{}
	}
	n.run(t, part, dpart, rows, at)
	if dx.IsNil() {
		return
	}
	n.move = gatherJob{dst: dx, src: dpart, rows: rows, scatter: true, add: add}
	t.pool.Run(len(rows), grain(x.Cols), &n.move)
}

func rowsOrNil(m kernel.Mat, lo, hi int) kernel.Mat {
	if m.IsNil() {
		return m
	}
	return m.RowsFrom(lo, hi)
}

// clearMat zeroes a matrix without gaps.
func clearMat(m kernel.Mat) {
	clear(unsafe.Slice((*byte)(m.Ptr), m.Rows*m.Cols*m.DT.Size()))
}

// crossEntropyJob computes losses, and with grad gradients over the logits, of a chunk's rows.
type crossEntropyJob struct {
	n      *headLossNode
	logits kernel.Mat
	rows   []int32
	at     int
	losses []float32
	grad   bool
	half   bool // gradient in bf16, over the first half of each row of logits
}

func (j *crossEntropyJob) Do(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		row := j.logits.RowF32(i)
		label := int(j.n.labels[j.rows[i]])
		var loss float32
		switch {
		case !j.grad:
			loss = nats(row, label)
		case j.half:
			d := unsafe.Slice((*kernel.BF16Bits)(unsafe.Pointer(unsafe.SliceData(row))), len(row))
			loss = kernel.CrossEntropyRowBF16(d, row, label, j.n.gradScale)
		default:
			loss = kernel.CrossEntropyRow(row, row, label, j.n.gradScale)
		}
		j.losses[j.at+i] = loss
	}
}

func nats(logits []float32, label int) float32 {
	if uint(label) >= uint(len(logits)) {
		panic(fmt.Sprintf("tensor.HeadLoss: label %d, want one of %d or Ignored", label, len(logits)))
	}
	return kernel.LogSumExp(logits) - logits[label]
}

// gatherJob copies row rows[i] of src to row i of dst; with scatter the other way round, with add adding.
type gatherJob struct {
	dst, src     kernel.Mat
	rows         []int32
	scatter, add bool
}

func (j *gatherJob) Do(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		r := int(j.rows[i])
		switch {
		case !j.scatter:
			kernel.CopyRow(j.dst, i, j.src, r)
		case !j.add:
			kernel.CopyRow(j.dst, r, j.src, i)
		default:
			d := j.dst.RowsFrom(r, r+1)
			add := addJob{d, d, j.src.RowsFrom(i, i+1)}
			add.Do(0, 0, 1)
		}
	}
}
