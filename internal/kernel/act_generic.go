package kernel

import "math"

// GELUTanh(x) = x·σ(2u) with 2u = x·(geluA + geluB·x²), since ½(1 + tanh u) = σ(2u).
const (
	geluA = 1.5957691216057308   // 2·√(2/π)
	geluB = 0.071354816272600248 // geluA·0.044715
)

// sigmoid32 keeps e^−x finite so that fast reciprocals may be used: below −87 it stays at σ(−87) ≈ 2⁻¹²⁶.
// It returns s = σ(x), and 1 − s without the cancellation of that difference.
func sigmoid32(x float32) (s, rest float32) {
	e := exp32(min(max(-x, -87), 87))
	s = 1 / (1 + e)
	return s, e * s
}

func gelu32(x float32) float32 {
	s, _ := sigmoid32(x * (geluA + geluB*x*x))
	return x * s
}

// geluGrad32 clamps x to ±10, where the derivative is 0 or 1 to the last bit and x² still finite.
func geluGrad32(x float32) float32 {
	x = min(max(x, -10), 10)
	z := x * x
	s, rest := sigmoid32(x * (geluA + geluB*z))
	return s + x*s*rest*(geluA+3*geluB*z)
}

func silu32(x float32) float32 {
	s, _ := sigmoid32(x)
	return x * s
}

func siluGrad32(x float32) float32 {
	s, rest := sigmoid32(x)
	return s + x*s*rest
}

func geluTanhGeneric(dst, x []float32) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = gelu32(x[i])
	}
}

func geluTanhGradGeneric(dx, dy, x []float32) {
	dy, x = dy[:len(dx)], x[:len(dx)]
	for i := range dx {
		dx[i] = dy[i] * geluGrad32(x[i])
	}
}

func geluErfGeneric(dst, x []float32) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = 0.5 * x[i] * (1 + erf32(x[i]*(1/math.Sqrt2)))
	}
}

// geluErfGradGeneric: Φ(x) + x·φ(x), φ the normal density.
func geluErfGradGeneric(dx, dy, x []float32) {
	const invSqrt2Pi = 0.3989422804014327
	dy, x = dy[:len(dx)], x[:len(dx)]
	for i := range dx {
		v := x[i]
		cdf := 0.5 * (1 + erf32(v*(1/math.Sqrt2)))
		c := min(max(v, -13), 13) // x² stays finite and e^(−x²/2) normal; 13·φ(13) is 1e-36
		dx[i] = dy[i] * (cdf + c*exp32(-0.5*c*c)*invSqrt2Pi)
	}
}

func siluGeneric(dst, x []float32) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = silu32(x[i])
	}
}

func siluGradGeneric(dx, dy, x []float32) {
	dy, x = dy[:len(dx)], x[:len(dx)]
	for i := range dx {
		dx[i] = dy[i] * siluGrad32(x[i])
	}
}

func reluGeneric(dst, x []float32) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = max(x[i], 0)
	}
}

func reluGradGeneric(dx, dy, x []float32) {
	dy, x = dy[:len(dx)], x[:len(dx)]
	for i := range dx {
		if x[i] > 0 {
			dx[i] = dy[i]
		} else {
			dx[i] = 0
		}
	}
}

func swigluGeneric(dst, gate, up []float32) {
	gate, up = gate[:len(dst)], up[:len(dst)]
	for i := range dst {
		dst[i] = silu32(gate[i]) * up[i]
	}
}

func gegluGeneric(dst, gate, up []float32) {
	gate, up = gate[:len(dst)], up[:len(dst)]
	for i := range dst {
		dst[i] = gelu32(gate[i]) * up[i]
	}
}

func swigluGradGeneric(dgate, dup, dout, gate, up []float32) {
	for i := range dgate {
		d, g, u := dout[i], gate[i], up[i]
		dgate[i], dup[i] = d*u*siluGrad32(g), d*silu32(g)
	}
}

func gegluGradGeneric(dgate, dup, dout, gate, up []float32) {
	for i := range dgate {
		d, g, u := dout[i], gate[i], up[i]
		dgate[i], dup[i] = d*u*geluGrad32(g), d*gelu32(g)
	}
}

func swigluBF16Generic(dst, gate, up []BF16Bits) {
	for i := range dst {
		dst[i] = ToBF16(silu32(gate[i].F32()) * up[i].F32())
	}
}

func gegluBF16Generic(dst, gate, up []BF16Bits) {
	for i := range dst {
		dst[i] = ToBF16(gelu32(gate[i].F32()) * up[i].F32())
	}
}

func swigluGradBF16Generic(dgate, dup, dout, gate, up []BF16Bits) {
	for i := range dgate {
		d, g, u := dout[i].F32(), gate[i].F32(), up[i].F32()
		dgate[i], dup[i] = ToBF16(d*u*siluGrad32(g)), ToBF16(d*silu32(g))
	}
}

func gegluGradBF16Generic(dgate, dup, dout, gate, up []BF16Bits) {
	for i := range dgate {
		d, g, u := dout[i].F32(), gate[i].F32(), up[i].F32()
		dgate[i], dup[i] = ToBF16(d*u*geluGrad32(g)), ToBF16(d*gelu32(g))
	}
}

func geluTanhBF16Generic(dst, x []BF16Bits) {
	for i := range dst {
		dst[i] = ToBF16(gelu32(x[i].F32()))
	}
}

func geluTanhGradBF16Generic(dx, dy, x []BF16Bits) {
	for i := range dx {
		dx[i] = ToBF16(dy[i].F32() * geluGrad32(x[i].F32()))
	}
}
