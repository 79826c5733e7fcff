package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// attnCase is one configuration of the attention tests.
type attnCase struct {
	B, T, H, K, D  int
	mask           string
	rope           bool
	drop           float32
	store, compute DType
	sharp          float64 // what q and k are multiplied by; 0: nothing
}

func (c attnCase) String() string {
	return fmt.Sprintf("B%dT%dH%dK%dD%d/%s/rope=%v/drop=%v/sharp=%v/%v/%v", c.B, c.T, c.H, c.K, c.D, c.mask, c.rope, c.drop, c.sharp, c.store, c.compute)
}

// interval returns the keys that query t of row b sees under a named mask.
func (c attnCase) interval(r *rand.Rand, b, t int) (lo, hi int) {
	switch c.mask {
	case "full":
		return 0, c.T
	case "causal":
		return 0, t + 1
	case "window":
		return max(0, t-c.T/4), t + 1
	case "prefix":
		return 0, max(t+1, c.T/3)
	case "documents": // boundaries differ from row to row
		size := c.T/3 + 1 + b
		return t / size * size, t + 1
	case "holes": // anything, with many empty intervals
		lo = r.IntN(c.T + 1)
		return lo, lo + r.IntN(c.T+1-lo)*r.IntN(2)
	}
	panic("unknown mask " + c.mask)
}

// newMat returns a zeroed matrix with a stride wider than its rows, so that a kernel that ignores it fails.
func newMat(dt DType, rows, cols int) Mat {
	stride := cols + 3
	m := Mat{DT: dt, Rows: rows, Cols: cols, Stride: stride}
	buf := make([]float32, rows*stride+1)
	m.Ptr = MatF32(buf, 1, len(buf)).Ptr
	return m
}

func fillMat(m Mat, r *rand.Rand, std float64) {
	row := make([]float32, m.Cols)
	for i := range m.Rows {
		for j := range row {
			row[j] = float32(r.NormFloat64() * std)
		}
		StoreF32(m, i, row)
	}
}

// values returns m as float64, rows joined.
func values(m Mat) []float64 {
	out := make([]float64, 0, m.Rows*m.Cols)
	row := make([]float32, m.Cols)
	for i := range m.Rows {
		LoadF32(row, m, i)
		for _, v := range row {
			out = append(out, float64(v))
		}
	}
	return out
}

// newAttnArgs makes random inputs for c.
func newAttnArgs(c attnCase, seed uint64) *AttnArgs {
	r := rand.New(rand.NewPCG(seed, 7))
	rows := c.B * c.T
	a := &AttnArgs{B: c.B, T: c.T, H: c.H, K: c.K, D: c.D, Compute: c.compute, Scale: float32(1 / math.Sqrt(float64(c.D))),
		QKV: newMat(c.store, rows, (c.H+2*c.K)*c.D), Out: newMat(c.store, rows, c.H*c.D), LSE: make([]float32, rows*c.H),
		DOut: newMat(c.store, rows, c.H*c.D), DQKV: newMat(c.store, rows, (c.H+2*c.K)*c.D),
		KeyLo: make([]int32, rows), KeyHi: make([]int32, rows),
		Drop: Drop{P: c.drop, Key: 5, Counter: 9}}
	fillMat(a.QKV, r, 1)
	fillMat(a.DOut, r, 1)
	if c.sharp != 0 {
		x := make([]float32, (c.H+c.K)*c.D)
		for i := range rows {
			LoadF32(x, a.QKV.ColsFrom(0, len(x)), i)
			Scale(x, x, float32(c.sharp))
			StoreF32(a.QKV.ColsFrom(0, len(x)), i, x)
		}
	}
	for i := range rows {
		lo, hi := c.interval(r, i/c.T, i%c.T)
		a.KeyLo[i], a.KeyHi[i] = int32(lo), int32(hi)
	}
	if c.rope {
		a.Positions = make([]int32, rows)
		for i := range a.Positions {
			a.Positions[i] = int32((i*5 + 3) % (2 * c.T))
		}
		for pos := range 2 * c.T {
			for i := range c.D / 2 {
				s, co := math.Sincos(float64(pos) * math.Pow(100, -2*float64(i)/float64(c.D)))
				a.Cos, a.Sin = append(a.Cos, float32(co)), append(a.Sin, float32(s))
			}
		}
	}
	return a
}

// attnOracle is attention in float64 with the whole T×T matrix.
type attnOracle struct {
	a              *AttnArgs
	out, lse, dqkv []float64
	k              []float64 // rotated, [B·T, K·D]
}

// rotated returns head h (a column block of D) of x with rope applied, or undone where inverse.
func (o *attnOracle) rotated(x []float64, inverse bool, row int) []float64 {
	a := o.a
	y := append([]float64(nil), x...)
	if a.Cos == nil {
		return y
	}
	h := a.D / 2
	for i := range h {
		c, s := float64(a.Cos[int(a.Positions[row])*h+i]), float64(a.Sin[int(a.Positions[row])*h+i])
		if inverse {
			s = -s
		}
		y[i], y[i+h] = x[i]*c-x[i+h]*s, x[i+h]*c+x[i]*s
	}
	return y
}

func newAttnOracle(a *AttnArgs, qkv, dout []float64) *attnOracle {
	o := &attnOracle{a: a, out: make([]float64, a.B*a.T*a.H*a.D), lse: make([]float64, a.B*a.H*a.T), dqkv: make([]float64, len(qkv))}
	w := (a.H + 2*a.K) * a.D
	for row := range a.B * a.T {
		for kv := range a.K {
			o.k = append(o.k, o.rotated(qkv[row*w+(a.H+kv)*a.D:][:a.D], false, row)...)
		}
	}
	for b := range a.B {
		for h := range a.H {
			for t := range a.T {
				o.query(qkv, dout, b, h, t)
			}
		}
	}
	return o
}

// query adds the output and the gradients of one query.
func (o *attnOracle) query(qkv, dout []float64, b, h, t int) {
	a, kv := o.a, h*o.a.K/o.a.H
	w, row := (a.H+2*a.K)*a.D, b*a.T+t
	part := func(x []float64, row, block int) []float64 { return x[row*w+block*a.D:][:a.D] }
	out := o.out[(row*a.H+h)*a.D:][:a.D]
	g := dout[(row*a.H+h)*a.D:][:a.D]
	lo, hi := int(a.KeyLo[row]), int(a.KeyHi[row])
	q := o.rotated(part(qkv, row, h), false, row)
	p, keep, z, top := make([]float64, a.T), make([]float32, a.T), 0.0, math.Inf(-1)
	for i := range keep {
		keep[i] = 1
	}
	DropRow(keep, keep, a.Drop, ((uint64(b)*uint64(a.H)+uint64(h))*uint64(a.T)+uint64(t))*uint64(a.T))
	for j := lo; j < hi; j++ {
		k := o.k[((b*a.T+j)*a.K+kv)*a.D:][:a.D]
		for d := range q {
			p[j] += q[d] * k[d] * float64(a.Scale)
		}
		top = max(top, p[j])
	}
	for j := lo; j < hi; j++ {
		p[j] = math.Exp(p[j] - top)
		z += p[j]
	}
	o.lse[(b*a.H+h)*a.T+t] = math.Log(z) + top
	delta := 0.0
	for j := lo; j < hi; j++ {
		p[j] /= z
		for d, v := range part(qkv, b*a.T+j, a.H+a.K+kv) {
			out[d] += p[j] * float64(keep[j]) * v
		}
	}
	for d := range out {
		delta += out[d] * g[d]
	}
	dq := make([]float64, a.D)
	for j := lo; j < hi; j++ {
		dp, key := 0.0, b*a.T+j
		dv := part(o.dqkv, key, a.H+a.K+kv)
		for d, v := range part(qkv, key, a.H+a.K+kv) {
			dp += g[d] * v * float64(keep[j])
			dv[d] += p[j] * float64(keep[j]) * g[d]
		}
		ds := p[j] * (dp - delta) * float64(a.Scale)
		k := o.k[(key*a.K+kv)*a.D:][:a.D]
		dk := make([]float64, a.D)
		for d := range dk {
			dk[d] = ds * q[d]
			dq[d] += ds * k[d]
		}
		for d, v := range o.rotated(dk, true, key) {
			part(o.dqkv, key, a.H+kv)[d] += v
		}
	}
	for d, v := range o.rotated(dq, true, row) {
		part(o.dqkv, row, h)[d] += v
	}
}

// closeTo reports the largest difference relative to the largest wanted value.
func closeTo(tb testing.TB, what string, got, want []float64, tol float64) {
	tb.Helper()
	scale, worst, at := 0.0, 0.0, 0
	for i, w := range want {
		if math.IsInf(w, 0) && got[i] == w {
			continue
		}
		scale = max(scale, math.Abs(w))
		if d := math.Abs(got[i] - w); !(d <= worst) {
			worst, at = d, i
		}
	}
	if !(worst <= tol*max(scale, 1e-3)) {
		tb.Errorf("%s: element %d is %v, want %v (of values up to %.3g; tolerance %v of that)", what, at, got[at], want[at], scale, tol)
	}
}

func TestAttentionOracleGradientsAreItsSlopes(t *testing.T) {
	for _, c := range []attnCase{
		{B: 1, T: 5, H: 4, K: 2, D: 4, mask: "causal", rope: true},
		{B: 2, T: 4, H: 1, K: 1, D: 2, mask: "full", drop: 0.4},
	} {
		a := newAttnArgs(c, 3)
		qkv, g := values(a.QKV), values(a.DOut)
		o := newAttnOracle(a, qkv, g)
		loss := func() (l float64) {
			for i, v := range newAttnOracle(a, qkv, g).out {
				l += v * g[i]
			}
			return l
		}
		slopes := make([]float64, len(qkv))
		for i, v := range qkv {
			const h = 1e-5
			qkv[i] = v + h
			up := loss()
			qkv[i] = v - h
			slopes[i] = (up - loss()) / (2 * h)
			qkv[i] = v
		}
		closeTo(t, c.String(), o.dqkv, slopes, 1e-8)
	}
}
