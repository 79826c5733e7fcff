// Package model holds the model families, one file each, written with the ops of package tensor
// so that the forward pass reads like the paper; the tape gives the backward pass.
//
// A model names its parameters and knows their shapes; it never knows of files, flags or clocks.
package model

import (
	"fmt"
	"math"
	"strings"
)

// Config describes a model of any family. The zero value of an optional field means what its comment says;
// Normalize fills those in, Validate refuses what cannot work.
type Config struct {
	Family  string `yaml:"family" json:"family"`     // "gpt2" or "llama"
	Vocab   int    `yaml:"vocab" json:"vocab"`       // V: token ids are 0..V-1
	Layers  int    `yaml:"layers" json:"layers"`     // L
	Width   int    `yaml:"width" json:"width"`       // C: the residual stream's width
	Heads   int    `yaml:"heads" json:"heads"`       // H: query heads
	KVHeads int    `yaml:"kv_heads" json:"kv_heads"` // K: key and value heads, 0 = Heads (Ainslie et al. 2023, grouped-query attention)
	HeadDim int    `yaml:"head_dim" json:"head_dim"` // D, 0 = Width/Heads
	FF      int    `yaml:"ff" json:"ff"`             // F: 0 = 4·C for gpt2, 8/3·C rounded up to a multiple of 64 for llama
	Context int    `yaml:"context" json:"context"`   // the longest sequence: rows of learned positions, or of the RoPE table

	RopeTheta   float64     `yaml:"rope_theta" json:"rope_theta"` // 0 = 10,000
	RopeScaling RopeScaling `yaml:"rope_scaling" json:"rope_scaling"`
	NormEps     float64     `yaml:"norm_eps" json:"norm_eps"`     // 0 = 1e-5
	Activation  string      `yaml:"activation" json:"activation"` // of gpt2: "gelu_tanh" (default), "gelu_erf", "relu", "silu"; llama is SwiGLU
	TiedHead    bool        `yaml:"tied_head" json:"tied_head"`   // the output projection is the embedding; always so in gpt2
	QKVBias     bool        `yaml:"qkv_bias" json:"qkv_bias"`     // llama: bias on q, k, v (Qwen2)
	QKNorm      bool        `yaml:"qk_norm" json:"qk_norm"`       // llama: RMSNorm on every q and k head (Qwen3)
	Window      int         `yaml:"window" json:"window"`         // sliding attention window in tokens, 0 = none (Mistral)
	Dropout     float64     `yaml:"dropout" json:"dropout"`       // on embeddings, branch outputs and, in gpt2, attention probabilities

	Init    string  `yaml:"init" json:"init"`         // "gpt2" (default), "xavier", "kaiming"
	InitStd float64 `yaml:"init_std" json:"init_std"` // of "gpt2": 0 = 0.02
}

// RopeScaling stretches rotary positions beyond the length a model was trained on.
type RopeScaling struct {
	Kind     string  `yaml:"kind" json:"kind,omitempty"` // "" or "none", "linear", "ntk", "yarn", "llama3"
	Factor   float64 `yaml:"factor" json:"factor,omitempty"`
	LowFreq  float64 `yaml:"low_freq" json:"low_freq,omitempty"`   // llama3: 1
	HighFreq float64 `yaml:"high_freq" json:"high_freq,omitempty"` // llama3: 4
	Original int     `yaml:"original" json:"original,omitempty"`   // context the scaled model was first trained with
	BetaFast float64 `yaml:"beta_fast" json:"beta_fast,omitempty"` // yarn: 32
	BetaSlow float64 `yaml:"beta_slow" json:"beta_slow,omitempty"` // yarn: 1
}

// Families names the model families, for errors and help.
var Families = []string{"gpt2", "llama"}

// Normalize returns c with the defaults of its family filled in.
func (c Config) Normalize() Config {
	if c.KVHeads == 0 {
		c.KVHeads = c.Heads
	}
	if c.HeadDim == 0 && c.Heads > 0 {
		c.HeadDim = c.Width / c.Heads
	}
	if c.FF == 0 {
		if c.Family == "gpt2" {
			c.FF = 4 * c.Width
		} else {
			c.FF = (8*c.Width/3 + 63) / 64 * 64
		}
	}
	if c.RopeTheta == 0 && c.Family == "llama" {
		c.RopeTheta = 10000
	}
	c.RopeScaling = c.RopeScaling.normalize()
	if c.NormEps == 0 {
		c.NormEps = 1e-5
	}
	if c.Family == "gpt2" {
		c.TiedHead = true
		if c.Activation == "" {
			c.Activation = "gelu_tanh"
		}
	}
	if c.Init == "" {
		c.Init = "gpt2"
	}
	if c.InitStd == 0 && c.Init == "gpt2" {
		c.InitStd = 0.02
	}
	return c
}

// normalize fills in the published defaults, so that a configuration that is exported says all that readers want to know.
func (s RopeScaling) normalize() RopeScaling {
	fill := func(v *float64, def float64) {
		if *v == 0 {
			*v = def
		}
	}
	switch s.Kind {
	case "llama3":
		fill(&s.LowFreq, 1)
		fill(&s.HighFreq, 4)
	case "yarn":
		fill(&s.BetaFast, 32)
		fill(&s.BetaSlow, 1)
	}
	return s
}

// FieldError is a value of one Config field that cannot work; Field is its YAML name.
type FieldError struct {
	Field string
	Value any
	Want  string
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("%s: %v, want %s", e.Field, e.Value, e.Want)
}

// maxSize bounds every dimension, far above any model, so that products of a few of them do not overflow.
const maxSize = 1 << 28

// maxParams bounds their number likewise.
const maxParams = 1 << 50

// positive reports whether v is a finite number above 0.
func positive(v float64) bool { return v > 0 && !math.IsInf(v, 1) }

// Validate reports the first field of a normalized Config that cannot work, as a *FieldError.
func (c *Config) Validate() error {
	if c.Family != "gpt2" && c.Family != "llama" {
		return &FieldError{"family", fmt.Sprintf("%q", c.Family), "one of " + strings.Join(Families, ", ")}
	}
	for _, f := range []struct {
		name string
		v    int
	}{{"vocab", c.Vocab}, {"layers", c.Layers}, {"width", c.Width}, {"heads", c.Heads}, {"kv_heads", c.KVHeads}, {"head_dim", c.HeadDim}, {"ff", c.FF}, {"context", c.Context}} {
		if f.v <= 0 || f.v > maxSize {
			return &FieldError{f.name, f.v, fmt.Sprintf("a number above 0 and at most %d", maxSize)}
		}
	}
	if n := c.roughParams(); n > maxParams {
		return &FieldError{"layers", c.Layers, fmt.Sprintf("a model of at most %.0e parameters: this would have about %.0e", float64(maxParams), n)}
	}
	if c.Heads%c.KVHeads != 0 {
		return &FieldError{"kv_heads", c.KVHeads, fmt.Sprintf("a divisor of heads (%d)", c.Heads)}
	}
	if c.HeadDim%2 != 0 {
		return &FieldError{"head_dim", c.HeadDim, "an even number"}
	}
	if !(c.Dropout >= 0 && c.Dropout < 1) {
		return &FieldError{"dropout", c.Dropout, "0 ≤ dropout < 1"}
	}
	if c.Window < 0 {
		return &FieldError{"window", c.Window, "0 (none) or a number of tokens"}
	}
	if !positive(c.NormEps) {
		return &FieldError{"norm_eps", c.NormEps, "a number above 0"}
	}
	switch c.Init {
	case "gpt2", "xavier", "kaiming":
	default:
		return &FieldError{"init", fmt.Sprintf("%q", c.Init), "one of gpt2, xavier, kaiming"}
	}
	if c.InitStd != 0 && !positive(c.InitStd) {
		return &FieldError{"init_std", c.InitStd, "a number above 0"}
	}
	if c.Family == "gpt2" {
		return c.validateGPT2()
	}
	return c.validateLlama()
}

// ValidateWidth is checked before defaults are filled in, because they hide it: without an explicit head_dim the heads must divide the width.
func (c *Config) ValidateWidth() error {
	if c.HeadDim == 0 && c.Heads > 0 && c.Width%c.Heads != 0 {
		return &FieldError{"heads", c.Heads, fmt.Sprintf("a divisor of width (%d), or an explicit head_dim", c.Width)}
	}
	return nil
}

func (c *Config) validateGPT2() error {
	switch {
	case c.KVHeads != c.Heads:
		return &FieldError{"kv_heads", c.KVHeads, fmt.Sprintf("%d, the number of heads: gpt2 has no grouped-query attention", c.Heads)}
	case c.HeadDim*c.Heads != c.Width:
		return &FieldError{"head_dim", c.HeadDim, fmt.Sprintf("width/heads = %d/%d in gpt2", c.Width, c.Heads)}
	case c.QKNorm:
		return &FieldError{"qk_norm", true, "false: gpt2 has none"}
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

func (c *Config) validateLlama() error {
	if c.Activation != "" && c.Activation != "silu" {
		return &FieldError{"activation", fmt.Sprintf("%q", c.Activation), "silu: the llama family is SwiGLU"}
	}
	if !positive(c.RopeTheta) || c.RopeTheta <= 1 {
		return &FieldError{"rope_theta", c.RopeTheta, "a number above 1"}
	}
	s := c.RopeScaling
	switch s.Kind {
	case "", "none":
		return nil
	case "linear", "ntk", "yarn", "llama3":
	default:
		return &FieldError{"rope_scaling.kind", fmt.Sprintf("%q", s.Kind), "one of none, linear, ntk, yarn, llama3"}
	}
	if !positive(s.Factor) || s.Factor < 1 {
		return &FieldError{"rope_scaling.factor", s.Factor, "a number of at least 1"}
	}
	if (s.Kind == "yarn" || s.Kind == "llama3") && s.Original <= 0 {
		return &FieldError{"rope_scaling.original", s.Original, "the context the model was first trained with"}
	}
	if s.Kind == "llama3" && !(s.LowFreq > 0 && positive(s.HighFreq) && s.HighFreq > s.LowFreq) {
		return &FieldError{"rope_scaling.high_freq", s.HighFreq, fmt.Sprintf("more than low_freq (%v), and both above 0", s.LowFreq)}
	}
	if s.Kind == "yarn" && !(s.BetaSlow > 0 && positive(s.BetaFast) && s.BetaFast > s.BetaSlow) {
		return &FieldError{"rope_scaling.beta_fast", s.BetaFast, fmt.Sprintf("more than beta_slow (%v), and both above 0", s.BetaSlow)}
	}
	return nil
}

// NumParams returns the number of parameters; a tied head counts once.
func (c Config) NumParams() int64 {
	c = c.Normalize()
	C, F, V := int64(c.Width), int64(c.FF), int64(c.Vocab)
	q, kv := int64(c.Heads*c.HeadDim), int64(c.KVHeads*c.HeadDim)
	embed := V * C
	if c.Family == "gpt2" {
		layer := 4*C + 3*C*C + 3*C + C*C + C + 2*C*F + F + C
		return embed + int64(c.Context)*C + int64(c.Layers)*layer + 2*C
	}
	layer := 2*C + (q+2*kv)*C + q*C + 3*C*F
	if c.QKVBias {
		layer += q + 2*kv
	}
	if c.QKNorm {
		layer += 2 * int64(c.HeadDim)
	}
	total := embed + int64(c.Layers)*layer + C
	if !c.TiedHead {
		total += embed
	}
	return total
}

// roughParams is NumParams of any dimensions without overflow, and within a factor of three.
func (c Config) roughParams() float64 {
	f := func(n int) float64 { return float64(n) }
	return f(c.Width)*f(c.Vocab) + f(c.Width)*f(c.Layers)*(f(c.Heads)*f(c.HeadDim)+f(c.KVHeads)*f(c.HeadDim)+f(c.FF))
}

// TableBytes returns the memory of the rotation tables that New makes beside the parameters.
func (c Config) TableBytes() int64 {
	if c.Family == "gpt2" {
		return 0
	}
	return 4 * int64(c.Context) * int64(c.HeadDim) // sine and cosine of half the head each
}

// NonEmbeddingParams returns NumParams without token and position embeddings, the N of Kaplan et al. 2020;
// an untied head is left out as well.
func (c Config) NonEmbeddingParams() int64 {
	c = c.Normalize()
	n := c.NumParams() - int64(c.Vocab)*int64(c.Width)
	if c.Family == "gpt2" {
		n -= int64(c.Context) * int64(c.Width)
	} else if !c.TiedHead {
		n -= int64(c.Vocab) * int64(c.Width)
	}
	return n
}

// TrainFLOPsPerToken returns the floating-point operations of forward and backward for one token of a sequence of
// t tokens: 6·N + 12·L·H·D·t, N being the parameters that take part in matrix products (Chowdhery et al. 2022,
// appendix B; the causal half is not subtracted, as is the custom of MFU figures).
func (c Config) TrainFLOPsPerToken(t int) float64 {
	c = c.Normalize()
	C := float64(c.Width)
	q, kv := float64(c.Heads*c.HeadDim), float64(c.KVHeads*c.HeadDim)
	mlp := 2 * C * float64(c.FF)
	if c.Family == "llama" {
		mlp = 3 * C * float64(c.FF)
	}
	n := float64(c.Layers)*(C*(q+2*kv)+q*C+mlp) + C*float64(c.Vocab)
	return 6*n + 12*float64(c.Layers)*q*float64(t)
}
