package hub

import (
	"fmt"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/model"
)

var llamaFamily = family{
	types: map[string]string{"llama": "Llama", "mistral": "Mistral", "qwen2": "Qwen2", "qwen3": "Qwen3"}, causal: "ForCausalLM",
	config: llamaConfig, export: llamaExport, links: llamaLinks, prefix: "model.", buffer: llamaBuffer,
}

// llamaLinks is the table of LlamaForCausalLM and of Mistral, Qwen2 and Qwen3, which name their tensors alike.
func llamaLinks(c model.Config) []link {
	C, F := c.Width, c.FF
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	links := []link{{hf: "model.embed_tokens.weight", ours: "embed.weight", shape: []int{c.Vocab, C}}}
	for i := range c.Layers {
		hf, ours := fmt.Sprintf("model.layers.%d.", i), fmt.Sprintf("layers.%d.", i)
		add := func(theirs, mine string, row int, shape ...int) {
			links = append(links, link{hf: hf + theirs, ours: ours + mine, row: row, shape: shape})
		}
		add("input_layernorm.weight", "attn_norm.weight", 0, C)
		add("self_attn.q_proj.weight", "attn.qkv.weight", 0, q, C)
		add("self_attn.k_proj.weight", "attn.qkv.weight", q, kv, C)
		add("self_attn.v_proj.weight", "attn.qkv.weight", q+kv, kv, C)
		if c.QKVBias {
			add("self_attn.q_proj.bias", "attn.qkv.bias", 0, q)
			add("self_attn.k_proj.bias", "attn.qkv.bias", q, kv)
			add("self_attn.v_proj.bias", "attn.qkv.bias", q+kv, kv)
		}
		if c.QKNorm {
			add("self_attn.q_norm.weight", "attn.q_norm.weight", 0, c.HeadDim)
			add("self_attn.k_norm.weight", "attn.k_norm.weight", 0, c.HeadDim)
		}
		add("self_attn.o_proj.weight", "attn.out.weight", 0, C, q)
		add("post_attention_layernorm.weight", "mlp_norm.weight", 0, C)
		add("mlp.gate_proj.weight", "mlp.gate_up.weight", 0, F, C)
		add("mlp.up_proj.weight", "mlp.gate_up.weight", F, F, C)
		add("mlp.down_proj.weight", "mlp.down.weight", 0, C, F)
	}
	links = append(links, link{hf: "model.norm.weight", ours: "norm.weight", shape: []int{C}})
	if !c.TiedHead {
		links = append(links, link{hf: headName, ours: "head.weight", shape: []int{c.Vocab, C}})
	}
	return links
}

// llamaBuffer knows the inverse frequencies that checkpoints of old transformers versions carry.
func llamaBuffer(name string) bool { return strings.HasSuffix(name, "rotary_emb.inv_freq") }

// llamaConfig reads the config.json of the model types llama, mistral, qwen2 and qwen3, whose classes differ
// in what a missing key means.
func llamaConfig(f *fields, modelType string) model.Config {
	c := model.Config{
		Family: "llama", Vocab: f.size("vocab_size"), Layers: f.size("num_hidden_layers"), Width: f.size("hidden_size"),
		Heads: f.size("num_attention_heads"), FF: f.size("intermediate_size"), Context: f.size("max_position_embeddings"),
		NormEps: f.float("rms_norm_eps", 1e-6), TiedHead: f.flag("tie_word_embeddings", false), InitStd: f.float("initializer_range", 0.02),
		QKVBias: modelType == "qwen2", QKNorm: modelType == "qwen3",
	}
	if modelType == "llama" {
		c.KVHeads = f.sizeOr(c.Heads, "num_key_value_heads")
	} else {
		c.KVHeads = f.size("num_key_value_heads")
	}
	if modelType == "qwen3" {
		c.HeadDim = f.sizeOr(128, "head_dim")
	} else if c.HeadDim = f.sizeOr(0, "head_dim"); c.HeadDim == 0 && c.Heads > 0 {
		if c.Width%c.Heads != 0 {
			f.refuse("num_attention_heads", c.Heads, fmt.Sprintf("a divisor of hidden_size (%d)", c.Width))
		}
		c.HeadDim = c.Width / c.Heads
	}
	if act := f.text("hidden_act", "silu"); act != "silu" && act != "swish" {
		f.refuse("hidden_act", act, "silu")
	}
	f.only("attention_bias", false, "the output projection of attention has no bias")
	f.only("mlp_bias", false, "the feed-forward layers have no bias")
	c.Window = slidingWindow(f, modelType, c.Layers)
	c.RopeTheta, c.RopeScaling = ropeConfig(f, c.Context)
	return c
}

// slidingWindow returns the attention window all layers share, 0 for none. Both here and in transformers a
// window of n tokens holds the query's own token and the n-1 before it.
func slidingWindow(f *fields, modelType string, layers int) int {
	switch modelType {
	case "llama":
		return 0
	case "mistral": // a missing key means 4096 there, null none
		if !f.has("sliding_window") {
			return 4096
		}
		return f.sizeOr(0, "sliding_window")
	}
	if !f.flag("use_sliding_window", false) {
		return 0
	}
	window := f.sizeOr(4096, "sliding_window")
	if f.isNull("sliding_window") {
		return 0
	}
	if types := f.texts("layer_types"); types != nil {
		switch {
		case !slices.Contains(types, "sliding_attention"):
			return 0
		case slices.ContainsFunc(types, func(t string) bool { return t != "sliding_attention" }):
			f.refuse("layer_types", "a mixture", "the same attention in every layer")
		}
		return window
	}
	switch full := f.sizeOr(28, "max_window_layers"); {
	case full >= layers:
		return 0
	case full > 0:
		f.refuse("max_window_layers", full, fmt.Sprintf("0 or at least num_hidden_layers (%d): every layer has the same attention", layers))
	}
	return window
}

// llamaJSON is the config.json written for the family. RoPE's settings stand twice: rope_theta and rope_scaling
// for transformers 4, rope_parameters for 5.
type llamaJSON struct {
	Architectures []string  `json:"architectures"`
	ModelType     string    `json:"model_type"`
	Vocab         int       `json:"vocab_size"`
	Width         int       `json:"hidden_size"`
	FF            int       `json:"intermediate_size"`
	Layers        int       `json:"num_hidden_layers"`
	Heads         int       `json:"num_attention_heads"`
	KVHeads       int       `json:"num_key_value_heads"`
	HeadDim       int       `json:"head_dim"`
	Activation    string    `json:"hidden_act"`
	Context       int       `json:"max_position_embeddings"`
	NormEps       float     `json:"rms_norm_eps"`
	InitStd       float     `json:"initializer_range"`
	AttnBias      bool      `json:"attention_bias"`
	AttnDropout   float     `json:"attention_dropout"`
	RopeTheta     float     `json:"rope_theta"`
	RopeScaling   *ropeJSON `json:"rope_scaling"`
	RopeParams    *ropeJSON `json:"rope_parameters"`
	UseWindow     *bool     `json:"use_sliding_window,omitempty"`
	Window        *int      `json:"sliding_window,omitempty"`
	FullLayers    *int      `json:"max_window_layers,omitempty"`
	Tied          bool      `json:"tie_word_embeddings"`
	UseCache      bool      `json:"use_cache"`
	tokensJSON
	DType string `json:"torch_dtype"`
}

// llamaExport renders c as the smallest of transformers' classes that has all it needs. Attention dropout is 0: ours drops
// branch outputs, which these classes never do.
func llamaExport(c model.Config, tokens tokensJSON, dtype string) (any, error) {
	j := llamaJSON{
		Vocab: c.Vocab, Width: c.Width, FF: c.FF, Layers: c.Layers, Heads: c.Heads, KVHeads: c.KVHeads, HeadDim: c.HeadDim,
		Activation: "silu", Context: c.Context, NormEps: float(c.NormEps), InitStd: float(initStd(c)), Tied: c.TiedHead, UseCache: true,
		tokensJSON: tokens, DType: dtype,
	}
	j.RopeTheta, j.RopeScaling, j.RopeParams = ropeExport(c)
	switch {
	case c.QKNorm && c.QKVBias:
		return nil, fmt.Errorf("qk_norm with qkv_bias: no architecture of transformers has both, want one of them")
	case c.QKNorm:
		j.ModelType, j.Architectures = "qwen3", []string{"Qwen3ForCausalLM"}
	case c.QKVBias:
		j.ModelType, j.Architectures = "qwen2", []string{"Qwen2ForCausalLM"}
	case c.Window > 0:
		j.ModelType, j.Architectures = "mistral", []string{"MistralForCausalLM"}
		j.Window = &c.Window
		return j, nil
	default:
		j.ModelType, j.Architectures = "llama", []string{"LlamaForCausalLM"}
		return j, nil
	}
	windowed := c.Window > 0
	j.UseWindow = &windowed
	if windowed {
		j.Window, j.FullLayers = &c.Window, new(int)
	}
	return j, nil
}
