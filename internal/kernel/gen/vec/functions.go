package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func asReg(v V) reg.VecVirtual { return v.(reg.VecVirtual) }

// Constants of the generic twins, see math_generic.go and act_generic.go of package kernel.
const (
	log2e = 1.44269504088896341
	ln2Hi = 0.693359375
	ln2Lo = -2.12194440e-4
	geluA = 1.5957691216057308
	geluB = 0.071354816272600248
)

// exp is e^x with rounding to denormals, overflow to +Inf and NaN kept.
func (e *emitter) exp(x V) V {
	return e.expOf(e.clamp(x, e.f(-105), e.f(89)), true)
}

// expOf is e^x of an x in [−105, 89], or without wide in [−87, 87], where one power of two is enough.
func (e *emitter) expOf(x V, wide bool) V {
	n := e.round(e.mul(x, e.f(log2e)))
	var r V
	if wide {
		r = e.fnma(n, e.f(ln2Lo), e.fnma(n, e.f(ln2Hi), x))
	} else {
		r = e.fnma(n, e.f(0.693147180559945309), x)
	}
	y := e.poly(r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1, 1, 1)
	if e.set != avx2 {
		return e.op2(e.c.VSCALEFPS, y, n)
	}
	bias := e.u(127)
	if e.dry {
		return nil
	}
	i := e.reg()
	e.c.VCVTPS2DQ(n, i)
	if wide {
		h := e.reg()
		e.c.VPSRAD(operand.U8(1), i, h)
		e.c.VPSUBD(h, i, i)
		e.c.VPADDD(bias, h, h)
		e.c.VPSLLD(operand.U8(23), h, h)
		y = e.mul(y, h)
	}
	e.c.VPADDD(bias, i, i)
	e.c.VPSLLD(operand.U8(23), i, i)
	return e.mul(y, i)
}

func (e *emitter) round(x V) V {
	if e.dry {
		return nil
	}
	r := e.reg()
	if e.set == avx2 {
		e.c.VROUNDPS(operand.U8(8), x, r)
	} else {
		e.c.VRNDSCALEPS(operand.U8(8), x, r)
	}
	return r
}

// reciprocal is 1/d for d in [1, 2¹²⁶), within 1 ULP.
func (e *emitter) reciprocal(d V) V {
	one := e.f(1)
	if e.dry {
		return nil
	}
	if e.set == avx2 {
		return e.div(one, d)
	}
	r := e.reg()
	e.c.VRCP14PS(d, r)
	return e.fma(r, e.fnma(d, r, one), r)
}

// logistic is s = 1/(1 + e^y) = σ(−y), and 1 − s without its cancellation: e^y·s.
func (e *emitter) logistic(y V) (s, rest V) {
	x := e.expOf(e.clampAbs(y, 87), false)
	s = e.reciprocal(e.add(x, e.f(1)))
	return s, e.mul(x, s)
}

func (e *emitter) silu(x V) V {
	s, _ := e.logistic(e.xor(x, e.u(0x80000000)))
	return e.mul(x, s)
}

func (e *emitter) gelu(x V) V {
	t := e.poly(e.mul(x, x), -geluB, -geluA)
	s, _ := e.logistic(e.mul(x, t))
	return e.mul(x, s)
}

// geluBoth returns GELUTanh(x) and its derivative. The clamp to ±10 is for the latter only: there it is 0 or 1.
func (e *emitter) geluBoth(x V) (value, slope V) {
	xc := e.clamp(x, e.f(-10), e.f(10))
	z := e.mul(xc, xc)
	s, rest := e.logistic(e.mul(xc, e.poly(z, -geluB, -geluA)))
	t := e.mul(e.mul(xc, s), rest)
	return e.mul(x, s), e.fma(t, e.poly(z, 3*geluB, geluA), s)
}

// For results that are rounded to bf16, whose unit in the last place is 2⁻⁸: 2^r on |r| ≤ ½ to 7e-6 (see gen/attention) and
// the reciprocal to 2⁻¹⁴.
var exp2BF16 = []float64{0.009656710288544356, 0.055838282946219855, 0.24022530097412242, 0.6931367338836215, 1}

// logisticBF16 is s = 1/(1 + 2^y) and 2^y for |y| ≤ 126.
func (e *emitter) logisticBF16(y V) (s, power V) {
	n := e.round(y)
	power = e.scaleBy(e.poly(e.sub(y, n), exp2BF16...), n)
	d := e.add(power, e.f(1))
	if e.set == avx2 || e.dry {
		return e.reciprocal(d), power
	}
	r := e.reg()
	e.c.VRCP14PS(d, r)
	return r, power
}

// scaleBy is y·2^n for |n| ≤ 126.
func (e *emitter) scaleBy(y, n V) V {
	if e.set != avx2 {
		return e.op2(e.c.VSCALEFPS, y, n)
	}
	bias := e.u(127)
	if e.dry {
		return nil
	}
	i := e.reg()
	e.c.VCVTPS2DQ(n, i)
	e.c.VPADDD(bias, i, i)
	e.c.VPSLLD(operand.U8(23), i, i)
	return e.mul(y, i)
}

// geluBF16 is gelu for a result in bf16. With x clamped to ±10 the power stays below 2¹²⁶.
func (e *emitter) geluBF16(x V) V {
	s, _, _ := e.geluLogistic(e.clampAbs(x, 10))
	return e.mul(x, s)
}

// geluLogistic is the s of gelu, 1/s − 1, and x².
func (e *emitter) geluLogistic(x V) (s, power, z V) {
	z = e.mul(x, x)
	s, power = e.logisticBF16(e.mul(x, e.poly(z, -geluB*log2e, -geluA*log2e)))
	return s, power, z
}

// geluBothBF16 is geluBoth for results in bf16; its value has the bits of geluBF16.
func (e *emitter) geluBothBF16(x V) (value, slope V) {
	xc := e.clamp(x, e.f(-10), e.f(10))
	s, power, z := e.geluLogistic(xc)
	t := e.mul(e.mul(xc, s), e.mul(power, s))
	return e.mul(x, s), e.fma(t, e.poly(z, 3*geluB, geluA), s)
}

// siluBoth returns SiLU(x) and its derivative s + x·s·(1−s).
func (e *emitter) siluBoth(x V) (value, slope V) {
	s, rest := e.logistic(e.xor(x, e.u(0x80000000)))
	v := e.mul(x, s)
	return v, e.fma(v, rest, s)
}

func (e *emitter) tanh(x V) V {
	c := e.clamp(x, e.f(-7.90531110763549805), e.f(7.90531110763549805))
	z := e.mul(c, c)
	p := e.poly(z, -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08,
		1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03)
	q := e.poly(z, 1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03)
	t := e.clamp(e.div(e.mul(c, p), q), e.f(-1), e.f(1))
	return e.pick(lt, e.abs(x), e.f(0.0004), x, t)
}

func (e *emitter) erf(x V) V {
	c := e.clamp(x, e.f(-4), e.f(4))
	z := e.mul(c, c)
	p := e.poly(z, -2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05,
		-7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02)
	q := e.poly(z, -1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03, -1.42647390514189e-02)
	return e.clamp(e.div(e.mul(c, p), q), e.f(-1), e.f(1))
}

// log is Cephes logf on the mantissa in [√½, √2), AVX-512 only: exponent and mantissa come from instructions that know
// denormals.
func (e *emitter) log(x V) V {
	one, two, half := e.f(1), e.f(1.41421356), e.f(0.5)
	if !e.dry {
		ex, m := e.reg(), e.reg()
		e.c.VGETEXPPS(x, ex)
		e.c.VGETMANTPS(operand.U8(8), x, m) // [1, 2), NaN for negative numbers
		k := e.c.K()
		e.c.VCMPPS(operand.U8(gt), two, m, k)
		e.c.VMULPS(half, m, k, m)
		e.c.VADDPS(one, ex, k, ex)
		return e.logPoly(e.sub(m, one), ex)
	}
	return e.logPoly(nil, nil)
}

func (e *emitter) logPoly(f, ex V) V {
	z := e.mul(f, f)
	p := e.poly(f, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
		-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
	y := e.fnma(z, e.f(0.5), e.mul(e.mul(f, z), p))
	return e.fma(ex, e.f(0.693147180559945309), e.add(f, y))
}

// geluErf is x·Φ(x).
func (e *emitter) normalCDF(x V) V {
	return e.fma(e.erf(e.mul(x, e.f(0.70710678118654752440))), e.f(0.5), e.f(0.5))
}

func (e *emitter) geluErfSlope(x V) V {
	cdf := e.normalCDF(x)
	c := e.clamp(x, e.f(-13), e.f(13)) // x² stays finite and e^(−x²/2) normal
	d := e.expOf(e.mul(e.mul(c, c), e.f(-0.5)), false)
	return e.fma(e.mul(c, d), e.f(0.3989422804014327), cdf)
}
