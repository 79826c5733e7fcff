package tensor

import (
	"fmt"
	"testing"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// benchModel is a decoder without its model file: pre-norm blocks of attention and an MLP, in GPT-2's or LLaMA's fashion.
type benchModel struct {
	gpt2                   bool
	L, C, H, F, V, B, T    int
	drop                   float32
	recompute              bool
	params                 []*Param
	embed, pos             *Param
	blocks                 []benchBlock
	norm, normBias         *Param
	rope                   *Rope
	ids, labels, positions []int32
	lo, hi                 []int32
}

type benchBlock struct {
	m                        *benchModel
	t                        *Tape
	norm1, norm1b, qkv, qkvb *Param
	out, outb, norm2, norm2b *Param
	up, upb, down, downb     *Param
	f                        func(*Tensor) *Tensor
}

// benchShapes are the models the speed claims are about.
var benchShapes = map[string]benchModel{
	"4x128":     {L: 4, C: 128, H: 4, F: 352, V: 65, B: 12, T: 64},
	"6x384":     {L: 6, C: 384, H: 6, F: 1024, V: 65, B: 16, T: 256},
	"8x512":     {L: 8, C: 512, H: 8, F: 1408, V: 8192, B: 8, T: 512},
	"gpt2-4":    {gpt2: true, L: 4, C: 128, H: 4, F: 512, V: 65, B: 12, T: 64},
	"gpt2-6":    {gpt2: true, L: 6, C: 384, H: 6, F: 1536, V: 65, B: 16, T: 256},
	"gpt2-8":    {gpt2: true, L: 8, C: 512, H: 8, F: 2048, V: 8192, B: 8, T: 512},
	"gpt2-124M": {gpt2: true, L: 12, C: 768, H: 12, F: 3072, V: 50257, B: 2, T: 512},
}

func (m *benchModel) build(t *Tape) {
	p := func(shape ...int) *Param {
		q := NewParam(fmt.Sprint(len(m.params)), Init{Kind: Normal, Std: 0.02}, shape...)
		if len(shape) == 1 {
			q.Init = Init{Kind: Ones}
		}
		q.Allocate(t.Compute(), true)
		q.Initialize(t.Pool(), 1)
		m.params = append(m.params, q)
		return q
	}
	bias := func(n int) *Param {
		if !m.gpt2 {
			return nil
		}
		return p(n)
	}
	m.embed = p(m.V, m.C)
	m.pos = nil
	if m.gpt2 {
		m.pos = p(m.T, m.C)
	}
	m.rope = NewRope(m.C/m.H, m.T, 1e4, RopeScaling{})
	m.blocks = make([]benchBlock, m.L)
	for i := range m.blocks {
		b := &m.blocks[i]
		up := 2 * m.F
		if m.gpt2 {
			up = m.F
		}
		*b = benchBlock{m: m, t: t, norm1: p(m.C), norm1b: bias(m.C), qkv: p(3*m.C, m.C), qkvb: bias(3 * m.C), out: p(m.C, m.C), outb: bias(m.C),
			norm2: p(m.C), norm2b: bias(m.C), up: p(up, m.C), upb: bias(up), down: p(m.C, m.F), downb: bias(m.C)}
		b.f = b.forward
	}
	m.norm, m.normBias = p(m.C), bias(m.C)
	for i := range m.B * m.T {
		m.ids, m.labels = append(m.ids, int32(i*7919%m.V)), append(m.labels, int32(i*104729%m.V))
		m.positions = append(m.positions, int32(i%m.T))
		m.lo, m.hi = append(m.lo, 0), append(m.hi, int32(i%m.T+1))
	}
}

func (m *benchModel) normed(t *Tape, x *Tensor, w, b *Param) *Tensor {
	if m.gpt2 {
		return t.LayerNorm(x, w, b, 1e-5)
	}
	return t.RMSNorm(x, w, 1e-5)
}

func (b *benchBlock) forward(x *Tensor) *Tensor {
	m, t := b.m, b.t
	s := AttnSpec{H: m.H, K: m.H, D: m.C / m.H, KeyLo: m.lo, KeyHi: m.hi, Positions: m.positions, Drop: m.drop}
	if !m.gpt2 {
		s.Rope = m.rope
	}
	h := t.Linear(m.normed(t, x, b.norm1, b.norm1b), b.qkv, b.qkvb, kernel.NoAct)
	x = t.LinearResidual(t.Attention(h, s), b.out, b.outb, x, m.drop)
	h = m.normed(t, x, b.norm2, b.norm2b)
	if m.gpt2 {
		h = t.Linear(h, b.up, b.upb, kernel.GELUTanhAct)
	} else {
		h = t.SwiGLU(t.Linear(h, b.up, nil, kernel.NoAct))
	}
	return t.LinearResidual(h, b.down, b.downb, x, m.drop)
}

func (m *benchModel) step(t *Tape) *Loss {
	x := t.Embed(m.ids, m.B, m.T, m.embed, m.positions, m.pos, m.drop)
	for i := range m.blocks {
		if m.recompute {
			x = t.Recompute(x, m.blocks[i].f)
		} else {
			x = m.blocks[i].forward(x)
		}
	}
	l := t.HeadLoss(m.normed(t, x, m.norm, m.normBias), m.embed, m.labels, 1/float32(len(m.labels)))
	t.Backward(l)
	return l
}

// BenchmarkStep times forward and backward passes: BenchmarkStep/gpt2-124M/bf16. It reports tokens and GFLOP a second (matrix
// products and attention) and the arena's size.
func BenchmarkStep(b *testing.B) {
	for name := range benchShapes {
		for _, dt := range []DType{F32, BF16} {
			b.Run(name+"/"+dt.String(), func(b *testing.B) {
				pool := kernel.NewPool(0)
				defer pool.Close()
				t := NewTape(Options{Pool: pool, Compute: dt})
				defer t.Free()
				m := benchShapes[name]
				m.build(t)
				body := func() { m.step(t) }
				step := func() {
					ZeroGrads(m.params)
					t.Run("train", 0, true, body)
				}
				step()
				info := t.Plan("plan", true, body)
				b.ReportAllocs()
				for b.Loop() {
					step()
				}
				s := b.Elapsed().Seconds() / float64(b.N)
				b.ReportMetric(float64(m.B*m.T)/s, "tok/s")
				b.ReportMetric(info.Total()/s/1e9, "GFLOP/s")
				b.ReportMetric(float64(info.ArenaBytes)/1e6, "arena-MB")
				for _, p := range m.params {
					p.Free()
				}
			})
		}
	}
}
