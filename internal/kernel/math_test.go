package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// ulps returns the distance of got from want in units of the last place of want as a float32.
func ulps(got float32, want float64) float64 {
	w := float32(want)
	if got == w || got != got && want != want {
		return 0
	}
	if math.IsInf(float64(got), 0) || math.IsInf(float64(w), 0) || got != got || want != want {
		return math.Inf(1)
	}
	a := math.Abs(want)
	unit := math.Max(math.Ldexp(1, math.Ilogb(a)-23), math.SmallestNonzeroFloat32)
	return math.Abs(float64(got)-want) / unit
}

// sweep returns every 4099th float32 of all bit patterns, the special ones and a dense range around zero.
func sweep() []float32 {
	xs := append([]float32(nil), specials...)
	for b := uint64(0); b < 1<<32; b += 4099 * 2 {
		xs = append(xs, math.Float32frombits(uint32(b)))
	}
	for x := -20.0; x < 20; x += 1.0 / 4096 {
		xs = append(xs, float32(x))
	}
	return xs
}

func TestElementaryFunctionsKeepTheirBounds(t *testing.T) {
	xs := sweep()
	got := make([]float32, len(xs))
	for _, c := range []struct {
		name      string
		run       func(dst, src []float32)
		oracle    func(float64) float64
		ulps, abs float64 // either is enough
	}{
		{"Exp", Exp, math.Exp, 2, 0},
		{"Tanh", Tanh, math.Tanh, 7, 0},
		{"Erf", Erf, math.Erf, 0, 5e-7},
		{"Log", Log, math.Log, 3, 2e-7},
	} {
		eachLevel(t, func(t *testing.T) {
			c.run(got, xs)
			var worstULP, worstAbs float64
			for i, x := range xs {
				want := c.oracle(float64(x))
				u, a := ulps(got[i], want), math.Abs(float64(got[i])-want)
				if u > c.ulps && !(a <= c.abs) {
					t.Fatalf("%s(%g) = %g, want %g: off by %.3g ulp, %.3g", c.name, x, got[i], want, u, a)
				}
				worstULP = max(worstULP, u)
				if !math.IsNaN(a) && math.Abs(want) < 1e3 {
					worstAbs = max(worstAbs, a)
				}
			}
			t.Logf("%s: within %.2f ulp, %.2g", c.name, worstULP, worstAbs)
		})
	}
}

func TestActivationsKeepTheirBounds(t *testing.T) {
	var xs []float32
	for x := -30.0; x < 30; x += 1.0 / 1024 {
		xs = append(xs, float32(x))
	}
	xs = append(xs, 0, 1e-30, -1e-30, 1e-40, 100, -100, 1e4, -1e4)
	one, got := make([]float32, len(xs)), make([]float32, len(xs))
	Fill(one, 1)
	sigma := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	cdf := func(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }
	tanhU := func(x float64) float64 { return math.Tanh(math.Sqrt(2/math.Pi) * (x + 0.044715*x*x*x)) }
	grad := func(f func(dx, dy, x []float32)) func(dst, x []float32) {
		return func(dst, x []float32) { f(dst, one, x) }
	}
	for _, c := range []struct {
		name   string
		run    func(dst, x []float32)
		oracle func(float64) float64
		tol    float64 // absolute, times max(1, |x|) for values
		value  bool
	}{
		{"GELUTanh", GELUTanh, func(x float64) float64 { return 0.5 * x * (1 + tanhU(x)) }, 3e-7, true},
		{"GELUErf", GELUErf, func(x float64) float64 { return x * cdf(x) }, 3e-7, true},
		{"SiLU", SiLU, func(x float64) float64 { return x * sigma(x) }, 3e-7, true},
		{"GELUTanhGrad", grad(GELUTanhGrad), func(x float64) float64 {
			u := tanhU(x)
			return 0.5*(1+u) + 0.5*x*(1-u*u)*math.Sqrt(2/math.Pi)*(1+3*0.044715*x*x)
		}, 4e-7, false},
		{"GELUErfGrad", grad(GELUErfGrad), func(x float64) float64 {
			return cdf(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
		}, 4e-7, false},
		{"SiLUGrad", grad(SiLUGrad), func(x float64) float64 { s := sigma(x); return s + x*s*(1-s) }, 4e-7, false},
	} {
		eachLevel(t, func(t *testing.T) {
			c.run(got, xs)
			worst := 0.0
			for i, x := range xs {
				scale := 1.0
				if c.value {
					scale = max(1, math.Abs(float64(x)))
				}
				d := math.Abs(float64(got[i])-c.oracle(float64(x))) / scale
				if !(d <= c.tol) {
					t.Fatalf("%s(%g) = %g, want %g", c.name, x, got[i], c.oracle(float64(x)))
				}
				worst = max(worst, d)
			}
			t.Logf("%s: within %.2g", c.name, worst)
		})
	}
}

func TestGatedUnitsMatchTheirDefinition(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		f := &feed{rng: rand.New(rand.NewPCG(3, 4))}
		const n = 257
		gate, up, dout := f.f32(n), f.f32(n), f.f32(n)
		dst, dg, du := f.f32(n), f.f32(n), f.f32(n)
		slope, value := f.f32(n), f.f32(n)
		for _, c := range []struct {
			name     string
			fwd      func(dst, gate, up []float32)
			bwd      func(dgate, dup, dout, gate, up []float32)
			act      func(dst, x []float32)
			actSlope func(dx, dy, x []float32)
		}{
			{"SwiGLU", SwiGLU, SwiGLUGrad, SiLU, SiLUGrad},
			{"GEGLU", GEGLU, GEGLUGrad, GELUTanh, GELUTanhGrad},
		} {
			c.fwd(dst, gate, up)
			c.bwd(dg, du, dout, gate, up)
			c.act(value, gate)
			c.actSlope(slope, dout, gate)
			for i := range n {
				if !near(dst[i], value[i]*up[i], 4e-6) || !near(dg[i], slope[i]*up[i], 1e-5) || !near(du[i], dout[i]*value[i], 1e-5) {
					t.Fatalf("%s at %d: %g, %g, %g, want %g, %g, %g", c.name, i, dst[i], dg[i], du[i], value[i]*up[i], slope[i]*up[i], dout[i]*value[i])
				}
			}
		}
	})
}
