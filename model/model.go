package model

import (
	"fmt"

	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/athanor-lm/athanor/nn"
	"github.com/athanor-lm/athanor/objective"
	"github.com/athanor-lm/athanor/tensor"
)

// Model is a decoder-only language model. Its methods call ops on the tape, so they run inside Tape.Run or Tape.Plan.
type Model interface {
	// Config returns the normalized configuration.
	Config() Config
	// Params returns all parameters, in a fixed order.
	Params() []*tensor.Param
	// Head returns the output projection [V,C], which is the token embedding where the head is tied.
	Head() *tensor.Param
	// Loss is the summed cross-entropy of the batch's labels in nats; gradScale multiplies its gradient.
	Loss(t *tensor.Tape, b *objective.Batch, gradScale float32) *tensor.Loss
	// Logits writes the logits of every position of the batch to dst [B·T, V].
	Logits(t *tensor.Tape, b *objective.Batch, dst []float32)
	// Decode feeds new tokens after what d.Cache holds, and writes the logits of each sequence's last valid token to dst [B, V].
	Decode(t *tensor.Tape, d *DecodeBatch, dst []float32)
}

// Options are choices of the run that do not change what a model is.
type Options struct {
	Recompute bool // keep only each layer's input, compute the rest again in backward (Chen et al. 2016)
}

// New builds the model of a valid, normalized configuration. Its parameters have no memory yet: planning a run comes first.
func New(c Config, o Options) (Model, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return families[c.Family].build(c, o), nil
}

// Init gives every parameter its first value, a pure function of (seed, name).
func Init(m Model, pool *kernel.Pool, seed uint64) {
	for _, p := range m.Params() {
		p.Initialize(pool, seed)
	}
}

// initOf returns the rule for a matrix of a model; residual marks projections that add to the residual stream, whose
// start GPT-2 scales by 1/√(2L) (Radford et al. 2019, section 2.3).
func (c Config) initOf(residual bool) tensor.Init {
	switch c.Init {
	case "xavier":
		return tensor.Init{Kind: tensor.XavierUniform}
	case "kaiming":
		return tensor.Init{Kind: tensor.KaimingNormal}
	}
	std := c.InitStd
	if residual {
		std /= sqrt(2 * float64(c.Layers))
	}
	return tensor.Init{Kind: tensor.Normal, Std: float32(std)}
}

// embedInit is the start of embeddings, which are looked up and not multiplied: N(0, 0.02²) whatever the rule for matrices.
func (c Config) embedInit() tensor.Init {
	std := c.InitStd
	if std == 0 {
		std = 0.02
	}
	return tensor.Init{Kind: tensor.Normal, Std: float32(std)}
}

// pass is one walk through the layers: over a batch (training, scoring) or over new tokens with a cache (generation).
type pass struct {
	tape   *tensor.Tape
	batch  *objective.Batch // nil while decoding
	decode *DecodeBatch
}

// attend lets every position see what it may: [B,T,(H+2K)·D] → [B,T,H·D].
func (p *pass) attend(c *Config, rope *tensor.Rope, layer int, qkv *tensor.Tensor, drop float32) *tensor.Tensor {
	scale := float32(1 / sqrt(float64(c.HeadDim)))
	if p.decode != nil {
		return p.tape.DecodeAttention(qkv, p.decode.spec(c, rope, layer, scale))
	}
	return p.tape.Attention(qkv, tensor.AttnSpec{
		H: c.Heads, K: c.KVHeads, D: c.HeadDim, Scale: scale, Drop: drop, Rope: rope,
		KeyLo: p.batch.KeyLo, KeyHi: p.batch.KeyHi, Positions: p.batch.Positions,
	})
}

// inputs returns the ids and positions of the walk, [B·T] each.
func (p *pass) inputs() (ids, positions []int32, b, t int) {
	if p.decode != nil {
		return p.decode.Tokens, p.decode.positions, p.decode.B, p.decode.N
	}
	return p.batch.Inputs, p.batch.Positions, p.batch.B, p.batch.T
}

// projection makes the fused q, k, v projection: C → (H+2K)·D.
func projection(p *nn.Params, name string, c *Config, bias bool) nn.Linear {
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	return nn.NewLinear(p, name, c.Width, q+2*kv, bias, c.initOf(false)).
		Fuse(tensor.Part{Name: "q", Rows: q}, tensor.Part{Name: "k", Rows: kv}, tensor.Part{Name: "v", Rows: kv}).
		Shard(tensor.ShardRows)
}
