package model

import (
	"fmt"
	"slices"
	"strings"
)

// preset is a published or house configuration under its name.
type preset struct {
	name   string
	config Config
}

func gpt2Preset(layers, width, heads int) Config {
	return Config{Family: "gpt2", Vocab: 50257, Layers: layers, Width: width, Heads: heads, Context: 1024}
}

// presets lists the configurations by name: published ones with the parameter counts of their releases
// (checked by a test), and small ones of the house.
var presets = []preset{
	{"gpt2", gpt2Preset(12, 768, 12)},         // GPT-2 124M (Radford et al. 2019)
	{"gpt2-medium", gpt2Preset(24, 1024, 16)}, // GPT-2 355M
	{"gpt2-large", gpt2Preset(36, 1280, 20)},  // GPT-2 774M
	{"gpt2-xl", gpt2Preset(48, 1600, 25)},     // GPT-2 1.6B
	{"llama2-7b", Config{Family: "llama", Vocab: 32000, Layers: 32, Width: 4096, Heads: 32, FF: 11008, Context: 4096}},                                 // LLaMA-2 7B (Touvron et al. 2023)
	{"llama2-13b", Config{Family: "llama", Vocab: 32000, Layers: 40, Width: 5120, Heads: 40, FF: 13824, Context: 4096}},                                // LLaMA-2 13B
	{"llama3-8b", Config{Family: "llama", Vocab: 128256, Layers: 32, Width: 4096, Heads: 32, KVHeads: 8, FF: 14336, Context: 8192, RopeTheta: 500000}}, // LLaMA-3 8B (Dubey et al. 2024)
	{"llama3.2-1b", Config{Family: "llama", Vocab: 128256, Layers: 16, Width: 2048, Heads: 32, KVHeads: 8, FF: 8192, Context: 131072, RopeTheta: 500000, TiedHead: true,
		RopeScaling: RopeScaling{Kind: "llama3", Factor: 32, LowFreq: 1, HighFreq: 4, Original: 8192}}}, // LLaMA-3.2 1B
	{"qwen2.5-0.5b", Config{Family: "llama", Vocab: 151936, Layers: 24, Width: 896, Heads: 14, KVHeads: 2, FF: 4864, Context: 32768, RopeTheta: 1e6, NormEps: 1e-6, TiedHead: true, QKVBias: true}},             // Qwen2.5 0.5B (Yang et al. 2024)
	{"qwen2.5-1.5b", Config{Family: "llama", Vocab: 151936, Layers: 28, Width: 1536, Heads: 12, KVHeads: 2, FF: 8960, Context: 32768, RopeTheta: 1e6, NormEps: 1e-6, TiedHead: true, QKVBias: true}},            // Qwen2.5 1.5B
	{"qwen3-0.6b", Config{Family: "llama", Vocab: 151936, Layers: 28, Width: 1024, Heads: 16, KVHeads: 8, HeadDim: 128, FF: 3072, Context: 40960, RopeTheta: 1e6, NormEps: 1e-6, TiedHead: true, QKNorm: true}}, // Qwen3 0.6B (Yang et al. 2025)
	{"mistral-7b", Config{Family: "llama", Vocab: 32000, Layers: 32, Width: 4096, Heads: 32, KVHeads: 8, FF: 14336, Context: 32768, Window: 4096}},                                                              // Mistral 7B v0.1 (Jiang et al. 2023)
	{"smollm-135m", Config{Family: "llama", Vocab: 49152, Layers: 30, Width: 576, Heads: 9, KVHeads: 3, FF: 1536, Context: 2048, TiedHead: true}},                                                               // SmolLM 135M (Allal et al. 2024)
	{"smollm-360m", Config{Family: "llama", Vocab: 49152, Layers: 32, Width: 960, Heads: 15, KVHeads: 5, FF: 2560, Context: 2048, TiedHead: true}},                                                              // SmolLM 360M
	{"llama-30m", Config{Family: "llama", Vocab: 16384, Layers: 8, Width: 512, Heads: 8, KVHeads: 4, FF: 1344, Context: 512, TiedHead: true}},                                                                   // 30M for one machine: 8 layers of 512, vocabulary 16,384
	{"nano-cpu", Config{Family: "gpt2", Vocab: 65, Layers: 4, Width: 128, Heads: 4, Context: 64}},                                                                                                               // nanoGPT's CPU setting for character-level Shakespeare
}

// Preset returns the configuration of that name, normalized.
func Preset(name string) (Config, error) {
	for _, p := range presets {
		if p.name == name {
			return p.config.Normalize(), nil
		}
	}
	return Config{}, fmt.Errorf("model preset %q: unknown, want one of %s", name, strings.Join(PresetNames(), ", "))
}

// PresetNames returns the names of all presets, sorted.
func PresetNames() []string {
	names := make([]string, len(presets))
	for i, p := range presets {
		names[i] = p.name
	}
	slices.Sort(names)
	return names
}
