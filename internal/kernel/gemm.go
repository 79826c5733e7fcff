package kernel

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
	Drop       Drop
	Residual   Mat  // [M,N] or absent; may alias C
	Accumulate bool // C must then be F32

	// ColSumA, where given, gets ColSumA[i] += Σ_k op(A)[i,k], summed in f32 from the values as stored (not rounded again) in a fixed order:
	// with A = dYᵀ it is the bias gradient, computed while A is packed. Length M.
	ColSumA []float32
}
