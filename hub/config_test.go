package hub

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/model"
)

// published holds config.json texts of released models, as their repositories have them, by the preset they are.
var published = map[string]string{
	"gpt2": `{"activation_function":"gelu_new","architectures":["GPT2LMHeadModel"],"attn_pdrop":0.1,"bos_token_id":50256,"embd_pdrop":0.1,
		"eos_token_id":50256,"initializer_range":0.02,"layer_norm_epsilon":1e-05,"model_type":"gpt2","n_ctx":1024,"n_embd":768,"n_head":12,
		"n_layer":12,"n_positions":1024,"resid_pdrop":0.1,"vocab_size":50257}`,
	"llama2-7b": `{"architectures":["LlamaForCausalLM"],"bos_token_id":1,"eos_token_id":2,"hidden_act":"silu","hidden_size":4096,
		"initializer_range":0.02,"intermediate_size":11008,"max_position_embeddings":4096,"model_type":"llama","num_attention_heads":32,
		"num_hidden_layers":32,"num_key_value_heads":32,"pretraining_tp":1,"rms_norm_eps":1e-05,"rope_scaling":null,
		"tie_word_embeddings":false,"torch_dtype":"float16","use_cache":true,"vocab_size":32000}`,
	"llama3.2-1b": `{"architectures":["LlamaForCausalLM"],"attention_bias":false,"bos_token_id":128000,"eos_token_id":128001,"head_dim":64,
		"hidden_act":"silu","hidden_size":2048,"initializer_range":0.02,"intermediate_size":8192,"max_position_embeddings":131072,
		"mlp_bias":false,"model_type":"llama","num_attention_heads":32,"num_hidden_layers":16,"num_key_value_heads":8,"rms_norm_eps":1e-05,
		"rope_scaling":{"factor":32.0,"high_freq_factor":4.0,"low_freq_factor":1.0,"original_max_position_embeddings":8192,"rope_type":"llama3"},
		"rope_theta":500000.0,"tie_word_embeddings":true,"torch_dtype":"bfloat16","vocab_size":128256}`,
	"qwen2.5-0.5b": `{"architectures":["Qwen2ForCausalLM"],"attention_dropout":0.0,"bos_token_id":151643,"eos_token_id":151643,"hidden_act":"silu",
		"hidden_size":896,"initializer_range":0.02,"intermediate_size":4864,"max_position_embeddings":32768,"max_window_layers":24,
		"model_type":"qwen2","num_attention_heads":14,"num_hidden_layers":24,"num_key_value_heads":2,"rms_norm_eps":1e-06,
		"rope_theta":1000000.0,"sliding_window":32768,"tie_word_embeddings":true,"use_sliding_window":false,"vocab_size":151936}`,
	"qwen3-0.6b": `{"architectures":["Qwen3ForCausalLM"],"attention_bias":false,"bos_token_id":151643,"eos_token_id":151645,"head_dim":128,
		"hidden_act":"silu","hidden_size":1024,"initializer_range":0.02,"intermediate_size":3072,"max_position_embeddings":40960,
		"max_window_layers":28,"model_type":"qwen3","num_attention_heads":16,"num_hidden_layers":28,"num_key_value_heads":8,
		"rms_norm_eps":1e-06,"rope_scaling":null,"rope_theta":1000000,"sliding_window":null,"tie_word_embeddings":true,
		"use_sliding_window":false,"vocab_size":151936}`,
	"mistral-7b": `{"architectures":["MistralForCausalLM"],"bos_token_id":1,"eos_token_id":2,"hidden_act":"silu","hidden_size":4096,
		"initializer_range":0.02,"intermediate_size":14336,"max_position_embeddings":32768,"model_type":"mistral","num_attention_heads":32,
		"num_hidden_layers":32,"num_key_value_heads":8,"rms_norm_eps":1e-05,"rope_theta":10000.0,"sliding_window":4096,
		"tie_word_embeddings":false,"vocab_size":32000}`,
	"smollm-135m": `{"architectures":["LlamaForCausalLM"],"attention_bias":false,"bos_token_id":0,"eos_token_id":0,"hidden_act":"silu",
		"hidden_size":576,"initializer_range":0.02,"intermediate_size":1536,"max_position_embeddings":2048,"model_type":"llama",
		"num_attention_heads":9,"num_hidden_layers":30,"num_key_value_heads":3,"rms_norm_eps":1e-05,"rope_theta":10000.0,
		"tie_word_embeddings":true,"vocab_size":49152}`,
}

func TestPublishedConfigsAreThePresets(t *testing.T) {
	for preset, text := range published {
		want, err := model.Preset(preset)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseConfig([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", preset, err)
			continue
		}
		if got.Model != want {
			t.Errorf("%s:\n got %+v\nwant %+v", preset, got.Model, want)
		}
	}
}

func TestConfigsSurviveExport(t *testing.T) {
	id := func(n int) *int { return &n }
	base := model.Config{Family: "llama", Vocab: 100, Layers: 2, Width: 32, Heads: 4, KVHeads: 2, Context: 64}
	variant := func(change func(c *model.Config)) model.Config { c := base; change(&c); return c }
	configs := map[string]model.Config{
		"llama":          base,
		"head dim":       variant(func(c *model.Config) { c.HeadDim = 16 }),
		"linear":         variant(func(c *model.Config) { c.RopeScaling = model.RopeScaling{Kind: "linear", Factor: 2.5} }),
		"mistral":        variant(func(c *model.Config) { c.Window = 8 }),
		"qwen2":          variant(func(c *model.Config) { c.QKVBias, c.TiedHead = true, true }),
		"qwen2 windowed": variant(func(c *model.Config) { c.QKVBias, c.Window = true, 8 }),
		"qwen3":          variant(func(c *model.Config) { c.QKNorm = true }),
		"qwen3 windowed": variant(func(c *model.Config) { c.QKNorm, c.Window = true, 8 }),
		"gpt2 erf":       {Family: "gpt2", Vocab: 100, Layers: 2, Width: 32, Heads: 4, Context: 64, Activation: "gelu_erf", FF: 77},
		"yarn": variant(func(c *model.Config) {
			c.RopeScaling = model.RopeScaling{Kind: "yarn", Factor: 4, Original: 16, BetaFast: 32, BetaSlow: 1}
		}),
		"llama3 by default": variant(func(c *model.Config) { c.RopeScaling = model.RopeScaling{Kind: "llama3", Factor: 8, Original: 32} }),
		"yarn by default":   variant(func(c *model.Config) { c.RopeScaling = model.RopeScaling{Kind: "yarn", Factor: 4, Original: 16} }),
		"another epsilon":   variant(func(c *model.Config) { c.NormEps, c.RopeTheta = 1e-6, 12345.678 }),
	}
	for name := range published {
		configs[name], _ = model.Preset(name)
	}
	for name, c := range configs {
		tokens := SpecialTokens{BOS: id(0), EOS: []int{3, 7}, Pad: id(64)}
		data, err := FormatConfig(c, tokens, "float32")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := ParseConfig(data)
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, data)
			continue
		}
		if got.Model != c.Normalize() {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got.Model, c.Normalize())
		}
		if !reflect.DeepEqual(got.Tokens, tokens) {
			t.Errorf("%s: special tokens %+v", name, got.Tokens)
		}
	}
}

func TestNTKScalingIsExportedAsALargerTheta(t *testing.T) {
	c := model.Config{Family: "llama", Vocab: 100, Layers: 2, Width: 32, Heads: 4, Context: 64, RopeScaling: model.RopeScaling{Kind: "ntk", Factor: 8}}
	data, err := FormatConfig(c, SpecialTokens{}, "float32")
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseConfig(data)
	if err != nil || got.Model.RopeTheta < 159999 || got.Model.RopeTheta > 160001 { // 10000·8^(8/6)
		t.Errorf("theta %v, %v, want 160000", got.Model.RopeTheta, err)
	}
}

func TestParseConfigRefuses(t *testing.T) {
	llama := published["llama3.2-1b"]
	for _, c := range []struct{ want, text string }{
		{"not a JSON object", `[]`},
		{"not a JSON object", `null`},
		{"not a JSON object", `{"a":`},
		{`model_type: "bert"`, `{"model_type":"bert"}`},
		{`model_type: ""`, `{}`},
		{`architectures: "LlamaForSequenceClassification"`, strings.Replace(llama, "LlamaForCausalLM", "LlamaForSequenceClassification", 1)},
		{"architectures: MistralForCausalLM", strings.Replace(llama, "LlamaForCausalLM", "MistralForCausalLM", 1)},
		{"hidden_size: missing", strings.Replace(llama, "hidden_size", "hidden_sizes", 1)},
		{`hidden_size: "2048", want a whole number`, strings.Replace(llama, "2048", `"2048"`, 1)},
		{"hidden_size: -1", strings.Replace(llama, "2048", "-1", 1)},
		{"num_hidden_layers: 1000000", strings.Replace(llama, `layers":16`, `layers":1000000`, 1)},
		{"kv_heads: 7", strings.Replace(llama, `value_heads":8`, `value_heads":7`, 1)},
		{"hidden_act: gelu", strings.Replace(llama, "silu", "gelu", 1)},
		{"mlp_bias: true", strings.Replace(llama, `mlp_bias":false`, `mlp_bias":true`, 1)},
		{"attention_bias: true", strings.Replace(llama, `attention_bias":false`, `attention_bias":true`, 1)},
		{"rope_scaling.rope_type: longrope", strings.Replace(llama, `"llama3"`, `"longrope"`, 1)},
		{"rope_scaling.factor: 0.5", strings.Replace(llama, "32.0", "0.5", 1)},
		{"rope_scaling.high_freq_factor: 0.5", strings.Replace(llama, `high_freq_factor":4.0`, `high_freq_factor":0.5`, 1)},
		{"quantization_config", strings.Replace(llama, "{", `{"quantization_config":{"bits":4},`, 1)},
		{"partial_rotary_factor: 0.5", strings.Replace(llama, "{", `{"partial_rotary_factor":0.5,`, 1)},
		{"eos_token_id", strings.Replace(llama, "128001", `["a"]`, 1)},
		{"max_window_layers: 12", strings.NewReplacer(`use_sliding_window":false`, `use_sliding_window":true`, `window_layers":24`, `window_layers":12`).Replace(published["qwen2.5-0.5b"])},
		{"scale_attn_weights: false", strings.Replace(published["gpt2"], "{", `{"scale_attn_weights":false,`, 1)},
		{"tie_word_embeddings: false", strings.Replace(published["gpt2"], "{", `{"tie_word_embeddings":false,`, 1)},
		{"activation_function: quick_gelu", strings.Replace(published["gpt2"], "gelu_new", `quick_gelu`, 1)},
	} {
		if _, err := ParseConfig([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want an error with %q", err, c.want)
		}
	}
}

func TestFormatConfigRefuses(t *testing.T) {
	c, _ := model.Preset("qwen3-0.6b")
	c.QKVBias = true
	if _, err := FormatConfig(c, SpecialTokens{}, "float32"); err == nil || !strings.Contains(err.Error(), "qk_norm") {
		t.Errorf("norms and biases together: %v", err)
	}
	c, _ = model.Preset("gpt2")
	if _, err := FormatConfig(c, SpecialTokens{EOS: []int{50257}}, "float32"); err == nil || !strings.Contains(err.Error(), "50257") {
		t.Errorf("an id beyond the vocabulary: %v", err)
	}
	c.Window = 3
	if _, err := FormatConfig(c, SpecialTokens{}, "float32"); err == nil || !strings.Contains(err.Error(), "window") {
		t.Errorf("a window in gpt2: %v", err)
	}
	c.Window, c.Layers = 0, 0
	var field *model.FieldError
	if _, err := FormatConfig(c, SpecialTokens{}, "float32"); !errors.As(err, &field) || field.Field != "layers" {
		t.Errorf("no layers: %v", err)
	}
}

func FuzzParseConfig(f *testing.F) {
	for _, text := range published {
		f.Add([]byte(text))
	}
	files, _ := filepath.Glob(filepath.Join(fixtures, "*", configFile))
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ParseConfig(data)
		if err != nil {
			return
		}
		// Token ids may lie outside the vocabulary in what others wrote; they are refused on export.
		again, err := FormatConfig(h.Model, SpecialTokens{}, "bfloat16")
		if err != nil {
			t.Fatalf("a config that was read cannot be written: %v", err)
		}
		h2, err := ParseConfig(again)
		if err != nil {
			t.Fatalf("a config that was written cannot be read: %v\n%s", err, again)
		}
		if h2.Model != h.Model {
			t.Fatalf("%+v\nbecomes %+v", h.Model, h2.Model)
		}
	})
}
