package tensor

import (
	"fmt"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// AttnSpec describes an attention. Query (b,t) attends to the keys t' of its sequence with KeyLo ≤ t' < KeyHi: causal, full,
// sliding-window, prefix and document masks are all such intervals; an empty one gives output 0.
type AttnSpec struct {
	H, K, D      int     // heads, kv heads (H is a multiple of K), head size
	KeyLo, KeyHi []int32 // [B·T]
	Positions    []int32 // [B·T] of the rotation; may be nil without Rope
	Rope         *Rope   // nil: no rotation
	Scale        float32 // of q·k; 0 means 1/√D
	Drop         float32 // of the probabilities
}

type attnNode struct {
	op
	x    *Tensor
	p    float32
	lse  *buffer // [B,H,T]
	part *buffer
	a    kernel.AttnArgs
}

// Attention returns softmax(Scale·rot(q)·rot(k)ᵀ + mask)·v for each head (Vaswani et al. 2017; grouped-query, Ainslie et al.
// 2023): [B,T,(H+2K)·D] → [B,T,H·D]. The columns of qkv are the heads of q, then of k, then of v. No T×T matrix is ever in
// memory (Dao et al. 2022).
func (t *Tape) Attention(qkv *Tensor, s AttnSpec) *Tensor {
	checkDrop("Attention", s.Drop)
	n, fresh := next[attnNode](t, "Attention")
	t.take("Attention", fresh, &n.x, qkv)
	s.check("Attention", qkv)
	B, T := qkv.shape[0], qkv.shape[1]
	if fresh {
		t.result("Attention", &n.out, qkv.dt, B, T, s.H*s.D)
		n.lse = t.valueBuffer(4 * B * s.H * T)
	} else if n.out.cols() != s.H*s.D {
		panic(fmt.Sprintf("tensor.Attention: %d heads of %d, recorded was %v", s.H, s.D, &n.out))
	}
	a := &n.a
	a.Wait(t.pool)
	a.B, a.T, a.H, a.K, a.D = B, T, s.H, s.K, s.D
	a.KeyLo, a.KeyHi, a.Positions = s.KeyLo, s.KeyHi, s.Positions
	a.Cos, a.Sin = nil, nil
	if s.Rope != nil {
		a.Cos, a.Sin = s.Rope.cos, s.Rope.sin
		if !t.dry {
			s.Rope.check("Attention", s.Positions)
		}
	}
	a.Scale, n.p, a.Compute = s.scale(), s.Drop, t.compute
	t.run(n)
	return &n.out
}

func (s *AttnSpec) scale() float32 {
	if s.Scale != 0 {
		return s.Scale
	}
	return attnScale(s.D)
}

func (s *AttnSpec) check(op string, qkv *Tensor) {
	if qkv.dims != 3 || s.K <= 0 || s.H%s.K != 0 || qkv.cols() != (s.H+2*s.K)*s.D {
		panic(fmt.Sprintf("tensor.%s: qkv %v with H %d, K %d, D %d: want [B,T,(H+2K)·D] and H a multiple of K", op, qkv, s.H, s.K, s.D))
	}
	rows := qkv.rows()
	if len(s.KeyLo) != rows || len(s.KeyHi) != rows || s.Rope != nil && len(s.Positions) != rows {
		panic(fmt.Sprintf("tensor.%s: %d, %d and %d of KeyLo, KeyHi and Positions, want B·T = %d", op, len(s.KeyLo), len(s.KeyHi), len(s.Positions), rows))
	}
	if s.Rope != nil && s.Rope.D != s.D {
		panic(fmt.Sprintf("tensor.%s: rope for heads of %d, want %d", op, s.Rope.D, s.D))
	}
}

// check panics unless all positions are within the tables.
func (r *Rope) check(op string, positions []int32) {
	for i, p := range positions {
		if uint(p) >= uint(r.MaxPos) {
			panic(fmt.Sprintf("tensor.%s: position %d at %d, want 0 to %d (rope tables)", op, p, i, r.MaxPos-1))
		}
	}
}

func (n *attnNode) forward(t *Tape) {
	a := &n.a
	a.QKV, a.Out, a.LSE, a.Drop = t.mat(n.x), t.mat(&n.out), t.floats(n.lse), t.drop(&n.op, n.p)
	if t.dry {
		t.flops("Attention", 4*n.pairs())
		return
	}
	kernel.StartAttentionForward(t.pool, a)
}

// backward, with P the probabilities, recomputed from q, k and the saved log-sum-exps: dv = Pᵀ·dout, dP = dout·vᵀ,
// dS = P ⊙ (dP − rowsum(dout ⊙ out)), dq = Scale·dS·k, dk = Scale·dSᵀ·q (Dao et al. 2022, algorithm 4).
func (n *attnNode) backward(t *Tape) {
	if !t.wantsGrad(n.x) {
		return
	}
	t.remake(n.x)
	var add bool
	a := &n.a
	a.Wait(t.pool)
	a.QKV, a.Out, a.LSE, a.DOut = t.mat(n.x), t.mat(&n.out), t.floats(n.lse), t.gradOf(&n.out)
	a.DQKV, add = t.gradPart(n.x, &n.part)
	if t.dry {
		t.flops("Attention", 10*n.pairs())
	} else {
		kernel.StartAttentionBackward(t.pool, a)
	}
	if add {
		t.addTo(t.gradOf(n.x), a.DQKV)
	}
}

// pairs returns H·D times the number of query-key pairs the mask leaves, or of a causal mask where the intervals are not
// filled yet.
func (n *attnNode) pairs() float64 {
	a := &n.a
	var s float64
	for i := range a.KeyLo {
		s += float64(max(0, a.KeyHi[i]-a.KeyLo[i]))
	}
	if s == 0 {
		s = float64(a.B) * float64(a.T) * float64(a.T+1) / 2
	}
	return s * float64(a.H*a.D)
}
