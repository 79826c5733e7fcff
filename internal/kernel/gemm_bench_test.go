package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"
)

// benchShapes are the linear layers of the models that training is measured on: tokens, inputs, outputs.
var benchShapes = [][3]int{
	{1024, 768, 2304}, {1024, 768, 768}, {1024, 768, 3072}, {1024, 3072, 768}, {256, 768, 50257},
	{4096, 768, 3072}, {4096, 512, 2048}, {4096, 512, 1536}, {4096, 2048, 512},
	{4096, 384, 1152}, {4096, 384, 384}, {4096, 384, 1536}, {4096, 1536, 384},
	{768, 128, 384}, {768, 128, 512}, {768, 512, 128},
	{1, 768, 3072}, {4, 768, 3072}, {16, 768, 3072},
}

// benchArgs returns the product of a form of a linear layer's training.
func benchArgs(tb testing.TB, rng *rand.Rand, form string, t, in, out int, compute DType) *GemmArgs {
	pages := func(size int) unsafe.Pointer {
		p := Pages(size)
		tb.Cleanup(func() { FreePages(p) })
		return unsafe.Pointer(&p[0])
	}
	mat := func(dt DType, r, c int) Mat {
		buf := unsafe.Slice((*float32)(pages(r*c*4)), r*c)
		for i := range buf {
			buf[i] = rng.Float32() - 0.5
		}
		m := MatF32(buf, r, c)
		if dt == F32 {
			return m
		}
		half := unsafe.Slice((*BF16Bits)(pages(r*c*2)), r*c)
		F32ToBF16(half, buf)
		return MatBF16(half, r, c)
	}
	switch form {
	case "forward": // Y = X·Wᵀ + bias
		return &GemmArgs{TransB: true, A: mat(compute, t, in), B: mat(compute, out, in), C: mat(compute, t, out), Compute: compute, Bias: make([]float32, out)}
	case "gelu": // U = X·Wᵀ + bias kept, Y = GELU(U)
		return &GemmArgs{TransB: true, A: mat(compute, t, in), B: mat(compute, out, in), C: mat(compute, t, out), Compute: compute, Bias: make([]float32, out), Act: GELUTanhAct, PreAct: mat(compute, t, out)}
	case "geluGrad": // dU = (dY·W) · GELU'(U)
		return &GemmArgs{A: mat(compute, t, out), B: mat(compute, out, in), C: mat(compute, t, in), Compute: compute, Act: GELUTanhAct, ActGrad: true, PreAct: mat(compute, t, in)}
	case "dX": // dX = dY·W
		return &GemmArgs{A: mat(compute, t, out), B: mat(compute, out, in), C: mat(compute, t, in), Compute: compute}
	default: // dW += dYᵀ·X
		return &GemmArgs{TransA: true, A: mat(compute, t, out), B: mat(compute, t, in), C: mat(F32, out, in), Compute: compute, Accumulate: true, ColSumA: make([]float32, out)}
	}
}

// BenchmarkGemm reports the GFLOP/s of the best run (a shared machine disturbs the others) and their share of the
// peak that registers reach in the same process.
func BenchmarkGemm(b *testing.B) {
	p := NewPool(0)
	defer p.Close()
	for _, compute := range []DType{BF16, F32} {
		peak := MeasurePeak(p, compute, 400*time.Millisecond)
		for _, s := range benchShapes {
			for _, form := range []string{"forward", "gelu", "dX", "geluGrad", "dW"} {
				b.Run(fmt.Sprintf("%v/%dx%dx%d/%s", compute, s[0], s[1], s[2], form), func(b *testing.B) {
					g := benchArgs(b, rand.New(rand.NewPCG(1, 1)), form, s[0], s[1], s[2], compute)
					Gemm(p, g)
					best := time.Hour
					for b.Loop() {
						start := time.Now()
						Gemm(p, g)
						best = min(best, time.Since(start))
					}
					rate := 2 * float64(s[0]) * float64(s[1]) * float64(s[2]) / best.Seconds() / 1e9
					b.ReportMetric(rate, "GFLOP/s")
					b.ReportMetric(100*rate/peak, "%peak")
				})
			}
		}
	}
}

// BenchmarkTile times one register tile over panels in L1 and L2, on one worker.
func BenchmarkTile(b *testing.B) {
	for _, mk := range []*microKernel{microFor(BF16), microFor(F32)} {
		peak := MeasurePeak(testPool1(b), mk.compute, 50*time.Millisecond)
		for _, k := range []int{32, 64, 128, 768, 3072} {
			for _, panels := range []int{1, 8} {
				b.Run(fmt.Sprintf("%v/k%d/panels%d", mk.compute, k, panels), func(b *testing.B) {
					var ar arena
					ar.reset(mk.panelBytesA(k) + panels*mk.panelBytesB(k) + panels*mk.mr*mk.nr*4 + 4096)
					a, bp := ar.take(mk.panelBytesA(k)), ar.take(panels*mk.panelBytesB(k))
					c := ar.take(panels * mk.mr * mk.nr * 4)
					best := time.Hour
					for b.Loop() {
						start := time.Now()
						for range 100 {
							for i := range panels {
								mk.tile(mk.steps(k), a, unsafe.Add(bp, i*mk.panelBytesB(k)), unsafe.Add(c, i*mk.nr*4), mk.nr*panels, mk.mr, mk.nr, false)
							}
						}
						best = min(best, time.Since(start))
					}
					rate := 200 * float64(panels*mk.mr*mk.nr*k) / best.Seconds() / 1e9
					b.ReportMetric(rate, "GFLOP/s")
					b.ReportMetric(100*rate/peak, "%peak")
				})
			}
		}
	}
}

func testPool1(tb testing.TB) *Pool {
	p := NewPool(1)
	tb.Cleanup(p.Close)
	return p
}
