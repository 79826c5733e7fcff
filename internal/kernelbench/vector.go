package kernelbench

import (
	"context"
	"fmt"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// Vector kernels run over arrays of so many elements, which no cache holds, cut into rows.
const (
	vecElems = 16 << 20
	vecRow   = 4096
)

// rowJob runs a serial kernel on the rows of its arrays.
type rowJob struct{ do func(lo, hi int) }

// Do runs rows lo to hi.
func (j *rowJob) Do(_, lo, hi int) {
	for r := lo; r < hi; r++ {
		j.do(r*vecRow, (r+1)*vecRow)
	}
}

// overRows returns the fastest time of do on all elements.
func (b *Bench) overRows(do func(lo, hi int)) float64 {
	j := &rowJob{do}
	return b.fastest(func() { b.pool.Run(b.elems/vecRow, 1, j) })
}

func (b *Bench) copyRate() float64 {
	mem := &memory{}
	defer mem.free()
	x, y := mem.f32(b.elems), mem.f32(b.elems)
	seconds := b.overRows(func(lo, hi int) { copy(y[lo:hi], x[lo:hi]) })
	return 8 * float64(b.elems) / seconds / 1e9
}

// vectors times element-wise kernels as training runs them, spread over the workers. Bytes are those that must be read
// and written.
func (b *Bench) vectors(ctx context.Context, emit func(Result)) error {
	mem := &memory{}
	defer mem.free()
	x, y, z, u := mem.f32(b.elems), mem.f32(b.elems), mem.f32(b.elems), mem.f32(b.elems)
	h, i, j := mem.bf16(b.elems), mem.bf16(b.elems), mem.bf16(b.elems)
	adam := &kernel.AdamWArgs{LR: 1e-3, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, GradScale: 1, Correct1: 10, Correct2: 20}
	for _, k := range []struct {
		name  string
		dt    kernel.DType
		bytes int // an element
		do    func(lo, hi int)
	}{
		{"convert to bf16", kernel.BF16, 6, func(lo, hi int) { kernel.F32ToBF16(h[lo:hi], x[lo:hi]) }},
		{"add", kernel.F32, 12, func(lo, hi int) { kernel.Add(y[lo:hi], x[lo:hi], z[lo:hi]) }},
		{"exp", kernel.F32, 8, func(lo, hi int) { kernel.Exp(y[lo:hi], x[lo:hi]) }},
		{"softmax", kernel.F32, 8, func(lo, hi int) { kernel.SoftmaxRow(y[lo:hi], x[lo:hi]) }},
		{"GELU", kernel.BF16, 4, func(lo, hi int) { kernel.GELUTanhBF16(h[lo:hi], i[lo:hi]) }},
		{"SwiGLU", kernel.BF16, 6, func(lo, hi int) { kernel.SwiGLUBF16(h[lo:hi], i[lo:hi], j[lo:hi]) }},
		{"RMSNorm", kernel.BF16, 6, func(lo, hi int) { kernel.RMSNormRowBF16(h[lo:hi], x[lo:hi], z[:vecRow], 1e-5) }},
		{"squared norm", kernel.F32, 4, func(lo, hi int) { kernel.SumSq(x[lo:hi]) }},
		{"AdamW", kernel.F32, 28, func(lo, hi int) { kernel.AdamWStep(x[lo:hi], y[lo:hi], z[lo:hi], u[lo:hi], adam) }},
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if k.name == "AdamW" {
			kernel.Fill(u, 1) // second moments are not negative
		}
		seconds := b.overRows(k.do)
		emit(b.result(k.name, fmt.Sprintf("%d rows of %d", b.elems/vecRow, vecRow), k.dt, seconds, float64(k.bytes)*float64(b.elems), "GB/s"))
	}
	return nil
}
