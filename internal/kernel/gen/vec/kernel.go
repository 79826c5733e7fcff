package main

import (
	"fmt"
	"log"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"go/types"
)

type isa int

const (
	avx2 isa = iota
	avx512
	avx512bf16 // differs from avx512 in how bfloat16 is rounded
)

func (s isa) String() string { return [...]string{"AVX2", "AVX512", "AVX512BF16"}[s] }

func (s isa) lanes() int {
	if s == avx2 {
		return 8
	}
	return 16
}

type elem int

const (
	f32 elem = iota
	bf16
	f16
)

func (t elem) String() string { return [...]string{"float32", "BF16Bits", "F16Bits"}[t] }
func (t elem) size() int      { return [...]int{4, 2, 2}[t] }

// stream is a slice argument that the kernel walks over.
type stream struct {
	name          string
	typ           elem
	load, storing bool
}

type accKind int

const (
	sum   accKind = iota // f32 lanes
	sum64                // f64 lanes
	maximum
)

// spec describes a kernel: a loop over streams whose body maps one vector of each loaded stream to one of each stored one,
// and adds to accumulators that become the results.
type spec struct {
	name    string
	streams []stream
	scalars []string // float32 arguments
	coef    bool     // the scalars are the fields of the struct c instead
	grid    bool     // rows of the streams, whose pointers and strides are in the struct a; no scalars, no accs
	accs    []accKind
	unroll  int
	only512 bool
	body    func(e *emitter, x, s []V) []V
}

// wants reports whether the kernel has a variant for the instruction set: every one has AVX-512, only those that
// round to bfloat16 one for AVX-512 BF16.
func (k *spec) wants(set isa) bool {
	switch set {
	case avx2:
		return !k.only512
	case avx512bf16:
		for _, s := range k.streams {
			if s.storing && s.typ == bf16 {
				return true
			}
		}
		return false
	}
	return true
}

func (k *spec) signature() string {
	if k.grid {
		return "func(a gridArgs)"
	}
	var in []string
	for _, s := range k.streams {
		in = append(in, fmt.Sprintf("%s []%s", s.name, s.typ))
	}
	switch {
	case k.coef:
		in = append(in, "c adamCoef")
	case len(k.scalars) > 0:
		in = append(in, strings.Join(k.scalars, ", ")+" float32")
	}
	var out []string
	for i, a := range k.accs {
		t := "float32"
		if a == sum64 {
			t = "float64"
		}
		out = append(out, fmt.Sprintf("r%d %s", i, t))
	}
	return fmt.Sprintf("func(%s) (%s)", strings.Join(in, ", "), strings.Join(out, ", "))
}

type generator struct {
	ctx    *build.Context
	pkg    *types.Package
	consts map[uint32]bool // constants already in the data section
	mask   bool            // whether the AVX2 tail mask is
	labels int
}

func (g *generator) label(s string) string {
	g.labels++
	return fmt.Sprintf("%s%d", s, g.labels)
}

// kernel emits one function:
//
//	while n ≥ unroll·lanes: unroll bodies, each on its own accumulators
//	while n ≥ lanes: one body
//	if n > 0: one body under a mask
//
// and of a grid this for every row.
func (g *generator) kernel(k *spec, set isa) {
	c := g.ctx
	c.Function(k.name + set.String())
	c.Attributes(attr.NOSPLIT)
	sig, err := gotypes.ParseSignatureInPackage(g.pkg, k.signature())
	if err != nil {
		log.Fatalf("%s: %v", k.name, err)
	}
	c.Signature(sig)
	c.Doc(fmt.Sprintf("%s%s is the %s variant of %s.", k.name, set, set, k.name))
	c.Pragma("noescape")

	e := &emitter{g: g, c: c, set: set, k: k, consts: map[uint32]V{}}
	e.collectConstants()
	var n reg.GPVirtual
	row := g.label("row")
	if k.grid {
		n = e.startGrid()
	} else {
		for _, s := range k.streams {
			e.ptr = append(e.ptr, c.Load(c.Param(s.name).Base(), c.GP64()).(reg.GPVirtual))
		}
		n = c.Load(c.Param(k.streams[0].name).Len(), c.GP64()).(reg.GPVirtual)
	}
	e.loadScalars()
	e.loadConstants()
	unroll := max(k.unroll, 1)
	e.initAccs(unroll)
	e.idx = c.GP64()
	if k.grid {
		c.Label(row)
		c.MOVQ(e.gridArg("n"), n)
	}
	c.XORQ(e.idx, e.idx)

	step := set.lanes()
	single, tail, done := g.label("single"), g.label("tail"), g.label("done")
	if unroll > 1 {
		loop := g.label("unrolled")
		c.CMPQ(n, operand.I32(unroll*step))
		c.JLT(operand.LabelRef(single))
		c.Label(loop)
		for u := range unroll {
			e.slot, e.off = u, u*step
			e.one()
		}
		e.slot, e.off = 0, 0
		c.ADDQ(operand.I32(unroll*step), e.idx)
		c.SUBQ(operand.I32(unroll*step), n)
		c.CMPQ(n, operand.I32(unroll*step))
		c.JGE(operand.LabelRef(loop))
	}
	c.Label(single)
	c.CMPQ(n, operand.I32(step))
	c.JLT(operand.LabelRef(tail))
	loop := g.label("loop")
	c.Label(loop)
	e.one()
	c.ADDQ(operand.I32(step), e.idx)
	c.SUBQ(operand.I32(step), n)
	c.CMPQ(n, operand.I32(step))
	c.JGE(operand.LabelRef(loop))
	c.Label(tail)
	c.TESTQ(n, n)
	c.JZ(operand.LabelRef(done))
	e.startTail(n)
	e.one()
	c.Label(done)
	if k.grid {
		e.nextRow(row)
	}
	e.finish(unroll)
}

// one emits the body for one vector: all loads, the computation, all stores, so that outputs may alias inputs.
func (e *emitter) one() {
	var x []V
	for i, s := range e.k.streams {
		if s.load {
			x = append(x, e.load(i))
		}
	}
	out := e.k.body(e, x, e.scalars)
	j := 0
	for i, s := range e.k.streams {
		if s.storing {
			e.store(i, out[j])
			j++
		}
	}
	if j != len(out) {
		log.Fatalf("%s: body gives %d values for %d stored streams", e.k.name, len(out), j)
	}
}

// gridArg is the place of a field of gridArgs, with an index of the pointers or strides.
func (e *emitter) gridArg(field string, index ...int) operand.Mem {
	arg := e.c.Param("a").Field(field)
	for _, i := range index {
		arg = arg.Index(i)
	}
	p, err := arg.Resolve()
	if err != nil {
		log.Fatalf("%s: %v", e.k.name, err)
	}
	return p.Addr
}

// startGrid loads the pointers and returns the register of n.
func (e *emitter) startGrid() reg.GPVirtual {
	c := e.c
	for i := range e.k.streams {
		p := c.GP64()
		c.MOVQ(e.gridArg("ptr", i), p)
		e.ptr = append(e.ptr, p)
	}
	e.rows = c.GP64()
	c.MOVQ(e.gridArg("rows"), e.rows)
	return c.GP64()
}

// nextRow moves on to the next row, if there is one.
func (e *emitter) nextRow(row string) {
	e.tail, e.bufOK = false, false
	for i, p := range e.ptr {
		e.c.ADDQ(e.gridArg("stride", i), p)
	}
	e.c.DECQ(e.rows)
	e.c.JNZ(operand.LabelRef(row))
}
