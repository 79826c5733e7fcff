package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// normOracle is the f64 forward and backward of a layer norm, or with rms of an RMS norm.
func normOracle(x, w, b, dy []float32, eps float64, rms bool) (y, dx, dw []float64, mean, rstd float64) {
	n := float64(len(x))
	if !rms {
		for _, v := range x {
			mean += float64(v) / n
		}
	}
	var ss float64
	for _, v := range x {
		ss += (float64(v) - mean) * (float64(v) - mean)
	}
	rstd = 1 / math.Sqrt(ss/n+eps)
	var m1, m2 float64
	for i := range x {
		h, g := (float64(x[i])-mean)*rstd, float64(dy[i])*float64(w[i])
		v := h * float64(w[i])
		if b != nil {
			v += float64(b[i])
		}
		y, dw = append(y, v), append(dw, float64(dy[i])*h)
		m1, m2 = m1+g/n, m2+g*h/n
	}
	if rms {
		m1 = 0
	}
	for i := range x {
		dx = append(dx, rstd*(float64(dy[i])*float64(w[i])-m1-(float64(x[i])-mean)*rstd*m2))
	}
	return y, dx, dw, mean, rstd
}

func wantAll(t *testing.T, what string, got []float32, want []float64, tol float64) {
	t.Helper()
	for i := range want {
		if d := math.Abs(float64(got[i]) - want[i]); !(d <= tol*math.Max(1, math.Abs(want[i]))) {
			t.Fatalf("%s: element %d is %g, want %g", what, i, got[i], want[i])
		}
	}
}

func TestNormsMatchTheirDefinition(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, n := range []int{1, 7, 64, 768, 1001} {
			for _, shift := range []float32{0, 100} { // a mean far above the deviation
				f := &feed{rng: rand.New(rand.NewPCG(uint64(n), 1))}
				x, w, b, dy := f.f32(n), f.f32(n), f.f32(n), f.f32(n)
				for i := range x {
					x[i] += shift
				}
				tol := 1e-5 + 1e-6*float64(shift)
				dst, dx, dw, db := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)

				y, gx, gw, _, rs := normOracle(x, w, nil, dy, 1e-5, true)
				rstd := RMSNormRow(dst, x, w, 1e-5)
				wantAll(t, "RMSNorm rstd", []float32{rstd}, []float64{rs}, 1e-6)
				wantAll(t, "RMSNorm", dst, y, tol)
				RMSNormRowGrad(dx, dw, dy, x, w, rstd, false)
				wantAll(t, "RMSNorm dx", dx, gx, tol)
				wantAll(t, "RMSNorm dw", dw, gw, tol)

				if n == 1 {
					continue // no deviation
				}
				clear(dw)
				y, gx, gw, mu, rs := normOracle(x, w, b, dy, 1e-5, false)
				mean, rstd := LayerNormRow(dst, x, w, b, 1e-5)
				wantAll(t, "LayerNorm moments", []float32{mean, rstd}, []float64{mu, rs}, 1e-5)
				wantAll(t, "LayerNorm", dst, y, 2*tol)
				LayerNormRowGrad(dx, dw, db, dy, x, w, mean, rstd, false)
				wantAll(t, "LayerNorm dx", dx, gx, 2*tol)
				wantAll(t, "LayerNorm dw", dw, gw, 2*tol)
				for i := range db {
					if db[i] != dy[i] {
						t.Fatalf("LayerNorm db[%d] = %g, want %g", i, db[i], dy[i])
					}
				}
				before := append([]float32(nil), dx...)
				LayerNormRowGrad(dx, dw, db, dy, x, w, mean, rstd, true)
				for i := range dx {
					if !near(dx[i], 2*before[i], 1e-6) {
						t.Fatalf("LayerNorm dx added to itself: %g, want %g", dx[i], 2*before[i])
					}
				}
			}
		}
	})
}

func TestCrossEntropyMatchesItsDefinition(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, n := range []int{1, 2, 65, 1000, 32003} {
			f := &feed{rng: rand.New(rand.NewPCG(uint64(n), 5))}
			x := f.f32(n)
			x[n/3] += 900 // far from the others: exp must not overflow
			label := n / 3
			if n > 2 {
				label = n/3 + 1
			}
			var sum float64
			for _, v := range x {
				sum += math.Exp(float64(v) - float64(x[n/3]))
			}
			lse := float64(x[n/3]) + math.Log(sum)
			want := make([]float64, n)
			for i := range x {
				want[i] = 0.25 * math.Exp(float64(x[i])-lse)
			}
			want[label] -= 0.25
			half, d := make([]BF16Bits, n), make([]float32, n)
			loss16 := CrossEntropyRowBF16(half, x, label, 0.25)
			lossWant := lse - float64(x[label])
			loss := CrossEntropyRow(d, x, label, 0.25)
			if !near(loss, float32(lossWant), 1e-6) || loss16 != loss {
				t.Errorf("n = %d: loss %g and %g, want %g", n, loss, loss16, lossWant)
			}
			wantAll(t, "gradient", d, want, 2e-5)
			for i := range half {
				if !near(half[i].F32(), d[i], 4e-3) {
					t.Fatalf("n = %d: bf16 gradient %g, f32 %g", n, half[i].F32(), d[i])
				}
			}
			shared := append([]float32(nil), x...)
			short := unsafe.Slice((*BF16Bits)(unsafe.Pointer(&shared[0])), n)
			if l := CrossEntropyRowBF16(short, shared, label, 0.25); l != loss {
				t.Errorf("n = %d: loss %g in shared memory, want %g", n, l, loss)
			}
			for i := range short {
				if !near(short[i].F32(), d[i], 4e-3) {
					t.Fatalf("n = %d: bf16 gradient in shared memory %g, f32 %g", n, short[i].F32(), d[i])
				}
			}
			CrossEntropyRow(x, x, label, 0.25)
			wantAll(t, "gradient in place", x, want, 2e-5)
		}
	})
}

func TestSoftmaxRowSumsToOneAndMaskedRowsVanish(t *testing.T) {
	inf := float32(math.Inf(-1))
	eachLevel(t, func(t *testing.T) {
		for n := 1; n < 131; n++ {
			x := make([]float32, n)
			Fill(x, inf)
			if l := LogSumExp(x); l != inf {
				t.Fatalf("LogSumExp of a masked row = %g", l)
			}
			SoftmaxRow(x, x)
			if MaxOf(x) != 0 {
				t.Fatalf("softmax of a masked row has %g", MaxOf(x))
			}
			Fill(x, inf)
			x[n/2] = 1e30
			SoftmaxRow(x, x)
			if x[n/2] != 1 || Sum(x) != 1 {
				t.Fatalf("softmax of one unmasked element: %g, sum %g", x[n/2], Sum(x))
			}
			x[0] = float32(math.NaN())
			SoftmaxRow(x, x)
			if x[0] == x[0] {
				t.Fatalf("softmax of NaN: %g", x[0])
			}
		}
	})
}

func TestRotationKeepsLengthAndTurnsBack(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		f := &feed{rng: rand.New(rand.NewPCG(9, 9))}
		for _, h := range []int{1, 8, 32, 64, 75} {
			x, cos, sin := f.f32(2*h), make([]float32, h), make([]float32, h)
			for i := range h {
				s, c := math.Sincos(f.rng.Float64() * 7)
				cos[i], sin[i] = float32(c), float32(s)
			}
			y := make([]float32, 2*h)
			RotateHalf(y, x, cos, sin, false)
			for i := range h {
				want := float64(x[i])*float64(cos[i]) - float64(x[i+h])*float64(sin[i])
				if !near(y[i], float32(want), 1e-5) {
					t.Fatalf("h = %d: y[%d] = %g, want %g", h, i, y[i], want)
				}
			}
			RotateHalf(y, y, cos, sin, true)
			for i := range y {
				if !near(y[i], x[i], 1e-5) {
					t.Fatalf("h = %d: turned back to %g, want %g", h, y[i], x[i])
				}
			}
		}
	})
}

func TestAdamWFollowsTheAlgorithm(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		f := &feed{rng: rand.New(rand.NewPCG(11, 3))}
		const n, steps = 67, 20
		p, m, v := f.f32(n), make([]float32, n), make([]float32, n)
		half := make([]BF16Bits, n)
		wp, wm, wv := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range p {
			wp[i] = float64(p[i])
		}
		const lr, b1, b2, eps, wd, gs = 0.01, 0.9, 0.95, 1e-8, 0.1, 0.5
		for step := 1; step <= steps; step++ {
			g := f.f32(n)
			c1, c2 := 1/(1-math.Pow(b1, float64(step))), 1/(1-math.Pow(b2, float64(step)))
			AdamWStepBF16(p, g, m, v, half, &AdamWArgs{LR: lr, Beta1: b1, Beta2: b2, Eps: eps, WeightDecay: wd,
				GradScale: gs, Correct1: float32(c1), Correct2: float32(c2)})
			for i := range p {
				gi := gs * float64(g[i])
				wm[i] = b1*wm[i] + (1-b1)*gi
				wv[i] = b2*wv[i] + (1-b2)*gi*gi
				wp[i] = wp[i]*(1-lr*wd) - lr*wm[i]*c1/(math.Sqrt(wv[i]*c2)+eps)
			}
		}
		wantAll(t, "p", p, wp, 1e-5)
		wantAll(t, "m", m, wm, 1e-5)
		wantAll(t, "v", v, wv, 1e-5)
		for i := range half {
			if half[i] != ToBF16(p[i]) {
				t.Fatalf("copy[%d] = %#04x, want %#04x", i, half[i], ToBF16(p[i]))
			}
		}
	})
}

func TestAdamWKeepsDenormalsOutAndNaNIn(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		p, g := make([]float32, 33), make([]float32, 33)
		m, v := make([]float32, 33), make([]float32, 33)
		Fill(m, 1e-3)
		Fill(v, 1e-6)
		for range 3000 { // rows without a gradient
			AdamWStep(p, g, m, v, &adamTestArgs)
			for i := range m {
				if m[i] != 0 && m[i] < 1e-37 || v[i] != 0 && v[i] < 1e-37 {
					t.Fatalf("m = %g, v = %g", m[i], v[i])
				}
			}
		}
		if m[0] != 0 || v[0] != 0 {
			t.Errorf("m = %g, v = %g after 3000 steps without a gradient, want 0", m[0], v[0])
		}
		g[32] = float32(math.NaN())
		AdamWStep(p, g, m, v, &adamTestArgs)
		if p[32] == p[32] || m[32] == m[32] || v[32] == v[32] {
			t.Errorf("NaN gradient lost: p %g, m %g, v %g", p[32], m[32], v[32])
		}
	})
}

func TestRowsOfAnyTypeAreLoadedAndStored(t *testing.T) {
	const rows, cols, stride = 3, 21, 25
	f32s, b16s, h16s := make([]float32, rows*stride), make([]BF16Bits, rows*stride), make([]F16Bits, rows*stride)
	mats := []Mat{MatF32(f32s, rows, stride).ColsFrom(2, 2+cols), MatBF16(b16s, rows, stride).ColsFrom(2, 2+cols)}
	h := MatBF16(b16s, rows, stride)
	h.DT, h.Ptr = F16, unsafe.Pointer(&h16s[0])
	mats = append(mats, h.ColsFrom(2, 2+cols))
	row, got := make([]float32, cols), make([]float32, cols)
	for i := range row {
		row[i] = float32(i) - 10 // exact in all types
	}
	eachLevel(t, func(t *testing.T) {
		for _, from := range mats {
			for _, to := range mats {
				clear(f32s)
				clear(b16s)
				clear(h16s)
				StoreF32(from, 1, row)
				CopyRow(to, 2, from, 1)
				LoadF32(got, to, 2)
				for i := range row {
					if got[i] != row[i] {
						t.Fatalf("%v to %v: element %d is %g, want %g", from.DT, to.DT, i, got[i], row[i])
					}
				}
				if f32s[2*stride+1] != 0 || f32s[2*stride+2+cols] != 0 || b16s[2*stride+1] != 0 || b16s[2*stride+2+cols] != 0 {
					t.Fatalf("%v to %v: columns outside the view changed", from.DT, to.DT)
				}
			}
		}
	})
}
