package tensor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// leafNode makes a Param's value an operation's output, so that tests can see the gradient of any input.
type leafNode struct {
	op
	p *Param
}

func (t *Tape) leaf(p *Param, dt DType) *Tensor {
	n, fresh := next[leafNode](t, "leaf")
	if fresh {
		t.result("leaf", &n.out, dt, p.Shape...)
	}
	n.p = p
	t.run(n)
	return &n.out
}

func (n *leafNode) forward(t *Tape) {
	m := t.mat(&n.out)
	if !t.dry {
		t.convert(m, n.p.Value.Mat(), kernel.Drop{}, nil)
	}
}

func (n *leafNode) backward(t *Tape) {
	g := t.gradOf(&n.out)
	if t.dry {
		return
	}
	t.pool.Wait()
	row := make([]float32, g.Cols)
	dst := n.p.Grad.F32()
	for i := range g.Rows {
		kernel.LoadF32(row, g, i)
		kernel.AddTo(dst[i*g.Cols:(i+1)*g.Cols], row)
	}
}

// sinkNode is the loss Σ r·y.
type sinkNode struct {
	op
	y    *Tensor
	r    []float32
	loss Loss
}

func (t *Tape) sink(y *Tensor, r []float32) *Loss {
	n, fresh := next[sinkNode](t, "sink")
	t.take("sink", fresh, &n.y, y)
	n.r, n.loss.index = r, n.index
	t.run(n)
	return &n.loss
}

func (n *sinkNode) forward(t *Tape) {
	g, add := t.gradDst(n.y)
	if add {
		panic("sink of a tensor with a gradient")
	}
	if t.dry {
		return
	}
	t.pool.Wait()
	for i := range g.Rows {
		kernel.StoreF32(g, i, n.r[i*g.Cols:(i+1)*g.Cols])
	}
}

func (n *sinkNode) backward(*Tape) {}

// input is an argument of an operation under test.
type input struct {
	shape []int
	res   bool // a residual tensor: f32 whatever the compute type
	param bool // a parameter; else a tensor
	std   float64
}

// opTest compares an operation with its f64 reference: values directly, gradients with the reference's central differences.
type opTest struct {
	in    []input
	build func(t *Tape, x []*Tensor, p []*Param) *Tensor // the tensors and parameters among in, in order
	ref   func(in [][]float64) []float64
	loose float64

	keepBelow int
}

// tolerance is relative to the largest element.
func tolerance(dt DType) float64 {
	switch dt {
	case BF16:
		return 2e-2
	case F16:
		return 3e-3
	}
	return 2e-5
}

func (o opTest) run(t *testing.T) {
	for _, dt := range []DType{F32, BF16, F16} {
		c := o.prepare(dt)
		for _, level := range kernel.Levels() {
			t.Run(fmt.Sprint(level, " ", dt), func(t *testing.T) {
				kernel.SetLevelForTest(t, level)
				c.keepBelow = 0 // values are made again
				c.check(t)
				c.keepBelow = keepBytes
				c.check(t)
			})
		}
	}
}

// opCase is an opTest in one type, with its expected results.
type opCase struct {
	opTest
	dt                  DType
	all, leaves, params []*Param
	r                   []float32 // factors of the loss
	want                []float64
	grads               [][]float64
}

func (o opTest) prepare(dt DType) *opCase {
	c := &opCase{opTest: o, dt: dt}
	rng := rand.New(rand.NewPCG(1, 2))
	var ref [][]float64
	for _, in := range o.in {
		p := &Param{Name: fmt.Sprint("input ", len(c.all)), Shape: in.shape}
		p.Value, p.Grad = NewTensor(F32, in.shape...), NewTensor(F32, in.shape...)
		round := dt
		if in.res || in.param && len(in.shape) == 1 {
			round = F32
		} else if in.param && dt != F32 {
			p.Compute = NewTensor(dt, in.shape...)
			defer func() { p.Compute.CopyFrom(p.Value.F32()) }()
		}
		std := in.std
		if std == 0 {
			std = 1
		}
		ref = append(ref, fillRandom(rng, p.Value.F32(), round, std))
		c.all = append(c.all, p)
		if in.param {
			c.params = append(c.params, p)
		} else {
			c.leaves = append(c.leaves, p)
		}
	}
	c.want = o.ref(ref)
	c.r = make([]float32, len(c.want))
	r := fillRandom(rng, c.r, dt, 1)
	for i := range ref {
		c.grads = append(c.grads, numericGrad(o.ref, ref, i, r))
	}
	return c
}

func (c *opCase) check(t *testing.T) {
	tape := testTape(t, c.dt, 2)
	tape.keepBelow = c.keepBelow
	got := make([]float32, len(c.want))
	xs := make([]*Tensor, len(c.leaves))
	body := func() {
		k := 0
		for _, in := range c.in {
			if in.param {
				continue
			}
			dt := c.dt
			if in.res {
				dt = F32
			}
			xs[k] = tape.leaf(c.leaves[k], dt)
			k++
		}
		y := c.build(tape, xs, c.params)
		y.CopyTo(got)
		tape.Backward(tape.sink(y, c.r))
	}
	for range 2 { // the second run reuses the records
		ZeroGrads(c.all)
		tape.Run("op", 3, true, body)
	}
	tol := tolerance(c.dt) * max(1, c.loose)
	compare(t, "value", got, c.want, tol)
	for i, p := range c.all {
		compare(t, fmt.Sprintf("gradient of input %d", i), p.Grad.F32(), c.grads[i], tol)
	}
}

// numericGrad returns the central differences of Σ r·f(in) by in[i].
func numericGrad(f func([][]float64) []float64, in [][]float64, i int, r []float64) []float64 {
	dot := func() (s float64) {
		for k, y := range f(in) {
			s += r[k] * y
		}
		return s
	}
	const h = 1e-5
	g := make([]float64, len(in[i]))
	for k, v := range in[i] {
		in[i][k] = v + h
		up := dot()
		in[i][k] = v - h
		g[k] = (up - dot()) / (2 * h)
		in[i][k] = v
	}
	return g
}

// fillRandom fills x with normal numbers rounded to dt, and returns them in f64.
func fillRandom(rng *rand.Rand, x []float32, dt DType, std float64) []float64 {
	f := make([]float64, len(x))
	for i := range x {
		v := float32(rng.NormFloat64() * std)
		switch dt {
		case BF16:
			v = kernel.ToBF16(v).F32()
		case F16:
			v = kernel.ToF16(v).F32()
		}
		x[i], f[i] = v, float64(v)
	}
	return f
}

func compare(t *testing.T, what string, got []float32, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(got), len(want))
	}
	var big, worst float64
	at := 0
	for _, w := range want {
		big = max(big, math.Abs(w))
	}
	for i, w := range want {
		d := math.Abs(float64(got[i]) - w)
		if !(d <= worst) {
			worst, at = d, i
		}
	}
	if !(worst <= tol*big) {
		t.Errorf("%s: element %d is %v, want %v: off by %.2g of the largest, tolerance %.2g", what, at, got[at], want[at], worst/big, tol)
	}
}

// mask returns the factors of dropout for n elements of an operation: 0 or 1/(1−p).
func mask(seed, step uint64, index int, p float32, n int) []float64 {
	ones := make([]float32, n)
	kernel.Fill(ones, 1)
	kernel.DropRow(ones, ones, kernel.Drop{P: p, Key: seed, Counter: step<<20 | uint64(index)}, 0)
	f := make([]float64, n)
	for i, v := range ones {
		f[i] = float64(v)
	}
	return f
}

// matmul returns x·wᵀ, x [n, in], w [out, in].
func matmul(x, w []float64, in int) []float64 {
	out := len(w) / in
	y := make([]float64, len(x)/in*out)
	for i := range y {
		xr, wr := x[i/out*in:][:in], w[i%out*in:][:in]
		for k := range xr {
			y[i] += xr[k] * wr[k]
		}
	}
	return y
}
