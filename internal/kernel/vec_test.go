package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// eachLevel runs f at every level the machine has.
func eachLevel(t *testing.T, f func(t *testing.T)) {
	for _, l := range Levels() {
		t.Run(l.String(), func(t *testing.T) {
			SetLevelForTest(t, l)
			f(t)
		})
	}
}

// feed makes the same slices for the same seed, each at an offset inside a larger one whose rest must not change.
type feed struct {
	rng     *rand.Rand
	off     int
	special int                            // how many of the specials come up, every third time
	edge    func(bytes int) unsafe.Pointer // where given, memory to use instead
	f32s    [][]float32
	b16s    [][]BF16Bits
	h16s    [][]F16Bits
}

var specials = []float32{
	float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 0, float32(math.Copysign(0, -1)),
	math.SmallestNonzeroFloat32, -3e-39, 1.1754944e-38, 88.8, -104, 1e-7, math.MaxFloat32, -math.MaxFloat32, 1e20, -1e20, 65519.99, 65520,
}

// moderate is how many of the specials do not overflow in a product.
const moderate = 11

func (f *feed) value() float32 {
	if f.special > 0 && f.rng.IntN(3) == 0 {
		return specials[f.rng.IntN(f.special)]
	}
	return float32(f.rng.NormFloat64() * 3)
}

func (f *feed) f32(n int) []float32 {
	return fresh(f, &f.f32s, n, func() float32 { return f.value() })
}

func (f *feed) bf16(n int) []BF16Bits {
	return fresh(f, &f.b16s, n, func() BF16Bits { return ToBF16(f.value()) })
}

func (f *feed) f16(n int) []F16Bits {
	return fresh(f, &f.h16s, n, func() F16Bits { return ToF16(f.value()) })
}

func fresh[T any](f *feed, made *[][]T, n int, value func() T) []T {
	var s []T
	off := f.off
	if f.edge != nil {
		var t T
		s, off = unsafe.Slice((*T)(f.edge(n*int(unsafe.Sizeof(t)))), n), 0
	} else {
		s = make([]T, off+n+17)
	}
	for i := range s {
		s[i] = value()
	}
	*made = append(*made, s)
	return s[off : off+n : off+n]
}

// all returns everything that was made, as it is now.
func (f *feed) all() []float32 {
	var out []float32
	for _, s := range f.f32s {
		out = append(out, s...)
	}
	for _, s := range f.b16s {
		for _, b := range s {
			out = append(out, b.F32())
		}
	}
	for _, s := range f.h16s {
		for _, h := range s {
			out = append(out, h.F32())
		}
	}
	return out
}

func squares(x []float32) []float32 {
	for i := range x {
		x[i] *= x[i]
	}
	return x
}

// near compares a kernel's value with the oracle's, relative to max(1, |want|); NaN matches NaN.
func near(got, want float32, tol float64) bool { return nearAt(got, want, tol, 1) }

func nearAt(got, want float32, tol, floor float64) bool {
	if got == want || got != got && want != want {
		return true
	}
	g, w := float64(got), float64(want)
	return math.Abs(g-w) <= tol*math.Max(floor, math.Abs(w))
}

func TestEveryLevelAgreesWithTheGenericKernels(t *testing.T) {
	lengths := []int{255, 256, 257, 1000, 4099}
	for n := range 131 {
		lengths = append(lengths, n)
	}
	for _, c := range vecCases {
		t.Run(c.name, func(t *testing.T) {
			for _, n := range lengths {
				compareLevels(t, n, c.tol, 0, c.run)
				switch {
				case c.sort == reduces:
				case c.sort == products:
					compareLevels(t, n, c.tol, moderate, c.run)
				default:
					compareLevels(t, n, c.tol, len(specials), c.run)
				}
			}
		})
	}
}

func compareLevels(t *testing.T, n int, tol float64, special int, run func(f *feed, n int) []float32) {
	t.Helper()
	floor := 1.0
	if special == moderate {
		floor = 1000 // terms of 88.8 · −104 may cancel
	}
	var want []float32
	for _, l := range Levels() {
		old := currentLevel
		currentLevel = l
		f := &feed{rng: rand.New(rand.NewPCG(uint64(n), 7)), off: n % 5, special: special}
		results := run(f, n)
		currentLevel = old
		got := append(f.all(), results...)
		if l == Generic {
			want = got
			continue
		}
		for i := range want {
			if !nearAt(got[i], want[i], tol, floor) {
				t.Fatalf("%v, n = %d, %d special values: element %d of all buffers is %g, generic %g", l, n, special, i, got[i], want[i])
			}
		}
	}
}

func TestSplittingAnElementWiseKernelKeepsTheBits(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		const n = 333
		make4 := func() [4][]float32 {
			f := &feed{rng: rand.New(rand.NewPCG(1, 2))}
			return [4][]float32{f.f32(n), f.f32(n), f.f32(n), squares(f.f32(n))}
		}
		whole := make4()
		AdamWStep(whole[0], whole[1], whole[2], whole[3], &adamTestArgs)
		GELUTanh(whole[1], whole[1])
		for cut := range n {
			parts := make4()
			p, g, m, v := parts[0], parts[1], parts[2], parts[3]
			AdamWStep(p[:cut], g[:cut], m[:cut], v[:cut], &adamTestArgs)
			AdamWStep(p[cut:], g[cut:], m[cut:], v[cut:], &adamTestArgs)
			GELUTanh(g[:cut], g[:cut])
			GELUTanh(g[cut:], g[cut:])
			for k := range parts {
				for i := range n {
					if parts[k][i] != whole[k][i] {
						t.Fatalf("cut at %d: slice %d element %d is %g, uncut %g", cut, k, i, parts[k][i], whole[k][i])
					}
				}
			}
		}
	})
}

func TestConversionsMatchForEveryUpperHalf(t *testing.T) {
	const n = 1 << 16
	src, b := make([]float32, n), make([]BF16Bits, n)
	h, back := make([]F16Bits, n), make([]float32, n)
	eachLevel(t, func(t *testing.T) {
		for _, low := range []uint32{0, 1, 0x7fff, 0x8000, 0x8001, 0xffff, 0x1000, 0x0fff, 0x1001, 0x3000} {
			for i := range src {
				src[i] = math.Float32frombits(uint32(i)<<16 | low)
			}
			F32ToBF16(b, src)
			F32ToF16(h, src)
			for i, x := range src {
				if b[i] != ToBF16(x) || h[i] != ToF16(x) {
					t.Fatalf("%#08x: bf16 %#04x, want %#04x; f16 %#04x, want %#04x", math.Float32bits(x), b[i], ToBF16(x), h[i], ToF16(x))
				}
			}
		}
		for i := range h {
			h[i], b[i] = F16Bits(i), BF16Bits(i)
		}
		F16ToF32(back, h)
		for i, x := range back {
			if math.Float32bits(x) != math.Float32bits(h[i].F32()) {
				t.Fatalf("f16 %#04x: %#08x, want %#08x", i, math.Float32bits(x), math.Float32bits(h[i].F32()))
			}
		}
		BF16ToF32(back, b)
		for i, x := range back {
			if math.Float32bits(x) != uint32(i)<<16 {
				t.Fatalf("bf16 %#04x: %#08x", i, math.Float32bits(x))
			}
		}
	})
}

func TestHasNonFiniteFindsOneAnywhere(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for n := range 131 {
			x := make([]float32, n)
			Fill(x, math.MaxFloat32)
			if HasNonFinite(x) {
				t.Fatalf("n = %d: finite numbers reported", n)
			}
			for i := range x {
				for _, bad := range specials[:3] {
					x[i] = bad
					if !HasNonFinite(x) {
						t.Fatalf("n = %d: %g at %d missed", n, bad, i)
					}
				}
				x[i] = -1
			}
		}
	})
}

func TestSumSqKeepsItsAccuracyOverManyElements(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		x := make([]float32, 1<<22)
		Fill(x, 0.1)
		x[0] = 1000
		want := 1e6 + float64(len(x)-1)*float64(float32(0.1))*float64(float32(0.1))
		if got := SumSq(x); math.Abs(got/want-1) > 1e-9 {
			t.Errorf("SumSq = %.15g, want %.15g", got, want)
		}
	})
}

func TestKernelsPanicWithBothLengths(t *testing.T) {
	defer func() {
		want := "kernel.Add: slices of 3 and 4 elements, want equal lengths"
		if got := fmt.Sprint(recover()); got != want {
			t.Errorf("panic %q, want %q", got, want)
		}
	}()
	Add(make([]float32, 3), make([]float32, 3), make([]float32, 4))
}

func TestKernelsAllocateNothing(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		x, b := make([]float32, 100), make([]BF16Bits, 100)
		if n := testing.AllocsPerRun(10, func() {
			RMSNormRow(x, x, x, 1e-5)
			SoftmaxRow(x, x)
			SwiGLUBF16(b, b, b)
			CrossEntropyRow(x, x, 3, 1)
			AdamWStepBF16(x, x, x, x, b, &adamTestArgs)
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
