// Command gemm writes the assembly of package kernel's matrix products: gemm_amd64.s and its Go declarations.
// Run it by go generate in internal/kernel.
package main

import (
	"bytes"
	"flag"
	"log"
	"os"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	log.SetFlags(0)
	asm := flag.String("s", "", "assembly file to write")
	stubs := flag.String("go", "", "Go declarations to write")
	flag.Parse()

	g := &generator{build.NewContext()}
	for m := 1; m <= rows512; m++ {
		g.tile512("tileBF16", m, true)
		g.tile512("tileF32", m, false)
	}
	iota := g.iota()
	for m := 1; m <= rowsAVX2; m++ {
		g.tileAVX2(m, iota)
	}
	g.peak()
	g.packRows16(false)
	g.packRows16(true)
	g.packRows8()
	g.packCols16(false)
	g.packCols16(true)
	g.packCols32BF16()
	g.packCols16Rounded()
	g.finish()
	g.philox()
	for m := 1; m <= 4; m++ {
		g.dot("dotBF16", m, true)
		g.dot("dotF32", m, false)
	}

	file, err := g.Result()
	if err != nil {
		log.Fatal(err)
	}
	if err := pass.Compile.Execute(file); err != nil {
		log.Fatal(err)
	}
	cfg := printer.NewGoRunConfig()
	cfg.Argv = []string{"go", "generate"}
	cfg.Pkg = "kernel"
	write := func(name string, p printer.Printer) {
		b, err := p.Print(file)
		b = bytes.Replace(b, []byte("package kernel\n"), []byte("package kernel\n\nimport \"unsafe\"\n"), 1)
		if err == nil {
			err = os.WriteFile(name, b, 0o644)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	write(*asm, printer.NewGoAsm(cfg))
	write(*stubs, printer.NewStubs(cfg))
}
