package kernel

import "math"

// RMSNormRow sets dst = x·rstd·w with rstd = 1/√(mean(x²) + eps) (Zhang & Sennrich 2019, eq. 4) and returns rstd.
func RMSNormRow(dst, x, w []float32, eps float32) (rstd float32) {
	same3("RMSNormRow", len(dst), len(x), len(w))
	rstd = rstdOf(vec().sqDev(x, 0), len(x), eps)
	vec().normScale(dst, x, w, 0, rstd)
	return rstd
}

// RMSNormRowBF16 is RMSNormRow with the result rounded to bfloat16.
func RMSNormRowBF16(dst []BF16Bits, x, w []float32, eps float32) (rstd float32) {
	same3("RMSNormRowBF16", len(dst), len(x), len(w))
	rstd = rstdOf(vec().sqDev(x, 0), len(x), eps)
	vec().normScaleBF16(dst, x, w, 0, rstd)
	return rstd
}

// RMSNormRowGrad adds the weight's gradient of one row to dwAcc and sets dx to the input's, or with add adds it (the
// gradient of a residual stream). With x̂ = x·rstd: dw += dy·x̂, dx = rstd·(dy·w − x̂·mean(dy·w·x̂)). dx may alias dy or
// x; dwAcc none.
func RMSNormRowGrad(dx, dwAcc, dy, x, w []float32, rstd float32, add bool) {
	sameGrad("RMSNormRowGrad", len(dx), len(dwAcc), len(dy), len(x), len(w))
	b := rmsCoef(vec().gradRMS(dwAcc, dy, x, w, rstd), rstd, len(x))
	if add {
		vec().gradAdd(dx, dy, x, w, 0, rstd, b, 0)
	} else {
		vec().gradSet(dx, dy, x, w, 0, rstd, b, 0)
	}
}

// RMSNormRowGradBF16 is RMSNormRowGrad for an output gradient in bfloat16.
func RMSNormRowGradBF16(dx, dwAcc []float32, dy []BF16Bits, x, w []float32, rstd float32, add bool) {
	sameGrad("RMSNormRowGradBF16", len(dx), len(dwAcc), len(dy), len(x), len(w))
	b := rmsCoef(vec().gradRMSBF16(dwAcc, dy, x, w, rstd), rstd, len(x))
	if add {
		vec().gradAddBF16(dx, dy, x, w, 0, rstd, b, 0)
	} else {
		vec().gradSetBF16(dx, dy, x, w, 0, rstd, b, 0)
	}
}

// LayerNormRow sets dst = (x − mean)·rstd·w + b with rstd = 1/√(var(x) + eps) (Ba et al. 2016) and returns both; b may be nil.
func LayerNormRow(dst, x, w, b []float32, eps float32) (mean, rstd float32) {
	same3("LayerNormRow", len(dst), len(x), len(w))
	mean, rstd = moments(x, eps)
	if b == nil {
		vec().normScale(dst, x, w, mean, rstd)
		return mean, rstd
	}
	same("LayerNormRow", len(dst), len(b))
	vec().normBias(dst, x, w, b, mean, rstd)
	return mean, rstd
}

// LayerNormRowBF16 is LayerNormRow with the result rounded to bfloat16.
func LayerNormRowBF16(dst []BF16Bits, x, w, b []float32, eps float32) (mean, rstd float32) {
	same3("LayerNormRowBF16", len(dst), len(x), len(w))
	mean, rstd = moments(x, eps)
	if b == nil {
		vec().normScaleBF16(dst, x, w, mean, rstd)
		return mean, rstd
	}
	same("LayerNormRowBF16", len(dst), len(b))
	vec().normBiasBF16(dst, x, w, b, mean, rstd)
	return mean, rstd
}

// LayerNormRowGrad adds the gradients of weight and bias of one row to dwAcc and dbAcc (both of len(x), the latter
// needed even where the norm has no bias) and sets dx, or with add adds to it. With x̂ = (x − mean)·rstd and g = dy·w:
// dw += dy·x̂, db += dy, dx = rstd·(g − mean(g) − x̂·mean(g·x̂)). dx may alias dy or x; dwAcc and dbAcc none.
func LayerNormRowGrad(dx, dwAcc, dbAcc, dy, x, w []float32, mean, rstd float32, add bool) {
	sameGrad("LayerNormRowGrad", len(dx), len(dwAcc), len(dy), len(x), len(w))
	same("LayerNormRowGrad", len(dx), len(dbAcc))
	s1, s2 := vec().gradLN(dwAcc, dbAcc, dy, x, w, mean, rstd)
	b, c := rmsCoef(s2, rstd, len(x)), -rstd*s1/float32(len(x))
	if add {
		vec().gradAdd(dx, dy, x, w, mean, rstd, b, c)
	} else {
		vec().gradSet(dx, dy, x, w, mean, rstd, b, c)
	}
}

// LayerNormRowGradBF16 is LayerNormRowGrad for an output gradient in bfloat16.
func LayerNormRowGradBF16(dx, dwAcc, dbAcc []float32, dy []BF16Bits, x, w []float32, mean, rstd float32, add bool) {
	sameGrad("LayerNormRowGradBF16", len(dx), len(dwAcc), len(dy), len(x), len(w))
	same("LayerNormRowGradBF16", len(dx), len(dbAcc))
	s1, s2 := vec().gradLNBF16(dwAcc, dbAcc, dy, x, w, mean, rstd)
	b, c := rmsCoef(s2, rstd, len(x)), -rstd*s1/float32(len(x))
	if add {
		vec().gradAddBF16(dx, dy, x, w, mean, rstd, b, c)
	} else {
		vec().gradSetBF16(dx, dy, x, w, mean, rstd, b, c)
	}
}

// rstdOf turns a sum of n squares into the reciprocal deviation.
func rstdOf(sumSq float32, n int, eps float32) float32 {
	return float32(1 / math.Sqrt(float64(sumSq)/float64(n)+float64(eps)))
}

// moments takes two passes: the one-pass formula cancels where the mean is large.
func moments(x []float32, eps float32) (mean, rstd float32) {
	mean = vec().sum(x) / float32(len(x))
	return mean, rstdOf(vec().sqDev(x, mean), len(x), eps)
}

// rmsCoef is the factor of (x − mean) in dx: −rstd²·mean(dy·w·x̂), the sum given.
func rmsCoef(sum, rstd float32, n int) float32 { return -rstd * rstd * (sum / float32(n)) }

func sameGrad(op string, dx, dw, dy, x, w int) {
	same3(op, dx, dw, dy)
	same3(op, dx, x, w)
}
