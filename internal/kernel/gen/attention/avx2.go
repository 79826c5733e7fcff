package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The AVX2 kernels go through panels of 16 lanes a row at a time: registers 0 … 7 are free, then come:
const (
	vKey   = 8 // the row's key
	vShift = 9 // and 10
	vAcc   = 11
	vScale = 13
	vTemp  = 14 // and 15
)

// wide is the 32-bit constant b in eight lanes of memory.
func (g *generator) wide(b uint32) operand.Mem {
	name := fmt.Sprintf("attnWide%08x", b)
	if key := uint64(b) | 1<<32; !g.consts[key] {
		g.consts[key] = true
		g.StaticGlobal(name)
		g.DataAttributes(8 | 16)
		for i := range 8 {
			g.AddDatum(4*i, operand.U32(b))
		}
	}
	return operand.NewDataAddr(operand.Symbol{Name: name, Static: true}, 0)
}

func (g *generator) wideFloat(x float64) operand.Mem { return g.wide(math.Float32bits(float32(x))) }

// commonAVX2 loads what softmax and grad share: RSI s, RDX dp, RCX rows, R8 and R9 the intervals.
func (g *generator) commonAVX2(scale int) {
	g.MOVQ(mem(reg.RDI, xS), reg.RSI)
	g.MOVQ(mem(reg.RDI, xDp), reg.RDX)
	g.MOVQ(mem(reg.RDI, xRows), reg.RCX)
	g.MOVQ(mem(reg.RDI, xLo), reg.R8)
	g.MOVQ(mem(reg.RDI, xHi), reg.R9)
	g.VBROADCASTSS(mem(reg.RDI, scale), ymm[vScale])
	g.VPBROADCASTD(mem(reg.RDI, xKey), ymm[vKey])
}

// seenAVX2 sets Y6 and Y7 to −1 in the lanes that see the row's key, and moves on to the next key.
func (g *generator) seenAVX2() {
	for h := range 2 {
		g.VMOVDQU(mem(reg.R8, 32*h), ymm[vTemp])
		g.VPCMPGTD(ymm[vKey], ymm[vTemp], ymm[vTemp]) // lo > key
		g.VMOVDQU(mem(reg.R9, 32*h), ymm[6+h])
		g.VPCMPGTD(ymm[vKey], ymm[6+h], ymm[6+h]) // hi > key
		g.VPANDN(ymm[6+h], ymm[vTemp], ymm[6+h])
	}
	g.VPADDD(g.wide(1), ymm[vKey], ymm[vKey])
}

// exp2AVX2 turns Y0 and Y1 into 2^x, at least 2^−126, with Y2 … Y5 as scratch; masked lanes become 0.
func (g *generator) exp2AVX2(masked bool) {
	for h := range 2 {
		x, n, p := ymm[h], ymm[2+h], ymm[4+h]
		g.VMOVUPS(g.wideFloat(-126), p)
		g.VMAXPS(x, p, x) // a NaN stays
		g.VROUNDPS(operand.U8(8), x, n)
		g.VSUBPS(n, x, x)
		g.VCVTPS2DQ(n, n)
		g.VPADDD(g.wide(127), n, n)
		g.VPSLLD(operand.U8(23), n, n)
		g.VMOVUPS(g.wideFloat(polyF32[0]), p)
	}
	for _, c := range polyF32[1:] {
		for h := range 2 {
			g.VFMADD213PS(g.wideFloat(c), ymm[h], ymm[4+h])
		}
	}
	for h := range 2 {
		g.VMULPS(ymm[2+h], ymm[4+h], ymm[h])
		if masked {
			g.VANDPS(ymm[6+h], ymm[h], ymm[h])
		}
	}
}

// loop emits body for each of the rows, and advances RSI and RDX.
func (g *generator) loop(label string, body func()) {
	g.Label(label)
	body()
	g.ADDQ(operand.U8(64), reg.RSI)
	g.ADDQ(operand.U8(64), reg.RDX)
	g.DECQ(reg.RCX)
	g.JNZ(operand.LabelRef(label))
}

// softmaxAVX2 writes the step of the running softmax for panels of 16 lanes; see softArgs.
func (g *generator) softmaxAVX2() {
	g.text("attnSoftmaxAVX2", "is a step of the running softmax over panels of 16 lanes, in place; see softArgs.", "softArgs")
	g.commonAVX2(softScale)
	for h := range 2 {
		g.VMOVUPS(g.wide(0xff800000), ymm[h])
	}
	g.CMPB(mem(reg.RDI, softMasked), operand.U8(0))
	g.JNE(operand.LabelRef("masked_max"))
	g.loop("plain_max", func() {
		for h := range 2 {
			g.VMAXPS(mem(reg.RSI, 32*h), ymm[h], ymm[h])
		}
	})
	g.JMP(operand.LabelRef("advance"))
	g.loop("masked_max", func() {
		g.seenAVX2()
		g.VMOVUPS(g.wide(0xff800000), ymm[vTemp])
		for h := range 2 {
			g.VBLENDVPS(ymm[6+h], mem(reg.RSI, 32*h), ymm[vTemp], ymm[vTemp+1])
			g.VMAXPS(ymm[vTemp+1], ymm[h], ymm[h])
		}
	})
	g.Label("advance")
	g.advanceAVX2()
	g.commonAVX2(softScale) // from the first row again
	g.probabilitiesAVX2()
	g.MOVQ(mem(reg.RDI, softL), reg.R10)
	g.MOVQ(mem(reg.RDI, softAlpha), reg.R11)
	for h := range 2 {
		g.VMOVUPS(mem(reg.R10, 32*h), ymm[0])
		g.VMOVUPS(mem(reg.R11, 32*h), ymm[1])
		g.VFMADD213PS(ymm[vAcc+h], ymm[1], ymm[0])
		g.VMOVUPS(ymm[0], mem(reg.R10, 32*h))
	}
	g.VZEROUPPER()
	g.RET()
}

// advanceAVX2 moves m on from the maxima in Y0 and Y1 and computes alpha; vShift becomes the new maximum, 0 where nothing was
// seen, and vAcc 0.
func (g *generator) advanceAVX2() {
	g.MOVQ(mem(reg.RDI, softM), reg.R10)
	g.MOVQ(mem(reg.RDI, softAlpha), reg.R11)
	for h := range 2 {
		g.VMULPS(ymm[vScale], ymm[h], ymm[h])
		g.VMOVUPS(mem(reg.R10, 32*h), ymm[vAcc+h])
		g.VMAXPS(ymm[vAcc+h], ymm[h], ymm[h])
		g.VMOVUPS(ymm[h], mem(reg.R10, 32*h))
		g.VCMPPS(operand.U8(4), g.wide(0xff800000), ymm[h], ymm[vTemp]) // not equal
		g.VANDPS(ymm[vTemp], ymm[h], ymm[vShift+h])
		g.VSUBPS(ymm[vShift+h], ymm[vAcc+h], ymm[h])
	}
	g.exp2AVX2(false)
	for h := range 2 {
		g.VMOVUPS(ymm[h], mem(reg.R11, 32*h))
		g.VXORPS(ymm[vAcc+h], ymm[vAcc+h], ymm[vAcc+h])
	}
}

// probabilitiesAVX2 computes p in place and adds up its sums in vAcc.
func (g *generator) probabilitiesAVX2() {
	probabilities := func(masked bool) func() {
		return func() {
			if masked {
				g.seenAVX2()
			}
			for h := range 2 {
				g.VMOVUPS(mem(reg.RSI, 32*h), ymm[h])
				g.VFMSUB213PS(ymm[vShift+h], ymm[vScale], ymm[h])
			}
			g.exp2AVX2(masked)
			for h := range 2 {
				g.VMOVUPS(ymm[h], mem(reg.RSI, 32*h))
				g.VADDPS(ymm[h], ymm[vAcc+h], ymm[vAcc+h])
			}
		}
	}
	g.CMPB(mem(reg.RDI, softMasked), operand.U8(0))
	g.JNE(operand.LabelRef("masked_exp"))
	g.loop("plain_exp", probabilities(false))
	g.JMP(operand.LabelRef("done"))
	g.loop("masked_exp", probabilities(true))
	g.Label("done")
}

// gradAVX2 writes the element-wise part of the backward pass for panels of 16 lanes; see gradArgs.
func (g *generator) gradAVX2() {
	g.text("attnGradAVX2", "is a tile of the backward pass over panels of 16 lanes, in place; see gradArgs.", "gradArgs")
	g.commonAVX2(gradScale)
	g.MOVQ(mem(reg.RDI, gradLSE), reg.R10)
	g.MOVQ(mem(reg.RDI, gradDelta), reg.R11)
	for h := range 2 {
		g.VMOVUPS(mem(reg.R10, 32*h), ymm[vShift+h])
		g.VMOVUPS(mem(reg.R11, 32*h), ymm[vAcc+h])
	}
	row := func(masked bool) func() {
		return func() {
			if masked {
				g.seenAVX2()
			}
			for h := range 2 {
				g.VMOVUPS(mem(reg.RSI, 32*h), ymm[h])
				g.VFMSUB213PS(ymm[vShift+h], ymm[vScale], ymm[h])
			}
			g.exp2AVX2(masked)
			for h := range 2 {
				ds := ymm[vTemp]
				g.VMOVUPS(mem(reg.RDX, 32*h), ds)
				g.VSUBPS(ymm[vAcc+h], ds, ds)
				g.VMULPS(ymm[h], ds, ds)
				if masked {
					g.VANDPS(ymm[6+h], ds, ds) // 0 also where dp is not a number
				}
				g.VMOVUPS(ymm[h], mem(reg.RSI, 32*h))
				g.VMOVUPS(ds, mem(reg.RDX, 32*h))
			}
		}
	}
	g.CMPB(mem(reg.RDI, gradMasked), operand.U8(0))
	g.JNE(operand.LabelRef("masked"))
	g.loop("plain", row(false))
	g.JMP(operand.LabelRef("done"))
	g.loop("masked", row(true))
	g.Label("done")
	g.VZEROUPPER()
	g.RET()
}

// scaleLanesAVX2 writes the multiplication of rows of 16 lanes in place.
func (g *generator) scaleLanesAVX2() {
	g.text("attnScaleLanesAVX2", "multiplies src[rows][16] by the lanes' factors, in place.", "laneArgs")
	g.MOVQ(mem(reg.RDI, laneSrc), reg.RSI)
	g.MOVQ(mem(reg.RDI, laneFactor), reg.R8)
	g.MOVQ(mem(reg.RDI, laneRows), reg.RCX)
	g.VMOVUPS(mem(reg.R8, 0), ymm[0])
	g.VMOVUPS(mem(reg.R8, 32), ymm[1])
	g.loop("rows", func() {
		for h := range 2 {
			g.VMULPS(mem(reg.RSI, 32*h), ymm[h], ymm[2+h])
			g.VMOVUPS(ymm[2+h], mem(reg.RSI, 32*h))
		}
	})
	g.VZEROUPPER()
	g.RET()
}
