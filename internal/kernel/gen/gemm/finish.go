package main

import (
	"github.com/athanor-lm/athanor/internal/kernel/gen/evex"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The flags of finishArgs, as in gemm_epilogue.go.
const (
	finishBF16 = 1 << iota
	finishResidualBF16
	finishAccumulate
	finishWriteBack
)

// finish writes the last step of an epilogue over a block of sums: scale, bias, residual, store.
func (g *generator) finish() {
	g.text("finishAVX512", "stores a block of sums as a says; see finishGeneric.", "func(a unsafe.Pointer)")
	args := reg.RAX
	src, dst, bias, res := reg.RSI, reg.RDI, reg.RBX, reg.RDX // of the row
	s, d, b, r, n := reg.R10, reg.R11, reg.R12, reg.R13, reg.R9
	flags, rows := reg.R8, reg.RCX
	g.args([]string{"a"}, args)
	field := func(i int) operand.Mem { return mem(args, 8*i) } // in the order of finishArgs
	for i, x := range []reg.Register{src, dst, bias, res} {
		g.MOVQ(field(i), x)
	}
	g.MOVQ(field(7), rows)
	g.MOVQ(field(9), flags)
	g.VBROADCASTSS(field(10), zmm[31])

	g.Label("row")
	for i, x := range []reg.GPPhysical{s, d, b, r} {
		g.MOVQ([]reg.GPPhysical{src, dst, bias, res}[i], x)
	}
	g.MOVQ(field(8), n)
	g.SUBQ(operand.U8(32), n)
	g.JL(operand.LabelRef("tail"))
	g.Label("loop")
	g.finishBody("full", false, s, d, b, r, flags)
	g.ADDQ(operand.I32(128), s)
	g.SUBQ(operand.U8(32), n)
	g.JGE(operand.LabelRef("loop"))
	g.Label("tail")
	g.ADDQ(operand.U8(32), n)
	g.JZ(operand.LabelRef("next"))
	g.MOVQ(operand.I32(-1), reg.R15)
	g.BZHIQ(n, reg.R15, reg.R15)
	g.KMOVD(reg.R15.As32(), reg.K3)
	g.KMOVW(reg.R15.As32(), reg.K1)
	g.SHRQ(operand.U8(16), reg.R15)
	g.KMOVW(reg.R15.As32(), reg.K2)
	g.finishBody("part", true, s, d, b, r, flags)
	g.Label("next")
	g.ADDQ(field(4), src)
	g.ADDQ(field(5), dst)
	g.ADDQ(field(6), res)
	g.DECQ(rows)
	g.JNZ(operand.LabelRef("row"))
	g.VZEROUPPER()
	g.RET()
}

// finishBody handles 32 sums at s, or the masked ones (K1, K2; K3 for both).
func (g *generator) finishBody(name string, masked bool, s, d, b, r, flags reg.GPPhysical) {
	load := func(m operand.Mem, h int, z reg.VecPhysical) {
		if masked {
			g.VMOVUPS_Z(m, []reg.Register{reg.K1, reg.K2}[h], z)
		} else {
			g.VMOVUPS(m, z)
		}
	}
	store := func(z reg.VecPhysical, h int, m operand.Mem) {
		if masked {
			g.VMOVUPS(z, []reg.Register{reg.K1, reg.K2}[h], m)
		} else {
			g.VMOVUPS(z, m)
		}
	}
	unless := func(flag int, label string) {
		g.TESTQ(operand.U32(flag), flags)
		g.JZ(operand.LabelRef(name + label))
	}
	add := func(base reg.Register) {
		for h := range 2 {
			load(mem(base, 64*h), h, zmm[2+h])
			g.VADDPS(zmm[2+h], zmm[h], zmm[h])
		}
	}
	for h := range 2 {
		load(mem(s, 64*h), h, zmm[h])
		g.VMULPS(zmm[31], zmm[h], zmm[h])
	}
	g.TESTQ(b, b)
	g.JZ(operand.LabelRef(name + "NoBias"))
	add(b)
	g.ADDQ(operand.I32(128), b)
	g.Label(name + "NoBias")
	unless(finishWriteBack, "NoBack")
	store(zmm[0], 0, mem(s, 0))
	store(zmm[1], 1, mem(s, 64))
	g.Label(name + "NoBack")

	g.TESTQ(r, r)
	g.JZ(operand.LabelRef(name + "NoResidual"))
	unless(finishResidualBF16, "ResidualF32")
	for h := range 2 {
		if masked {
			g.VPMOVZXWD_Z(mem(r, 32*h), []reg.Register{reg.K1, reg.K2}[h], zmm[2+h])
		} else {
			g.VPMOVZXWD(mem(r, 32*h), zmm[2+h])
		}
		g.VPSLLD(operand.U8(16), zmm[2+h], zmm[2+h])
		g.VADDPS(zmm[2+h], zmm[h], zmm[h])
	}
	g.ADDQ(operand.U8(64), r)
	g.JMP(operand.LabelRef(name + "NoResidual"))
	g.Label(name + "ResidualF32")
	add(r)
	g.ADDQ(operand.I32(128), r)
	g.Label(name + "NoResidual")

	unless(finishBF16, "F32")
	g.raw(evex.VCVTNE2PS2BF16.Reg(0, 1, 0))
	if masked {
		g.VMOVDQU16(zmm[0], reg.K3, mem(d, 0))
	} else {
		g.VMOVDQU32(zmm[0], mem(d, 0))
	}
	g.ADDQ(operand.U8(64), d)
	g.JMP(operand.LabelRef(name + "Done"))
	g.Label(name + "F32")
	unless(finishAccumulate, "Store")
	add(d)
	g.Label(name + "Store")
	store(zmm[0], 0, mem(d, 0))
	store(zmm[1], 1, mem(d, 64))
	g.ADDQ(operand.I32(128), d)
	g.Label(name + "Done")
}
