package main

import (
	"github.com/athanor-lm/athanor/internal/kernel/gen/evex"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Coefficients of 2^r on |r| ≤ ½, highest first: 1 + r·p(r) through Chebyshev nodes, relative errors 7e-6 (enough for what is
// rounded to bf16) and 5e-9.
var (
	polyPair = []float64{0.009656710288544356, 0.055838282946219855, 0.24022530097412242, 0.6931367338836215, 1}
	polyF32  = []float64{0.0001545316294512069, 0.0013390863364671234, 0.009618082557277852, 0.05550357114219078, 0.24022650760568126, 0.6931471880262288, 1}
)

// common loads what softmax and grad share: RSI s, RDX the second array, RCX rows; the polynomial in rPoly on.
func (g *generator) common(pair bool, scale int) (poly []operand.Op) {
	g.MOVQ(mem(reg.RDI, xS), reg.RSI)
	g.MOVQ(mem(reg.RDI, xOut), reg.RDX)
	g.MOVQ(mem(reg.RDI, xRows), reg.RCX)
	g.VBROADCASTSS(mem(reg.RDI, scale), zmm[rScale])
	coef := polyF32
	if pair {
		coef = polyPair
		g.interleave(zmm[rIndex])
	}
	for i, c := range coef {
		r := rPoly + i
		if !pair && i >= 5 {
			r = 26 + i - 5 // the interleave index is not needed
		}
		g.VBROADCASTSS(g.float(c), zmm[r])
		poly = append(poly, zmm[r])
	}
	return poly
}

// loadMask loads the intervals and the first key.
func (g *generator) loadMask() {
	g.MOVQ(mem(reg.RDI, xLo), reg.R8)
	g.MOVQ(mem(reg.RDI, xHi), reg.R9)
	for h := range 2 {
		g.VMOVDQU32(mem(reg.R8, 64*h), zmm[rLo+h])
		g.VMOVDQU32(mem(reg.R9, 64*h), zmm[rHi+h])
	}
	g.VPBROADCASTD(mem(reg.RDI, xKey), zmm[rKey])
	g.VPBROADCASTD(g.word(1), zmm[rOne])
}

// seen sets masks first and first+1 to the lanes that see the row's key, and moves on to the next key.
func (g *generator) seen(first int) {
	for h := range 2 {
		k := masks[first+h]
		g.VPCMPD(operand.U8(5), zmm[rLo+h], zmm[rKey], k)    // key ≥ lo
		g.VPCMPD(operand.U8(1), zmm[rHi+h], zmm[rKey], k, k) // key < hi
	}
	g.VPADDD(zmm[rOne], zmm[rKey], zmm[rKey])
}

// exp2 turns each register x into 2^x, with t for each as scratch; lanes out of its mask, where given, become 0.
func (g *generator) exp2(poly []operand.Op, x, t []int, mask []reg.OpmaskPhysical) {
	for i := range x {
		g.VRNDSCALEPS(operand.U8(8), zmm[x[i]], zmm[t[i]])
	}
	for i := range x {
		g.VSUBPS(zmm[t[i]], zmm[x[i]], zmm[x[i]])
	}
	// t holds the exponent, x the fraction, and the second half of t the polynomial.
	for i := range x {
		g.VMOVAPS(poly[0], zmm[t[len(x)+i]])
	}
	for _, c := range poly[1:] {
		for i := range x {
			g.VFMADD213PS(c, zmm[x[i]], zmm[t[len(x)+i]])
		}
	}
	for i := range x {
		p := zmm[t[len(x)+i]]
		if mask != nil {
			g.VSCALEFPS_Z(zmm[t[i]], p, mask[i], zmm[x[i]])
		} else {
			g.VSCALEFPS(zmm[t[i]], p, zmm[x[i]])
		}
	}
}

// softmax writes the step of the running softmax; see softArgs. Pairs take an even number of rows.
func (g *generator) softmax(pair bool) {
	name := "attnSoftmax512"
	if pair {
		name = "attnSoftmaxPair512"
	}
	g.text(name, "is a step of the running softmax over panels of 32 lanes; see softArgs.", "softArgs")
	poly := g.common(pair, softScale)
	for i := range 4 {
		g.VBROADCASTSS(g.word(0xff800000), zmm[i])
	}
	g.CMPB(mem(reg.RDI, softMasked), operand.U8(0))
	g.JNE(operand.LabelRef("masked"))
	g.maxima("plain", false)
	g.advance(poly)
	g.probabilities("plain", poly, pair, false)
	g.JMP(operand.LabelRef("done"))
	g.Label("masked")
	g.loadMask()
	g.maxima("masked", true)
	g.VPBROADCASTD(mem(reg.RDI, xKey), zmm[rKey])
	g.advance(poly)
	g.probabilities("masked", poly, pair, true)
	g.Label("done")
	g.MOVQ(mem(reg.RDI, softL), reg.R8)
	g.MOVQ(mem(reg.RDI, softAlpha), reg.R9)
	for h := range 2 {
		g.VMOVUPS(mem(reg.R8, 64*h), zmm[0])
		g.VMOVUPS(mem(reg.R9, 64*h), zmm[1])
		g.VFMADD213PS(zmm[rAcc+h], zmm[1], zmm[0])
		g.VMOVUPS(zmm[0], mem(reg.R8, 64*h))
	}
	g.VZEROUPPER()
	g.RET()
}

// maxima leaves the largest scores of the halves in Z0 and Z1.
func (g *generator) maxima(label string, masked bool) {
	label = "max_" + label
	g.MOVQ(reg.RSI, reg.R8)
	g.MOVQ(reg.RCX, reg.R9)
	g.SUBQ(operand.U8(2), reg.R9)
	g.JL(operand.LabelRef(label + "_odd"))
	g.Label(label)
	row := func(r int) {
		if masked {
			g.seen(0)
		}
		for h := range 2 {
			m := zmm[2*r+h]
			if masked {
				g.VMAXPS(mem(reg.R8, r*128+64*h), m, masks[h], m)
			} else {
				g.VMAXPS(mem(reg.R8, r*128+64*h), m, m)
			}
		}
	}
	row(0)
	row(1)
	g.ADDQ(operand.I32(256), reg.R8)
	g.SUBQ(operand.U8(2), reg.R9)
	g.JGE(operand.LabelRef(label))
	g.Label(label + "_odd")
	g.ADDQ(operand.U8(2), reg.R9)
	g.JZ(operand.LabelRef(label + "_end"))
	row(0)
	g.Label(label + "_end")
	g.VMAXPS(zmm[2], zmm[0], zmm[0])
	g.VMAXPS(zmm[3], zmm[1], zmm[1])
}

// advance moves m on and computes alpha; rShift becomes the new maximum, 0 where nothing was seen.
func (g *generator) advance(poly []operand.Op) {
	g.MOVQ(mem(reg.RDI, softM), reg.R8)
	g.MOVQ(mem(reg.RDI, softAlpha), reg.R9)
	g.VBROADCASTSS(g.word(0xff800000), zmm[12])
	for h := range 2 {
		g.VMULPS(zmm[rScale], zmm[h], zmm[h])
		g.VMOVUPS(mem(reg.R8, 64*h), zmm[4])
		g.VMAXPS(zmm[4], zmm[h], zmm[h])
		g.VMOVUPS(zmm[h], mem(reg.R8, 64*h))
		g.VCMPPS(operand.U8(4), zmm[12], zmm[h], masks[0]) // not equal
		g.VMOVAPS_Z(zmm[h], masks[0], zmm[rShift+h])
		g.VSUBPS(zmm[rShift+h], zmm[4], zmm[4])
		g.VBROADCASTSS(g.float(-200), zmm[5]) // 2^−200 is 0, and −Inf has no fraction
		g.VMAXPS(zmm[4], zmm[5], zmm[4])
		g.exp2(poly, []int{4}, []int{5, 6}, nil)
		g.VMOVUPS(zmm[4], mem(reg.R9, 64*h))
		g.VPXORD(zmm[rAcc+h], zmm[rAcc+h], zmm[rAcc+h])
	}
}

// probabilities computes p and its sums.
func (g *generator) probabilities(label string, poly []operand.Op, pair, masked bool) {
	label = "exp_" + label
	rows := func(n int) {
		var x, t []int
		for i := range 2 * n {
			x = append(x, i)
		}
		for i := range 4 * n {
			t = append(t, 4+i)
		}
		var mask []reg.OpmaskPhysical
		if masked {
			mask = masks[:2*n]
			for r := range n {
				g.seen(2 * r)
			}
		}
		for i := range x {
			g.VMOVUPS(mem(reg.RSI, 64*i), zmm[i])
			g.VFMSUB213PS(zmm[rShift+i%2], zmm[rScale], zmm[i])
		}
		g.exp2(poly, x, t, mask)
		for i := range x {
			g.VADDPS(zmm[i], zmm[rAcc+i%2], zmm[rAcc+i%2])
		}
		for h := range 2 {
			if pair {
				g.raw(evex.VCVTNE2PS2BF16.Reg(4+h, 2+h, h))
				g.VPERMW(zmm[4+h], zmm[rIndex], zmm[4+h])
				g.VMOVDQU32(zmm[4+h], mem(reg.RDX, 64*h))
			} else {
				for r := range n {
					g.VMOVUPS(zmm[2*r+h], mem(reg.RDX, r*128+64*h))
				}
			}
		}
		g.ADDQ(operand.I32(n*128), reg.RSI)
		if pair {
			g.ADDQ(operand.I32(128), reg.RDX)
		} else {
			g.ADDQ(operand.I32(n*128), reg.RDX)
		}
	}
	step := 2
	if !pair {
		step = 1 // more coefficients than registers for two rows
	}
	g.TESTQ(reg.RCX, reg.RCX)
	g.JZ(operand.LabelRef(label + "_end"))
	g.Label(label)
	rows(step)
	g.SUBQ(operand.U8(step), reg.RCX)
	g.JG(operand.LabelRef(label))
	g.Label(label + "_end")
}

// grad writes the element-wise part of the backward pass; see gradArgs. Pairs take an even number of rows, at most 16.
func (g *generator) grad(pair bool) {
	name := "attnGrad512"
	if pair {
		name = "attnGradPair512"
	}
	g.text(name, "is a tile of the backward pass over panels of 32 lanes; see gradArgs.", "gradArgs")
	poly := g.common(pair, gradScale)
	g.MOVQ(mem(reg.RDI, gradLSE), reg.R8)
	g.MOVQ(mem(reg.RDI, gradDelta), reg.R9)
	for h := range 2 {
		g.VMOVUPS(mem(reg.R8, 64*h), zmm[rShift+h])
		g.VMOVUPS(mem(reg.R9, 64*h), zmm[rAcc+h])
	}
	if pair {
		g.MOVQ(mem(reg.RDI, gradDsB), reg.R10)
	}
	g.CMPB(mem(reg.RDI, gradMasked), operand.U8(0))
	g.JNE(operand.LabelRef("masked"))
	g.gradRows("plain", poly, pair, false)
	g.JMP(operand.LabelRef("done"))
	g.Label("masked")
	g.loadMask()
	g.gradRows("masked", poly, pair, true)
	g.Label("done")
	if pair {
		for _, f := range [][2]int{{xS, gradPA}, {xDp, gradDsA}} {
			g.MOVQ(mem(reg.RDI, f[0]), reg.RSI)
			g.MOVQ(mem(reg.RDI, f[1]), reg.RDX)
			for i := range 16 {
				g.VMOVDQU32(mem(reg.RSI, 128*i), zmm[i])
			}
			for i, out := range g.transpose() {
				g.VMOVDQU32(out, mem(reg.RDX, 64*i))
			}
		}
	}
	g.VZEROUPPER()
	g.RET()
}

// gradRows computes P and dS: in place as float32, or as bf16 the rows in place, in the first half of each row's
// memory, and the pairs of rows of dS at R10.
func (g *generator) gradRows(label string, poly []operand.Op, pair, masked bool) {
	n := 2
	if !pair {
		n = 1
	}
	label = "rows_" + label
	g.Label(label)
	var x, t []int
	for i := range 2 * n {
		x = append(x, i)
	}
	for i := range 4 * n {
		t = append(t, 4+i)
	}
	var mask []reg.OpmaskPhysical
	if masked {
		mask = masks[:2*n]
		for r := range n {
			g.seen(2 * r)
		}
	}
	for i := range x {
		g.VMOVUPS(mem(reg.RSI, 64*i), zmm[i])
		g.VFMSUB213PS(zmm[rShift+i%2], zmm[rScale], zmm[i])
	}
	g.exp2(poly, x, t, mask)
	for i := range x {
		ds := zmm[4+i]
		g.VMOVUPS(mem(reg.RDX, 64*i), ds)
		g.VSUBPS(zmm[rAcc+i%2], ds, ds)
		if masked {
			g.VMULPS_Z(zmm[i], ds, mask[i], ds)
		} else {
			g.VMULPS(zmm[i], ds, ds)
		}
	}
	if pair {
		for r := range 2 {
			g.raw(evex.VCVTNE2PS2BF16.Reg(8, 2*r+1, 2*r))
			g.VMOVDQU32(zmm[8], mem(reg.RSI, 128*r))
			g.raw(evex.VCVTNE2PS2BF16.Reg(9, 4+2*r+1, 4+2*r))
			g.VMOVDQU32(zmm[9], mem(reg.RDX, 128*r))
		}
		for h := range 2 {
			g.raw(evex.VCVTNE2PS2BF16.Reg(10+h, 6+h, 4+h))
			g.VPERMW(zmm[10+h], zmm[rIndex], zmm[10+h])
			g.VMOVDQU32(zmm[10+h], mem(reg.R10, 64*h))
		}
		g.ADDQ(operand.I32(128), reg.R10)
	} else {
		for i := range x {
			g.VMOVUPS(zmm[i], mem(reg.RSI, 64*i))
			g.VMOVUPS(zmm[4+i], mem(reg.RDX, 64*i))
		}
	}
	g.ADDQ(operand.I32(n*128), reg.RSI)
	g.ADDQ(operand.I32(n*128), reg.RDX)
	g.SUBQ(operand.U8(n), reg.RCX)
	g.JG(operand.LabelRef(label))
}
