// Command attention writes the assembly of the element-wise steps of package kernel's attention: attention_amd64.s
// and its Go declarations. Run it by go generate in internal/kernel.
package main

import (
	"flag"
	"log"
	"os"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	log.SetFlags(0)
	flags := flag.NewFlagSet("attention", flag.ExitOnError) // avo keeps flags of its own in the default set
	asm := flags.String("s", "", "assembly file to write")
	stubs := flags.String("go", "", "Go declarations to write")
	if err := flags.Parse(os.Args[1:]); err != nil {
		log.Fatal(err)
	}

	g := &generator{Context: build.NewContext(), pkg: kernelPackage(), consts: map[uint64]bool{}}
	for _, pair := range []bool{false, true} {
		g.softmax(pair)
		g.grad(pair)
	}
	g.softmaxAVX2()
	g.gradAVX2()
	g.scaleLanesAVX2()
	g.scaleLanes()
	g.transposeRows(false)
	g.transposeRows(true)
	g.finishRows()
	g.rotateRows("attnRotate512", false, false)
	g.rotateRows("attnRotateToBF16", false, true)
	g.rotateRows("attnRotateBF16", true, true)
	g.rowDots(false)
	g.rowDots(true)
	g.weightedRows(false)
	g.weightedRows(true)

	file, err := g.Result()
	if err != nil {
		log.Fatal(err)
	}
	if err := pass.Compile.Execute(file); err != nil {
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
