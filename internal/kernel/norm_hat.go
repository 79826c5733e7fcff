package kernel

import "unsafe"

// The norms over rows x̂ = (x − mean)·rstd that were kept in bf16 instead of x; for RMSNorm the mean is 0.

// hatFuncs are the passes they are made of.
type hatFuncs struct {
	hatScaleRows func(a gridArgs)                                                         // dst0 = x̂1·w2
	hatBiasRows  func(a gridArgs)                                                         // dst0 = x̂1·w2 + b3
	gradHatRMS   func(dw []float32, dy, hat []BF16Bits, w []float32) float32              // dw += dy·x̂; Σ dy·w·x̂
	gradHatLN    func(dw, db []float32, dy, hat []BF16Bits, w []float32) (s1, s2 float32) // the same, db += dy; Σ dy·w, Σ dy·w·x̂
	gradHatSet   func(dx []float32, dy, hat []BF16Bits, w []float32, a, b, c float32)     // dx = a·dy·w + b·x̂ + c
	gradHatAdd   func(dx []float32, dy, hat []BF16Bits, w []float32, a, b, c float32)     // dx += the same
}

var genericHat = hatFuncs{
	hatScaleRows: hatScaleRowsGeneric, hatBiasRows: hatBiasRowsGeneric,
	gradHatRMS: gradHatRMSGeneric, gradHatLN: gradHatLNGeneric, gradHatSet: gradHatSetGeneric, gradHatAdd: gradHatAddGeneric,
}

// HatRows sets dst = x̂·w + b, rounded to bfloat16, row by row; dst and hat are bf16 of one shape, b may be nil.
func HatRows(dst, hat Mat, w, b []float32) {
	same3("HatRows", dst.Cols, hat.Cols, len(w))
	same("HatRows rows", dst.Rows, hat.Rows)
	if dst.Rows == 0 || dst.Cols == 0 {
		return
	}
	a := gridArgs{rows: dst.Rows, n: dst.Cols}
	a.ptr[0], a.stride[0] = dst.Ptr, dst.Stride*2
	a.ptr[1], a.stride[1] = hat.Ptr, hat.Stride*2
	a.ptr[2] = unsafe.Pointer(unsafe.SliceData(w))
	if b == nil {
		vec().hatScaleRows(a)
		return
	}
	same("HatRows", len(w), len(b))
	a.ptr[3] = unsafe.Pointer(unsafe.SliceData(b))
	vec().hatBiasRows(a)
}

// RMSNormHatRowGrad is RMSNormRowGrad from x̂.
func RMSNormHatRowGrad(dx, dwAcc []float32, dy, hat []BF16Bits, w []float32, rstd float32, add bool) {
	sameGrad("RMSNormHatRowGrad", len(dx), len(dwAcc), len(dy), len(hat), len(w))
	s2 := vec().gradHatRMS(dwAcc, dy, hat, w)
	hatGrad(dx, dy, hat, w, rstd, 0, s2, add)
}

// LayerNormHatRowGrad is LayerNormRowGrad from x̂.
func LayerNormHatRowGrad(dx, dwAcc, dbAcc []float32, dy, hat []BF16Bits, w []float32, rstd float32, add bool) {
	sameGrad("LayerNormHatRowGrad", len(dx), len(dwAcc), len(dy), len(hat), len(w))
	same("LayerNormHatRowGrad", len(dx), len(dbAcc))
	s1, s2 := vec().gradHatLN(dwAcc, dbAcc, dy, hat, w)
	hatGrad(dx, dy, hat, w, rstd, s1, s2, add)
}

// hatGrad sets dx, or adds to it, from the sums of dy·w and of dy·w·x̂.
func hatGrad(dx []float32, dy, hat []BF16Bits, w []float32, rstd, s1, s2 float32, add bool) {
	n := float32(len(dx))
	b, c := -rstd*(s2/n), -rstd*(s1/n)
	if add {
		vec().gradHatAdd(dx, dy, hat, w, rstd, b, c)
	} else {
		vec().gradHatSet(dx, dy, hat, w, rstd, b, c)
	}
}

func hatScaleRowsGeneric(a gridArgs) {
	for i := range a.rows {
		dst, hat, w := gridRow[BF16Bits](&a, 0, i), gridRow[BF16Bits](&a, 1, i), gridRow[float32](&a, 2, i)
		for j := range dst {
			dst[j] = ToBF16(hat[j].F32() * w[j])
		}
	}
}

func hatBiasRowsGeneric(a gridArgs) {
	for i := range a.rows {
		dst, hat := gridRow[BF16Bits](&a, 0, i), gridRow[BF16Bits](&a, 1, i)
		w, b := gridRow[float32](&a, 2, i), gridRow[float32](&a, 3, i)
		for j := range dst {
			dst[j] = ToBF16(hat[j].F32()*w[j] + b[j])
		}
	}
}

func gradHatRMSGeneric(dw []float32, dy, hat []BF16Bits, w []float32) float32 {
	var s float64
	for i := range dw {
		t := dy[i].F32() * hat[i].F32()
		dw[i] += t
		s += float64(t) * float64(w[i])
	}
	return float32(s)
}

func gradHatLNGeneric(dw, db []float32, dy, hat []BF16Bits, w []float32) (s1, s2 float32) {
	var a, b float64
	for i := range dw {
		d := dy[i].F32()
		t := d * hat[i].F32()
		dw[i] += t
		db[i] += d
		a += float64(d) * float64(w[i])
		b += float64(t) * float64(w[i])
	}
	return float32(a), float32(b)
}

func gradHatSetGeneric(dx []float32, dy, hat []BF16Bits, w []float32, a, b, c float32) {
	for i := range dx {
		dx[i] = a*(dy[i].F32()*w[i]) + (b*hat[i].F32() + c)
	}
}

func gradHatAddGeneric(dx []float32, dy, hat []BF16Bits, w []float32, a, b, c float32) {
	for i := range dx {
		dx[i] += a*(dy[i].F32()*w[i]) + (b*hat[i].F32() + c)
	}
}
