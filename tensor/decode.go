package tensor

import (
	"fmt"
	"math"

	"github.com/athanor-lm/athanor/internal/kernel"
)

func attnScale(d int) float32 { return float32(1 / math.Sqrt(float64(d))) }

// DecodeSpec describes an attention of new tokens against a cache.
type DecodeSpec struct {
	H, K, D int
	// KCache and VCache hold a persistent tensor [positions, K·D] a sequence, f32, bf16 or f16; keys are cached rotated.
	KCache, VCache []*Tensor
	Past           []int32 // [B] tokens already cached
	Valid          []int32 // [B] or nil: the first Valid[b] new tokens of sequence b are real, the rest is padding
	Window         int     // positions a token sees, its own included; 0: all
	Rope           *Rope   // nil: no rotation
	Scale          float32 // of q·k; 0 means 1/√D
}

type decodeNode struct {
	op
	x *Tensor
	a kernel.DecodeArgs
}

// DecodeAttention appends the keys and values of N new tokens a sequence to the caches and returns their attention to
// all cached positions up to their own: [B,N,(H+2K)·D] → [B,N,H·D]. For inference: no gradient comes back.
func (t *Tape) DecodeAttention(qkv *Tensor, s DecodeSpec) *Tensor {
	n, fresh := next[decodeNode](t, "DecodeAttention")
	t.take("DecodeAttention", fresh, &n.x, qkv)
	if qkv.dims != 3 || s.K <= 0 || s.H%s.K != 0 || qkv.cols() != (s.H+2*s.K)*s.D || s.Rope != nil && s.Rope.D != s.D {
		panic(fmt.Sprintf("tensor.DecodeAttention: qkv %v with H %d, K %d, D %d: want [B,N,(H+2K)·D] and H a multiple of K", qkv, s.H, s.K, s.D))
	}
	B, N := qkv.shape[0], qkv.shape[1]
	if len(s.KCache) != B || len(s.VCache) != B || len(s.Past) != B {
		panic(fmt.Sprintf("tensor.DecodeAttention: %d key caches, %d value caches and %d lengths, want %d", len(s.KCache), len(s.VCache), len(s.Past), B))
	}
	if fresh {
		t.result("DecodeAttention", &n.out, qkv.dt, B, N, s.H*s.D)
		n.a.KCache, n.a.VCache = make([]kernel.Mat, B), make([]kernel.Mat, B)
	}
	a := &n.a
	a.B, a.N, a.H, a.K, a.D = B, N, s.H, s.K, s.D
	a.Past, a.Valid, a.Window, a.Compute = s.Past, s.Valid, s.Window, t.compute
	if !t.dry {
		for b := range B {
			a.KCache[b], a.VCache[b] = s.KCache[b].Mat(), s.VCache[b].Mat()
		}
	}
	a.Cos, a.Sin = nil, nil
	if s.Rope != nil {
		a.Cos, a.Sin = s.Rope.cos, s.Rope.sin
	}
	a.Scale = s.Scale
	if a.Scale == 0 {
		a.Scale = attnScale(s.D)
	}
	t.run(n)
	return &n.out
}

func (n *decodeNode) forward(t *Tape) {
	n.a.QKV, n.a.Out = t.mat(n.x), t.mat(&n.out)
	if !t.dry {
		kernel.AttentionDecode(t.pool, &n.a)
	}
}

func (n *decodeNode) backward(*Tape) {
	panic("tensor.DecodeAttention: no backward pass")
}
