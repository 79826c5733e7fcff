package main

import (
	"fmt"

	"github.com/athanor-lm/athanor/internal/kernel/gen/evex"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// dot writes name+m: the products of m rows with 4 rows of weights, along K. It reads weights in place, once.
func (g *generator) dot(name string, m int, pairs bool) {
	g.text(fmt.Sprintf("%sx%d", name, m),
		fmt.Sprintf("c[0:%d,0:4] = a·wᵀ over chunks × 64 bytes of a row and then tail (in elements, 0 for none). a has whole chunks, rows lda bytes apart; the rows of the next products, ahead bytes on, are prefetched.", m),
		"func(chunks, tail int, a unsafe.Pointer, lda int, w *[4]unsafe.Pointer, ahead int, c *[16]float32)")
	as := []reg.GPPhysical{reg.RAX, reg.RBX, reg.RCX, reg.RDX}[:m]
	ws := []reg.GPPhysical{reg.RSI, reg.RDI, reg.R8, reg.R9}
	chunks, tail, off, ahead := reg.R10, reg.R11, reg.R12, reg.R13
	g.args([]string{"chunks", "tail", "a", "lda", "w", "ahead"}, chunks, tail, as[0], off, reg.R15, ahead)
	for i := 1; i < m; i++ {
		g.LEAQ(operand.Mem{Base: as[i-1], Index: off, Scale: 1}, as[i])
	}
	for j, w := range ws {
		g.MOVQ(mem(reg.R15, 8*j), w)
	}
	g.XORQ(off, off)
	for i := range 4 * m {
		g.VPXORD(zmm[i], zmm[i], zmm[i])
	}
	at := func(base, index reg.Register) operand.Mem { return operand.Mem{Base: base, Index: index, Scale: 1} }
	multiply := func() {
		for i, a := range as {
			g.VMOVUPS(at(a, off), zmm[20+i%2])
			for j := range ws {
				if pairs {
					g.raw(evex.VDPBF16PS.Reg(4*i+j, 20+i%2, 16+j))
				} else {
					g.VFMADD231PS(zmm[16+j], zmm[20+i%2], zmm[4*i+j])
				}
			}
		}
	}
	g.TESTQ(chunks, chunks)
	g.JZ(operand.LabelRef("tail"))
	g.Label("loop")
	for j, w := range ws {
		g.VMOVUPS(at(w, off), zmm[16+j])
		g.PREFETCHT0(at(w, ahead))
	}
	multiply()
	g.ADDQ(operand.U8(64), off)
	g.ADDQ(operand.U8(64), ahead)
	g.DECQ(chunks)
	g.JNZ(operand.LabelRef("loop"))
	g.Label("tail")
	g.TESTQ(tail, tail)
	g.JZ(operand.LabelRef("sum"))
	g.MOVQ(operand.I32(-1), reg.R15)
	g.BZHIQ(tail, reg.R15, reg.R15)
	g.KMOVD(reg.R15.As32(), reg.K1)
	for j, w := range ws {
		if pairs {
			g.VMOVDQU16_Z(at(w, off), reg.K1, zmm[16+j])
		} else {
			g.VMOVUPS_Z(at(w, off), reg.K1, zmm[16+j])
		}
	}
	multiply()
	g.Label("sum")
	g.MOVQ(g.param("c"), reg.R15)
	for i := range m {
		g.sum4(4*i, mem(reg.R15, 16*i))
	}
	g.VZEROUPPER()
	g.RET()
}

// sum4 stores the sums of the four registers from z on, as four float32s.
func (g *generator) sum4(z int, out operand.Mem) {
	y := func(i int) reg.VecPhysical { return zmm[i].AsY().(reg.VecPhysical) }
	x := func(i int) reg.VecPhysical { return zmm[i].AsX().(reg.VecPhysical) }
	for j := range 4 { // 16 → 4 partial sums each
		g.VEXTRACTF64X4(operand.U8(1), zmm[z+j], y(24+j))
		g.VADDPS(y(24+j), y(z+j), y(24+j))
		g.VEXTRACTF32X4(operand.U8(1), y(24+j), x(28+j))
		g.VADDPS(x(28+j), x(24+j), x(24+j))
	}
	g.VUNPCKLPS(x(25), x(24), x(28)) // a0 b0 a1 b1
	g.VUNPCKHPS(x(25), x(24), x(29))
	g.VADDPS(x(29), x(28), x(28)) // a02 b02 a13 b13
	g.VUNPCKLPS(x(27), x(26), x(30))
	g.VUNPCKHPS(x(27), x(26), x(31))
	g.VADDPS(x(31), x(30), x(30))
	g.VUNPCKLPD(x(30), x(28), x(24)) // a02 b02 c02 d02
	g.VUNPCKHPD(x(30), x(28), x(25))
	g.VADDPS(x(25), x(24), x(24))
	g.VMOVUPS(x(24), out)
}
