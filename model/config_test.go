package model

import (
	"errors"
	"math"
	"testing"
)

// Counts as the releases state them (their safetensors files' element counts).
func TestPresetsHaveTheirPublishedParameterCounts(t *testing.T) {
	want := map[string]int64{
		"gpt2": 124_439_808, "gpt2-medium": 354_823_168, "gpt2-large": 774_030_080, "gpt2-xl": 1_557_611_200,
		"llama2-7b": 6_738_415_616, "llama2-13b": 13_015_864_320, "llama3-8b": 8_030_261_248, "llama3.2-1b": 1_235_814_400,
		"qwen2.5-0.5b": 494_032_768, "qwen2.5-1.5b": 1_543_714_304, "qwen3-0.6b": 596_049_920,
		"mistral-7b": 7_241_732_096, "smollm-135m": 134_515_008, "smollm-360m": 361_821_120,
	}
	for name, n := range want {
		c, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := c.NumParams(); got != n {
			t.Errorf("%s: %d parameters, published %d", name, got, n)
		}
	}
	for _, name := range PresetNames() {
		c, _ := Preset(name)
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestValidateNamesTheField(t *testing.T) {
	base := Config{Family: "llama", Vocab: 100, Layers: 2, Width: 64, Heads: 4, Context: 32}
	for _, tc := range []struct {
		field string
		edit  func(*Config)
	}{
		{"family", func(c *Config) { c.Family = "gpt5" }},
		{"vocab", func(c *Config) { c.Vocab = 0 }},
		{"kv_heads", func(c *Config) { c.KVHeads = 3 }},
		{"head_dim", func(c *Config) { c.HeadDim = 5 }},
		{"dropout", func(c *Config) { c.Dropout = 1 }},
		{"rope_scaling.kind", func(c *Config) { c.RopeScaling.Kind = "magic" }},
		{"rope_scaling.factor", func(c *Config) { c.RopeScaling = RopeScaling{Kind: "linear"} }},
		{"rope_scaling.original", func(c *Config) { c.RopeScaling = RopeScaling{Kind: "yarn", Factor: 2} }},
		{"rope_scaling.high_freq", func(c *Config) {
			c.RopeScaling = RopeScaling{Kind: "llama3", Factor: 8, Original: 8192, LowFreq: 4, HighFreq: 4}
		}},
		{"rope_scaling.beta_fast", func(c *Config) { c.RopeScaling = RopeScaling{Kind: "yarn", Factor: 2, Original: 16, BetaSlow: 40} }},
		{"rope_theta", func(c *Config) { c.RopeTheta = 0.5 }},
		{"dropout", func(c *Config) { c.Dropout = math.NaN() }},
		{"norm_eps", func(c *Config) { c.NormEps = math.NaN() }},
		{"context", func(c *Config) { c.Context = 1 << 40 }},
		{"init", func(c *Config) { c.Init = "best" }},
		{"activation", func(c *Config) { c.Activation = "relu" }},
		{"kv_heads", func(c *Config) { c.Family, c.KVHeads = "gpt2", 2 }},
		{"head_dim", func(c *Config) { c.Family, c.HeadDim = "gpt2", 8 }},
		{"qk_norm", func(c *Config) { c.Family, c.QKNorm = "gpt2", true }},
		{"qkv_bias", func(c *Config) { c.Family, c.QKVBias = "gpt2", true }},
		{"rope_theta", func(c *Config) { c.Family, c.RopeTheta = "gpt2", 10000 }},
		{"rope_scaling.kind", func(c *Config) { c.Family, c.RopeScaling.Kind = "gpt2", "linear" }},
		{"activation", func(c *Config) { c.Family, c.Activation = "gpt2", "tanh" }},
	} {
		c := base
		tc.edit(&c)
		c = c.Normalize()
		var fe *FieldError
		if err := c.Validate(); !errors.As(err, &fe) || fe.Field != tc.field {
			t.Errorf("%s: got %v", tc.field, err)
		}
	}
	c := base
	c.Heads = 5
	if err := c.ValidateWidth(); err == nil {
		t.Error("5 heads on width 64 without head_dim: no error")
	}
}
