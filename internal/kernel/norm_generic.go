package kernel

// normFuncs are the passes over a row that the norms are made of.
type normFuncs struct {
	sqDev         func(x []float32, mean float32) float32                     // Σ (x−mean)²
	normScale     func(dst, x, w []float32, mean, rstd float32)               // (x−mean)·rstd·w
	normScaleBF16 func(dst []BF16Bits, x, w []float32, mean, rstd float32)    // the same, rounded
	normBias      func(dst, x, w, b []float32, mean, rstd float32)            // (x−mean)·rstd·w + b
	normBiasBF16  func(dst []BF16Bits, x, w, b []float32, mean, rstd float32) // the same, rounded
	gradRMS       func(dw, dy, x, w []float32, rstd float32) float32          // dw += dy·x̂; Σ dy·w·x̂
	gradRMSBF16   func(dw []float32, dy []BF16Bits, x, w []float32, rstd float32) float32
	gradLN        func(dw, db, dy, x, w []float32, mean, rstd float32) (s1, s2 float32) // dw += dy·x̂, db += dy; Σ dy·w, Σ dy·w·x̂
	gradLNBF16    func(dw, db []float32, dy []BF16Bits, x, w []float32, mean, rstd float32) (s1, s2 float32)
	gradSet       func(dx, dy, x, w []float32, mean, a, b, c float32) // dx = a·dy·w + b·(x−mean) + c
	gradSetBF16   func(dx []float32, dy []BF16Bits, x, w []float32, mean, a, b, c float32)
	gradAdd       func(dx, dy, x, w []float32, mean, a, b, c float32) // dx += the same
	gradAddBF16   func(dx []float32, dy []BF16Bits, x, w []float32, mean, a, b, c float32)
}

var genericNorm = normFuncs{
	sqDev: sqDevGeneric, normScale: normScaleGeneric, normScaleBF16: normScaleBF16Generic,
	normBias: normBiasGeneric, normBiasBF16: normBiasBF16Generic,
	gradRMS: gradRMSGeneric, gradRMSBF16: gradRMSBF16Generic, gradLN: gradLNGeneric, gradLNBF16: gradLNBF16Generic,
	gradSet: gradSetGeneric, gradSetBF16: gradSetBF16Generic, gradAdd: gradAddGeneric, gradAddBF16: gradAddBF16Generic,
}

func sqDevGeneric(x []float32, mean float32) float32 {
	var s float64
	for _, v := range x {
		d := float64(v - mean)
		s += d * d
	}
	return float32(s)
}

func normScaleGeneric(dst, x, w []float32, mean, rstd float32) {
	for i := range dst {
		dst[i] = (x[i] - mean) * rstd * w[i]
	}
}

func normScaleBF16Generic(dst []BF16Bits, x, w []float32, mean, rstd float32) {
	for i := range dst {
		dst[i] = ToBF16((x[i] - mean) * rstd * w[i])
	}
}

func normBiasGeneric(dst, x, w, b []float32, mean, rstd float32) {
	for i := range dst {
		dst[i] = (x[i]-mean)*rstd*w[i] + b[i]
	}
}

func normBiasBF16Generic(dst []BF16Bits, x, w, b []float32, mean, rstd float32) {
	for i := range dst {
		dst[i] = ToBF16((x[i]-mean)*rstd*w[i] + b[i])
	}
}

func gradRMSGeneric(dw, dy, x, w []float32, rstd float32) float32 {
	var s float64
	for i := range dw {
		t := dy[i] * (x[i] * rstd)
		dw[i] += t
		s += float64(t) * float64(w[i])
	}
	return float32(s)
}

func gradRMSBF16Generic(dw []float32, dy []BF16Bits, x, w []float32, rstd float32) float32 {
	var s float64
	for i := range dw {
		t := dy[i].F32() * (x[i] * rstd)
		dw[i] += t
		s += float64(t) * float64(w[i])
	}
	return float32(s)
}

func gradLNGeneric(dw, db, dy, x, w []float32, mean, rstd float32) (s1, s2 float32) {
	var a, b float64
	for i := range dw {
		t := dy[i] * ((x[i] - mean) * rstd)
		dw[i] += t
		db[i] += dy[i]
		a += float64(dy[i]) * float64(w[i])
		b += float64(t) * float64(w[i])
	}
	return float32(a), float32(b)
}

func gradLNBF16Generic(dw, db []float32, dy []BF16Bits, x, w []float32, mean, rstd float32) (s1, s2 float32) {
	var a, b float64
	for i := range dw {
		d := dy[i].F32()
		t := d * ((x[i] - mean) * rstd)
		dw[i] += t
		db[i] += d
		a += float64(d) * float64(w[i])
		b += float64(t) * float64(w[i])
	}
	return float32(a), float32(b)
}

func gradSetGeneric(dx, dy, x, w []float32, mean, a, b, c float32) {
	for i := range dx {
		dx[i] = a*(dy[i]*w[i]) + b*(x[i]-mean) + c
	}
}

func gradSetBF16Generic(dx []float32, dy []BF16Bits, x, w []float32, mean, a, b, c float32) {
	for i := range dx {
		dx[i] = a*(dy[i].F32()*w[i]) + b*(x[i]-mean) + c
	}
}

func gradAddGeneric(dx, dy, x, w []float32, mean, a, b, c float32) {
	for i := range dx {
		dx[i] += a*(dy[i]*w[i]) + b*(x[i]-mean) + c
	}
}

func gradAddBF16Generic(dx []float32, dy []BF16Bits, x, w []float32, mean, a, b, c float32) {
	for i := range dx {
		dx[i] += a*(dy[i].F32()*w[i]) + b*(x[i]-mean) + c
	}
}
