package main

import (
	"github.com/athanor-lm/athanor/internal/kernel/gen/evex"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of laneArgs and rowArgs, see attention_lanes.go.
const (
	laneDst, laneSrc, laneFactor, laneLD, laneRows, laneN = 0, 8, 16, 24, 32, 40
	rowDst, rowSrc, rowLD, rowStride, rowN, rowCols       = 0, 8, 16, 24, 32, 40
	rowScale, rowTurn, rowCos, rowSin, rowPositions       = 48, 52, 56, 64, 72
	sumDst, sumSrc, sumWeights, sumLD, sumN, sumCols      = 0, 8, 16, 24, 32, 40
	dotDst, dotA, dotB, dotLDA, dotLDB, dotN, dotCols     = 0, 8, 16, 24, 32, 40, 48
)

// tailMask sets the lowest min(rest, lanes) bits of k, with RAX and R11 as scratch.
func (g *generator) tailMask(rest reg.Register, lanes uint32, k reg.OpmaskPhysical) {
	g.MOVQ(operand.I32(-1), reg.R11)
	g.MOVQ(operand.I32(int32(lanes)), reg.RAX)
	g.CMPQ(rest, reg.RAX)
	g.CMOVQLT(rest, reg.RAX)
	g.BZHIQ(reg.RAX, reg.R11, reg.R11)
	if lanes == 32 {
		g.KMOVD(reg.R11.As32(), k)
	} else {
		g.KMOVW(reg.R11.As32(), k)
	}
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

// scaleLanes writes the multiplication of rows of 32 lanes in place.
func (g *generator) scaleLanes() {
	g.text("attnScaleLanes512", "multiplies src[rows][32] by the lanes' factors, in place.", "laneArgs")
	g.MOVQ(mem(reg.RDI, laneSrc), reg.RSI)
	g.MOVQ(mem(reg.RDI, laneFactor), reg.R8)
	g.MOVQ(mem(reg.RDI, laneRows), reg.RCX)
	g.VMOVUPS(mem(reg.R8, 0), zmm[0])
	g.VMOVUPS(mem(reg.R8, 64), zmm[1])
	g.Label("loop")
	for h := range 2 {
		g.VMULPS(mem(reg.RSI, 64*h), zmm[h], zmm[2+h])
		g.VMOVUPS(zmm[2+h], mem(reg.RSI, 64*h))
	}
	g.ADDQ(operand.I32(128), reg.RSI)
	g.DECQ(reg.RCX)
	g.JNZ(operand.LabelRef("loop"))
	g.VZEROUPPER()
	g.RET()
}

// transposeRows writes dst[lane][row] = src[row][lane]·factor[lane] for n of 32 lanes.
func (g *generator) transposeRows(bf16 bool) {
	name, size := "attnTranspose512", 4
	if bf16 {
		name, size = "attnTransposeBF16", 2
	}
	g.text(name, "sets dst[lane][row] = src[row][lane]·factor[lane] for n lanes of 32; reads rows rounded up to 16.", "laneArgs")
	g.MOVQ(mem(reg.RDI, laneLD), reg.R8)
	g.MOVQ(mem(reg.RDI, laneFactor), reg.R9)
	for h := range 2 {
		half := string(rune('a' + h))
		g.MOVQ(mem(reg.RDI, laneN), reg.R10)
		g.SUBQ(operand.U8(16*h), reg.R10)
		g.JLE(operand.LabelRef("done"))
		g.MOVQ(mem(reg.RDI, laneDst), reg.RDX)
		for range h {
			g.MOVQ(reg.R8, reg.R11)
			g.SHLQ(operand.U8(4), reg.R11)
			g.ADDQ(reg.R11, reg.RDX)
		}
		g.MOVQ(mem(reg.RDI, laneSrc), reg.RSI)
		g.MOVQ(mem(reg.RDI, laneRows), reg.RCX)
		g.Label("block" + half)
		g.tailMask(reg.RCX, 16, reg.K1)
		g.VMOVUPS(mem(reg.R9, 64*h), zmm[16])
		for i := range 16 {
			g.VMULPS(mem(reg.RSI, 128*i+64*h), zmm[16], zmm[i])
		}
		g.MOVQ(reg.R10, reg.RBX)
		g.MOVQ(reg.RDX, reg.RAX)
		for i, out := range g.transpose() {
			if bf16 {
				g.raw(evex.VCVTNEPS2BF16.Reg(i, evex.None, i))
				g.VMOVDQU16(ymm[i], reg.K1, mem(reg.RAX, 0))
			} else {
				g.VMOVUPS(out, reg.K1, mem(reg.RAX, 0))
			}
			if i < 15 {
				g.DECQ(reg.RBX)
				g.JZ(operand.LabelRef("next" + half))
				g.ADDQ(reg.R8, reg.RAX)
			}
		}
		g.Label("next" + half)
		g.ADDQ(operand.I32(16*128), reg.RSI)
		g.ADDQ(operand.I32(16*size), reg.RDX)
		g.SUBQ(operand.U8(16), reg.RCX)
		g.JG(operand.LabelRef("block" + half))
	}
	g.Label("done")
	g.VZEROUPPER()
	g.RET()
}

// finishRows writes the scaled rounding of rows to bf16.
func (g *generator) finishRows() {
	g.text("attnRowsBF16", "sets n rows of cols bf16s, ld bytes apart, to scale·src, rows of float32s stride bytes apart.", "rowArgs")
	g.MOVQ(mem(reg.RDI, rowDst), reg.RDX)
	g.MOVQ(mem(reg.RDI, rowSrc), reg.RSI)
	g.MOVQ(mem(reg.RDI, rowN), reg.R10)
	g.VBROADCASTSS(mem(reg.RDI, rowScale), zmm[31])
	g.Label("row")
	g.MOVQ(mem(reg.RDI, rowCols), reg.RCX)
	g.MOVQ(reg.RDX, reg.R8)
	g.MOVQ(reg.RSI, reg.R9)
	g.Label("block")
	g.tailMask(reg.RCX, 16, reg.K1)
	g.VMOVUPS_Z(mem(reg.R9, 0), reg.K1, zmm[0])
	g.VMULPS(zmm[31], zmm[0], zmm[0])
	g.raw(evex.VCVTNEPS2BF16.Reg(1, evex.None, 0))
	g.VMOVDQU16(ymm[1], reg.K1, mem(reg.R8, 0))
	g.ADDQ(operand.U8(64), reg.R9)
	g.ADDQ(operand.U8(32), reg.R8)
	g.SUBQ(operand.U8(16), reg.RCX)
	g.JG(operand.LabelRef("block"))
	g.ADDQ(mem(reg.RDI, rowLD), reg.RDX)
	g.ADDQ(mem(reg.RDI, rowStride), reg.RSI)
	g.DECQ(reg.R10)
	g.JNZ(operand.LabelRef("row"))
	g.VZEROUPPER()
	g.RET()
}

// loadRow loads up to 16 numbers as float32s, storeRow rounds and stores them; K1 masks.
func (g *generator) loadRow(m operand.Mem, bf16 bool, dst reg.VecPhysical) {
	if !bf16 {
		g.VMOVUPS_Z(m, reg.K1, dst)
		return
	}
	g.VPMOVZXWD_Z(m, reg.K1, dst)
	g.VPSLLD(operand.U8(16), dst, dst)
}

func (g *generator) storeRow(src int, bf16 bool, m operand.Mem) {
	if !bf16 {
		g.VMOVUPS(zmm[src], reg.K1, m)
		return
	}
	g.raw(evex.VCVTNEPS2BF16.Reg(src, evex.None, src))
	g.VMOVDQU16(ymm[src], reg.K1, m)
}

// rotateRows writes the rotary embedding of rows, with a factor.
func (g *generator) rotateRows(name string, from, to bool) {
	g.text(name, "sets n rows of dst to the rows of src turned by the angles of their positions, times scale; see rowArgs.", "rowArgs")
	fromSize, toSize := 4, 4
	if from {
		fromSize = 2
	}
	if to {
		toSize = 2
	}
	g.MOVQ(mem(reg.RDI, rowDst), reg.RDX)
	g.MOVQ(mem(reg.RDI, rowSrc), reg.RSI)
	g.MOVQ(mem(reg.RDI, rowN), reg.R10)
	g.MOVQ(mem(reg.RDI, rowPositions), reg.R15)
	g.VBROADCASTSS(mem(reg.RDI, rowScale), zmm[30])
	g.VBROADCASTSS(mem(reg.RDI, rowTurn), zmm[31])
	g.Label("row")
	g.MOVQ(mem(reg.RDI, rowCols), reg.RCX)
	g.SHRQ(operand.U8(1), reg.RCX)
	g.MOVLQSX(mem(reg.R15, 0), reg.R12)
	g.ADDQ(operand.U8(4), reg.R15)
	g.IMULQ(reg.RCX, reg.R12)
	g.SHLQ(operand.U8(2), reg.R12)
	g.MOVQ(mem(reg.RDI, rowSin), reg.R13)
	g.ADDQ(reg.R12, reg.R13)
	g.ADDQ(mem(reg.RDI, rowCos), reg.R12)
	g.MOVQ(reg.RDX, reg.R8)
	g.MOVQ(reg.RSI, reg.R9)
	g.Label("block")
	g.tailMask(reg.RCX, 16, reg.K1)
	g.MOVQ(mem(reg.RDI, rowCols), reg.RAX) // the second half is cols/2 further
	g.SHRQ(operand.U8(1), reg.RAX)
	second := func(base reg.Register, size int) operand.Mem {
		return operand.Mem{Base: base, Index: reg.RAX, Scale: uint8(size)}
	}
	g.loadRow(mem(reg.R9, 0), from, zmm[0])
	g.loadRow(second(reg.R9, fromSize), from, zmm[1])
	g.VMOVUPS_Z(mem(reg.R12, 0), reg.K1, zmm[2])
	g.VMOVUPS_Z(mem(reg.R13, 0), reg.K1, zmm[3])
	g.VMULPS(zmm[30], zmm[2], zmm[2])
	g.VMULPS(zmm[31], zmm[3], zmm[3])
	g.VMULPS(zmm[1], zmm[3], zmm[4])
	g.VMULPS(zmm[0], zmm[3], zmm[5])
	g.VFMSUB231PS(zmm[0], zmm[2], zmm[4])
	g.VFMADD231PS(zmm[1], zmm[2], zmm[5])
	g.storeRow(4, to, mem(reg.R8, 0))
	g.storeRow(5, to, second(reg.R8, toSize))
	g.ADDQ(operand.I32(16*fromSize), reg.R9)
	g.ADDQ(operand.I32(16*toSize), reg.R8)
	g.ADDQ(operand.U8(64), reg.R12)
	g.ADDQ(operand.U8(64), reg.R13)
	g.SUBQ(operand.U8(16), reg.RCX)
	g.JG(operand.LabelRef("block"))
	g.ADDQ(mem(reg.RDI, rowLD), reg.RDX)
	g.ADDQ(mem(reg.RDI, rowStride), reg.RSI)
	g.DECQ(reg.R10)
	g.JNZ(operand.LabelRef("row"))
	g.VZEROUPPER()
	g.RET()
}

// rowDots writes the inner products of rows of float32s or bf16s.
func (g *generator) rowDots(bf16 bool) {
	name, lanes := "attnDots512", 16
	if bf16 {
		name, lanes = "attnDotsBF16", 32
	}
	g.text(name, "sets dst[i] to the inner product of rows i of a and b; see dotArgs.", "dotArgs")
	g.MOVQ(mem(reg.RDI, dotDst), reg.RDX)
	g.MOVQ(mem(reg.RDI, dotA), reg.RSI)
	g.MOVQ(mem(reg.RDI, dotB), reg.RBX)
	g.MOVQ(mem(reg.RDI, dotN), reg.R10)
	g.Label("row")
	g.MOVQ(mem(reg.RDI, dotCols), reg.RCX)
	g.MOVQ(reg.RSI, reg.R8)
	g.MOVQ(reg.RBX, reg.R9)
	g.VXORPS(ymm[0], ymm[0], ymm[0])
	g.Label("block")
	g.tailMask(reg.RCX, uint32(lanes), reg.K1)
	for i, p := range []reg.Register{reg.R8, reg.R9} {
		if bf16 {
			g.VMOVDQU16_Z(mem(p, 0), reg.K1, zmm[1+i])
		} else {
			g.VMOVUPS_Z(mem(p, 0), reg.K1, zmm[1+i])
		}
		g.ADDQ(operand.U8(64), p)
	}
	if bf16 {
		g.raw(evex.VDPBF16PS.Reg(0, 1, 2))
	} else {
		g.VFMADD231PS(zmm[1], zmm[2], zmm[0])
	}
	g.SUBQ(operand.U8(lanes), reg.RCX)
	g.JG(operand.LabelRef("block"))
	g.VEXTRACTF64X4(operand.U8(1), zmm[0], ymm[1])
	g.VADDPS(ymm[1], ymm[0], ymm[0])
	g.VEXTRACTF128(operand.U8(1), ymm[0], reg.X1)
	g.VADDPS(reg.X1, reg.X0, reg.X0)
	g.VMOVHLPS(reg.X0, reg.X0, reg.X1)
	g.VADDPS(reg.X1, reg.X0, reg.X0)
	g.VMOVSHDUP(reg.X0, reg.X1)
	g.VADDSS(reg.X1, reg.X0, reg.X0)
	g.VMOVSS(reg.X0, mem(reg.RDX, 0))
	g.ADDQ(operand.U8(4), reg.RDX)
	g.ADDQ(mem(reg.RDI, dotLDA), reg.RSI)
	g.ADDQ(mem(reg.RDI, dotLDB), reg.RBX)
	g.DECQ(reg.R10)
	g.JNZ(operand.LabelRef("row"))
	g.VZEROUPPER()
	g.RET()
}

// weightedRows writes sums of weighted rows, 64 columns at a time.
func (g *generator) weightedRows(bf16 bool) {
	name, size := "attnWeighted512", 4
	if bf16 {
		name, size = "attnWeightedBF16", 2
	}
	g.text(name, "adds to dst the rows of src times their weights; see sumArgs.", "sumArgs")
	g.MOVQ(mem(reg.RDI, sumDst), reg.RDX)
	g.MOVQ(mem(reg.RDI, sumSrc), reg.RSI)
	g.MOVQ(mem(reg.RDI, sumLD), reg.R8)
	g.MOVQ(mem(reg.RDI, sumCols), reg.RCX)
	g.Label("block")
	g.MOVQ(operand.I32(-1), reg.R11)
	g.MOVQ(operand.I32(64), reg.RAX)
	g.CMPQ(reg.RCX, reg.RAX)
	g.CMOVQLT(reg.RCX, reg.RAX)
	g.BZHIQ(reg.RAX, reg.R11, reg.R11)
	for i, k := range masks {
		g.KMOVW(reg.R11.As32(), k)
		g.SHRQ(operand.U8(16), reg.R11)
		g.VMOVUPS_Z(mem(reg.RDX, 64*i), k, zmm[i])
	}
	g.MOVQ(reg.RSI, reg.R9)
	g.MOVQ(mem(reg.RDI, sumWeights), reg.R12)
	g.MOVQ(mem(reg.RDI, sumN), reg.R10)
	g.Label("row")
	g.VBROADCASTSS(mem(reg.R12, 0), zmm[8])
	for i, k := range masks {
		m := mem(reg.R9, 16*size*i)
		if bf16 {
			g.VPMOVZXWD_Z(m, k, zmm[4+i])
			g.VPSLLD(operand.U8(16), zmm[4+i], zmm[4+i])
		} else {
			g.VMOVUPS_Z(m, k, zmm[4+i])
		}
		g.VFMADD231PS(zmm[4+i], zmm[8], zmm[i])
	}
	g.ADDQ(operand.U8(4), reg.R12)
	g.ADDQ(reg.R8, reg.R9)
	g.DECQ(reg.R10)
	g.JNZ(operand.LabelRef("row"))
	for i, k := range masks {
		g.VMOVUPS(zmm[i], k, mem(reg.RDX, 64*i))
	}
	g.ADDQ(operand.I32(256), reg.RDX)
	g.ADDQ(operand.I32(64*size), reg.RSI)
	g.SUBQ(operand.U8(64), reg.RCX)
	g.JG(operand.LabelRef("block"))
	g.VZEROUPPER()
	g.RET()
}
