package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// philox writes dropout: Philox4x32-10 on 16 counters at once, in 32-bit lanes. Counter 4j+L sits in dword j of 128-bit
// lane L, so that interleaving the four output words gives the elements in order.
func (g *generator) philox() {
	offsets := g.StaticGlobal("philoxOffsets")
	g.DataAttributes(attr.RODATA | attr.NOPTR)
	for lane := range 4 {
		for j := range 4 {
			g.AppendDatum(operand.U32(4*j + lane))
		}
	}
	g.text("dropAVX512", "applies dropout to blocks × 64 elements: a holds the counter (4 words), the key (2), the threshold and the bits of the scale. The lowest word of the counter must not wrap.",
		"func(dst, src unsafe.Pointer, blocks int, a *[8]uint32)")
	dst, src, blocks, a, k0, k1, hi := reg.RDI, reg.RSI, reg.RCX, reg.RDX, reg.R8, reg.R9, reg.R10
	g.args([]string{"dst", "src", "blocks", "a"}, dst, src, blocks, a)
	low, m0, m1, c1, c2, c3, limit, scale, step := zmm[20], zmm[21], zmm[22], zmm[23], zmm[24], zmm[25], zmm[26], zmm[27], zmm[28]
	constant := func(v uint32, z reg.VecPhysical) {
		g.MOVL(operand.U32(v), hi.As32())
		g.VPBROADCASTD(hi.As32(), z)
	}
	g.VPBROADCASTD(mem(a, 0), low)
	g.VPADDD(offsets.Offset(0), low, low)
	for i, z := range []reg.VecPhysical{c1, c2, c3} {
		g.VPBROADCASTD(mem(a, 4+4*i), z)
	}
	g.VPBROADCASTD(mem(a, 24), limit)
	g.VPBROADCASTD(mem(a, 28), scale)
	constant(0xD2511F53, m0)
	constant(0xCD9E8D57, m1)
	constant(16, step)
	g.MOVL(operand.U32(0xAAAAAAAA), hi.As32())
	g.KMOVW(hi.As32(), reg.K1) // the odd dwords
	x := [4]reg.VecPhysical{zmm[0], zmm[1], zmm[2], zmm[3]}

	g.Label("loop")
	for i, z := range []reg.VecPhysical{low, c1, c2, c3} {
		g.VMOVDQA32(z, x[i])
	}
	g.VPADDD(step, low, low)
	g.MOVL(mem(a, 16), k0.As32())
	g.MOVL(mem(a, 20), k1.As32())
	for round := range 10 {
		g.VPBROADCASTD(k0.As32(), zmm[12])
		g.VPBROADCASTD(k1.As32(), zmm[13])
		g.philoxMul(x[0], m0, zmm[4], zmm[5]) // hi0, lo0
		g.philoxMul(x[2], m1, zmm[6], zmm[7]) // hi1, lo1
		// x = hi1 ^ x1 ^ k0, lo1, hi0 ^ x3 ^ k1, lo0
		g.VPTERNLOGD(operand.U8(0x96), zmm[12], x[1], zmm[6])
		g.VPTERNLOGD(operand.U8(0x96), zmm[13], x[3], zmm[4])
		g.VMOVDQA32(zmm[6], x[0])
		g.VMOVDQA32(zmm[7], x[1])
		g.VMOVDQA32(zmm[4], x[2])
		g.VMOVDQA32(zmm[5], x[3])
		if round < 9 {
			g.ADDL(operand.U32(0x9E3779B9), k0.As32())
			g.ADDL(operand.U32(0xBB67AE85), k1.As32())
		}
	}
	g.VPUNPCKLDQ(x[1], x[0], zmm[4])
	g.VPUNPCKHDQ(x[1], x[0], zmm[5])
	g.VPUNPCKLDQ(x[3], x[2], zmm[6])
	g.VPUNPCKHDQ(x[3], x[2], zmm[7])
	g.VPUNPCKLQDQ(zmm[6], zmm[4], x[0])
	g.VPUNPCKHQDQ(zmm[6], zmm[4], x[1])
	g.VPUNPCKLQDQ(zmm[7], zmm[5], x[2])
	g.VPUNPCKHQDQ(zmm[7], zmm[5], x[3])
	for i := range x {
		g.VPCMPUD(operand.U8(5), limit, x[i], reg.K2) // word ≥ threshold
		g.VMOVUPS_Z(mem(src, 64*i), reg.K2, zmm[8])
		g.VMULPS_Z(scale, zmm[8], reg.K2, zmm[8])
		g.VMOVUPS(zmm[8], mem(dst, 64*i))
	}
	g.ADDQ(operand.I32(256), src)
	g.ADDQ(operand.I32(256), dst)
	g.DECQ(blocks)
	g.JNZ(operand.LabelRef("loop"))
	g.VZEROUPPER()
	g.RET()
}

// philoxMul emits the 32 × 32 → 64-bit products of x and m: upper halves to hi, lower halves to lo.
func (g *generator) philoxMul(x, m, hi, lo reg.VecPhysical) {
	even, odd := zmm[10], zmm[11]
	g.VPSRLQ(operand.U8(32), x, odd)
	g.VPMULUDQ(m, x, even)
	g.VPMULUDQ(m, odd, odd)
	g.VPSRLQ(operand.U8(32), even, hi)
	g.VMOVDQA32(odd, reg.K1, hi)
	g.VMOVDQA32(even, lo)
	g.VPSLLQ(operand.U8(32), odd, odd)
	g.VMOVDQA32(odd, reg.K1, lo)
}
