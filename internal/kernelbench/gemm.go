package kernelbench

import (
	"context"
	"fmt"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// gemmShapes are linear layers of the models that training is measured on: tokens, inputs, outputs.
var gemmShapes = [][3]int{
	{768, 128, 512}, {768, 512, 128}, // 4 layers of 128, context 64, batch 12
	{4096, 384, 1152}, {4096, 384, 1536}, {4096, 1536, 384}, // 6 of 384, 256 × 16
	{4096, 512, 1536}, {4096, 512, 2688}, {4096, 1344, 512}, // 8 of 512, 512 × 8
	{1024, 768, 2304}, {1024, 768, 3072}, {1024, 3072, 768}, // GPT-2 124M, 512 × 2
}

// gemms times the three products of a linear layer's training on every shape, in bf16 and f32.
func (b *Bench) gemms(ctx context.Context, emit func(Result)) error {
	for _, dt := range []kernel.DType{kernel.BF16, kernel.F32} {
		for _, s := range b.gemm {
			t, in, out := s[0], s[1], s[2]
			mem := &memory{}
			x, y := mem.mat(dt, t, in), mem.mat(dt, t, out)
			w, dw := mem.mat(kernel.F32, out, in), mem.mat(kernel.F32, out, in)
			for _, form := range []struct {
				name string
				args kernel.GemmArgs
			}{
				{"forward Y = X·Wᵀ", kernel.GemmArgs{TransB: true, A: x, B: w, C: y, Compute: dt}},
				{"backward dX = dY·W", kernel.GemmArgs{A: y, B: w, C: x, Compute: dt}},
				{"backward dW += dYᵀ·X", kernel.GemmArgs{TransA: true, A: y, B: x, C: dw, Compute: dt, Accumulate: true}},
			} {
				if err := ctx.Err(); err != nil {
					mem.free()
					return err
				}
				args := form.args
				seconds := b.fastest(func() { kernel.Gemm(b.pool, &args) })
				emit(b.result(form.name, fmt.Sprintf("%d×%d×%d", t, in, out), dt, seconds, 2*float64(t)*float64(in)*float64(out), "GFLOP/s"))
			}
			mem.free()
		}
	}
	return nil
}
