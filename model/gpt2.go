package model

import (
	"fmt"

	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/athanor-lm/athanor/nn"
	"github.com/athanor-lm/athanor/objective"
	"github.com/athanor-lm/athanor/tensor"
)

// GPT2 is Radford et al. 2019, "Language Models are Unsupervised Multitask Learners": learned positions, LayerNorm
// before each branch, GELU, and an output projection that is the token embedding.
type GPT2 struct {
	cfg    Config
	act    kernel.Act
	params nn.Params
	embed  *tensor.Param // [V,C]
	pos    *tensor.Param // [context,C]
	layers []*gpt2Layer
	norm   nn.LayerNorm
	walk   pass
}

var gpt2Family = family{
	build: func(c Config, o Options) Model { return newGPT2(c, o) },
	defaults: func(c *Config) {
		if c.FF == 0 {
			c.FF = 4 * c.Width
		}
		if c.Activation == "" {
			c.Activation = "gelu_tanh"
		}
		c.TiedHead = true
	},
	validate: validateGPT2,
	sizes: func(c *Config) sizes {
		C, F := int64(c.Width), int64(c.FF)
		return sizes{
			positions: int64(c.Context) * C,
			layer:     4*C + 3*C*C + 3*C + C*C + C + 2*C*F + F + C, // norms; q, k, v; the projection out; up, down
			last:      2 * C,
			mlp:       2,
		}
	},
}

func validateGPT2(c *Config) error {
	switch {
	case c.KVHeads != c.Heads:
		return &FieldError{"kv_heads", c.KVHeads, fmt.Sprintf("%d, the number of heads: gpt2 has no grouped-query attention", c.Heads)}
	case c.HeadDim*c.Heads != c.Width:
		return &FieldError{"head_dim", c.HeadDim, fmt.Sprintf("width/heads = %d/%d in gpt2", c.Width, c.Heads)}
	case c.QKNorm:
		return &FieldError{"qk_norm", true, "false: gpt2 has none"}
	case c.QKVBias:
		return &FieldError{"qkv_bias", true, "false: gpt2 has biases everywhere, without being asked"}
	case c.RopeTheta != 0:
		return &FieldError{"rope_theta", c.RopeTheta, "0: gpt2 has learned positions"}
	case c.RopeScaling.Kind != "" && c.RopeScaling.Kind != "none":
		return &FieldError{"rope_scaling.kind", c.RopeScaling.Kind, "none: gpt2 has learned positions"}
	}
	if _, ok := activations[c.Activation]; !ok {
		return &FieldError{"activation", fmt.Sprintf("%q", c.Activation), "one of gelu_tanh, gelu_erf, relu, silu"}
	}
	return nil
}

type gpt2Layer struct {
	index    int
	attnNorm nn.LayerNorm
	qkv, out nn.Linear
	mlpNorm  nn.LayerNorm
	up, down nn.Linear
	again    func(x *tensor.Tensor) *tensor.Tensor // forward, as activation checkpointing wants it; nil without
}

func newGPT2(c Config, o Options) *GPT2 {
	m := &GPT2{cfg: c, act: activations[c.Activation]}
	p := &m.params
	m.embed = p.New("embed.weight", c.embedInit(), c.Vocab, c.Width)
	m.pos = p.New("pos.weight", c.embedInit(), c.Context, c.Width)
	for i := range c.Layers {
		name := fmt.Sprintf("layers.%d.", i)
		l := &gpt2Layer{index: i}
		l.attnNorm = nn.NewLayerNorm(p, name+"attn_norm", c.Width, c.NormEps)
		l.qkv = projection(p, name+"attn.qkv", &m.cfg, true)
		l.out = nn.NewLinear(p, name+"attn.out", c.Width, c.Width, true, c.initOf(true)).Shard(tensor.ShardCols)
		l.mlpNorm = nn.NewLayerNorm(p, name+"mlp_norm", c.Width, c.NormEps)
		l.up = nn.NewLinear(p, name+"mlp.up", c.Width, c.FF, true, c.initOf(false)).Shard(tensor.ShardRows)
		l.down = nn.NewLinear(p, name+"mlp.down", c.FF, c.Width, true, c.initOf(true)).Shard(tensor.ShardCols)
		if o.Recompute {
			l.again = func(x *tensor.Tensor) *tensor.Tensor { return m.block(l, x) }
		}
		m.layers = append(m.layers, l)
	}
	m.norm = nn.NewLayerNorm(p, "norm", c.Width, c.NormEps)
	return m
}

// Config implements Model.
func (m *GPT2) Config() Config { return m.cfg }

// Params implements Model.
func (m *GPT2) Params() []*tensor.Param { return m.params.All() }

// Head implements Model.
func (m *GPT2) Head() *tensor.Param { return m.embed }

// Loss implements Model.
func (m *GPT2) Loss(t *tensor.Tape, b *objective.Batch, gradScale float32) *tensor.Loss {
	m.walk = pass{tape: t, batch: b}
	return t.HeadLoss(m.hidden(), m.embed, b.Labels, gradScale)
}

// Logits implements Model.
func (m *GPT2) Logits(t *tensor.Tape, b *objective.Batch, dst []float32) {
	m.walk = pass{tape: t, batch: b}
	t.HeadLogits(m.hidden(), m.embed, nil, dst)
}

// Decode implements Model.
func (m *GPT2) Decode(t *tensor.Tape, d *DecodeBatch, dst []float32) {
	m.walk = pass{tape: t, decode: d}
	t.HeadLogits(m.hidden(), m.embed, d.last, dst)
}

// hidden walks through all layers and the final norm: ids [B,T] → [B,T,C].
func (m *GPT2) hidden() *tensor.Tensor {
	t := m.walk.tape
	ids, positions, B, T := m.walk.inputs()
	x := t.Embed(ids, B, T, m.embed, positions, m.pos, float32(m.cfg.Dropout)) // [B,T,C], the residual stream in f32
	for _, l := range m.layers {
		if l.again != nil {
			x = t.Recompute(x, l.again)
		} else {
			x = m.block(l, x)
		}
	}
	return m.norm.Forward(t, x)
}

// block is one layer: x + attention(norm(x)), then x + mlp(norm(x)). [B,T,C] → [B,T,C].
func (m *GPT2) block(l *gpt2Layer, x *tensor.Tensor) *tensor.Tensor {
	t, drop := m.walk.tape, float32(m.cfg.Dropout)
	h := l.attnNorm.Forward(t, x)                       // [B,T,C]
	qkv := l.qkv.Forward(t, h, kernel.NoAct)            // [B,T,3·C]
	a := m.walk.attend(&m.cfg, nil, l.index, qkv, drop) // [B,T,C]
	x = l.out.Residual(t, a, x, drop)                   // [B,T,C]

	h = l.mlpNorm.Forward(t, x)           // [B,T,C]
	h = l.up.Forward(t, h, m.act)         // [B,T,F]
	return l.down.Residual(t, h, x, drop) // [B,T,C]
}
