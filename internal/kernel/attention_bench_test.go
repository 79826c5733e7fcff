package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// attnFLOPs counts the two products of forward for the keys that are seen.
func attnFLOPs(a *AttnArgs) float64 {
	seen := 0
	for i := range a.KeyLo {
		seen += int(a.KeyHi[i] - a.KeyLo[i])
	}
	return 4 * float64(seen) * float64(a.H*a.D)
}

// packed is m without gaps between rows, as an arena lays them out.
func packed(m Mat) Mat {
	buf := make([]float32, m.Rows*m.Cols)
	n := Mat{Ptr: MatF32(buf, 1, len(buf)).Ptr, DT: m.DT, Rows: m.Rows, Cols: m.Cols, Stride: m.Cols}
	for i := range m.Rows {
		CopyRow(n, i, m, i)
	}
	return n
}

func BenchmarkAttention(b *testing.B) {
	for _, dt := range []DType{BF16, F32} {
		for _, c := range []attnCase{
			{B: 12, T: 64, H: 4, K: 4, D: 32, mask: "causal"},
			{B: 12, T: 64, H: 4, K: 4, D: 32, mask: "causal", rope: true},
			{B: 16, T: 256, H: 6, K: 6, D: 64, mask: "causal"},
			{B: 8, T: 512, H: 8, K: 8, D: 64, mask: "causal"},
			{B: 8, T: 512, H: 8, K: 2, D: 64, mask: "causal", rope: true},
			{B: 2, T: 512, H: 12, K: 12, D: 64, mask: "causal"},
			{B: 1, T: 2048, H: 8, K: 2, D: 128, mask: "causal", rope: true},
		} {
			c.store, c.compute = dt, dt
			b.Run(fmt.Sprintf("%v_B%dT%dH%dK%dD%drope%v", dt, c.B, c.T, c.H, c.K, c.D, c.rope), func(b *testing.B) {
				a := newAttnArgs(c, 1)
				a.QKV, a.Out, a.DOut, a.DQKV = packed(a.QKV), packed(a.Out), packed(a.DOut), packed(a.DQKV)
				p := NewPool(2)
				defer p.Close()
				run := func(name string, flops float64, f func()) {
					b.Run(name, func(b *testing.B) {
						f()
						best, peak := time.Hour, 0.0
						for b.Loop() { // the best of both: the machine may be shared
							start := time.Now()
							f()
							best = min(best, time.Since(start))
							peak = max(peak, MeasurePeak(p, dt, 100*time.Microsecond))
						}
						b.ReportMetric(float64(best.Nanoseconds())/1e3, "best-µs")
						b.ReportMetric(flops/best.Seconds()/1e9, "GFLOP/s")
						b.ReportMetric(flops/best.Seconds()/peak/1e7, "%peak")
					})
				}
				run("forward", attnFLOPs(a), func() { AttentionForward(p, a) })
				run("backward", 2.5*attnFLOPs(a), func() { AttentionBackward(p, a) })
			})
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, dt := range []DType{BF16, F32} {
		for _, c := range []struct{ b, n, h, k, d, past int }{{1, 1, 12, 12, 64, 512}, {4, 1, 32, 8, 128, 1024}, {1, 512, 12, 12, 64, 0}} {
			b.Run(fmt.Sprintf("B%dN%dH%dK%dD%dpast%d/%v", c.b, c.n, c.h, c.k, c.d, c.past, dt), func(b *testing.B) {
				a := newDecodeArgs(rand.New(rand.NewPCG(1, 1)), c.b, c.n, c.h, c.k, c.d, dt, c.past+c.n)
				for i := range a.Past {
					a.Past[i] = int32(c.past)
				}
				p := NewPool(2)
				defer p.Close()
				for b.Loop() {
					AttentionDecode(p, a)
				}
				if c.past == 0 {
					return // a prompt: bound by computation
				}
				bytes := float64(c.b) * float64(c.past) * float64(2*c.k*c.d*dt.Size())
				b.ReportMetric(bytes*float64(b.N)/b.Elapsed().Seconds()/1e9, "GB/s")
			})
		}
	}
}
