package optim

import (
	"testing"

	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/athanor-lm/athanor/tensor"
)

// BenchmarkAdamW and BenchmarkGradNorm pass over 32M parameters in bf16 compute: per element the step reads 16
// bytes and writes 14, the norm reads 4.
func BenchmarkAdamW(b *testing.B) {
	benchmark(b, 30, func(a *AdamW, p *kernel.Pool) { a.Step(p, StepArgs{LR: 1e-3}) })
}
func BenchmarkGradNorm(b *testing.B) {
	benchmark(b, 4, func(a *AdamW, p *kernel.Pool) { a.GradNorm(p) })
}

func benchmark(b *testing.B, bytes int64, pass func(*AdamW, *kernel.Pool)) {
	pool := kernel.NewPool(0)
	defer pool.Close()
	var params []*tensor.Param
	n := 0
	for range 8 {
		p := tensor.NewParam("w", tensor.Init{}, 2048, 2048)
		p.Allocate(tensor.BF16, true)
		for i, g := 0, p.Grad.F32(); i < len(g); i++ {
			g[i] = float32(i%100) / 100
		}
		n += p.Len()
		params = append(params, p)
	}
	a := NewAdamW(params, testConfig)
	defer a.Free()
	pass(a, pool)
	b.SetBytes(bytes * int64(n))
	b.ReportAllocs()
	for b.Loop() {
		pass(a, pool)
	}
}
