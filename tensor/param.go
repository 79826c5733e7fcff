package tensor

import (
	"fmt"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// Part is a block of rows of a fused parameter with a name of its own (q, k and v of qkv), for interchange and sharding.
type Part struct {
	Name string
	Rows int
}

// Sharding of a parameter across ranks, see Param.ShardAxis.
const (
	Replicated = -1
	ShardRows  = 0
	ShardCols  = 1
)

// Param is a named, trained array of one or two dimensions. Weights of linear maps are [out, in].
type Param struct {
	Name      string
	Shape     []int
	Parts     []Part // in the order of their rows; nil for a parameter that is one piece
	Init      Init
	Decay     bool // weight decay applies
	ShardAxis int  // Replicated, ShardRows or ShardCols

	Value *Tensor // f32 master
	Grad  *Tensor // f32; Backward adds to it. nil: not trained
	// Compute is the bf16 or f16 copy that matrix products read, nil where they read Value. Whoever changes Value
	// refreshes it (the optimizer in its pass, or Refresh).
	Compute *Tensor
}

// NewParam returns a parameter without memory; Allocate or AllocateInference gives it some.
func NewParam(name string, init Init, shape ...int) *Param {
	if len(shape) < 1 || len(shape) > 2 {
		panic(fmt.Sprintf("tensor.NewParam: %s: shape %v, want 1 or 2 dimensions", name, shape))
	}
	return &Param{Name: name, Shape: shape, Init: init, ShardAxis: Replicated, Decay: len(shape) == 2}
}

// Len returns the number of elements.
func (p *Param) Len() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// Allocate makes Value and, with train, Grad, and for matrices in a compute type of bf16 or f16 the Compute copy. What is
// there already is kept.
func (p *Param) Allocate(compute DType, train bool) {
	if p.Value == nil {
		p.Value = NewTensor(F32, p.Shape...)
	}
	if train && p.Grad == nil {
		p.Grad = NewTensor(F32, p.Shape...)
	}
	if compute != F32 && len(p.Shape) == 2 && p.Compute == nil {
		p.Compute = NewTensor(compute, p.Shape...)
	}
}

// Bytes returns the memory Allocate takes.
func (p *Param) Bytes(compute DType, train bool) int {
	n := 4 * p.Len()
	if train {
		n *= 2
	}
	if compute != F32 && len(p.Shape) == 2 {
		n += p.Len() * compute.Size()
	}
	return n
}

// Free gives the memory back.
func (p *Param) Free() {
	p.Value.Free()
	p.Grad.Free()
	p.Compute.Free()
	p.Value, p.Grad, p.Compute = nil, nil, nil
}

// Refresh sets Compute from Value, where there is a copy.
func (p *Param) Refresh(pool *kernel.Pool) {
	if p.Compute == nil {
		return
	}
	job := convertJob{dst: p.Compute.Mat(), src: p.Value.Mat()}
	pool.Run(job.dst.Rows, grain(job.dst.Cols), &job)
}

// ZeroGrads sets the gradients to zero; see Tensor.Zero.
func ZeroGrads(params []*Param) {
	for _, p := range params {
		if p.Grad != nil {
			p.Grad.Zero()
		}
	}
}

// matrix views the parameter as a matrix without memory, which is all that planning needs.
func (p *Param) matrix(dt DType) kernel.Mat {
	c := p.Shape[len(p.Shape)-1]
	return kernel.Mat{DT: dt, Rows: p.Len() / c, Cols: c, Stride: c}
}

// operand is what matrix products read of p.
func (t *Tape) operand(p *Param) kernel.Mat {
	switch {
	case t.dry:
		return p.matrix(t.compute)
	case p.Compute != nil:
		return p.Compute.Mat()
	}
	return p.Value.Mat()
}

// values returns the f32 elements of p; nil while planning or where p is nil.
func (t *Tape) values(p *Param) []float32 {
	if p == nil || t.dry {
		return nil
	}
	return p.Value.F32()
}

// trained reports whether p wants a gradient. A parameter that has no memory yet, which only planning meets, counts.
func (p *Param) trained() bool { return p != nil && (p.Grad != nil || p.Value == nil) }

// gradients returns the elements of p's gradient, for operations that add to it; nil while planning or where p wants none.
func (t *Tape) gradients(p *Param) []float32 {
	if t.dry || !p.trained() {
		return nil
	}
	return p.Grad.F32()
}

// gradProduct makes g add its product to p's gradient; it overwrites where the gradient is still zero.
func (t *Tape) gradProduct(g *kernel.GemmArgs, p *Param) {
	if t.dry {
		g.C = p.matrix(F32)
		return
	}
	x := p.Grad
	g.Accumulate = !x.zero
	x.zero = false
	g.C = x.view(x.buf.at[0])
}

// want panics unless p has the shape an operation needs; d1 is 0 for a vector.
func (p *Param) want(op string, d0, d1 int) {
	ok := len(p.Shape) == 1 && d1 == 0 || len(p.Shape) == 2 && d1 == p.Shape[1]
	if !ok || p.Shape[0] != d0 {
		want := []int{d0}
		if d1 > 0 {
			want = append(want, d1)
		}
		panic(fmt.Sprintf("tensor.%s: parameter %s %v, want %v", op, p.Name, shapeString(p.Shape), shapeString(want)))
	}
}
