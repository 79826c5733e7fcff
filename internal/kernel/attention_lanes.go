package kernel

import (
	"math"
	"unsafe"
)

// attnFuncs are the element-wise kernels of the tile form, for panels of nr lanes. [keys, nr] arrays are float32
// with rows of nr.
type attnFuncs struct {
	softmax     func(x *softArgs) // probabilities stay in s as float32
	softmaxPair func(x *softArgs) // probabilities become bf16 pairs at out; nil where there is none
	grad        func(x *gradArgs) // s becomes P, dp becomes dS
	gradPair    func(x *gradArgs) // the same as bf16 panels; nil where there is none

	scaleLanes    func(x *laneArgs) // src[row][lane] *= factor[lane]
	transpose     func(x *laneArgs) // dst[lane][row] = src[row][lane]·factor[lane], float32
	transposeBF16 func(x *laneArgs) // the same, rounded; nil where there is none
	rowsBF16      func(x *rowArgs)  // rows scaled and rounded; nil where there is none
	dots          func(x *dotArgs)  // of float32s; nil where there is none
	dotsBF16      func(x *dotArgs)  // of bf16s; nil where there is none
	weighted      func(x *sumArgs)  // of float32s; nil where there is none
	weightedBF16  func(x *sumArgs)  // of bf16s; nil where there is none

	rotate       func(x *rowArgs) // rows rotated and scaled, float32 to float32; nil where there is none
	rotateToBF16 func(x *rowArgs) // float32 to bf16
	rotateBF16   func(x *rowArgs) // bf16 to bf16
}

// laneArgs is an operation on src, [rows, nr] float32s. It may read rows up to a multiple of 16.
type laneArgs struct {
	dst, src unsafe.Pointer
	factor   *[attnMaxLanes]float32
	ld       int // bytes from one row of dst to the next
	rows, n  int // n lanes are wanted
	nr       int
}

// rowArgs is dst = scale·src of n rows of cols; ld and stride are bytes from row to row.
type rowArgs struct {
	dst, src   unsafe.Pointer
	ld, stride int
	n, cols    int
	scale      float32

	turn      float32 // rotations: scale, negative to turn back
	cos, sin  *float32
	positions *int32
}

// dotArgs is dst[i] = a[i]·b[i] of n rows of cols, lda and ldb bytes apart.
type dotArgs struct {
	dst      *float32
	a, b     unsafe.Pointer
	lda, ldb int
	n, cols  int
}

// sumArgs is dst += Σ weights[i]·src[i] over n rows of cols, ld bytes apart.
type sumArgs struct {
	dst     *float32
	src     unsafe.Pointer
	weights *float32
	ld      int
	n, cols int
}

// softArgs is a step of the running softmax in base 2, p = 2^(scale·s − m), over keys key … key+rows−1:
//
//	m' = max(m, scale·max s)   alpha = 2^(m−m')   l' = alpha·l + Σ p
//
// With masked, lane i sees the keys [keyLo[i], keyHi[i]) only, the others have p = 0.
type softArgs struct {
	s, out       unsafe.Pointer
	nr           int // lanes
	rows, key    int
	keyLo, keyHi *[attnMaxLanes]int32
	m, l, alpha  *[attnMaxLanes]float32
	scale        float32
	masked       bool
}

// gradArgs is a tile of the backward pass: P = 2^(scale·s − lse2), dS = P·(dp − delta), for the keys key … key+rows−1.
type gradArgs struct {
	s, dp        unsafe.Pointer
	nr           int // lanes
	rows, key    int
	keyLo, keyHi *[attnMaxLanes]int32
	lse2, delta  unsafe.Pointer // float32 of each lane
	scale        float32
	masked       bool

	pA, dsA, dsB unsafe.Pointer // pairs only: where the panels' segments go
}

// attnGeneric is the plain-Go set, for panels of any width up to attnMaxLanes.
var attnGeneric = attnFuncs{
	softmax: softmaxLanes, grad: gradLanes, scaleLanes: scaleLanesGeneric, transpose: transposeLanes,
}

// lanes views row r of a [keys, nr] array.
func lanes(p unsafe.Pointer, r, nr int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Add(p, r*nr*4)), nr)
}

// sees reports whether lane i of a masked tile sees key k.
func sees(masked bool, lo, hi *[attnMaxLanes]int32, i, k int) bool {
	return !masked || k >= int(lo[i]) && k < int(hi[i])
}

func softmaxLanes(x *softArgs) {
	for i := range x.nr {
		m := float32(math.Inf(-1))
		for r := range x.rows {
			if sees(x.masked, x.keyLo, x.keyHi, i, x.key+r) {
				m = max(m, lanes(x.s, r, x.nr)[i])
			}
		}
		m = max(x.m[i], m*x.scale)
		shift := m
		if math.IsInf(float64(m), -1) {
			shift = 0
		}
		x.alpha[i] = exp2(x.m[i] - shift)
		x.l[i] *= x.alpha[i]
		x.m[i] = m
		for r := range x.rows {
			p := float32(0)
			if sees(x.masked, x.keyLo, x.keyHi, i, x.key+r) {
				p = exp2(lanes(x.s, r, x.nr)[i]*x.scale - shift)
			}
			lanes(x.out, r, x.nr)[i] = p
			x.l[i] += p
		}
	}
}

func gradLanes(x *gradArgs) {
	lse2, delta := lanes(x.lse2, 0, x.nr), lanes(x.delta, 0, x.nr)
	for r := range x.rows {
		s, dp := lanes(x.s, r, x.nr), lanes(x.dp, r, x.nr)
		for i := range s {
			if !sees(x.masked, x.keyLo, x.keyHi, i, x.key+r) {
				s[i], dp[i] = 0, 0
				continue
			}
			s[i] = exp2(s[i]*x.scale - lse2[i])
			dp[i] = s[i] * (dp[i] - delta[i])
		}
	}
}

// exp2 is 2^x.
func exp2(x float32) float32 { return exp32(x * math.Ln2) }

func scaleLanesGeneric(x *laneArgs) {
	for r := range x.rows {
		row := lanes(x.src, r, x.nr)
		for i := range row {
			row[i] *= x.factor[i]
		}
	}
}

func transposeLanes(x *laneArgs) {
	for r := range x.rows {
		for i, v := range lanes(x.src, r, x.nr)[:x.n] {
			*(*float32)(unsafe.Add(x.dst, i*x.ld+r*4)) = v * x.factor[i]
		}
	}
}
