package kernel

import "fmt"

// Act is the activation function of a fused epilogue.
type Act uint8

// The activations. GELUTanhAct is GPT-2's approximation, GELUErfAct the exact form (Hendrycks & Gimpel 2016).
const (
	NoAct Act = iota
	GELUTanhAct
	GELUErfAct
	SiLUAct
	ReLUAct
)

// Drop describes inverted dropout whose mask is a pure function of its fields and the element's index
// (counter-based RNG, Salmon et al. 2011): element (i, j) of the output is kept iff
// philox(Key, Counter, i·Cols+j) ≥ P, and then multiplied by 1/(1−P). The zero value means no dropout.
type Drop struct {
	P       float32
	Key     uint64 // the run's seed
	Counter uint64 // step and op
}

// GemmArgs describes C = epilogue(op(A)·op(B)), where op transposes or not. The caller owns the struct and
// may run it again and again; packing buffers live in the Pool, so that only the largest product of a pool allocates.
//
// The epilogue of an output element c with accumulated product s is, in this order:
//
//	s = Alpha·s (Alpha 0 means 1)
//	s += Bias[j]
//	PreAct[i,j] = s              (where PreAct is given and Act ≠ NoAct and !ActGrad)
//	s = Act(s)                   or, with ActGrad, s = s · Act'(PreAct[i,j])
//	s = dropout(s)
//	s += Residual[i,j]
//	c = s, or c += s with Accumulate
type GemmArgs struct {
	TransA, TransB bool  // A is [M,K], or [K,M] with TransA; B is [K,N], or [N,K] with TransB
	A, B           Mat   // F32, BF16 or F16
	C              Mat   // [M,N], F32, BF16 or F16
	Compute        DType // the type operands are rounded to when packed: BF16, or F32 (also the computation type of F16 storage); accumulation is always f32

	Alpha      float32
	Bias       []float32 // [N] or nil
	Act        Act
	ActGrad    bool
	PreAct     Mat // [M,N]
	ActOut     Mat // [M,N] or absent: with ActGrad, is set to Act(PreAct), for an output of the activation that was not kept
	Drop       Drop
	Residual   Mat  // [M,N] or absent; may alias C
	Accumulate bool // C must then be F32

	// ColSumA, where given, gets ColSumA[i] += Σ_k op(A)[i,k], summed in f32 from the values as stored (not rounded again) in a fixed order:
	// with A = dYᵀ it is the bias gradient, computed while A is packed. Length M.
	ColSumA []float32
}

// check panics where g's shapes or types do not fit, and returns M, N and K.
func (g *GemmArgs) check() (m, n, k int) {
	m, k = g.A.Rows, g.A.Cols
	if g.TransA {
		m, k = k, m
	}
	kb, n := g.B.Rows, g.B.Cols
	if g.TransB {
		kb, n = n, kb
	}
	switch {
	case kb != k || g.C.Rows != m || g.C.Cols != n:
		panic(fmt.Sprintf("kernel.Gemm: op(A) [%d,%d] · op(B) [%d,%d] → C [%d,%d]: shapes do not fit", m, k, kb, n, g.C.Rows, g.C.Cols))
	case g.Compute != F32 && g.Compute != BF16:
		panic(fmt.Sprintf("kernel.Gemm: computation in %v, want f32 or bf16", g.Compute))
	case g.A.DT == I32 || g.B.DT == I32 || g.C.DT == I32:
		panic(fmt.Sprintf("kernel.Gemm: matrices of %v, %v and %v, want f32, bf16 or f16", g.A.DT, g.B.DT, g.C.DT))
	case g.Accumulate && g.C.DT != F32:
		panic(fmt.Sprintf("kernel.Gemm: accumulation into %v, want f32", g.C.DT))
	case g.Bias != nil && len(g.Bias) != n:
		panic(fmt.Sprintf("kernel.Gemm: bias of %d elements, want %d", len(g.Bias), n))
	case g.ColSumA != nil && len(g.ColSumA) != m:
		panic(fmt.Sprintf("kernel.Gemm: ColSumA of %d elements, want %d", len(g.ColSumA), m))
	case g.ActGrad && g.PreAct.IsNil():
		panic("kernel.Gemm: ActGrad without PreAct")
	case !g.ActOut.IsNil() && !g.ActGrad:
		panic("kernel.Gemm: ActOut without ActGrad")
	}
	for _, x := range [...]*Mat{&g.PreAct, &g.ActOut, &g.Residual} {
		if !x.IsNil() && (x.Rows != m || x.Cols != n) {
			panic(fmt.Sprintf("kernel.Gemm: PreAct, ActOut or Residual [%d,%d], want [%d,%d]", x.Rows, x.Cols, m, n))
		}
	}
	return m, n, k
}
