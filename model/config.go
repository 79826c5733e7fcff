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

// Normalize returns c with the defaults of its family filled in.
func (c Config) Normalize() Config {
	if c.KVHeads == 0 {
		c.KVHeads = c.Heads
	}
	if c.HeadDim == 0 && c.Heads > 0 {
		c.HeadDim = c.Width / c.Heads
	}
	if f := families[c.Family]; f != nil {
		f.defaults(&c)
	}
	c.RopeScaling = c.RopeScaling.normalize()
	if c.NormEps == 0 {
		c.NormEps = 1e-5
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

// validate reports the first field that cannot work.
func (s RopeScaling) validate() error {
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
	family, ok := families[c.Family]
	if !ok {
		return &FieldError{"family", fmt.Sprintf("%q", c.Family), "one of " + strings.Join(Families(), ", ")}
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
	return family.validate(c)
}

// ValidateWidth is checked before defaults are filled in, because they hide it: without an explicit head_dim the heads must divide the width.
func (c *Config) ValidateWidth() error {
	if c.HeadDim == 0 && c.Heads > 0 && c.Width%c.Heads != 0 {
		return &FieldError{"heads", c.Heads, fmt.Sprintf("a divisor of width (%d), or an explicit head_dim", c.Width)}
	}
	return nil
}
