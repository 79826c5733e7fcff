package kernel

import "math"

func fillGeneric(dst []float32, a float32) {
	for i := range dst {
		dst[i] = a
	}
}

func addGeneric(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

func addToBF16Generic(dst []float32, src []BF16Bits) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] += src[i].F32()
	}
}

func addBF16Generic(dst, a, b []BF16Bits) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = ToBF16(a[i].F32() + b[i].F32())
	}
}

func mulGeneric(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

func scaleGeneric(dst, src []float32, a float32) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] = a * src[i]
	}
}

func scaleToBF16Generic(dst []BF16Bits, src []float32, a float32) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] = ToBF16(a * src[i])
	}
}

func axpyGeneric(dst, x []float32, a float32) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] += a * x[i]
	}
}

func sumGeneric(x []float32) float32 {
	var s float64
	for _, v := range x {
		s += float64(v)
	}
	return float32(s)
}

func dotGeneric(a, b []float32) float32 {
	b = b[:len(a)]
	var s float64
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return float32(s)
}

func sumSqGeneric(x []float32) float64 {
	var s float64
	for _, v := range x {
		s += float64(v) * float64(v)
	}
	return s
}

func maxOfGeneric(x []float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range x {
		if v > m {
			m = v
		}
	}
	return m
}

func probeGeneric(x []float32) float32 {
	var s float32
	for _, v := range x {
		s += 0 * v
	}
	return s
}
