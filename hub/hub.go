// Package hub imports and exports Hugging Face model directories: config.json, safetensors (sharded or
// not), tokenizer files, generation_config.json and the chat template.
//
// The families are GPT-2 and LLaMA; LLaMA-2 and -3, Mistral, Qwen2, Qwen2.5, Qwen3 and SmolLM are configurations
// of the latter. Each family's names stand in a table in its file: one entry a Hugging Face tensor, which
// is a block of rows of one of our parameters (q, k and v are fused into one, gate and up too), transposed
// for GPT-2, whose Conv1D stores [in, out]. Everything that a model of ours cannot compute exactly as
// transformers would is refused by name: an unknown architecture or option, a missing or surplus tensor, a shape
// that does not match.
package hub

import (
	"fmt"
	"slices"

	"github.com/athanor-lm/athanor/model"
)

// Param is one of our parameters as a checkpoint holds it.
type Param struct {
	Name  string
	Shape []int
}

// Elements returns the number of elements.
func (p Param) Elements() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// SpecialTokens are the token ids that config.json and generation_config.json name.
type SpecialTokens struct {
	BOS *int  // nil = none
	EOS []int // generation stops at any of them; empty = none
	Pad *int  // nil = none
}

// link ties a Hugging Face tensor to rows of a parameter of ours.
type link struct {
	hf         string
	ours       string
	shape      []int // of the Hugging Face tensor
	row        int   // first row of ours that it fills
	transposed bool  // Hugging Face stores [in, out], ours is [out, in]
}

// rows returns how many rows of ours the tensor fills, and cols how long a row is (1 for vectors).
func (l link) rows() int {
	if l.transposed {
		return l.shape[1]
	}
	return l.shape[0]
}

func (l link) cols() int {
	switch {
	case len(l.shape) == 1:
		return 1
	case l.transposed:
		return l.shape[0]
	}
	return l.shape[1]
}

// family is what differs between the Hugging Face layouts. Each stands in its family's file.
type family struct {
	types  map[string]string // config.json's model types, and of each how its classes' names begin (GPT2 of GPT2LMHeadModel)
	causal string            // how the name of a causal language model's class ends
	config func(f *fields, modelType string) model.Config
	export func(c model.Config, tokens tokensJSON, dtype string) (any, error) // what config.json is rendered from
	links  func(c model.Config) []link
	prefix string                 // of base-model tensors; checkpoints of the bare base model lack it
	buffer func(name string) bool // tensors that old checkpoints store though they are constants
}

// families holds the layouts by model.Config.Family.
var families = map[string]*family{"gpt2": &gpt2Family, "llama": &llamaFamily}

// Params lists our parameters of a model of that configuration in the order of the Hugging Face table.
func Params(c model.Config) ([]Param, error) {
	c = c.Normalize()
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("hub: %w", err)
	}
	return paramsOf(families[c.Family].links(c)), nil
}

// paramsOf joins the links' row blocks.
func paramsOf(links []link) []Param {
	var params []Param
	for _, l := range links {
		n := len(params)
		if n > 0 && params[n-1].Name == l.ours {
			params[n-1].Shape[0] += l.rows()
			continue
		}
		shape := []int{l.rows()}
		if len(l.shape) == 2 {
			shape = append(shape, l.cols())
		}
		params = append(params, Param{Name: l.ours, Shape: shape})
	}
	return params
}

// linksOf returns the links that fill the named parameter.
func linksOf(links []link, ours string) []link {
	first := slices.IndexFunc(links, func(l link) bool { return l.ours == ours })
	if first < 0 {
		return nil
	}
	last := first
	for last < len(links) && links[last].ours == ours {
		last++
	}
	return links[first:last]
}

// transpose writes src [rows, cols] into dst as [cols, rows], in tiles that stay in the L1 cache.
func transpose(dst, src []float32, rows, cols int) {
	const tile = 32
	for r0 := 0; r0 < rows; r0 += tile {
		for c0 := 0; c0 < cols; c0 += tile {
			for r := r0; r < min(r0+tile, rows); r++ {
				for c := c0; c < min(c0+tile, cols); c++ {
					dst[c*rows+r] = src[r*cols+c]
				}
			}
		}
	}
}
