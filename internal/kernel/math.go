package kernel

// Exp sets dst = e^src, within 2 ULP; results below 2⁻¹²⁶ are rounded to denormals or zero, above the largest float32
// +Inf; NaN stays NaN.
func Exp(dst, src []float32) {
	same("Exp", len(dst), len(src))
	vec().exp(dst, src)
}

// Tanh sets dst = tanh(src), within 7 ULP, so that |dst| ≤ 1; NaN stays NaN.
func Tanh(dst, src []float32) {
	same("Tanh", len(dst), len(src))
	vec().tanh(dst, src)
}

// Erf sets dst = erf(src), within 5e-7 absolute, so that |dst| ≤ 1; NaN stays NaN.
func Erf(dst, src []float32) {
	same("Erf", len(dst), len(src))
	vec().erf(dst, src)
}

// Log sets dst = ln(src), within 3 ULP or 2e-7 absolute; 0 gives −Inf, negative numbers NaN.
func Log(dst, src []float32) {
	same("Log", len(dst), len(src))
	vec().log(dst, src)
}

// ExpShiftSum sets dst = exp(src − shift) and returns the sum of dst: a softmax row's middle step.
func ExpShiftSum(dst, src []float32, shift float32) float32 {
	same("ExpShiftSum", len(dst), len(src))
	return vec().expShiftSum(dst, src, shift)
}
