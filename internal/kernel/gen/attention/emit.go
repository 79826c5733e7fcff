package main

import (
	"fmt"
	"go/token"
	"go/types"
	"log"
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

type generator struct {
	*build.Context
	pkg    *types.Package
	consts map[uint64]bool // what is in memory already
}

var (
	zmm = []reg.VecPhysical{
		reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
	}
	ymm = []reg.VecPhysical{
		reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7, reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15,
	}
	masks = []reg.OpmaskPhysical{reg.K1, reg.K2, reg.K3, reg.K4}
)

// Vector registers that softmax and grad use alike; 0 … 13 are free.
const (
	rOne   = 14 // int32 1
	rKey   = 15 // the row's key
	rHi    = 16 // and 17: keyHi of the two halves
	rLo    = 18 // and 19
	rScale = 20
	rPoly  = 21 // … 25: coefficients, highest first; the constant 1 is in memory where there are more
	rIndex = 26 // interleaves the words of two halves
	rShift = 28 // and 29: what is taken from the scaled scores
	rAcc   = 30 // and 31
)

// Fields of softArgs and gradArgs, see attention_lanes.go.
const (
	xS, xOut, xDp, xRows, xKey, xLo, xHi      = 0, 8, 8, 24, 32, 40, 48
	softM, softL, softAlpha                   = 56, 64, 72
	softScale, softMasked                     = 80, 84
	gradLSE, gradDelta, gradScale, gradMasked = 56, 64, 72, 76
	gradPA, gradDsA, gradDsB                  = 80, 88, 96
)

func mem(base reg.Register, disp int) operand.Mem { return operand.Mem{Base: base, Disp: disp} }

// kernelPackage is a stand-in for package kernel with the types that signatures name.
func kernelPackage() *types.Package {
	p := types.NewPackage("kernel", "kernel")
	for _, name := range []string{"softArgs", "gradArgs", "laneArgs", "rowArgs", "dotArgs", "sumArgs"} {
		obj := types.NewTypeName(token.NoPos, p, name, nil)
		types.NewNamed(obj, types.NewStruct(nil, nil), nil)
		p.Scope().Insert(obj)
	}
	return p
}

// text starts a function of one argument x that does not escape, in register DI.
func (g *generator) text(name, doc, typ string) {
	sig, err := gotypes.ParseSignatureInPackage(g.pkg, "func(x *"+typ+")")
	if err != nil {
		log.Fatal(err)
	}
	g.Function(name)
	g.Attributes(attr.NOSPLIT)
	g.Pragma("noescape")
	g.Doc(doc)
	g.Signature(sig)
	g.Load(g.Param("x"), reg.RDI)
}

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

// word is the 32-bit constant b in memory.
func (g *generator) word(b uint32) operand.Mem {
	name := fmt.Sprintf("attn%08x", b)
	if key := uint64(b); !g.consts[key] {
		g.consts[key] = true
		g.StaticGlobal(name)
		g.DataAttributes(8 | 16) // RODATA, NOPTR
		g.AddDatum(0, operand.U32(b))
	}
	return operand.NewDataAddr(operand.Symbol{Name: name, Static: true}, 0)
}

func (g *generator) float(x float64) operand.Mem { return g.word(math.Float32bits(float32(x))) }

// interleave is the index of VPERMW that pairs the words of the lower half with those of the upper.
func (g *generator) interleave(dst reg.Register) {
	const name, key = "attnInterleave", 2 << 32
	if !g.consts[key] {
		g.consts[key] = true
		g.StaticGlobal(name)
		g.DataAttributes(8 | 16)
		for i := range 16 {
			g.AddDatum(4*i, operand.U32(uint32(i)|uint32(16+i)<<16))
		}
	}
	g.VMOVDQU32(operand.NewDataAddr(operand.Symbol{Name: name, Static: true}, 0), dst)
}
