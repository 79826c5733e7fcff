package main

import (
	"github.com/athanor-lm/athanor/internal/kernel/gen/evex"
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// packRows16 writes the transposition of 16 rows of words into a panel. With round the rows are float32s, which become
// pairs of bf16 as they are loaded.
func (g *generator) packRows16(round bool) {
	name, doc := "packRows16", "writes word (step, lane) = word step of row lane, for 16 lanes whose rows are offs bytes from src: chunks × 16 words and then tail 16-bit units, the last padded with zeros."
	if round {
		name, doc = "packRows16Rounded", "is packRows16 of float32s, which it rounds to bf16: chunks × 32 and then tail of them."
	}
	g.text(name, doc, "func(dst unsafe.Pointer, stride int, src unsafe.Pointer, offs *[16]int, chunks, tail int)")
	dst, stride, src, offs, chunks, tail, off := reg.RDI, reg.RBX, reg.RSI, reg.RDX, reg.RCX, reg.R8, reg.R9
	g.args([]string{"dst", "stride", "src", "offs", "chunks", "tail"}, dst, stride, src, offs, chunks, tail)
	row := func(disp int) operand.Mem {
		return operand.Mem{Base: src, Index: off, Scale: 1, Disp: disp}
	}
	g.TESTQ(chunks, chunks)
	g.JZ(operand.LabelRef("tail"))
	g.Label("loop")
	for i := range 16 {
		g.MOVQ(mem(offs, 8*i), off)
		if round {
			g.VMOVUPS(row(0), zmm[i])
			g.VMOVUPS(row(64), zmm[16])
			g.raw(evex.VCVTNE2PS2BF16.Reg(i, 16, i))
			g.PREFETCHT0(row(512))
			g.PREFETCHT0(row(576))
		} else {
			g.VMOVDQU32(row(0), zmm[i])
			g.PREFETCHT0(row(512))
		}
	}
	for _, out := range g.transpose() {
		g.VMOVDQU32(out, mem(dst, 0))
		g.ADDQ(stride, dst)
	}
	if round {
		g.ADDQ(operand.U8(64), src)
	}
	g.ADDQ(operand.U8(64), src)
	g.DECQ(chunks)
	g.JNZ(operand.LabelRef("loop"))
	g.Label("tail")
	g.TESTQ(tail, tail)
	g.JZ(operand.LabelRef("done"))
	g.MOVQ(operand.I32(-1), chunks)
	g.BZHIQ(tail, chunks, chunks)
	g.KMOVD(chunks.As32(), reg.K1)
	if round {
		g.SHRQ(operand.U8(16), chunks)
		g.KMOVW(chunks.As32(), reg.K2)
	}
	for i := range 16 {
		g.MOVQ(mem(offs, 8*i), off)
		if round {
			g.VMOVUPS_Z(row(0), reg.K1, zmm[i])
			g.VMOVUPS_Z(row(64), reg.K2, zmm[16])
			g.raw(evex.VCVTNE2PS2BF16.Reg(i, 16, i))
		} else {
			g.VMOVDQU16_Z(row(0), reg.K1, zmm[i])
		}
	}
	for _, out := range g.transpose() {
		g.VMOVDQU32(out, mem(dst, 0))
		g.ADDQ(stride, dst)
		g.SUBQ(operand.U8(2), tail)
		g.JLE(operand.LabelRef("done"))
	}
	g.Label("done")
	g.VZEROUPPER()
	g.RET()
}

// transpose emits the transposition of the 16 × 16 words in Z0…Z15 and returns the registers of the columns.
func (g *generator) transpose() [16]reg.VecPhysical {
	for i := 0; i < 16; i += 2 { // pairs of rows
		g.VPUNPCKLDQ(zmm[i+1], zmm[i], zmm[16+i])
		g.VPUNPCKHDQ(zmm[i+1], zmm[i], zmm[17+i])
	}
	for i := 0; i < 16; i += 4 { // register i+j: lane L holds column 4L+j of rows i…i+3
		g.VPUNPCKLQDQ(zmm[18+i], zmm[16+i], zmm[i])
		g.VPUNPCKHQDQ(zmm[18+i], zmm[16+i], zmm[i+1])
		g.VPUNPCKLQDQ(zmm[19+i], zmm[17+i], zmm[i+2])
		g.VPUNPCKHQDQ(zmm[19+i], zmm[17+i], zmm[i+3])
	}
	var out [16]reg.VecPhysical
	for j := range 4 {
		a, b, c, d := zmm[16+4*j], zmm[17+4*j], zmm[18+4*j], zmm[19+4*j]
		g.VSHUFI32X4(operand.U8(0x88), zmm[4+j], zmm[j], a)
		g.VSHUFI32X4(operand.U8(0xdd), zmm[4+j], zmm[j], b)
		g.VSHUFI32X4(operand.U8(0x88), zmm[12+j], zmm[8+j], c)
		g.VSHUFI32X4(operand.U8(0xdd), zmm[12+j], zmm[8+j], d)
		g.VSHUFI32X4(operand.U8(0x88), c, a, zmm[j])
		g.VSHUFI32X4(operand.U8(0xdd), c, a, zmm[8+j])
		g.VSHUFI32X4(operand.U8(0x88), d, b, zmm[4+j])
		g.VSHUFI32X4(operand.U8(0xdd), d, b, zmm[12+j])
	}
	for i := range out {
		out[i] = zmm[i]
	}
	return out
}

// packCols16 writes the packing of rows of lanes, for up to 16 lanes: a copy of float32s, and for bf16 the pairing of
// two rows. With sums it also adds the sum of each lane to a vector.
func (g *generator) packCols16(sums bool) {
	dst, stride, src, rowBytes, k, lanes, out := reg.RDI, reg.RBX, reg.RSI, reg.RDX, reg.RCX, reg.R8, reg.R12
	start := func(name, doc string) {
		signature := "func(dst unsafe.Pointer, stride int, src unsafe.Pointer, rowBytes, k, lanes int)"
		if sums {
			name += "Sum"
			doc += " Adds the lanes' sums to sums: those of even rows and those of odd rows, each in order."
			signature = "func(dst unsafe.Pointer, stride int, src unsafe.Pointer, rowBytes, k, lanes int, sums *float32)"
		}
		g.text(name, doc, signature)
		g.args([]string{"dst", "stride", "src", "rowBytes", "k", "lanes"}, dst, stride, src, rowBytes, k, lanes)
		if sums {
			g.args([]string{"sums"}, out)
			g.VPXORD(zmm[4], zmm[4], zmm[4])
			g.VPXORD(zmm[5], zmm[5], zmm[5])
		}
		g.MOVQ(operand.I32(-1), rTmp)
		g.BZHIQ(lanes, rTmp, rTmp)
		g.KMOVW(rTmp.As32(), reg.K1)
	}
	finish := func() {
		g.Label("done")
		if sums {
			g.VADDPS(zmm[5], zmm[4], zmm[4])
			g.VMOVUPS_Z(mem(out, 0), reg.K1, zmm[0])
			g.VADDPS(zmm[4], zmm[0], zmm[0])
			g.VMOVUPS(zmm[0], reg.K1, mem(out, 0))
		}
		g.VZEROUPPER()
		g.RET()
	}
	next := operand.Mem{Base: src, Index: rowBytes, Scale: 1}

	start("packCols16F32", "copies k rows of up to 16 float32s, rowBytes apart, to dst, stride bytes apart; the other lanes become 0.")
	g.SUBQ(operand.U8(2), k)
	g.JL(operand.LabelRef("odd"))
	g.Label("loop")
	g.prefetchAhead(src, rowBytes)
	g.VMOVUPS_Z(mem(src, 0), reg.K1, zmm[0])
	g.VMOVUPS_Z(next, reg.K1, zmm[1])
	g.LEAQ(operand.Mem{Base: src, Index: rowBytes, Scale: 2}, src)
	g.VMOVUPS(zmm[0], mem(dst, 0))
	g.ADDQ(stride, dst)
	g.VMOVUPS(zmm[1], mem(dst, 0))
	g.ADDQ(stride, dst)
	if sums {
		g.VADDPS(zmm[0], zmm[4], zmm[4])
		g.VADDPS(zmm[1], zmm[5], zmm[5])
	}
	g.SUBQ(operand.U8(2), k)
	g.JGE(operand.LabelRef("loop"))
	g.Label("odd")
	g.ADDQ(operand.U8(2), k)
	g.JZ(operand.LabelRef("done"))
	g.VMOVUPS_Z(mem(src, 0), reg.K1, zmm[0])
	g.VMOVUPS(zmm[0], mem(dst, 0))
	if sums {
		g.VADDPS(zmm[0], zmm[4], zmm[4])
	}
	finish()

	start("packCols16BF16", "pairs k rows of up to 16 bf16s: word (step, lane) = rows 2·step and 2·step+1 of lane; the other lanes and an odd last row's partner become 0.")
	g.SUBQ(operand.U8(2), k)
	g.JL(operand.LabelRef("odd"))
	g.Label("loop")
	g.prefetchAhead(src, rowBytes)
	g.VPMOVZXWD_Z(mem(src, 0), reg.K1, zmm[0])
	g.VPMOVZXWD_Z(next, reg.K1, zmm[1])
	g.LEAQ(operand.Mem{Base: src, Index: rowBytes, Scale: 2}, src)
	g.VPSLLD(operand.U8(16), zmm[1], zmm[1])
	g.VPORD(zmm[1], zmm[0], zmm[2])
	g.VMOVDQU32(zmm[2], mem(dst, 0))
	g.ADDQ(stride, dst)
	if sums {
		g.VPSLLD(operand.U8(16), zmm[0], zmm[0])
		g.VADDPS(zmm[0], zmm[4], zmm[4])
		g.VADDPS(zmm[1], zmm[5], zmm[5])
	}
	g.SUBQ(operand.U8(2), k)
	g.JGE(operand.LabelRef("loop"))
	g.Label("odd")
	g.ADDQ(operand.U8(2), k)
	g.JZ(operand.LabelRef("done"))
	g.VPMOVZXWD_Z(mem(src, 0), reg.K1, zmm[0])
	g.VMOVDQU32(zmm[0], mem(dst, 0))
	if sums {
		g.VPSLLD(operand.U8(16), zmm[0], zmm[0])
		g.VADDPS(zmm[0], zmm[4], zmm[4])
	}
	finish()
}

// packCols32BF16 writes packCols16BF16 for panels of 32 lanes that are all there: whole cache lines of both rows, interleaved by
// two permutations.
func (g *generator) packCols32BF16() {
	index := g.StaticGlobal("gemmInterleave")
	g.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range 32 { // lanes 0…15 of both rows and then 16…31; the second row's words count from 32
		g.AppendDatum(operand.U32(i | (32+i)<<16))
	}
	g.text("packCols32BF16", "pairs k rows of 32 bf16s: word (step, lane) = rows 2·step and 2·step+1 of lane; an odd last row's partner becomes 0.",
		"func(dst unsafe.Pointer, src unsafe.Pointer, rowBytes, k int)")
	dst, src, rowBytes, k := reg.RDI, reg.RSI, reg.RDX, reg.RCX
	g.args([]string{"dst", "src", "rowBytes", "k"}, dst, src, rowBytes, k)
	g.VMOVDQU32(index.Offset(0), zmm[30])
	g.VMOVDQU32(index.Offset(64), zmm[31])
	pair := func() {
		g.VMOVDQA64(zmm[30], zmm[2])
		g.VMOVDQA64(zmm[31], zmm[3])
		for h := range 2 {
			g.VPERMI2W(zmm[1], zmm[0], zmm[2+h])
			g.VMOVDQU32(zmm[2+h], mem(dst, 64*h))
		}
	}
	g.SUBQ(operand.U8(2), k)
	g.JL(operand.LabelRef("odd"))
	g.Label("loop")
	g.prefetchAhead(src, rowBytes)
	g.VMOVDQU32(mem(src, 0), zmm[0])
	g.VMOVDQU32(operand.Mem{Base: src, Index: rowBytes, Scale: 1}, zmm[1])
	g.LEAQ(operand.Mem{Base: src, Index: rowBytes, Scale: 2}, src)
	pair()
	g.ADDQ(operand.I32(128), dst)
	g.SUBQ(operand.U8(2), k)
	g.JGE(operand.LabelRef("loop"))
	g.Label("odd")
	g.ADDQ(operand.U8(2), k)
	g.JZ(operand.LabelRef("done"))
	g.VMOVDQU32(mem(src, 0), zmm[0])
	g.VPXORD(zmm[1], zmm[1], zmm[1])
	pair()
	g.Label("done")
	g.VZEROUPPER()
	g.RET()
}

// rowsAhead is how many rows on a line is fetched: those that a product packs of a panel at a time (packRun), so that it is the next turn's.
const rowsAhead = 32

// prefetchAhead fetches the same lanes of the two rows rowsAhead on into the second cache; the first, where rows of equal
// distance share few sets, would lose them before their turn.
func (g *generator) prefetchAhead(src, rowBytes reg.GPPhysical) {
	ahead := reg.R13
	g.IMUL3Q(operand.I32(rowsAhead), rowBytes, ahead)
	g.ADDQ(src, ahead)
	g.PREFETCHT1(mem(ahead, 0))
	g.PREFETCHT1(operand.Mem{Base: ahead, Index: rowBytes, Scale: 1})
}

// packCols16Rounded writes the packing of rows of up to 16 float32s as pairs of bf16, rounded on the way.
func (g *generator) packCols16Rounded() {
	g.text("packCols16Rounded", "is packCols16BF16 of float32s, which it rounds to bf16.",
		"func(dst unsafe.Pointer, stride int, src unsafe.Pointer, rowBytes, k, lanes int)")
	dst, stride, src, rowBytes, k, lanes := reg.RDI, reg.RBX, reg.RSI, reg.RDX, reg.RCX, reg.R8
	g.args([]string{"dst", "stride", "src", "rowBytes", "k", "lanes"}, dst, stride, src, rowBytes, k, lanes)
	g.MOVQ(operand.I32(-1), rTmp)
	g.BZHIQ(lanes, rTmp, rTmp)
	g.KMOVW(rTmp.As32(), reg.K1)
	rounded := func(m operand.Mem, i int) { // word lane = the bf16 of that lane
		g.VMOVUPS_Z(m, reg.K1, zmm[i])
		g.raw(evex.VCVTNEPS2BF16.Reg(i, evex.None, i))
		g.VPMOVZXWD(ymm[i], zmm[i])
	}
	g.SUBQ(operand.U8(2), k)
	g.JL(operand.LabelRef("odd"))
	g.Label("loop")
	g.prefetchAhead(src, rowBytes)
	rounded(mem(src, 0), 0)
	rounded(operand.Mem{Base: src, Index: rowBytes, Scale: 1}, 1)
	g.LEAQ(operand.Mem{Base: src, Index: rowBytes, Scale: 2}, src)
	g.VPSLLD(operand.U8(16), zmm[1], zmm[1])
	g.VPORD(zmm[1], zmm[0], zmm[0])
	g.VMOVDQU32(zmm[0], mem(dst, 0))
	g.ADDQ(stride, dst)
	g.SUBQ(operand.U8(2), k)
	g.JGE(operand.LabelRef("loop"))
	g.Label("odd")
	g.ADDQ(operand.U8(2), k)
	g.JZ(operand.LabelRef("done"))
	rounded(mem(src, 0), 0)
	g.VMOVDQU32(zmm[0], mem(dst, 0))
	g.Label("done")
	g.VZEROUPPER()
	g.RET()
}

// packRows8 writes the transposition of 8 rows of words for AVX2.
func (g *generator) packRows8() {
	g.text("packRows8", "writes word (step, lane) = word step of row lane, for 8 lanes whose rows are offs bytes from src: chunks × 8 words.",
		"func(dst unsafe.Pointer, stride int, src unsafe.Pointer, offs *[16]int, chunks int)")
	dst, stride, src, offs, chunks, off := reg.RDI, reg.RBX, reg.RSI, reg.RDX, reg.RCX, reg.R9
	g.args([]string{"dst", "stride", "src", "offs", "chunks"}, dst, stride, src, offs, chunks)
	g.Label("loop")
	for i := range 8 {
		g.MOVQ(mem(offs, 8*i), off)
		g.VMOVUPS(operand.Mem{Base: src, Index: off, Scale: 1}, ymm[i])
	}
	for i := 0; i < 8; i += 2 { // pairs of rows
		g.VUNPCKLPS(ymm[i+1], ymm[i], ymm[8+i])
		g.VUNPCKHPS(ymm[i+1], ymm[i], ymm[9+i])
	}
	for i := 0; i < 8; i += 4 { // register i+j: lane L holds column 4L+j of rows i…i+3
		g.VUNPCKLPD(ymm[10+i], ymm[8+i], ymm[i])
		g.VUNPCKHPD(ymm[10+i], ymm[8+i], ymm[i+1])
		g.VUNPCKLPD(ymm[11+i], ymm[9+i], ymm[i+2])
		g.VUNPCKHPD(ymm[11+i], ymm[9+i], ymm[i+3])
	}
	for j := range 4 {
		g.VPERM2F128(operand.U8(0x20), ymm[4+j], ymm[j], ymm[8+j])
		g.VPERM2F128(operand.U8(0x31), ymm[4+j], ymm[j], ymm[12+j])
	}
	for i := range 8 {
		g.VMOVUPS(ymm[8+i], mem(dst, 0))
		g.ADDQ(stride, dst)
	}
	g.ADDQ(operand.U8(32), src)
	g.DECQ(chunks)
	g.JNZ(operand.LabelRef("loop"))
	g.VZEROUPPER()
	g.RET()
}
