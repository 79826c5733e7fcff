package kernel

import "math"

// Coefficients of exp on |r| ≤ ln2/2: e^r ≈ 1 + r + r²·(c5 + … + c0·r⁵) (Cephes expf, Moshier 1984).
const (
	log2e  = 1.44269504088896341
	ln2Hi  = 0.693359375
	ln2Lo  = -2.12194440e-4
	expC0  = 1.9875691500e-4
	expC1  = 1.3981999507e-3
	expC2  = 8.3334519073e-3
	expC3  = 4.1665795894e-2
	expC4  = 1.6666665459e-1
	expC5  = 5.0000001201e-1
	expMax = 89   // above, the result is +Inf whatever the argument
	expMin = -105 // below, it is 0
)

// exp32 is Exp of one number.
func exp32(x float32) float32 {
	if x != x {
		return x
	}
	x = min(max(x, expMin), expMax)
	const magic = 1.5 * (1 << 23) // adding and taking it away rounds to an integer
	n := (x*log2e + magic) - magic
	r := x - n*ln2Hi
	r -= n * ln2Lo
	p := float32(expC0)
	p = p*r + expC1
	p = p*r + expC2
	p = p*r + expC3
	p = p*r + expC4
	p = p*r + expC5
	y := p*(r*r) + r + 1
	i := int32(n)
	h := i >> 1 // two factors: 2^n itself may not be a normal float32
	return y * math.Float32frombits(uint32(h+127)<<23) * math.Float32frombits(uint32(i-h+127)<<23)
}

// tanh32 is a 13/6 rational approximation on |x| ≤ 7.905 (the coefficients of Eigen's ptanh); tanh(7.905) rounds to 1.
func tanh32(x float32) float32 {
	if a := max(x, -x); a < 0.0004 { // also keeps −0
		return x
	}
	if x != x {
		return x
	}
	x = min(max(x, -7.90531110763549805), 7.90531110763549805)
	z := x * x
	p := z*-2.76076847742355e-16 + 2.00018790482477e-13
	p = p*z + -8.60467152213735e-11
	p = p*z + 5.12229709037114e-08
	p = p*z + 1.48572235717979e-05
	p = p*z + 6.37261928875436e-04
	p = p*z + 4.89352455891786e-03
	q := z*1.19825839466702e-06 + 1.18534705686654e-04
	q = q*z + 2.26843463243900e-03
	q = q*z + 4.89352518554385e-03
	return min(max(x*p/q, -1), 1)
}

// erf32 is a 13/8 rational approximation on |x| ≤ 4 (the coefficients of Eigen's perf); erf(4) rounds to 1.
func erf32(x float32) float32 {
	if x != x {
		return x
	}
	x = min(max(x, -4), 4)
	z := x * x
	p := z*-2.72614225801306e-10 + 2.77068142495902e-08
	p = p*z + -2.10102402082508e-06
	p = p*z + -5.69250639462346e-05
	p = p*z + -7.34990630326855e-04
	p = p*z + -2.95459980854025e-03
	p = p*z + -1.60960333262415e-02
	q := z*-1.45660718464996e-05 + -2.13374055278905e-04
	q = q*z + -1.68282697438203e-03
	q = q*z + -7.37332916720468e-03
	q = q*z + -1.42647390514189e-02
	return min(max(x*p/q, -1), 1)
}

func expGeneric(dst, src []float32) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] = exp32(src[i])
	}
}

func tanhGeneric(dst, src []float32) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] = tanh32(src[i])
	}
}

func erfGeneric(dst, src []float32) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] = erf32(src[i])
	}
}

func logGeneric(dst, src []float32) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] = float32(math.Log(float64(src[i])))
	}
}

func expSumGeneric(src []float32, shift float32) float32 {
	var s float64
	for _, x := range src {
		s += float64(exp32(x - shift))
	}
	return float32(s)
}

func expShiftSumGeneric(dst, src []float32, shift float32) float32 {
	src = src[:len(dst)]
	var s float64
	for i := range dst {
		dst[i] = exp32(src[i] - shift)
		s += float64(dst[i])
	}
	return float32(s)
}

func expShiftScaleBF16Generic(dst []BF16Bits, src []float32, shift, scale float32) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] = ToBF16(scale * exp32(src[i]-shift))
	}
}
