// Package nn holds the layers that model families are built of: each owns its parameters, names them,
// says how they start, and applies the ops of package tensor to them.
package nn

import (
	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/athanor-lm/athanor/tensor"
)

// Params collects the parameters of a model in the order they are made, which is the order of checkpoints and optimizer state.
type Params struct {
	list []*tensor.Param
}

// All returns the parameters made so far.
func (p *Params) All() []*tensor.Param { return p.list }

// New makes a parameter.
func (p *Params) New(name string, init tensor.Init, shape ...int) *tensor.Param {
	x := tensor.NewParam(name, init, shape...)
	p.list = append(p.list, x)
	return x
}

// Linear is y = x·Wᵀ + b with W [out, in] and b [out] or nil.
type Linear struct {
	W, B *tensor.Param
}

// NewLinear makes name.weight and, with bias, name.bias (zeros).
func NewLinear(p *Params, name string, in, out int, bias bool, init tensor.Init) Linear {
	l := Linear{W: p.New(name+".weight", init, out, in)}
	if bias {
		l.B = p.New(name+".bias", tensor.Init{Kind: tensor.Zeros}, out)
	}
	return l
}

// Fuse names the row blocks of a fused projection, such as q, k and v.
func (l Linear) Fuse(parts ...tensor.Part) Linear {
	l.W.Parts = parts
	if l.B != nil {
		l.B.Parts = parts
	}
	return l
}

// Shard says along which axis of W ranks may split it: tensor.ShardRows for the first projection of a pair, whose bias
// is split with it, tensor.ShardCols for the second, whose bias is added once.
func (l Linear) Shard(axis int) Linear {
	l.W.ShardAxis = axis
	if l.B != nil && axis == tensor.ShardRows {
		l.B.ShardAxis = axis
	}
	return l
}

// Forward returns act(x·Wᵀ + b): [.., in] → [.., out].
func (l Linear) Forward(t *tensor.Tape, x *tensor.Tensor, act kernel.Act) *tensor.Tensor {
	return t.Linear(x, l.W, l.B, act)
}

// Residual returns residual + dropout(x·Wᵀ + b) in f32: [.., in] → [.., out].
func (l Linear) Residual(t *tensor.Tape, x, residual *tensor.Tensor, drop float32) *tensor.Tensor {
	return t.LinearResidual(x, l.W, l.B, residual, drop)
}

// LayerNorm is Ba et al. 2016 over the last dimension, with weight and bias.
type LayerNorm struct {
	W, B *tensor.Param
	Eps  float32
}

// NewLayerNorm makes name.weight (ones) and name.bias (zeros), each [width].
func NewLayerNorm(p *Params, name string, width int, eps float64) LayerNorm {
	return LayerNorm{
		W:   p.New(name+".weight", tensor.Init{Kind: tensor.Ones}, width),
		B:   p.New(name+".bias", tensor.Init{Kind: tensor.Zeros}, width),
		Eps: float32(eps),
	}
}

// Forward normalises every row of x: [.., C] f32 → [.., C] in the compute type.
func (n LayerNorm) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return t.LayerNorm(x, n.W, n.B, n.Eps)
}

// RMSNorm is Zhang & Sennrich 2019 over the last dimension.
type RMSNorm struct {
	W   *tensor.Param
	Eps float32
}

// NewRMSNorm makes name.weight [width] (ones).
func NewRMSNorm(p *Params, name string, width int, eps float64) RMSNorm {
	return RMSNorm{W: p.New(name+".weight", tensor.Init{Kind: tensor.Ones}, width), Eps: float32(eps)}
}

// Forward normalises every row of x: [.., C] f32 → [.., C] in the compute type.
func (n RMSNorm) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return t.RMSNorm(x, n.W, n.Eps)
}
