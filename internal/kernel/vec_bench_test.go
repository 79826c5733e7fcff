package kernel

import "testing"

// benchVec times f over n elements; bytes is what it moves for each. The working set of 4096 elements stays in the first
// two caches.
func benchVec(b *testing.B, n, bytes int, f func()) {
	b.SetBytes(int64(n * bytes))
	f() // touches the memory first
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/elem")
}

// BenchmarkVec times the kernels that training steps spend their element-wise time in.
func BenchmarkVec(b *testing.B) {
	const n, large = 4096, 8 << 20
	x, y, z, u, w := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	h, i, j, k, l := make([]BF16Bits, n), make([]BF16Bits, n), make([]BF16Bits, n), make([]BF16Bits, n), make([]BF16Bits, n)
	for e := range x {
		x[e] = float32(e%64)/16 - 2
	}
	copy(z, x)
	copy(w, x)
	F32ToBF16(h, x)
	F32ToBF16(i, x)
	F32ToBF16(j, x)
	for _, c := range []struct {
		name  string
		bytes int
		run   func()
	}{
		{"BF16ToF32", 6, func() { BF16ToF32(y, h) }},
		{"F32ToBF16", 6, func() { F32ToBF16(k, x) }},
		{"Add", 12, func() { Add(y, x, z) }},
		{"AddToBF16", 10, func() { AddToBF16(u, l) }},
		{"Sum", 4, func() { Sum(x) }},
		{"SumSq", 4, func() { SumSq(x) }},
		{"Dot", 8, func() { Dot(x, z) }},
		{"MaxOf", 4, func() { MaxOf(x) }},
		{"Exp", 8, func() { Exp(y, x) }},
		{"Tanh", 8, func() { Tanh(y, x) }},
		{"Erf", 8, func() { Erf(y, x) }},
		{"ExpShiftSum", 8, func() { ExpShiftSum(y, x, 2) }},
		{"GELUTanh", 8, func() { GELUTanh(y, x) }},
		{"GELUTanhBF16", 4, func() { GELUTanhBF16(k, h) }},
		{"GELUTanhGradBF16", 6, func() { GELUTanhGradBF16(k, h, i) }},
		{"GELUErf", 8, func() { GELUErf(y, x) }},
		{"SiLU", 8, func() { SiLU(y, x) }},
		{"SwiGLU", 12, func() { SwiGLU(y, x, z) }},
		{"SwiGLUBF16", 6, func() { SwiGLUBF16(k, h, i) }},
		{"SwiGLUGradBF16", 10, func() { SwiGLUGradBF16(k, l, h, i, j) }},
		{"SoftmaxRow", 8, func() { SoftmaxRow(y, x) }},
		{"CrossEntropyRowBF16", 6, func() { CrossEntropyRowBF16(k, x, 7, 1) }},
		{"RMSNormRowBF16of512", 10, func() {
			for r := 0; r < n; r += 512 {
				RMSNormRowBF16(k[r:r+512], x[r:r+512], z[:512], 1e-5)
			}
		}},
		{"RMSNormRowGradBF16of512", 18, func() {
			for r := 0; r < n; r += 512 {
				RMSNormRowGradBF16(y[r:r+512], u[:512], h[r:r+512], x[r:r+512], z[:512], 1, true)
			}
		}},
		{"LayerNormRowBF16of768", 10, func() {
			for r := 0; r+768 <= n; r += 768 {
				LayerNormRowBF16(k[r:r+768], x[r:r+768], z[:768], w[:768], 1e-5)
			}
		}},
		{"LayerNormRowGradBF16of768", 18, func() {
			for r := 0; r+768 <= n; r += 768 {
				LayerNormRowGradBF16(y[r:r+768], u[:768], w[:768], h[r:r+768], x[r:r+768], z[:768], 0, 1, true)
			}
		}},
		{"RotateHalfBF16of64", 6, func() {
			for r := 0; r < n; r += 64 {
				RotateHalfBF16(k[r:r+64], h[r:r+64], x[:32], z[:32], false)
			}
		}},
		{"AdamWStepBF16", 30, func() { AdamWStepBF16(y, x, z, u, k, &adamTestArgs) }},
	} {
		b.Run(c.name, func(b *testing.B) { benchVec(b, n, c.bytes, c.run) })
	}
	b.Run("memory", func(b *testing.B) { benchLarge(b, large) })
}

// benchLarge times the memory-bound kernels on arrays that no cache holds.
func benchLarge(b *testing.B, n int) {
	p, g, m, v, half := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n), make([]BF16Bits, n)
	Fill(g, 0.01)
	b.Run("copy", func(b *testing.B) { benchVec(b, n, 8, func() { copy(p, g) }) })
	b.Run("SumSq", func(b *testing.B) { benchVec(b, n, 4, func() { SumSq(g) }) })
	b.Run("F32ToBF16", func(b *testing.B) { benchVec(b, n, 6, func() { F32ToBF16(half, g) }) })
	b.Run("AdamWStep", func(b *testing.B) { benchVec(b, n, 28, func() { AdamWStep(p, g, m, v, &adamTestArgs) }) })
	b.Run("AdamWStepBF16", func(b *testing.B) { benchVec(b, n, 30, func() { AdamWStepBF16(p, g, m, v, half, &adamTestArgs) }) })
}
