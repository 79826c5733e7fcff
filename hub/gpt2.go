package hub

import (
	"fmt"
	"strings"

	"github.com/athanor-lm/athanor/model"
)

var gpt2Family = family{
	types: map[string]string{"gpt2": "GPT2"}, causal: "LMHeadModel",
	config: gpt2Config, export: gpt2Export, links: gpt2Links, prefix: "transformer.", buffer: gpt2Buffer,
}

// gpt2Links is the table of GPT2LMHeadModel. Its Conv1D layers store their weights [in, out].
func gpt2Links(c model.Config) []link {
	C, F := c.Width, c.FF
	links := []link{
		{hf: "transformer.wte.weight", ours: "embed.weight", shape: []int{c.Vocab, C}},
		{hf: "transformer.wpe.weight", ours: "pos.weight", shape: []int{c.Context, C}},
	}
	for i := range c.Layers {
		hf, ours := fmt.Sprintf("transformer.h.%d.", i), fmt.Sprintf("layers.%d.", i)
		vector := func(theirs, mine string, n int) {
			links = append(links, link{hf: hf + theirs, ours: ours + mine, shape: []int{n}})
		}
		conv1D := func(theirs, mine string, in, out int) {
			links = append(links, link{hf: hf + theirs + ".weight", ours: ours + mine + ".weight", shape: []int{in, out}, transposed: true})
			vector(theirs+".bias", mine+".bias", out)
		}
		vector("ln_1.weight", "attn_norm.weight", C)
		vector("ln_1.bias", "attn_norm.bias", C)
		conv1D("attn.c_attn", "attn.qkv", C, 3*C)
		conv1D("attn.c_proj", "attn.out", C, C)
		vector("ln_2.weight", "mlp_norm.weight", C)
		vector("ln_2.bias", "mlp_norm.bias", C)
		conv1D("mlp.c_fc", "mlp.up", C, F)
		conv1D("mlp.c_proj", "mlp.down", F, C)
	}
	return append(links,
		link{hf: "transformer.ln_f.weight", ours: "norm.weight", shape: []int{C}},
		link{hf: "transformer.ln_f.bias", ours: "norm.bias", shape: []int{C}})
}

// gpt2Buffer knows the causal masks that checkpoints of old transformers versions carry.
func gpt2Buffer(name string) bool {
	return strings.HasSuffix(name, ".attn.bias") || strings.HasSuffix(name, ".attn.masked_bias")
}

// gpt2Activations maps activation_function to model.Config.Activation.
var gpt2Activations = map[string]string{
	"gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh", "gelu": "gelu_erf", "relu": "relu", "silu": "silu", "swish": "silu",
}

// gpt2Config reads the config.json of model type gpt2. The defaults are those of transformers' GPT2Config.
func gpt2Config(f *fields, _ string) model.Config {
	c := model.Config{
		Family: "gpt2", Vocab: f.size("vocab_size"), Layers: f.size("n_layer"), Width: f.size("n_embd"), Heads: f.size("n_head"),
		Context: f.sizeOr(f.sizeOr(0, "n_ctx"), "n_positions"), NormEps: f.float("layer_norm_epsilon", 1e-5), TiedHead: true,
		InitStd: f.float("initializer_range", 0.02),
	}
	c.FF = f.sizeOr(4*c.Width, "n_inner")
	act := f.text("activation_function", "gelu_new")
	if c.Activation = gpt2Activations[act]; c.Activation == "" {
		f.refuse("activation_function", act, "one of gelu_new, gelu_pytorch_tanh, gelu, relu, silu")
	}
	f.only("tie_word_embeddings", true, "the head of this family is the embedding")
	f.only("scale_attn_weights", true, "attention scores are scaled by 1/√D")
	f.only("scale_attn_by_inverse_layer_idx", false, "attention scores are scaled by 1/√D alone")
	f.only("add_cross_attention", false, "the model is a decoder alone")
	return c
}

// gpt2JSON is the config.json written for the family; transformers 4 and 5 read it.
type gpt2JSON struct {
	Architectures []string `json:"architectures"`
	ModelType     string   `json:"model_type"`
	Vocab         int      `json:"vocab_size"`
	Context       int      `json:"n_positions"`
	Width         int      `json:"n_embd"`
	Layers        int      `json:"n_layer"`
	Heads         int      `json:"n_head"`
	FF            int      `json:"n_inner"`
	Activation    string   `json:"activation_function"`
	NormEps       float    `json:"layer_norm_epsilon"`
	InitStd       float    `json:"initializer_range"`
	AttnDropout   float    `json:"attn_pdrop"`
	EmbedDropout  float    `json:"embd_pdrop"`
	ResidDropout  float    `json:"resid_pdrop"`
	Tied          bool     `json:"tie_word_embeddings"`
	UseCache      bool     `json:"use_cache"`
	tokensJSON
	DType string `json:"torch_dtype"`
}

// gpt2Export renders c, refusing what GPT2Config cannot say.
func gpt2Export(c model.Config, tokens tokensJSON, dtype string) (any, error) {
	if c.Window != 0 {
		return nil, fmt.Errorf("window %d: transformers' GPT-2 has no sliding window, want 0", c.Window)
	}
	act := map[string]string{"gelu_tanh": "gelu_new", "gelu_erf": "gelu", "relu": "relu", "silu": "silu"}[c.Activation]
	if act == "" {
		return nil, fmt.Errorf("activation %q: transformers' GPT-2 has no such, want gelu_tanh, gelu_erf, relu or silu", c.Activation)
	}
	drop := float(c.Dropout)
	return gpt2JSON{
		Architectures: []string{"GPT2LMHeadModel"}, ModelType: "gpt2", Vocab: c.Vocab, Context: c.Context, Width: c.Width, Layers: c.Layers,
		Heads: c.Heads, FF: c.FF, Activation: act, NormEps: float(c.NormEps), InitStd: float(initStd(c)), AttnDropout: drop, EmbedDropout: drop,
		ResidDropout: drop, Tied: true, UseCache: true, tokensJSON: tokens, DType: dtype,
	}, nil
}
