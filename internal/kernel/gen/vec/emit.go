package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// V is a vector operand: a register, or (scalars and constants only) memory.
type V = operand.Op

// emitter emits the instructions of one kernel for one instruction set. Its methods take vectors and return a new one;
// instructions of the same name serve YMM and ZMM registers.
type emitter struct {
	g   *generator
	c   *build.Context
	set isa
	k   *spec
	dry bool // only collect the constants

	ptr     []reg.GPVirtual
	idx     reg.GPVirtual
	rows    reg.GPVirtual // that are left of it
	off     int           // elements, of the unrolled body
	slot    int
	scalars []V
	consts  map[uint32]V
	order   []uint32
	accs    [][]reg.VecVirtual // [slot][accumulator]

	tail   bool
	rest   reg.GPVirtual // elements in the tail
	kmask  reg.OpmaskVirtual
	vmask  reg.VecVirtual // AVX2: lanes in use are −1
	buffer operand.Mem    // AVX2: 16 bytes for the tail of a 16-bit stream
	bufOK  bool
}

// Registers kept out of the allocator's hands for constants and scalars; the others live in memory.
const (
	constRegs512  = 20
	scalarRegsYMM = 3
)

// Physical registers of VCVTNEPS2BF16, which the assembler does not know.
var (
	cvtIn  = reg.Z31
	cvtOut = reg.Y30
)

func (e *emitter) reg() reg.VecVirtual {
	if e.set == avx2 {
		return e.c.YMM()
	}
	return e.c.ZMM()
}

func isMem(v V) bool { _, ok := v.(operand.Mem); return ok }

// collectConstants runs the body without emitting anything.
func (e *emitter) collectConstants() {
	e.dry = true
	var x []V
	for _, s := range e.k.streams {
		if s.load {
			x = append(x, nil)
		}
	}
	scalars := 0
	for range e.k.scalars {
		x, scalars = append(x, nil), scalars+1
	}
	e.k.body(e, x[:len(x)-scalars], x[len(x)-scalars:])
	for _, s := range e.k.streams {
		if s.storing && s.typ == bf16 && e.set == avx512 {
			e.roundBF16(nil)
		}
	}
	e.dry = false
}

// f is the constant x, u the constant of the bit pattern b.
func (e *emitter) f(x float64) V { return e.u(math.Float32bits(float32(x))) }

func (e *emitter) u(b uint32) V {
	if e.dry {
		if _, ok := e.consts[b]; !ok {
			e.consts[b] = nil
			e.order = append(e.order, b)
		}
		return nil
	}
	if v := e.consts[b]; v != nil {
		return v
	}
	return e.constMem(b)
}

// constMem is the constant b in every lane of 64 bytes of read-only data.
func (e *emitter) constMem(b uint32) operand.Mem {
	name := fmt.Sprintf("c%08x", b)
	if !e.g.consts[b] {
		e.g.consts[b] = true
		e.c.StaticGlobal(name)
		e.c.DataAttributes(8 | 16) // RODATA, NOPTR
		for i := range 16 {
			e.c.AddDatum(4*i, operand.U32(b))
		}
	}
	return operand.NewDataAddr(operand.Symbol{Name: name, Static: true}, 0)
}

func (e *emitter) loadConstants() {
	if e.set == avx2 {
		return
	}
	for i, b := range e.order {
		if i == constRegs512 {
			break
		}
		r := e.reg()
		e.c.VBROADCASTSS(e.constMem(b), r)
		e.consts[b] = r
	}
}

func (e *emitter) loadScalars() {
	for i, s := range e.k.scalars {
		param := e.c.Param
		if e.k.coef {
			param = e.c.Param("c").Field
		}
		p, err := param(s).Resolve()
		if err != nil {
			panic(err)
		}
		r := e.reg()
		e.c.VBROADCASTSS(p.Addr, r)
		if e.set == avx2 && i >= scalarRegsYMM {
			slot := e.c.AllocLocal(32)
			e.c.VMOVUPS(r, slot)
			e.scalars = append(e.scalars, slot)
			continue
		}
		e.scalars = append(e.scalars, r)
	}
}

func (e *emitter) initAccs(unroll int) {
	for range unroll {
		var a []reg.VecVirtual
		for _, kind := range e.k.accs {
			r := e.reg()
			if kind == maximum {
				e.c.VBROADCASTSS(e.constMem(0xff800000), r)
			} else if e.set == avx2 {
				e.c.VXORPS(r, r, r)
			} else {
				e.c.VPXORD(r, r, r)
			}
			a = append(a, r)
		}
		e.accs = append(e.accs, a)
	}
}

func (e *emitter) addr(i int) operand.Mem {
	size := e.k.streams[i].typ.size()
	return operand.Mem{Base: e.ptr[i], Index: e.idx, Scale: uint8(size), Disp: e.off * size}
}

// startTail makes the mask of the last n lanes, 0 < n < lanes.
func (e *emitter) startTail(n reg.GPVirtual) {
	e.tail, e.rest = true, n
	if e.set != avx2 {
		one := e.c.GP32()
		e.c.MOVL(operand.U32(1), one)
		e.c.SHLXL(n.As32(), one, one)
		e.c.DECL(one)
		e.kmask = e.c.K()
		e.c.KMOVW(one, e.kmask)
		return
	}
	if !e.g.mask {
		e.g.mask = true
		e.c.StaticGlobal("tailmask")
		e.c.DataAttributes(8 | 16)
		for i := range 16 {
			e.c.AddDatum(4*i, operand.U32(uint32(0xffffffff*(1-i/8))))
		}
	}
	t, neg := e.c.GP64(), e.c.GP64()
	e.c.LEAQ(operand.NewDataAddr(operand.Symbol{Name: "tailmask", Static: true}, 32), t)
	e.c.MOVQ(n, neg)
	e.c.NEGQ(neg)
	e.vmask = e.c.YMM()
	e.c.VMOVUPS(operand.Mem{Base: t, Index: neg, Scale: 4}, e.vmask)
}

func (e *emitter) load(i int) V {
	c, m, r := e.c, e.addr(i), e.reg()
	t := e.k.streams[i].typ
	if e.tail && e.set == avx2 && t != f32 {
		e.copyTail(e.ptr[i], true)
		m = e.buffer
	}
	switch {
	case t == f32 && e.tail && e.set == avx2:
		c.VMASKMOVPS(m, e.vmask, r)
	case t == f32 && e.tail:
		c.VMOVUPS_Z(m, e.kmask, r)
	case t == f32:
		c.VMOVUPS(m, r)
	case t == f16 && e.tail && e.set != avx2:
		c.VCVTPH2PS_Z(m, e.kmask, r)
	case t == f16:
		c.VCVTPH2PS(m, r)
	case e.tail && e.set != avx2:
		c.VPMOVZXWD_Z(m, e.kmask, r)
	default:
		c.VPMOVZXWD(m, r)
	}
	if t == bf16 {
		c.VPSLLD(operand.U8(16), r, r)
	}
	return r
}

// copyTail moves the tail of a 16-bit stream to the buffer or back.
func (e *emitter) copyTail(p reg.GPVirtual, in bool) {
	if !e.bufOK {
		e.buffer, e.bufOK = e.c.AllocLocal(16), true
	}
	n, at, w := e.c.GP64(), e.c.GP64(), e.c.GP32()
	e.c.MOVQ(e.rest, n)
	e.c.LEAQ(operand.Mem{Base: p, Index: e.idx, Scale: 2}, at)
	src := operand.Mem{Base: at, Index: n, Scale: 2, Disp: -2}
	buf := e.buffer
	buf.Index, buf.Scale, buf.Disp = n, 2, buf.Disp-2
	dst := buf
	if !in {
		src, dst = dst, src
	}
	l := e.g.label("copy")
	e.c.Label(l)
	e.c.MOVWLZX(src, w)
	e.c.MOVW(w.As16(), dst)
	e.c.DECQ(n)
	e.c.JNZ(operand.LabelRef(l))
}

func (e *emitter) store(i int, v V) {
	c, m, t := e.c, e.addr(i), e.k.streams[i].typ
	if t == f32 {
		switch {
		case e.tail && e.set == avx2:
			c.VMASKMOVPS(v, e.vmask, m)
		case e.tail:
			c.VMOVUPS(v, e.kmask, m)
		default:
			c.VMOVUPS(v, m)
		}
		return
	}
	var half V
	switch {
	case t == f16 && e.set == avx2:
		h := c.XMM()
		c.VCVTPS2PH(operand.U8(0), v, h)
		half = h
	case t == f16:
		h := c.YMM()
		c.VCVTPS2PH(operand.U8(0), v, h)
		half = h
	default:
		half = e.roundBF16(v)
	}
	switch {
	case e.tail && e.set == avx2:
		if !e.bufOK {
			e.buffer, e.bufOK = c.AllocLocal(16), true
		}
		c.VMOVDQU(half, e.buffer)
		e.copyTail(e.ptr[i], false)
	case e.set == avx2:
		c.VMOVDQU(half, m)
	case e.tail:
		c.VMOVDQU16(half, e.kmask, m)
	default:
		c.VMOVDQU16(half, m)
	}
}

// roundBF16 rounds to nearest even, keeps NaN quiet and makes denormals zero, by VCVTNEPS2BF16 where there is one.
func (e *emitter) roundBF16(v V) V {
	c := e.c
	if e.set == avx512bf16 {
		c.VMOVAPS(v, cvtIn)
		// VCVTNEPS2BF16 Z31, Y30 = EVEX.512.F3.0F38.W0 72 /r
		c.Instruction(&ir.Instruction{Opcode: "LONG", Operands: []V{operand.U32(0x487e0262)}})
		c.Instruction(&ir.Instruction{Opcode: "WORD", Operands: []V{operand.U16(0xf772)}})
		return cvtOut
	}
	one, bias, exp, quiet, sign := e.u(1), e.u(0x7fff), e.u(0x7f800000), e.u(0x40), e.u(0x8000)
	if e.dry {
		return nil
	}
	top, t := e.reg(), e.reg()
	c.VPSRLD(operand.U8(16), v, top)
	if e.set == avx2 {
		m, a := e.reg(), e.reg()
		c.VPAND(one, top, t)
		c.VPADDD(bias, t, t)
		c.VPADDD(v, t, t)
		c.VPSRLD(operand.U8(16), t, t)
		c.VPOR(quiet, top, a)
		c.VCMPPS(operand.U8(3), v, v, m)
		c.VBLENDVPS(m, a, t, t)
		c.VPAND(exp, v, m)
		c.VPXOR(a, a, a)
		c.VPCMPEQD(a, m, m)
		c.VPAND(sign, top, a)
		c.VBLENDVPS(m, a, t, t)
		c.VPACKUSDW(t, t, t)
		c.VPERMQ(operand.U8(8), t, t)
		return t.AsX()
	}
	nan, den := c.K(), c.K()
	c.VPANDD(one, top, t)
	c.VPADDD(bias, t, t)
	c.VPADDD(v, t, t)
	c.VPSRLD(operand.U8(16), t, t)
	c.VCMPPS(operand.U8(3), v, v, nan)
	c.VPORD(quiet, top, nan, t)
	c.VPTESTNMD(exp, v, den)
	c.VPANDD(sign, top, den, t)
	h := c.YMM()
	c.VPMOVDW(t, h)
	return h
}
