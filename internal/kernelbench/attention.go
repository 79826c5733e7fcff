package kernelbench

import (
	"context"
	"fmt"
	"math"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// attnShapes are batch, context, heads, key-value heads and head size of the same models, and of a long context.
var attnShapes = [][5]int{
	{12, 64, 4, 4, 32}, {16, 256, 6, 6, 64}, {8, 512, 8, 4, 64}, {2, 512, 12, 12, 64}, {1, 2048, 8, 2, 128},
}

// attentions times causal attention, forward and backward. Operations are counted for the keys that are seen: two
// products forward, five backward (scores and values again, and three gradients).
func (b *Bench) attentions(ctx context.Context, emit func(Result)) error {
	for _, dt := range []kernel.DType{kernel.BF16, kernel.F32} {
		for _, s := range b.attn {
			mem := &memory{}
			a := attnArgs(mem, dt, s)
			n, t, width := float64(s[0]), float64(s[1]), float64(s[2]*s[4])
			flops := 4 * n * t * (t + 1) / 2 * width
			shape := fmt.Sprintf("B%d T%d H%d K%d D%d", s[0], s[1], s[2], s[3], s[4])
			forward := b.fastest(func() { kernel.AttentionForward(b.pool, a) })
			emit(b.result("forward, causal", shape, dt, forward, flops, "GFLOP/s"))
			backward := b.fastest(func() { kernel.AttentionBackward(b.pool, a) })
			emit(b.result("backward, causal", shape, dt, backward, 2.5*flops, "GFLOP/s"))
			mem.free()
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

func attnArgs(mem *memory, dt kernel.DType, s [5]int) *kernel.AttnArgs {
	n, t, h, k, d := s[0], s[1], s[2], s[3], s[4]
	rows, cols := n*t, (h+2*k)*d
	a := &kernel.AttnArgs{
		B: n, T: t, H: h, K: k, D: d,
		QKV: mem.mat(dt, rows, cols), Out: mem.mat(dt, rows, h*d), LSE: mem.f32(n * h * t),
		KeyLo: make([]int32, rows), KeyHi: make([]int32, rows),
		Scale: float32(1 / math.Sqrt(float64(d))), Compute: dt,
		DOut: mem.mat(dt, rows, h*d), DQKV: mem.mat(dt, rows, cols),
	}
	for i := range a.KeyHi {
		a.KeyHi[i] = int32(i%t) + 1
	}
	return a
}
