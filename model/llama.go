package model

import (
	"fmt"

	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/athanor-lm/athanor/nn"
	"github.com/athanor-lm/athanor/objective"
	"github.com/athanor-lm/athanor/tensor"
)

// Llama is the family of Touvron et al. 2023: RMSNorm before each branch, rotary positions (Su et al. 2021), SwiGLU
// (Shazeer 2020), no biases, and with LLaMA-2/3 grouped-query attention. Qwen2 adds biases on q, k, v, Qwen3 a norm on every
// q and k head, Mistral a sliding window; SmolLM is a LLaMA with a tied head. All are configurations of it.
type Llama struct {
	cfg    Config
	rope   *tensor.Rope
	params nn.Params
	embed  *tensor.Param // [V,C]
	layers []*llamaLayer
	norm   nn.RMSNorm
	head   *tensor.Param // [V,C]; embed where tied
	walk   pass
}

var llamaFamily = family{
	build: func(c Config, o Options) Model { return newLlama(c, o) },
	defaults: func(c *Config) {
		if c.FF == 0 {
			c.FF = (8*c.Width/3 + 63) / 64 * 64
		}
		if c.RopeTheta == 0 {
			c.RopeTheta = 10000
		}
	},
	validate: func(c *Config) error {
		if c.Activation != "" && c.Activation != "silu" {
			return &FieldError{"activation", fmt.Sprintf("%q", c.Activation), "silu: the llama family is SwiGLU"}
		}
		if !positive(c.RopeTheta) || c.RopeTheta <= 1 {
			return &FieldError{"rope_theta", c.RopeTheta, "a number above 1"}
		}
		return c.RopeScaling.validate()
	},
	sizes: func(c *Config) sizes {
		C, F, D := int64(c.Width), int64(c.FF), int64(c.HeadDim)
		q, kv := int64(c.Heads)*D, int64(c.KVHeads)*D
		s := sizes{
			layer:  2*C + (q+2*kv)*C + q*C + 3*C*F,
			last:   C,
			mlp:    3,
			tables: 4 * int64(c.Context) * D, // sine and cosine of half the head each
		}
		if c.QKVBias {
			s.layer += q + 2*kv
		}
		if c.QKNorm {
			s.layer += 2 * D
		}
		return s
	},
}

type llamaLayer struct {
	index        int
	attnNorm     nn.RMSNorm
	qkv, out     nn.Linear
	qNorm, kNorm *tensor.Param // [D], nil without QKNorm
	mlpNorm      nn.RMSNorm
	gateUp, down nn.Linear
	again        func(x *tensor.Tensor) *tensor.Tensor // forward, as activation checkpointing wants it; nil without
}

func newLlama(c Config, o Options) *Llama {
	m := &Llama{cfg: c, rope: tensor.NewRope(c.HeadDim, c.Context, c.RopeTheta, c.RopeScaling.tensor())}
	p := &m.params
	q := c.Heads * c.HeadDim
	m.embed = p.New("embed.weight", c.embedInit(), c.Vocab, c.Width)
	for i := range c.Layers {
		name := fmt.Sprintf("layers.%d.", i)
		l := &llamaLayer{index: i}
		l.attnNorm = nn.NewRMSNorm(p, name+"attn_norm", c.Width, c.NormEps)
		l.qkv = projection(p, name+"attn.qkv", &m.cfg, c.QKVBias)
		if c.QKNorm {
			l.qNorm = p.New(name+"attn.q_norm.weight", tensor.Init{Kind: tensor.Ones}, c.HeadDim)
			l.kNorm = p.New(name+"attn.k_norm.weight", tensor.Init{Kind: tensor.Ones}, c.HeadDim)
		}
		l.out = nn.NewLinear(p, name+"attn.out", q, c.Width, false, c.initOf(true)).Shard(tensor.ShardCols)
		l.mlpNorm = nn.NewRMSNorm(p, name+"mlp_norm", c.Width, c.NormEps)
		l.gateUp = nn.NewLinear(p, name+"mlp.gate_up", c.Width, 2*c.FF, false, c.initOf(false)).
			Fuse(tensor.Part{Name: "gate", Rows: c.FF}, tensor.Part{Name: "up", Rows: c.FF}).Shard(tensor.ShardRows)
		l.down = nn.NewLinear(p, name+"mlp.down", c.FF, c.Width, false, c.initOf(true)).Shard(tensor.ShardCols)
		if o.Recompute {
			l.again = func(x *tensor.Tensor) *tensor.Tensor { return m.block(l, x) }
		}
		m.layers = append(m.layers, l)
	}
	m.norm = nn.NewRMSNorm(p, "norm", c.Width, c.NormEps)
	m.head = m.embed
	if !c.TiedHead {
		m.head = p.New("head.weight", c.embedInit(), c.Vocab, c.Width)
	}
	return m
}

// Config implements Model.
func (m *Llama) Config() Config { return m.cfg }

// Params implements Model.
func (m *Llama) Params() []*tensor.Param { return m.params.All() }

// Head implements Model.
func (m *Llama) Head() *tensor.Param { return m.head }

// Loss implements Model.
func (m *Llama) Loss(t *tensor.Tape, b *objective.Batch, gradScale float32) *tensor.Loss {
	m.walk = pass{tape: t, batch: b}
	return t.HeadLoss(m.hidden(), m.head, b.Labels, gradScale)
}

// Logits implements Model.
func (m *Llama) Logits(t *tensor.Tape, b *objective.Batch, dst []float32) {
	m.walk = pass{tape: t, batch: b}
	t.HeadLogits(m.hidden(), m.head, nil, dst)
}

// Decode implements Model.
func (m *Llama) Decode(t *tensor.Tape, d *DecodeBatch, dst []float32) {
	m.walk = pass{tape: t, decode: d}
	t.HeadLogits(m.hidden(), m.head, d.last, dst)
}

// hidden walks through all layers and the final norm: ids [B,T] → [B,T,C].
func (m *Llama) hidden() *tensor.Tensor {
	t := m.walk.tape
	ids, _, B, T := m.walk.inputs()
	x := t.Embed(ids, B, T, m.embed, nil, nil, float32(m.cfg.Dropout)) // [B,T,C], the residual stream in f32
	for _, l := range m.layers {
		if l.again != nil {
			x = t.Recompute(x, l.again)
		} else {
			x = m.block(l, x)
		}
	}
	return m.norm.Forward(t, x)
}

// block is one layer: x + attention(norm(x)), then x + SwiGLU-mlp(norm(x)). [B,T,C] → [B,T,C].
func (m *Llama) block(l *llamaLayer, x *tensor.Tensor) *tensor.Tensor {
	t, c, drop := m.walk.tape, &m.cfg, float32(m.cfg.Dropout)
	h := l.attnNorm.Forward(t, x)            // [B,T,C]
	qkv := l.qkv.Forward(t, h, kernel.NoAct) // [B,T,(H+2K)·D]
	if c.QKNorm {
		qkv = t.HeadNorm(qkv, l.qNorm, l.kNorm, c.Heads, c.KVHeads, c.HeadDim, l.attnNorm.Eps)
	}
	a := m.walk.attend(c, m.rope, l.index, qkv, 0) // [B,T,H·D]
	x = l.out.Residual(t, a, x, drop)              // [B,T,C]

	h = l.mlpNorm.Forward(t, x)              // [B,T,C]
	h = l.gateUp.Forward(t, h, kernel.NoAct) // [B,T,2·F]
	h = t.SwiGLU(h)                          // [B,T,F]
	return l.down.Residual(t, h, x, drop)    // [B,T,C]
}
