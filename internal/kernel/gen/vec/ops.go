package main

import (
	"github.com/mmcloughlin/avo/operand"
)

// Two-operand arithmetic. Of the operands one may be memory; where the operation is not commutative, the second.

func (e *emitter) op2(f func(...V), a, b V) V {
	if e.dry {
		return nil
	}
	r := e.reg()
	f(b, e.inReg(a), r)
	return r
}

// inReg returns v, loaded where it is memory.
func (e *emitter) inReg(v V) V {
	if !isMem(v) {
		return v
	}
	r := e.reg()
	e.c.VMOVUPS(v, r)
	return r
}

func (e *emitter) add(a, b V) V {
	if isMem(a) {
		a, b = b, a
	}
	return e.op2(e.c.VADDPS, a, b)
}

func (e *emitter) mul(a, b V) V {
	if isMem(a) {
		a, b = b, a
	}
	return e.op2(e.c.VMULPS, a, b)
}

func (e *emitter) sub(a, b V) V { return e.op2(e.c.VSUBPS, a, b) }
func (e *emitter) div(a, b V) V { return e.op2(e.c.VDIVPS, a, b) }

// max and min give x where it is NaN: the second operand is what the processor returns then.
func (e *emitter) max(x, limit V) V { return e.op2(e.c.VMAXPS, limit, x) }
func (e *emitter) min(x, limit V) V { return e.op2(e.c.VMINPS, limit, x) }

func (e *emitter) clamp(x, lo, hi V) V { return e.min(e.max(x, lo), hi) }

func (e *emitter) and(a, b V) V {
	if e.set == avx2 {
		return e.op2(func(o ...V) { e.c.VANDPS(o...) }, a, b)
	}
	return e.op2(func(o ...V) { e.c.VPANDD(o...) }, a, b)
}

func (e *emitter) xor(a, b V) V {
	if e.set == avx2 {
		return e.op2(func(o ...V) { e.c.VXORPS(o...) }, a, b)
	}
	return e.op2(func(o ...V) { e.c.VPXORD(o...) }, a, b)
}

// clampAbs limits x to ±limit; at AVX-512 NaN becomes limit.
func (e *emitter) clampAbs(x V, limit float64) V {
	if e.set == avx2 {
		return e.clamp(x, e.f(-limit), e.f(limit))
	}
	return e.op2(func(o ...V) { e.c.VRANGEPS(operand.U8(2), o[0], o[1], o[2]) }, x, e.f(limit)) // the smaller magnitude, x's sign
}

func (e *emitter) abs(x V) V { return e.and(x, e.u(0x7fffffff)) }

func (e *emitter) sqrt(x V) V {
	if e.dry {
		return nil
	}
	r := e.reg()
	e.c.VSQRTPS(x, r)
	return r
}

// fma is a·b + c, fnma c − a·b. The accumulating operand is copied, which costs the processor nothing but a slot.
func (e *emitter) fma(a, b, c V) V  { return e.fused(e.c.VFMADD231PS, a, b, c) }
func (e *emitter) fnma(a, b, c V) V { return e.fused(e.c.VFNMADD231PS, a, b, c) }

func (e *emitter) fused(f func(...V), a, b, c V) V {
	if e.dry {
		return nil
	}
	if isMem(a) {
		a, b = b, a
	}
	r := e.reg()
	e.c.VMOVUPS(c, r)
	f(b, e.inReg(a), r)
	return r
}

// poly is Horner's rule, highest coefficient first.
func (e *emitter) poly(x V, coef ...float64) V {
	p := e.f(coef[0])
	r := V(nil)
	if !e.dry {
		v := e.reg()
		e.c.VMOVUPS(p, v)
		r = v
	}
	for _, c := range coef[1:] {
		k := e.f(c)
		if !e.dry {
			e.c.VFMADD213PS(k, x, r)
		}
	}
	return r
}

// Comparison predicates: less than (false for NaN), not less than (true for NaN), greater than (false for NaN).
const (
	lt  = 0x11
	nlt = 0x15
	gt  = 0x1e
)

// pick is yes where a pred b, else no.
func (e *emitter) pick(pred uint8, a, b, yes, no V) V {
	if e.dry {
		return nil
	}
	r := e.reg()
	if e.set == avx2 {
		m := e.reg()
		e.c.VCMPPS(operand.U8(pred), b, e.inReg(a), m)
		e.c.VBLENDVPS(m, yes, e.inReg(no), r)
		return r
	}
	k := e.c.K()
	e.c.VCMPPS(operand.U8(pred), b, a, k)
	e.c.VBLENDMPS(yes, no, k, r)
	return r
}

// zeroUnless is x where a pred b, else +0.
func (e *emitter) zeroUnless(pred uint8, a, b, x V) V {
	if e.dry {
		return nil
	}
	r := e.reg()
	if e.set == avx2 {
		e.c.VCMPPS(operand.U8(pred), b, e.inReg(a), r)
		e.c.VANDPS(x, r, r)
		return r
	}
	k := e.c.K()
	e.c.VCMPPS(operand.U8(pred), b, a, k)
	e.c.VMOVAPS_Z(x, k, r)
	return r
}

// Accumulators. In the tail only the lanes in use count.

func (e *emitter) accAdd(i int, v V) {
	if e.dry {
		return
	}
	a := e.accs[e.slot][i]
	switch {
	case e.tail && e.set == avx2:
		e.c.VADDPS(e.and(v, e.vmask), a, a)
	case e.tail:
		e.c.VADDPS(v, a, e.kmask, a)
	default:
		e.c.VADDPS(v, a, a)
	}
}

// accMul adds x·y.
func (e *emitter) accMul(i int, x, y V) {
	if e.dry {
		return
	}
	a := e.accs[e.slot][i]
	switch {
	case e.tail && e.set == avx2: // garbage of unused lanes may be Inf: mask both factors
		e.c.VFMADD231PS(e.and(e.inReg(y), e.vmask), e.and(e.inReg(x), e.vmask), a)
	case e.tail:
		e.c.VFMADD231PS(y, e.inReg(x), e.kmask, a)
	default:
		e.c.VFMADD231PS(y, e.inReg(x), a)
	}
}

func (e *emitter) accMax(i int, v V) {
	if e.dry {
		return
	}
	a := e.accs[e.slot][i]
	switch {
	case e.tail && e.set == avx2:
		t := e.reg()
		e.c.VBLENDVPS(e.vmask, v, a, t)
		e.c.VMAXPS(a, t, a)
	case e.tail:
		e.c.VMAXPS(a, v, e.kmask, a)
	default:
		e.c.VMAXPS(a, v, a)
	}
}

// accSquare64 adds x² in f64 to a sum64 accumulator; unused lanes of x are zero.
func (e *emitter) accSquare64(i int, x V) {
	if e.dry {
		return
	}
	a := e.accs[e.slot][i]
	lo, hi := e.reg(), e.reg()
	if e.set == avx2 {
		h := e.c.XMM()
		e.c.VEXTRACTF128(operand.U8(1), x, h)
		e.c.VCVTPS2PD(h, hi)
		e.c.VCVTPS2PD(asReg(x).AsX(), lo)
	} else {
		h := e.c.YMM()
		e.c.VEXTRACTF64X4(operand.U8(1), x, h)
		e.c.VCVTPS2PD(h, hi)
		e.c.VCVTPS2PD(asReg(x).AsY(), lo)
	}
	e.c.VFMADD231PD(lo, lo, a)
	e.c.VFMADD231PD(hi, hi, a)
}

// finish combines the accumulators in a fixed tree, returns them, and ends the function.
func (e *emitter) finish(unroll int) {
	c := e.c
	for i, kind := range e.k.accs {
		op := c.VADDPS
		switch kind {
		case maximum:
			op = c.VMAXPS
		case sum64:
			op = c.VADDPD
		}
		for d := 1; d < unroll; d *= 2 {
			for u := 0; u+d < unroll; u += 2 * d {
				op(e.accs[u+d][i], e.accs[u][i], e.accs[u][i])
			}
		}
		a := e.accs[0][i]
		if e.set != avx2 {
			y := c.YMM()
			c.VEXTRACTF64X4(operand.U8(1), a, y)
			op(y, a.AsY(), a.AsY())
		}
		x := c.XMM()
		c.VEXTRACTF128(operand.U8(1), a.AsY(), x)
		op(x, a.AsX(), a.AsX())
		c.VPERMILPD(operand.U8(1), a.AsX(), x)
		op(x, a.AsX(), a.AsX())
		if kind != sum64 {
			c.VMOVSHDUP(a.AsX(), x)
			op(x, a.AsX(), a.AsX())
		}
	}
	c.VZEROUPPER()
	for i := range e.k.accs {
		c.Store(e.accs[0][i].AsX(), c.ReturnIndex(i))
	}
	c.RET()
}
