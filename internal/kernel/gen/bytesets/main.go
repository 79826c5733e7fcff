// Command bytesets writes the assembly that tells sets of bytes apart: bytesets_amd64.s and its Go declarations. Run it by go generate in
// internal/kernel.
package main

import (
	"flag"
	"log"
	"os"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	log.SetFlags(0)
	flags := flag.NewFlagSet("bytesets", flag.ExitOnError) // avo keeps flags of its own in the default set
	asm := flags.String("asm", "", "assembly file to write")
	stubs := flags.String("stubs", "", "Go declarations to write")
	if err := flags.Parse(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
	ctx := build.NewContext()
	masksAVX2(ctx)
	masksAVX512(ctx)
	file, err := ctx.Result()
	if err == nil {
		err = pass.Compile.Execute(file)
	}
	if err != nil {
		log.Fatal(err)
	}
	cfg := printer.NewGoRunConfig()
	cfg.Argv, cfg.Pkg = []string{"go", "generate"}, "kernel"
	for name, p := range map[string]printer.Printer{*asm: printer.NewGoAsm(cfg), *stubs: printer.NewStubs(cfg)} {
		b, err := p.Print(file)
		if err == nil {
			err = os.WriteFile(name, b, 0o644)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}

// sets is how many sets there are, and their masks for each 64 bytes; behind them stands the mask of bytes beyond ASCII.
const sets = 3

// begin starts a function and loads its parameters. At tables are the rows of the lower half of a byte, those of the upper, and for
// each set which of the rows' bits are its own.
func begin(c *build.Context, name string) (dst, text, tables, blocks reg.Register) {
	c.Function(name)
	c.Attributes(build.NOSPLIT)
	c.SignatureExpr("func(dst *uint64, text *byte, tables *byte, blocks int)")
	c.Doc(name + " writes the masks of blocks ≥ 1 of 64 bytes.")
	c.Pragma("noescape")
	dst = c.Load(c.Param("dst"), c.GP64())
	text = c.Load(c.Param("text"), c.GP64())
	tables = c.Load(c.Param("tables"), c.GP64())
	blocks = c.Load(c.Param("blocks"), c.GP64())
	return dst, text, tables, blocks
}

// end goes on to the next block.
func end(c *build.Context, dst, text, blocks reg.Register) {
	c.ADDQ(operand.Imm(64), text)
	c.ADDQ(operand.Imm(8*(sets+1)), dst)
	c.DECQ(blocks)
	c.JNZ(operand.LabelRef("next"))
	c.VZEROUPPER()
	c.RET()
}

func masksAVX512(c *build.Context) {
	dst, text, tables, blocks := begin(c, "byteMasksAVX512")
	lo, hi, half := c.ZMM(), c.ZMM(), c.ZMM()
	c.VBROADCASTI32X4(operand.Mem{Base: tables}, lo)
	c.VBROADCASTI32X4(operand.Mem{Base: tables, Disp: 16}, hi)
	c.VPBROADCASTB(operand.Mem{Base: tables, Disp: 32 + sets}, half)
	var of []reg.VecVirtual
	for i := range sets {
		of = append(of, c.ZMM())
		c.VPBROADCASTB(operand.Mem{Base: tables, Disp: 32 + i}, of[i])
	}
	c.Label("next")
	x, l, h := c.ZMM(), c.ZMM(), c.ZMM()
	c.VMOVDQU64(operand.Mem{Base: text}, x)
	c.VPANDQ(half, x, l)
	c.VPSRLW(operand.Imm(4), x, h)
	c.VPANDQ(half, h, h)
	c.VPSHUFB(l, lo, l)
	c.VPSHUFB(h, hi, h)
	c.VPANDQ(h, l, l)
	for i := range sets {
		k := c.K()
		c.VPTESTMB(of[i], l, k)
		c.KMOVQ(k, operand.Mem{Base: dst, Disp: 8 * i})
	}
	k := c.K()
	c.VPMOVB2M(x, k)
	c.KMOVQ(k, operand.Mem{Base: dst, Disp: 8 * sets})
	end(c, dst, text, blocks)
}

func masksAVX2(c *build.Context) {
	dst, text, tables, blocks := begin(c, "byteMasksAVX2")
	lo, hi, half, zero := c.YMM(), c.YMM(), c.YMM(), c.YMM()
	c.VBROADCASTI128(operand.Mem{Base: tables}, lo)
	c.VBROADCASTI128(operand.Mem{Base: tables, Disp: 16}, hi)
	c.VPBROADCASTB(operand.Mem{Base: tables, Disp: 32 + sets}, half)
	c.VPXOR(zero, zero, zero)
	var of []reg.VecVirtual
	for i := range sets {
		of = append(of, c.YMM())
		c.VPBROADCASTB(operand.Mem{Base: tables, Disp: 32 + i}, of[i])
	}
	c.Label("next")
	for part := range 2 {
		x, l, h := c.YMM(), c.YMM(), c.YMM()
		c.VMOVDQU(operand.Mem{Base: text, Disp: 32 * part}, x)
		c.VPAND(half, x, l)
		c.VPSRLW(operand.Imm(4), x, h)
		c.VPAND(half, h, h)
		c.VPSHUFB(l, lo, l)
		c.VPSHUFB(h, hi, h)
		c.VPAND(h, l, l)
		for i := range sets {
			v, mask := c.YMM(), c.GP32()
			c.VPAND(of[i], l, v)
			c.VPCMPEQB(zero, v, v)
			c.VPMOVMSKB(v, mask)
			c.NOTL(mask)
			c.MOVL(mask, operand.Mem{Base: dst, Disp: 8*i + 4*part})
		}
		mask := c.GP32()
		c.VPMOVMSKB(x, mask)
		c.MOVL(mask, operand.Mem{Base: dst, Disp: 8*sets + 4*part})
	}
	end(c, dst, text, blocks)
}
