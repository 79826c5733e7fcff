package kernel

// The activations and their gradients. Absolute error of a value is below 3e-7·max(1, |x|) (times |up| for the gated
// forms), of a derivative below 4e-7 (times |dy|). NaN and −Inf give a non-finite result, so that a broken activation
// shows.

// GELUTanh sets dst = ½x(1 + tanh(√(2/π)(x + 0.044715x³))), GPT-2's form of GELU (Hendrycks & Gimpel 2016, §2).
func GELUTanh(dst, x []float32) {
	same("GELUTanh", len(dst), len(x))
	vec().geluTanh(dst, x)
}

// GELUTanhGrad sets dx = dy · GELUTanh'(x).
func GELUTanhGrad(dx, dy, x []float32) {
	same3("GELUTanhGrad", len(dx), len(dy), len(x))
	vec().geluTanhGrad(dx, dy, x)
}

// GELUErf sets dst = ½x(1 + erf(x/√2)), the exact form.
func GELUErf(dst, x []float32) {
	same("GELUErf", len(dst), len(x))
	vec().geluErf(dst, x)
}

// GELUErfGrad sets dx = dy · GELUErf'(x).
func GELUErfGrad(dx, dy, x []float32) {
	same3("GELUErfGrad", len(dx), len(dy), len(x))
	vec().geluErfGrad(dx, dy, x)
}

// SiLU sets dst = x·σ(x) (Elfwing et al. 2017).
func SiLU(dst, x []float32) {
	same("SiLU", len(dst), len(x))
	vec().silu(dst, x)
}

// SiLUGrad sets dx = dy · SiLU'(x).
func SiLUGrad(dx, dy, x []float32) {
	same3("SiLUGrad", len(dx), len(dy), len(x))
	vec().siluGrad(dx, dy, x)
}

// ReLU sets dst = max(x, 0); NaN stays NaN.
func ReLU(dst, x []float32) {
	same("ReLU", len(dst), len(x))
	vec().relu(dst, x)
}

// ReLUGrad sets dx = dy where x > 0, and 0 elsewhere.
func ReLUGrad(dx, dy, x []float32) {
	same3("ReLUGrad", len(dx), len(dy), len(x))
	vec().reluGrad(dx, dy, x)
}

// SwiGLU sets dst = SiLU(gate)·up (Shazeer 2020, eq. 5).
func SwiGLU(dst, gate, up []float32) {
	same3("SwiGLU", len(dst), len(gate), len(up))
	vec().swiglu(dst, gate, up)
}

// SwiGLUGrad sets dgate and dup from dout and the forward's inputs; dgate and dup may alias any of them.
func SwiGLUGrad(dgate, dup, dout, gate, up []float32) {
	same3("SwiGLUGrad", len(dgate), len(dup), len(dout))
	same3("SwiGLUGrad", len(dgate), len(gate), len(up))
	vec().swigluGrad(dgate, dup, dout, gate, up)
}

// GEGLU sets dst = GELUTanh(gate)·up (Shazeer 2020, eq. 5).
func GEGLU(dst, gate, up []float32) {
	same3("GEGLU", len(dst), len(gate), len(up))
	vec().geglu(dst, gate, up)
}

// GEGLUGrad is SwiGLUGrad for GEGLU.
func GEGLUGrad(dgate, dup, dout, gate, up []float32) {
	same3("GEGLUGrad", len(dgate), len(dup), len(dout))
	same3("GEGLUGrad", len(dgate), len(gate), len(up))
	vec().gegluGrad(dgate, dup, dout, gate, up)
}

// SwiGLUBF16 is SwiGLU from bfloat16 to bfloat16, computed in f32 and rounded once.
func SwiGLUBF16(dst, gate, up []BF16Bits) {
	same3("SwiGLUBF16", len(dst), len(gate), len(up))
	vec().swigluBF16(dst, gate, up)
}

// SwiGLUGradBF16 is SwiGLUGrad from bfloat16 to bfloat16, computed in f32 and rounded once.
func SwiGLUGradBF16(dgate, dup, dout, gate, up []BF16Bits) {
	same3("SwiGLUGradBF16", len(dgate), len(dup), len(dout))
	same3("SwiGLUGradBF16", len(dgate), len(gate), len(up))
	vec().swigluGradBF16(dgate, dup, dout, gate, up)
}

// GEGLUBF16 is GEGLU from bfloat16 to bfloat16, computed in f32 and rounded once.
func GEGLUBF16(dst, gate, up []BF16Bits) {
	same3("GEGLUBF16", len(dst), len(gate), len(up))
	vec().gegluBF16(dst, gate, up)
}

// GEGLUGradBF16 is GEGLUGrad from bfloat16 to bfloat16, computed in f32 and rounded once.
func GEGLUGradBF16(dgate, dup, dout, gate, up []BF16Bits) {
	same3("GEGLUGradBF16", len(dgate), len(dup), len(dout))
	same3("GEGLUGradBF16", len(dgate), len(gate), len(up))
	vec().gegluGradBF16(dgate, dup, dout, gate, up)
}

// GELUTanhBF16 is GELUTanh from bfloat16 to bfloat16, computed in f32 and rounded once. At AVX-512 its error before the rounding is up
// to 2⁻¹³ of the value, a sixteenth of what the rounding may add.
func GELUTanhBF16(dst, x []BF16Bits) {
	same("GELUTanhBF16", len(dst), len(x))
	vec().geluTanhBF16(dst, x)
}

// GELUTanhGradBF16 is GELUTanhGrad from bfloat16 to bfloat16, computed in f32 and rounded once. At AVX-512 the derivative's error before
// the rounding is below 1e-4.
func GELUTanhGradBF16(dx, dy, x []BF16Bits) {
	same3("GELUTanhGradBF16", len(dx), len(dy), len(x))
	vec().geluTanhGradBF16(dx, dy, x)
}

// same3 panics unless three lengths agree.
func same3(op string, a, b, c int) {
	same(op, a, b)
	same(op, a, c)
}
