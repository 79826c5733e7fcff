package kernel

import (
	"fmt"
)

// DecodeArgs describes attention of new tokens against a cache of keys and values: generation (N = 1) and prompts (N > 1).
// Token n of sequence b stands at position Past[b]+n, attends to the positions up to its own (the last Window of
// them where Window > 0), and is rotated by row Past[b]+n of the rope tables. The call appends its keys and values to the caches.
// The caller owns the struct; in steady state a run allocates nothing.
type DecodeArgs struct {
	B, N, H, K, D int // B sequences, N new tokens each

	QKV Mat // [B·N, (H+2K)·D], not rotated; F32, BF16 or F16
	Out Mat // [B·N, H·D], F32, BF16 or F16

	// One matrix [positions, K·D] a sequence, F32, BF16 or F16. Keys are cached rotated. Rows Past[b] … Past[b]+N−1
	// are written.
	KCache, VCache []Mat
	Past           []int32 // [B] tokens already cached
	Valid          []int32 // [B] or nil: the first Valid[b] ≤ N tokens of sequence b are real; the rest is padding: not cached, output 0
	Window         int     // positions a token sees, its own included; 0: all

	Cos, Sin []float32 // rope tables [positions, D/2]; nil: no rotation
	Scale    float32   // of q·k, positive
	Compute  DType     // as in AttnArgs

	one  decodeJob
	many promptJob
}

// AttentionDecode appends to the caches and computes a.Out.
func AttentionDecode(p *Pool, a *DecodeArgs) {
	a.check()
	if a.N >= promptTokens {
		a.many.run(p, a)
		return
	}
	a.one.run(p, a, true)
}

// promptTokens is the number of new tokens from which packing the whole cache into tiles pays.
const promptTokens = 8

// check panics where sizes do not fit each other.
func (a *DecodeArgs) check() {
	const op = "AttentionDecode"
	if a.B < 1 || a.N < 1 || a.K < 1 || a.D < 1 || a.H < a.K || a.H%a.K != 0 {
		panic(fmt.Sprintf("kernel.%s: B %d, N %d, H %d, K %d, D %d: want all positive and H a multiple of K", op, a.B, a.N, a.H, a.K, a.D))
	}
	if q := a.QKV; q.IsNil() || q.Rows != a.B*a.N || q.Cols != (a.H+2*a.K)*a.D {
		panic(fmt.Sprintf("kernel.%s: QKV [%d,%d], want [%d,%d]", op, q.Rows, q.Cols, a.B*a.N, (a.H+2*a.K)*a.D))
	}
	if o := a.Out; o.IsNil() || o.Rows != a.B*a.N || o.Cols != a.H*a.D {
		panic(fmt.Sprintf("kernel.%s: Out [%d,%d], want [%d,%d]", op, o.Rows, o.Cols, a.B*a.N, a.H*a.D))
	}
	if len(a.KCache) < a.B || len(a.VCache) < a.B || len(a.Past) < a.B || a.Valid != nil && len(a.Valid) < a.B {
		panic(fmt.Sprintf("kernel.%s: %d key caches, %d value caches, %d past, %d valid for %d sequences",
			op, len(a.KCache), len(a.VCache), len(a.Past), len(a.Valid), a.B))
	}
	for b := range a.B {
		past, n := int(a.Past[b]), a.valid(b)
		for _, c := range [2]Mat{a.KCache[b], a.VCache[b]} {
			if past < 0 || n < 0 || n > a.N || c.Rows < past+n || c.Cols != a.K*a.D {
				panic(fmt.Sprintf("kernel.%s: sequence %d: %d cached and %d of %d new tokens into a cache of [%d,%d], want %d columns", op, b, past, n, a.N, c.Rows, c.Cols, a.K*a.D))
			}
		}
		if a.Cos != nil && len(a.Cos) < (past+n)*a.D/2 {
			panic(fmt.Sprintf("kernel.%s: sequence %d: position %d beyond the rope tables of %d", op, b, past+n-1, len(a.Cos)*2/a.D))
		}
	}
	checkRope(op, a.D, a.Cos, a.Sin)
	checkScale(op, a.Scale)
}

// valid returns the number of real new tokens of sequence b.
func (a *DecodeArgs) valid(b int) int {
	if a.Valid == nil {
		return a.N
	}
	return int(a.Valid[b])
}
