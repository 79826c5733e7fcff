package main

import (
	"fmt"
	"go/token"
	"go/types"
	"log"

	"github.com/athanor-lm/athanor/internal/kernel/gen/evex"
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The register tiles. 14 × 2 ZMM of sums leave two registers for B and two for A's broadcasts; 6 × 2 YMM
// leave two and two of AVX2's sixteen.
const (
	rows512  = 14
	rowsAVX2 = 6
	unroll   = 4 // k steps of a loop iteration

	strideA512, strideB512   = 64, 128 // bytes of a k step in a panel
	strideAAVX2, strideBAVX2 = 32, 64
)

var (
	zmm = []reg.VecPhysical{
		reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
	}
	ymm = []reg.VecPhysical{
		reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7, reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15,
	}
)

// Registers every kernel uses alike.
var (
	rSteps, rA, rB, rC, rLDC, rN, rTmp, rRow = reg.RAX, reg.RSI, reg.RDI, reg.RDX, reg.R8, reg.R9, reg.R10, reg.R11
)

type generator struct{ *build.Context }

// raw emits the bytes of an instruction.
func (g *generator) raw(code []byte) {
	for len(code) >= 4 {
		v := uint32(code[0]) | uint32(code[1])<<8 | uint32(code[2])<<16 | uint32(code[3])<<24
		g.Instruction(&ir.Instruction{Opcode: "LONG", Operands: []operand.Op{operand.U32(v)}})
		code = code[4:]
	}
	for _, b := range code {
		g.Instruction(&ir.Instruction{Opcode: "BYTE", Operands: []operand.Op{operand.U8(b)}})
	}
}

func mem(base reg.Register, disp int) operand.Mem { return operand.Mem{Base: base, Disp: disp} }

// text starts a function that takes pointers which do not escape.
func (g *generator) text(name, doc, signature string) {
	pkg := types.NewPackage("kernel", "kernel")
	pkg.Scope().Insert(types.NewPkgName(token.NoPos, pkg, "unsafe", types.Unsafe))
	sig, err := gotypes.ParseSignatureInPackage(pkg, signature)
	if err != nil {
		log.Fatal(err)
	}
	g.Function(name)
	g.Attributes(attr.NOSPLIT)
	g.Pragma("noescape")
	g.Doc(doc)
	g.Signature(sig)
}

// param returns the place of a parameter.
func (g *generator) param(name string) operand.Mem {
	p, err := g.Param(name).Resolve()
	if err != nil {
		log.Fatal(err)
	}
	return p.Addr
}

// args loads 8-byte parameters into registers.
func (g *generator) args(names []string, regs ...reg.Register) {
	for i, n := range names {
		g.MOVQ(g.param(n), regs[i])
	}
}

const tileSignature = "func(steps int, a, b, c unsafe.Pointer, ldc, n int, acc bool, ahead unsafe.Pointer)"

// tileArgs loads the arguments of a tile; ldc becomes bytes.
func (g *generator) tileArgs() {
	g.args([]string{"steps", "a", "b", "c", "ldc", "n"}, rSteps, rA, rB, rC, rLDC, rN)
	g.SHLQ(operand.U8(2), rLDC)
}

// prefetchC asks for the m rows of c that are stored at the end.
func (g *generator) prefetchC(m int) {
	g.MOVQ(rC, rRow)
	for i := range m {
		g.PREFETCHT0(mem(rRow, 0))
		if i < m-1 {
			g.ADDQ(rLDC, rRow)
		}
	}
}

// The streams of tileAhead: where each one is, and the bytes that ask for it in exclusive state, PREFETCHW, which neither the assembler nor
// avo knows.
var aheadStreams = []struct {
	at        reg.GPPhysical
	prefetchW []byte
}{
	{reg.RBX, []byte{0x0f, 0x0d, 0x0b}}, {reg.RCX, []byte{0x0f, 0x0d, 0x09}},
	{reg.R11, []byte{0x41, 0x0f, 0x0d, 0x0b}}, {reg.R15, []byte{0x41, 0x0f, 0x0d, 0x0f}},
}

// stepLoop emits step(u) for all k steps, unrolled, and advances the panels. With fetches > 0 the first iterations ask for a line of each
// stream of the argument ahead, where that is given; the loop must then have as many.
func (g *generator) stepLoop(strideA, strideB, fetches int, step func(u int)) {
	iteration := func() {
		for u := range unroll {
			step(u)
		}
		g.ADDQ(operand.I32(unroll*strideA), rA)
		g.ADDQ(operand.I32(unroll*strideB), rB)
	}
	g.MOVQ(rSteps, rTmp)
	g.SHRQ(operand.U8(2), rTmp)
	if fetches > 0 {
		args, left := reg.R12, reg.R13
		g.MOVQ(g.param("ahead"), args)
		g.TESTQ(args, args)
		g.JZ(operand.LabelRef("test"))
		for i, s := range aheadStreams {
			g.MOVQ(mem(args, 8*i), s.at)
		}
		g.SUBQ(operand.U8(fetches), rTmp)
		g.MOVQ(operand.U32(fetches), left)
		g.Label("fetch")
		for i, s := range aheadStreams {
			g.raw(s.prefetchW)
			g.ADDQ(mem(args, 8*(len(aheadStreams)+i)), s.at)
		}
		iteration()
		g.DECQ(left)
		g.JNZ(operand.LabelRef("fetch"))
		g.Label("test")
		g.TESTQ(rTmp, rTmp)
	}
	g.JZ(operand.LabelRef("rest"))
	g.Label("loop")
	iteration()
	g.DECQ(rTmp)
	g.JNZ(operand.LabelRef("loop"))
	g.Label("rest")
	g.ANDQ(operand.U8(unroll-1), rSteps)
	g.JZ(operand.LabelRef("done"))
	g.Label("one")
	step(0)
	g.ADDQ(operand.I32(strideA), rA)
	g.ADDQ(operand.I32(strideB), rB)
	g.DECQ(rSteps)
	g.JNZ(operand.LabelRef("one"))
	g.Label("done")
}

// accJump jumps to label when the argument acc is false.
func (g *generator) accJump(label string) {
	g.CMPB(g.param("acc"), operand.U8(0))
	g.JEQ(operand.LabelRef(label))
}

// tile512 writes name+m: c[m, n] (+)= A panel · B panel for n ≤ 32, of bf16 pairs or float32s.
func (g *generator) tile512(name string, m int, pairs bool) {
	g.text(fmt.Sprintf("%sx%d", name, m), fmt.Sprintf("c[0:%d,0:n] = A·B or += A·B over steps k steps, n ≤ 32; steps ≥ %d with ahead.", m, unroll*m), tileSignature)
	g.tileArgs()
	for i := range 2 * m {
		g.VPXORD(zmm[i], zmm[i], zmm[i])
	}
	g.stepLoop(strideA512, strideB512, m, func(u int) {
		g.VMOVUPS(mem(rB, u*strideB512), zmm[28])
		g.VMOVUPS(mem(rB, u*strideB512+64), zmm[29])
		for i := range m {
			x := 30 + i%2
			g.VBROADCASTSS(mem(rA, u*strideA512+i*4), zmm[x])
			for h := range 2 {
				if pairs {
					g.raw(evex.VDPBF16PS.Reg(2*i+h, x, 28+h))
				} else {
					g.VFMADD231PS(zmm[28+h], zmm[x], zmm[2*i+h])
				}
			}
		}
	})
	// K1 and K2 have a one for each of the n columns.
	g.MOVQ(operand.I32(-1), rTmp)
	g.BZHIQ(rN, rTmp, rTmp)
	g.KMOVW(rTmp.As32(), reg.K1)
	g.SHRQ(operand.U8(16), rTmp)
	g.KMOVW(rTmp.As32(), reg.K2)
	masks := []reg.OpmaskPhysical{reg.K1, reg.K2}
	g.accJump("store")
	g.MOVQ(rC, rRow)
	for i := range m {
		for h, k := range masks {
			g.VMOVUPS_Z(mem(rRow, 64*h), k, zmm[28+h])
			g.VADDPS(zmm[28+h], zmm[2*i+h], zmm[2*i+h])
		}
		if i < m-1 {
			g.ADDQ(rLDC, rRow)
		}
	}
	g.Label("store")
	for i := range m {
		for h, k := range masks {
			g.VMOVUPS(zmm[2*i+h], k, mem(rC, 64*h))
		}
		if i < m-1 {
			g.ADDQ(rLDC, rC)
		}
	}
	g.VZEROUPPER()
	g.RET()
}

// tileAVX2 writes tileAVX2xm: c[m, n] (+)= A panel · B panel of float32s for n ≤ 16.
func (g *generator) tileAVX2(m int, iota operand.Mem) {
	g.text(fmt.Sprintf("tileAVX2x%d", m), fmt.Sprintf("c[0:%d,0:n] = A·B or += A·B over steps k steps, n ≤ 16.", m), tileSignature)
	g.tileArgs()
	for i := range 2 * m {
		g.VXORPS(ymm[i], ymm[i], ymm[i])
	}
	g.prefetchC(m)
	g.stepLoop(strideAAVX2, strideBAVX2, 0, func(u int) {
		g.VMOVUPS(mem(rB, u*strideBAVX2), ymm[12])
		g.VMOVUPS(mem(rB, u*strideBAVX2+32), ymm[13])
		for i := range m {
			x := 14 + i%2
			g.VBROADCASTSS(mem(rA, u*strideAAVX2+i*4), ymm[x])
			g.VFMADD231PS(ymm[12], ymm[x], ymm[2*i])
			g.VFMADD231PS(ymm[13], ymm[x], ymm[2*i+1])
		}
	})
	// Y14 and Y15 have all bits set in each of the n columns.
	g.MOVQ(rN, reg.X12)
	g.VPBROADCASTD(reg.X12, ymm[12])
	g.VPCMPGTD(iota.Offset(0), ymm[12], ymm[14])
	g.VPCMPGTD(iota.Offset(32), ymm[12], ymm[15])
	g.accJump("store")
	g.MOVQ(rC, rRow)
	for i := range m {
		for h := range 2 {
			g.VMASKMOVPS(mem(rRow, 32*h), ymm[14+h], ymm[12+h])
			g.VADDPS(ymm[12+h], ymm[2*i+h], ymm[2*i+h])
		}
		if i < m-1 {
			g.ADDQ(rLDC, rRow)
		}
	}
	g.Label("store")
	for i := range m {
		for h := range 2 {
			g.VMASKMOVPS(ymm[2*i+h], ymm[14+h], mem(rC, 32*h))
		}
		if i < m-1 {
			g.ADDQ(rLDC, rC)
		}
	}
	g.VZEROUPPER()
	g.RET()
}

// iota writes the words 0…15.
func (g *generator) iota() operand.Mem {
	m := g.StaticGlobal("gemmIota")
	g.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range 16 {
		g.AppendDatum(operand.U32(i))
	}
	return m
}

// peak writes loops of nothing but multiply-adds over registers, 24 independent sums: what the processor can do.
func (g *generator) peak() {
	loop := func(name string, sums int, body func(i int)) {
		g.text(name, fmt.Sprintf("runs n × %d vector multiply-adds on registers.", sums), "func(n int)")
		g.args([]string{"n"}, rSteps)
		for i := range 16 {
			g.VXORPS(ymm[i], ymm[i], ymm[i])
		}
		if sums > 12 {
			for i := 16; i < 32; i++ {
				g.VPXORD(zmm[i], zmm[i], zmm[i])
			}
		}
		g.Label("loop")
		for i := range sums {
			body(i)
		}
		g.DECQ(rSteps)
		g.JNZ(operand.LabelRef("loop"))
		g.VZEROUPPER()
		g.RET()
	}
	loop("peakBF16", 24, func(i int) { g.raw(evex.VDPBF16PS.Reg(i, 24+i%4, 28+i%4)) })
	loop("peakF32", 24, func(i int) { g.VFMADD231PS(zmm[24+i%4], zmm[28+i%4], zmm[i]) })
	loop("peakAVX2", 12, func(i int) { g.VFMADD231PS(ymm[12+i%2], ymm[14+i%2], ymm[i]) })
}
