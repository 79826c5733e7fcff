package kernel

import "fmt"

// The serial vector kernels work on slices whose lengths must agree; they panic with both lengths otherwise.
// A destination may be the same slice as an input (not a shifted overlap) unless a function says otherwise.
// They allocate nothing. An element-wise kernel gives each element the same bits wherever it stands in the slice, so
// that a range may be split anywhere; a reduction's order depends only on the length and the level.

// vecFuncs is one level's set of vector kernels. The assembly functions take slices themselves, the first
// argument's length counts; the exported functions check the others against it.
type vecFuncs struct {
	bf16ToF32 func(dst []float32, src []BF16Bits)
	f32ToBF16 func(dst []BF16Bits, src []float32)
	f16ToF32  func(dst []float32, src []F16Bits)
	f32ToF16  func(dst []F16Bits, src []float32)

	fill        func(dst []float32, a float32)
	add         func(dst, a, b []float32)
	addToBF16   func(dst []float32, src []BF16Bits)
	addBF16     func(dst, a, b []BF16Bits)
	mul         func(dst, a, b []float32)
	scale       func(dst, src []float32, a float32)
	axpy        func(dst, x []float32, a float32)
	scaleToBF16 func(dst []BF16Bits, src []float32, a float32)
	sum         func(x []float32) float32
	dot         func(a, b []float32) float32
	sumSq       func(x []float32) float64
	maxOf       func(x []float32) float32
	probe       func(x []float32) float32 // Σ 0·x: 0, or NaN where an element is not finite

	exp, tanh, erf, log func(dst, src []float32)
	expSum              func(src []float32, shift float32) float32                // Σ exp(src−shift)
	expShiftSum         func(dst, src []float32, shift float32) float32           // the same, stored too
	expShiftScaleBF16   func(dst []BF16Bits, src []float32, shift, scale float32) // scale·exp(src−shift)

	geluTanh, geluErf, silu, relu                 func(dst, x []float32)
	geluTanhGrad, geluErfGrad, siluGrad, reluGrad func(dx, dy, x []float32)
	swiglu, geglu                                 func(dst, gate, up []float32)
	swigluGrad, gegluGrad                         func(dgate, dup, dout, gate, up []float32)
	swigluBF16, gegluBF16                         func(dst, gate, up []BF16Bits)
	swigluGradBF16, gegluGradBF16                 func(dgate, dup, dout, gate, up []BF16Bits)
	geluTanhBF16                                  func(dst, x []BF16Bits)
	geluTanhGradBF16                              func(dx, dy, x []BF16Bits)

	gridFuncs
	normFuncs
	hatFuncs

	rotate     func(d1, d2, x1, x2, cos, sin []float32, sign float32)
	rotateBF16 func(d1, d2, x1, x2 []BF16Bits, cos, sin []float32, sign float32)

	adamW     func(p, m, v, g []float32, c adamCoef)
	adamWBF16 func(p, m, v []float32, half []BF16Bits, g []float32, c adamCoef)
	adamWF16  func(p, m, v []float32, half []F16Bits, g []float32, c adamCoef)
}

//go:generate go -C gen run ./vec -asm ../vec_amd64.s -stubs ../vec_amd64.go -table ../veclevels_amd64.go

// vecLevels holds the set of each level; the platform's file puts in what it has.
var vecLevels = [numLevels]*vecFuncs{Generic: &genericVec, AVX2: &genericVec, AVX512: &genericVec, AVX512BF16: &genericVec}

// vec returns the set of the level in use.
func vec() *vecFuncs { return vecLevels[currentLevel] }

// genericVec is the plain-Go set: the oracle of every other, and the path on machines without one.
var genericVec = vecFuncs{
	bf16ToF32: bf16ToF32Generic, f32ToBF16: f32ToBF16Generic, f16ToF32: f16ToF32Generic, f32ToF16: f32ToF16Generic,

	fill: fillGeneric, add: addGeneric, addToBF16: addToBF16Generic, addBF16: addBF16Generic, mul: mulGeneric,
	scale: scaleGeneric, scaleToBF16: scaleToBF16Generic, axpy: axpyGeneric, sum: sumGeneric, dot: dotGeneric, sumSq: sumSqGeneric, maxOf: maxOfGeneric, probe: probeGeneric,

	exp: expGeneric, tanh: tanhGeneric, erf: erfGeneric, log: logGeneric,
	expSum: expSumGeneric, expShiftSum: expShiftSumGeneric,
	expShiftScaleBF16: expShiftScaleBF16Generic,

	geluTanh: geluTanhGeneric, geluErf: geluErfGeneric, silu: siluGeneric, relu: reluGeneric,
	geluTanhGrad: geluTanhGradGeneric, geluErfGrad: geluErfGradGeneric, siluGrad: siluGradGeneric, reluGrad: reluGradGeneric,
	swiglu: swigluGeneric, geglu: gegluGeneric, swigluGrad: swigluGradGeneric, gegluGrad: gegluGradGeneric,
	swigluBF16: swigluBF16Generic, gegluBF16: gegluBF16Generic,
	swigluGradBF16: swigluGradBF16Generic, gegluGradBF16: gegluGradBF16Generic,
	geluTanhBF16: geluTanhBF16Generic, geluTanhGradBF16: geluTanhGradBF16Generic,
	gridFuncs: gridFuncs{geluRows: geluRowsGeneric, geluGradRows: geluGradRowsGeneric, geluBothRows: geluBothRowsGeneric},

	normFuncs: genericNorm, hatFuncs: genericHat,

	rotate: rotateGeneric, rotateBF16: rotateBF16Generic,
	adamW: adamWGeneric, adamWBF16: adamWBF16Generic, adamWF16: adamWF16Generic,
}

// same panics unless two lengths agree.
func same(op string, a, b int) {
	if a != b {
		badLen(op, a, b)
	}
}

// badLen is apart so that same is inlined.
func badLen(op string, a, b int) {
	panic(fmt.Sprintf("kernel.%s: slices of %d and %d elements, want equal lengths", op, a, b))
}

// Fill sets every element to a.
func Fill(dst []float32, a float32) { vec().fill(dst, a) }

// Add sets dst = a + b.
func Add(dst, a, b []float32) {
	same("Add", len(dst), len(a))
	same("Add", len(dst), len(b))
	vec().add(dst, a, b)
}

// AddTo adds src to dst.
func AddTo(dst, src []float32) {
	same("AddTo", len(dst), len(src))
	vec().add(dst, dst, src)
}

// AddToBF16 adds the bfloat16 numbers src to dst.
func AddToBF16(dst []float32, src []BF16Bits) {
	same("AddToBF16", len(dst), len(src))
	vec().addToBF16(dst, src)
}

// AddBF16 sets dst = a + b, summed in f32 and rounded to nearest even.
func AddBF16(dst, a, b []BF16Bits) {
	same("AddBF16", len(dst), len(a))
	same("AddBF16", len(dst), len(b))
	vec().addBF16(dst, a, b)
}

// Mul sets dst = a · b, element by element.
func Mul(dst, a, b []float32) {
	same("Mul", len(dst), len(a))
	same("Mul", len(dst), len(b))
	vec().mul(dst, a, b)
}

// Scale sets dst = a · src.
func Scale(dst, src []float32, a float32) {
	same("Scale", len(dst), len(src))
	vec().scale(dst, src, a)
}

// Axpy sets dst += a · x.
func Axpy(dst []float32, a float32, x []float32) {
	same("Axpy", len(dst), len(x))
	vec().axpy(dst, x, a)
}

// Sum returns Σ x, in f32 partial sums (relative error of a sum of n like terms below n/64 · 2⁻²⁴ at AVX-512).
func Sum(x []float32) float32 { return vec().sum(x) }

// Dot returns Σ a·b, in f32 partial sums.
func Dot(a, b []float32) float32 {
	same("Dot", len(a), len(b))
	return vec().dot(a, b)
}

// SumSq returns Σ x², squared and summed in f64: a global gradient norm over 10⁸ elements keeps 1e-9.
func SumSq(x []float32) float64 { return vec().sumSq(x) }

// MaxOf returns the largest element, −Inf for an empty slice. A NaN may be passed over.
func MaxOf(x []float32) float32 { return vec().maxOf(x) }

// HasNonFinite reports whether an element is NaN or ±Inf.
func HasNonFinite(x []float32) bool { return vec().probe(x) != 0 }
