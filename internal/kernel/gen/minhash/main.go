// Command minhash writes the assembly of MinHash's minima: minhash_amd64.s and its Go declarations. Run it by go generate in
// internal/kernel.
package main

import (
	"flag"
	"fmt"
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
	flags := flag.NewFlagSet("minhash", flag.ExitOnError) // avo keeps flags of its own in the default set
	asm := flags.String("asm", "", "assembly file to write")
	stubs := flags.String("stubs", "", "Go declarations to write")
	if err := flags.Parse(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
	ctx := build.NewContext()
	for _, vectors := range []int{4, 1} {
		minima(ctx, "AVX2", 8, vectors, func() reg.VecVirtual { return ctx.YMM() })
		minima(ctx, "AVX512", 16, vectors, func() reg.VecVirtual { return ctx.ZMM() })
	}
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

// minima emits the loop over xs for so many vectors of permutations, whose minima, factors and summands stay in registers.
func minima(c *build.Context, level string, lanes, vectors int, vec func() reg.VecVirtual) {
	name := fmt.Sprintf("minima%d%s", lanes*vectors, level)
	c.Function(name)
	c.Attributes(build.NOSPLIT)
	c.SignatureExpr("func(sig, mul, add, xs *uint32, n int)")
	c.Doc(fmt.Sprintf("%s lowers %d minima by n ≥ 1 values.", name, lanes*vectors))
	c.Pragma("noescape")
	sig := c.Load(c.Param("sig"), c.GP64())
	mul := c.Load(c.Param("mul"), c.GP64())
	add := c.Load(c.Param("add"), c.GP64())
	xs := c.Load(c.Param("xs"), c.GP64())
	n := c.Load(c.Param("n"), c.GP64())
	move := func(from, to operand.Op) {
		if level == "AVX512" {
			c.VMOVDQU32(from, to)
		} else {
			c.VMOVDQU(from, to)
		}
	}
	var s, a, b []reg.VecVirtual
	for i := range vectors {
		s, a, b = append(s, vec()), append(a, vec()), append(b, vec())
		move(operand.Mem{Base: sig, Disp: 4 * lanes * i}, s[i])
		move(operand.Mem{Base: mul, Disp: 4 * lanes * i}, a[i])
		move(operand.Mem{Base: add, Disp: 4 * lanes * i}, b[i])
	}
	x := vec()
	c.Label("next")
	c.VPBROADCASTD(operand.Mem{Base: xs}, x)
	c.ADDQ(operand.Imm(4), xs)
	for i := range vectors {
		v := vec()
		c.VPMULLD(x, a[i], v)
		c.VPADDD(b[i], v, v)
		c.VPMINUD(v, s[i], s[i])
	}
	c.DECQ(n)
	c.JNZ(operand.LabelRef("next"))
	for i := range vectors {
		move(s[i], operand.Mem{Base: sig, Disp: 4 * lanes * i})
	}
	c.VZEROUPPER()
	c.RET()
}
