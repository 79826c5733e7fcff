// Package tensor holds values, parameters and the tape of fused operations that models are written with.
//
// A Tape records about twenty coarse operations (linear maps with bias and activation, norms, attention, output
// projection with cross-entropy, …), each in a file of its own with its forward pass beside its backward pass, and
// gives the gradient of a Loss with respect to every Param. All activations, gradients and scratch of a step live in one
// arena whose layout is planned before the first step (see Tape.Run); a steady-state step allocates nothing.
//
// Two kinds of number flow through a model: the residual stream and its gradient in f32, and everything inside a
// branch (norm outputs, queries, keys and values, hidden layers) in the compute type of the tape: f32, bf16 or f16.
// Parameters and their gradients are f32; a bf16 or f16 copy of a parameter feeds the matrix products.
//
// Letters in shape comments: B batch, T time, N = B·T rows, C channels (width), H heads, K kv heads, D head size,
// F feed-forward, V vocabulary.
package tensor

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// DType is the type of a stored number.
type DType = kernel.DType

// The storage types of tensors.
const (
	F32  = kernel.F32
	BF16 = kernel.BF16
	F16  = kernel.F16
	I32  = kernel.I32
)

// maxDims is the largest number of dimensions of a Tensor.
const maxDims = 4

// Tensor is a dense row-major array of one to four dimensions. It is either persistent (NewTensor) or the output of
// an operation; the latter has a value only inside the body of Tape.Run that made it.
type Tensor struct {
	shape [maxDims]int
	dims  int
	dt    DType
	buf   *buffer
	zero  bool // the value is logically zero, whatever the memory holds (Zero)

	// Of operations' outputs only.
	tape    *Tape
	uses    int        // operations that take it
	act     kernel.Act // with pre: the value is act(pre)
	pre     *Tensor
	spare   bool    // no backward pass reads the value but its consumer's, so that one may write the gradient over it
	maker   remaker // makes the value again for the backward pass, so that it need not be kept; nil: it is kept
	own     *buffer // memory for the gradient, made when first wanted
	grad    *buffer // where the gradient stands
	hasGrad bool    // a gradient has arrived in this run
	gradPre bool    // the gradient is that of pre: act' is already in it
	half    *buffer // memory for the gradient in bf16, which the maker's backward pass wants; nil: it does not
	hasHalf bool    // in this run it was written beside the gradient, by the last operation that adds to that
}

// NewTensor returns a persistent tensor of zeros.
func NewTensor(dt DType, shape ...int) *Tensor {
	x := &Tensor{}
	x.setShape("NewTensor", dt, shape)
	x.buf = &buffer{size: x.Len() * dt.Size()}
	x.buf.at[0] = allocate(x.buf.size)
	return x
}

// Free gives the memory of a persistent tensor back. The tensor must not be used afterwards.
func (x *Tensor) Free() {
	if x == nil || x.tape != nil || x.buf == nil {
		return
	}
	release(x.buf.at[0], x.buf.size)
	x.buf = nil
}

func (x *Tensor) setShape(op string, dt DType, shape []int) {
	if len(shape) == 0 || len(shape) > maxDims {
		panic(fmt.Sprintf("tensor.%s: shape %v, want 1 to %d dimensions", op, shape, maxDims))
	}
	for _, d := range shape {
		if d <= 0 {
			panic(fmt.Sprintf("tensor.%s: shape %v, want positive dimensions", op, shape))
		}
	}
	x.dims, x.dt = copy(x.shape[:], shape), dt
}

// Shape returns the dimensions; the caller must not change them.
func (x *Tensor) Shape() []int { return x.shape[:x.dims] }

// Dim returns dimension i; negative i counts from the last.
func (x *Tensor) Dim(i int) int {
	if i < 0 {
		i += x.dims
	}
	return x.shape[:x.dims][i]
}

// Len returns the number of elements.
func (x *Tensor) Len() int {
	n := 1
	for _, d := range x.Shape() {
		n *= d
	}
	return n
}

// DType returns the type of the elements.
func (x *Tensor) DType() DType { return x.dt }

// String describes the tensor for errors: its type and shape.
func (x *Tensor) String() string {
	if x == nil {
		return "nil"
	}
	return x.dt.String() + shapeString(x.Shape())
}

func shapeString(shape []int) string {
	return strings.ReplaceAll(fmt.Sprint(shape), " ", ",")
}

// rows and cols view the tensor as a matrix of its last dimension.
func (x *Tensor) cols() int { return x.shape[x.dims-1] }
func (x *Tensor) rows() int { return x.Len() / x.cols() }

// Zero sets every element to zero. The memory is written only when something reads or adds to it, so that zeroing a
// gradient which is then overwritten costs nothing. Persistent tensors only.
func (x *Tensor) Zero() { x.zero = true }

// settle makes a pending Zero real.
func (x *Tensor) settle() {
	if x.zero {
		x.zero = false
		clear(unsafe.Slice((*byte)(x.buf.at[0]), x.buf.size))
	}
}

// Mat views a persistent tensor as a matrix of its last dimension, for passes that run kernels of their own (an
// optimizer). The view holds until Free. Nothing else should touch a tensor's memory but CopyTo and CopyFrom.
func (x *Tensor) Mat() kernel.Mat {
	if x.tape != nil {
		panic("tensor.Tensor.Mat: " + x.String() + " is an operation's output, want a persistent tensor")
	}
	x.settle()
	return x.view(x.buf.at[0])
}

// F32 returns the elements of a persistent f32 tensor; see Mat.
func (x *Tensor) F32() []float32 {
	if x.dt != F32 {
		panic("tensor.Tensor.F32: " + x.String() + ", want f32")
	}
	m := x.Mat()
	return unsafe.Slice((*float32)(m.Ptr), x.Len())
}

// I32 returns the elements of a persistent i32 tensor; see Mat.
func (x *Tensor) I32() []int32 {
	if x.dt != I32 {
		panic("tensor.Tensor.I32: " + x.String() + ", want i32")
	}
	m := x.Mat()
	return unsafe.Slice((*int32)(m.Ptr), x.Len())
}

func (x *Tensor) view(p unsafe.Pointer) kernel.Mat {
	c := x.cols()
	return kernel.Mat{Ptr: p, DT: x.dt, Rows: x.rows(), Cols: c, Stride: c}
}

// CopyTo copies the elements to dst, converted to f32. len(dst) must be Len. For an operation's output it must be called
// inside the body that made it; while the body is planned it does nothing.
func (x *Tensor) CopyTo(dst []float32) {
	x.checkCopy("CopyTo", len(dst))
	m, ok := x.current("CopyTo")
	if !ok {
		return
	}
	for i := range m.Rows {
		kernel.LoadF32(dst[i*m.Cols:(i+1)*m.Cols], m, i)
	}
}

// CopyFrom sets the elements from src, rounded to the tensor's type. The rules of CopyTo hold.
func (x *Tensor) CopyFrom(src []float32) {
	x.checkCopy("CopyFrom", len(src))
	m, ok := x.current("CopyFrom")
	if !ok {
		return
	}
	for i := range m.Rows {
		kernel.StoreF32(m, i, src[i*m.Cols:(i+1)*m.Cols])
	}
}

func (x *Tensor) checkCopy(op string, n int) {
	if n != x.Len() || x.dt == I32 {
		panic(fmt.Sprintf("tensor.%s: %v and a slice of %d elements, want a float tensor and %d elements", op, x, n, x.Len()))
	}
}

// current returns the view of the value, false while planning.
func (x *Tensor) current(op string) (kernel.Mat, bool) {
	t := x.tape
	if t == nil {
		return x.Mat(), true
	}
	if t.prog == nil {
		panic(fmt.Sprintf("tensor.%s: %v is an operation's output and has no value outside Tape.Run", op, x))
	}
	t.tick()
	m := t.mat(x)
	t.pool.Wait()
	return m, !t.dry
}
