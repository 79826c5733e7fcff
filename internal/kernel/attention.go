package kernel

import (
	"fmt"
	"math"
)

// AttnArgs describes masked multi-head attention with grouped key-value heads (Vaswani et al. 2017; Ainslie et al. 2023),
// computed without ever holding a T×T matrix (Dao et al. 2022; Milakov & Gimelshein 2018 for the running softmax):
//
//	out[b,t,h] = Σ_t' softmax_t'(Scale · q[b,t,h]·k[b,t',h·K/H]) · v[b,t',h·K/H]
//
// q, k, v are column blocks of one [B·T, (H+2K)·D] matrix: H·D columns of q, K·D of k, K·D of v. H is a multiple of K.
// The caller owns the struct and may run it again and again; in steady state a run allocates nothing.
type AttnArgs struct {
	B, T, H, K, D int

	QKV Mat       // [B·T, (H+2K)·D], not rotated; F32, BF16 or F16
	Out Mat       // [B·T, H·D], F32, BF16 or F16
	LSE []float32 // [B,H,T] log of the sum of exp of the scaled scores, written by forward and read by backward; −Inf for an empty interval

	// Query (b,t) attends to the keys t' of the same b with KeyLo[b·T+t] ≤ t' < KeyHi[b·T+t]: causal, full, sliding-window,
	// prefix and document masks are all intervals. They must lie in [0, T]. An empty interval gives output 0.
	KeyLo, KeyHi []int32

	Cos, Sin  []float32 // rope tables [positions, D/2], half-split layout (see RotateHalf); nil: no rotation
	Positions []int32   // [B·T] row of the tables

	Scale   float32 // of q·k, positive
	Drop    Drop    // of the probabilities, after normalisation; element index ((b·H+h)·T+t)·T+t'
	Compute DType   // BF16: operands (rotated q, k; v; probabilities) are rounded to bfloat16; F32 or F16: they stay f32. Sums and softmax are f32

	DOut Mat // backward: gradient of Out, [B·T, H·D]
	DQKV Mat // backward: gradient of QKV (overwritten; rotated back); it may not overlap an input

	job attnJob
}

// AttentionForward computes a.Out and a.LSE.
func AttentionForward(p *Pool, a *AttnArgs) {
	StartAttentionForward(p, a)
	p.Wait()
}

// StartAttentionForward is AttentionForward that returns without waiting (see Pool.Start). a must stay as it is until a.Wait.
func StartAttentionForward(p *Pool, a *AttnArgs) {
	a.Wait(p)
	a.check("AttentionForward", a.Out)
	a.job.run(p, a, false)
}

// AttentionBackward computes a.DQKV from a.DOut, a.QKV, a.Out and a.LSE, recomputing the probabilities tile by tile.
func AttentionBackward(p *Pool, a *AttnArgs) {
	StartAttentionBackward(p, a)
	p.Wait()
}

// StartAttentionBackward is AttentionBackward that returns without waiting (see Pool.Start). a must stay as it is until a.Wait.
func StartAttentionBackward(p *Pool, a *AttnArgs) {
	a.Wait(p)
	a.check("AttentionBackward", a.Out)
	a.checkMat("AttentionBackward", "DOut", a.DOut, a.H*a.D)
	a.checkMat("AttentionBackward", "DQKV", a.DQKV, (a.H+2*a.K)*a.D)
	a.job.run(p, a, true)
}

// Wait returns when a is not in use any more.
func (a *AttnArgs) Wait(p *Pool) { p.WaitFor(&a.job) }

// check panics where sizes do not fit each other.
func (a *AttnArgs) check(op string, out Mat) {
	if a.B < 1 || a.T < 1 || a.K < 1 || a.D < 1 || a.H < a.K || a.H%a.K != 0 {
		panic(fmt.Sprintf("kernel.%s: B %d, T %d, H %d, K %d, D %d: want all positive and H a multiple of K", op, a.B, a.T, a.H, a.K, a.D))
	}
	a.checkMat(op, "QKV", a.QKV, (a.H+2*a.K)*a.D)
	a.checkMat(op, "Out", out, a.H*a.D)
	n := a.B * a.T
	if len(a.LSE) < n*a.H || len(a.KeyLo) < n || len(a.KeyHi) < n {
		panic(fmt.Sprintf("kernel.%s: LSE %d, KeyLo %d, KeyHi %d elements, want %d, %d, %d", op, len(a.LSE), len(a.KeyLo), len(a.KeyHi), n*a.H, n, n))
	}
	checkRope(op, a.D, a.Cos, a.Sin)
	if a.Cos != nil && len(a.Positions) < n {
		panic(fmt.Sprintf("kernel.%s: %d positions, want %d", op, len(a.Positions), n))
	}
	if a.Cos != nil {
		for i, pos := range a.Positions[:n] {
			if pos < 0 || int(pos) >= len(a.Cos)/(a.D/2) {
				panic(fmt.Sprintf("kernel.%s: row %d stands at position %d, the rope tables have %d", op, i, pos, len(a.Cos)/(a.D/2)))
			}
		}
	}
	checkScale(op, a.Scale)
	for i := range n {
		if lo, hi := a.KeyLo[i], a.KeyHi[i]; lo < hi && (lo < 0 || int(hi) > a.T) {
			panic(fmt.Sprintf("kernel.%s: query %d sees keys [%d,%d) of %d", op, i, lo, hi, a.T))
		}
	}
}

func (a *AttnArgs) checkMat(op, name string, m Mat, cols int) {
	if m.IsNil() || m.Rows != a.B*a.T || m.Cols != cols || m.DT == I32 {
		panic(fmt.Sprintf("kernel.%s: %s is %v [%d,%d], want f32, bf16 or f16 [%d,%d]", op, name, m.DT, m.Rows, m.Cols, a.B*a.T, cols))
	}
}

func checkRope(op string, d int, cos, sin []float32) {
	if cos != nil && (d%2 != 0 || len(sin) != len(cos)) {
		panic(fmt.Sprintf("kernel.%s: rope tables of %d and %d elements for D %d, want equal lengths and an even D", op, len(cos), len(sin), d))
	}
}

func checkScale(op string, scale float32) {
	if !(scale > 0) || math.IsInf(float64(scale), 1) {
		panic(fmt.Sprintf("kernel.%s: Scale %v, want a positive number", op, scale))
	}
}
