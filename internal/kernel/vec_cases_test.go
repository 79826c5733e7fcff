package kernel

import (
	"math"
	"unsafe"
)

// sort is what a kernel does with special values.
type sort int

const (
	maps     sort = iota // each element alone, all of them defined
	products             // the same, but a product may overflow at one level and not at another, where it is fused
	reduces              // sums, which one special value takes over
)

const (
	exact = 0
	f32ok = 4e-6
	b16ok = 8.1e-3 // one unit in the last place of a bfloat16
)

// vecCases calls every kernel on n elements. tol is relative to max(1, |want|); sort says which special values make sense.
var vecCases = []struct {
	name string
	tol  float64
	sort sort
	run  func(f *feed, n int) []float32
}{
	{"BF16ToF32", exact, maps, func(f *feed, n int) []float32 { BF16ToF32(f.f32(n), f.bf16(n)); return nil }},
	{"F32ToBF16", exact, maps, func(f *feed, n int) []float32 { F32ToBF16(f.bf16(n), f.f32(n)); return nil }},
	{"F16ToF32", exact, maps, func(f *feed, n int) []float32 { F16ToF32(f.f32(n), f.f16(n)); return nil }},
	{"F32ToF16", exact, maps, func(f *feed, n int) []float32 { F32ToF16(f.f16(n), f.f32(n)); return nil }},
	{"Fill", exact, maps, func(f *feed, n int) []float32 { Fill(f.f32(n), 2.5); return nil }},
	{"Add", exact, maps, func(f *feed, n int) []float32 { Add(f.f32(n), f.f32(n), f.f32(n)); return nil }},
	{"AddTo", exact, maps, func(f *feed, n int) []float32 { AddTo(f.f32(n), f.f32(n)); return nil }},
	{"AddToBF16", exact, maps, func(f *feed, n int) []float32 { AddToBF16(f.f32(n), f.bf16(n)); return nil }},
	{"AddBF16", exact, maps, func(f *feed, n int) []float32 { AddBF16(f.bf16(n), f.bf16(n), f.bf16(n)); return nil }},
	{"Mul", exact, maps, func(f *feed, n int) []float32 { Mul(f.f32(n), f.f32(n), f.f32(n)); return nil }},
	{"Scale", exact, maps, func(f *feed, n int) []float32 { Scale(f.f32(n), f.f32(n), 1.7); return nil }},
	{"Axpy", f32ok, products, func(f *feed, n int) []float32 { Axpy(f.f32(n), 1.7, f.f32(n)); return nil }},
	{"Sum", 1e-5, reduces, func(f *feed, n int) []float32 { return []float32{Sum(f.f32(n)) / float32(math.Sqrt(float64(n+1)))} }},
	{"Dot", 1e-5, reduces, func(f *feed, n int) []float32 {
		return []float32{Dot(f.f32(n), f.f32(n)) / float32(math.Sqrt(float64(n+1)))}
	}},
	{"SumSq", 1e-6, reduces, func(f *feed, n int) []float32 { return []float32{float32(SumSq(f.f32(n)))} }},
	{"MaxOf", exact, reduces, func(f *feed, n int) []float32 { return []float32{MaxOf(f.f32(n))} }},
	{"Exp", f32ok, maps, func(f *feed, n int) []float32 { Exp(f.f32(n), f.f32(n)); return nil }},
	{"Tanh", f32ok, maps, func(f *feed, n int) []float32 { Tanh(f.f32(n), f.f32(n)); return nil }},
	{"Erf", f32ok, maps, func(f *feed, n int) []float32 { Erf(f.f32(n), f.f32(n)); return nil }},
	{"Log", f32ok, maps, func(f *feed, n int) []float32 { Log(f.f32(n), f.f32(n)); return nil }},
	{"ExpShiftSum", f32ok, reduces, func(f *feed, n int) []float32 { return []float32{ExpShiftSum(f.f32(n), f.f32(n), 3)} }},
	{"GELUTanh", f32ok, maps, func(f *feed, n int) []float32 { GELUTanh(f.f32(n), f.f32(n)); return nil }},
	{"GELUTanhGrad", f32ok, products, func(f *feed, n int) []float32 { GELUTanhGrad(f.f32(n), f.f32(n), f.f32(n)); return nil }},
	{"GELUErf", f32ok, maps, func(f *feed, n int) []float32 { GELUErf(f.f32(n), f.f32(n)); return nil }},
	{"GELUErfGrad", f32ok, products, func(f *feed, n int) []float32 { GELUErfGrad(f.f32(n), f.f32(n), f.f32(n)); return nil }},
	{"SiLU", f32ok, maps, func(f *feed, n int) []float32 { SiLU(f.f32(n), f.f32(n)); return nil }},
	{"SiLUGrad", f32ok, products, func(f *feed, n int) []float32 { SiLUGrad(f.f32(n), f.f32(n), f.f32(n)); return nil }},
	{"ReLU", exact, maps, func(f *feed, n int) []float32 { ReLU(f.f32(n), f.f32(n)); return nil }},
	{"ReLUGrad", exact, maps, func(f *feed, n int) []float32 { ReLUGrad(f.f32(n), f.f32(n), f.f32(n)); return nil }},
	{"SwiGLU", f32ok, products, func(f *feed, n int) []float32 { SwiGLU(f.f32(n), f.f32(n), f.f32(n)); return nil }},
	{"SwiGLUGrad", f32ok, products, func(f *feed, n int) []float32 {
		SwiGLUGrad(f.f32(n), f.f32(n), f.f32(n), f.f32(n), f.f32(n))
		return nil
	}},
	{"GEGLU", f32ok, products, func(f *feed, n int) []float32 { GEGLU(f.f32(n), f.f32(n), f.f32(n)); return nil }},
	{"GEGLUGrad", f32ok, products, func(f *feed, n int) []float32 {
		GEGLUGrad(f.f32(n), f.f32(n), f.f32(n), f.f32(n), f.f32(n))
		return nil
	}},
	{"SwiGLUBF16", b16ok, products, func(f *feed, n int) []float32 { SwiGLUBF16(f.bf16(n), f.bf16(n), f.bf16(n)); return nil }},
	{"SwiGLUGradBF16", b16ok, products, func(f *feed, n int) []float32 {
		SwiGLUGradBF16(f.bf16(n), f.bf16(n), f.bf16(n), f.bf16(n), f.bf16(n))
		return nil
	}},
	{"GEGLUBF16", b16ok, products, func(f *feed, n int) []float32 { GEGLUBF16(f.bf16(n), f.bf16(n), f.bf16(n)); return nil }},
	{"GEGLUGradBF16", b16ok, products, func(f *feed, n int) []float32 {
		GEGLUGradBF16(f.bf16(n), f.bf16(n), f.bf16(n), f.bf16(n), f.bf16(n))
		return nil
	}},
	{"GELUTanhBF16", b16ok, maps, func(f *feed, n int) []float32 { GELUTanhBF16(f.bf16(n), f.bf16(n)); return nil }},
	{"GELUTanhGradBF16", b16ok, products, func(f *feed, n int) []float32 { GELUTanhGradBF16(f.bf16(n), f.bf16(n), f.bf16(n)); return nil }},
	{"GELU epilogue", b16ok, products, func(f *feed, n int) []float32 { return runGrid(f, n, "bbff", vec().geluRows) }},
	{"GELU gradient epilogue", b16ok, products, func(f *feed, n int) []float32 { return runGrid(f, n, "bfb", vec().geluGradRows) }},
	{"GELU epilogue of both", b16ok, products, func(f *feed, n int) []float32 { return runGrid(f, n, "bbfb", vec().geluBothRows) }},
	{"SoftmaxRow", f32ok, reduces, func(f *feed, n int) []float32 { SoftmaxRow(f.f32(n), f.f32(n)); return nil }},
	{"LogSumExp", f32ok, reduces, func(f *feed, n int) []float32 { return []float32{LogSumExp(f.f32(n))} }},
	{"CrossEntropyRow", f32ok, reduces, func(f *feed, n int) []float32 {
		return []float32{CrossEntropyRow(f.f32(n+1), f.f32(n+1), n/2, 0.5)}
	}},
	{"CrossEntropyRowBF16", b16ok, reduces, func(f *feed, n int) []float32 {
		return []float32{CrossEntropyRowBF16(f.bf16(n+1), f.f32(n+1), n/2, 0.5)}
	}},
	{"RMSNormRow", f32ok, reduces, func(f *feed, n int) []float32 { return []float32{RMSNormRow(f.f32(n), f.f32(n), f.f32(n), 1e-5)} }},
	{"RMSNormRowBF16", b16ok, reduces, func(f *feed, n int) []float32 {
		return []float32{RMSNormRowBF16(f.bf16(n), f.f32(n), f.f32(n), 1e-5)}
	}},
	{"RMSNormRowGrad", 2e-5, reduces, func(f *feed, n int) []float32 {
		RMSNormRowGrad(f.f32(n), f.f32(n), f.f32(n), f.f32(n), f.f32(n), 0.3, false)
		return nil
	}},
	{"RMSNormRowGradBF16", 2e-5, reduces, func(f *feed, n int) []float32 {
		RMSNormRowGradBF16(f.f32(n), f.f32(n), f.bf16(n), f.f32(n), f.f32(n), 0.3, true)
		return nil
	}},
	{"LayerNormRow", 2e-5, reduces, func(f *feed, n int) []float32 {
		m, r := LayerNormRow(f.f32(n), f.f32(n), f.f32(n), f.f32(n), 1e-5)
		return []float32{m, r}
	}},
	{"LayerNormRow without bias", 2e-5, reduces, func(f *feed, n int) []float32 {
		m, r := LayerNormRow(f.f32(n), f.f32(n), f.f32(n), nil, 1e-5)
		return []float32{m, r}
	}},
	{"LayerNormRowBF16", b16ok, reduces, func(f *feed, n int) []float32 {
		m, r := LayerNormRowBF16(f.bf16(n), f.f32(n), f.f32(n), f.f32(n), 1e-5)
		return []float32{m, r}
	}},
	{"LayerNormRowGrad", 2e-5, reduces, func(f *feed, n int) []float32 {
		LayerNormRowGrad(f.f32(n), f.f32(n), f.f32(n), f.f32(n), f.f32(n), f.f32(n), 0.1, 0.3, true)
		return nil
	}},
	{"LayerNormRowGradBF16", 2e-5, reduces, func(f *feed, n int) []float32 {
		LayerNormRowGradBF16(f.f32(n), f.f32(n), f.f32(n), f.bf16(n), f.f32(n), f.f32(n), 0.1, 0.3, false)
		return nil
	}},
	{"HatRows", b16ok, products, func(f *feed, n int) []float32 { return runGrid(f, n, "bbff", vec().hatBiasRows) }},
	{"HatRows without bias", b16ok, products, func(f *feed, n int) []float32 { return runGrid(f, n, "bbf", vec().hatScaleRows) }},
	{"RMSNormHatRowGrad", 2e-5, reduces, func(f *feed, n int) []float32 {
		RMSNormHatRowGrad(f.f32(n), f.f32(n), f.bf16(n), f.bf16(n), f.f32(n), 0.3, n%2 == 0)
		return nil
	}},
	{"LayerNormHatRowGrad", 2e-5, reduces, func(f *feed, n int) []float32 {
		LayerNormHatRowGrad(f.f32(n), f.f32(n), f.f32(n), f.bf16(n), f.bf16(n), f.f32(n), 0.3, n%2 == 0)
		return nil
	}},
	{"RotateHalf", f32ok, products, func(f *feed, n int) []float32 {
		RotateHalf(f.f32(2*n), f.f32(2*n), f.f32(n), f.f32(n), n%2 == 0)
		return nil
	}},
	{"RotateHalfBF16", b16ok, products, func(f *feed, n int) []float32 {
		RotateHalfBF16(f.bf16(2*n), f.bf16(2*n), f.f32(n), f.f32(n), n%2 == 0)
		return nil
	}},
	{"AdamWStep", f32ok, products, func(f *feed, n int) []float32 {
		AdamWStep(f.f32(n), f.f32(n), f.f32(n), squares(f.f32(n)), &adamTestArgs)
		return nil
	}},
	{"AdamWStepBF16", b16ok, products, func(f *feed, n int) []float32 {
		AdamWStepBF16(f.f32(n), f.f32(n), f.f32(n), squares(f.f32(n)), f.bf16(n), &adamTestArgs)
		return nil
	}},
	{"AdamWStepF16", 1e-3, products, func(f *feed, n int) []float32 {
		AdamWStepF16(f.f32(n), f.f32(n), f.f32(n), squares(f.f32(n)), f.f16(n), &adamTestArgs)
		return nil
	}},
}

var adamTestArgs = AdamWArgs{LR: 0.01, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, GradScale: 0.5, Correct1: 1.2, Correct2: 1.1}

// runGrid runs a kernel over two rows of streams of the types named (b for bf16, f for float32), with gaps between the rows.
func runGrid(f *feed, n int, types string, kernel func(a gridArgs)) []float32 {
	if n == 0 {
		return nil
	}
	const rows, gap = 2, 3
	a := gridArgs{rows: rows, n: n}
	for i, t := range types {
		if t == 'b' {
			a.ptr[i], a.stride[i] = unsafe.Pointer(&f.bf16(rows * (n + gap))[0]), 2*(n+gap)
		} else {
			a.ptr[i], a.stride[i] = unsafe.Pointer(&f.f32(rows * (n + gap))[0]), 4*(n+gap)
		}
	}
	kernel(a)
	return nil
}
