package hub

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/athanor-lm/athanor/model"
)

// HFConfig is what a config.json says.
type HFConfig struct {
	ModelType string       // gpt2, llama, mistral, qwen2 or qwen3
	Model     model.Config // normalized and valid
	Tokens    SpecialTokens
}

// ParseConfig reads a config.json as transformers 4 or 5 writes it. Keys that do not change what the model computes
// are ignored; those that do, and have a value no model of ours can honour, are refused by name.
func ParseConfig(data []byte) (HFConfig, error) {
	f, err := newFields(data)
	if err != nil {
		return HFConfig{}, err
	}
	h := HFConfig{ModelType: f.text("model_type", "")}
	classes, types := known()
	for _, a := range f.texts("architectures") {
		switch want, ok := classes[a]; {
		case !ok:
			f.refuse("architectures", strconv.Quote(a), "a causal language model of "+typeNames(types))
		case h.ModelType == "":
			h.ModelType = want
		case h.ModelType != want:
			f.refuse("architectures", a, fmt.Sprintf("a class of model_type %q", h.ModelType))
		}
	}
	if family := types[h.ModelType]; family != nil {
		h.Model = family.config(f, h.ModelType)
	} else {
		f.refuse("model_type", strconv.Quote(h.ModelType), "one of "+typeNames(types))
	}
	if f.object("quantization_config") != nil {
		f.refuse("quantization_config", "given", "none: weights are read as f32, bf16 or f16")
	}
	h.Tokens = SpecialTokens{BOS: f.id("bos_token_id"), EOS: f.ids("eos_token_id"), Pad: f.id("pad_token_id")}
	if f.err != nil {
		return HFConfig{}, f.err
	}
	h.Model = h.Model.Normalize()
	return h, h.Model.Validate()
}

// known returns the model type of every class that can be imported, by its name, and the family of every model type.
func known() (classes map[string]string, types map[string]*family) {
	classes, types = map[string]string{}, map[string]*family{}
	for _, family := range families {
		for modelType, class := range family.types {
			classes[class+family.causal], classes[class+"Model"], types[modelType] = modelType, modelType, family
		}
	}
	return classes, types
}

// typeNames lists the model types in an error.
func typeNames(types map[string]*family) string {
	return strings.Join(slices.Sorted(maps.Keys(types)), ", ")
}

// FormatConfig renders the config.json of a model whose weights are stored as dtype (float32, bfloat16, float16), for
// transformers 4 and 5 alike.
func FormatConfig(c model.Config, tokens SpecialTokens, dtype string) ([]byte, error) {
	c = c.Normalize()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	t, err := tokens.render(c.Vocab)
	if err != nil {
		return nil, err
	}
	j, err := families[c.Family].export(c, t, dtype)
	if err != nil {
		return nil, err
	}
	return formatJSON(j)
}

// initStd is what initializer_range says; transformers never uses it on weights it loads.
func initStd(c model.Config) float64 {
	if c.InitStd == 0 {
		return 0.02
	}
	return c.InitStd
}

// tokensJSON is how special tokens are written: an end-of-sequence id alone as a number, several as a list.
type tokensJSON struct {
	BOS *int `json:"bos_token_id"`
	EOS any  `json:"eos_token_id"`
	Pad *int `json:"pad_token_id"`
}

// render refuses ids outside the vocabulary.
func (s SpecialTokens) render(vocab int) (tokensJSON, error) {
	check := func(what string, id int) error {
		if id < 0 || id >= vocab {
			return fmt.Errorf("%s token id %d: want 0 to %d, the vocabulary's last", what, id, vocab-1)
		}
		return nil
	}
	var err error
	if s.BOS != nil {
		err = errors.Join(err, check("bos", *s.BOS))
	}
	if s.Pad != nil {
		err = errors.Join(err, check("pad", *s.Pad))
	}
	for _, id := range s.EOS {
		err = errors.Join(err, check("eos", id))
	}
	t := tokensJSON{BOS: s.BOS, Pad: s.Pad}
	switch len(s.EOS) {
	case 0:
	case 1:
		t.EOS = s.EOS[0]
	default:
		t.EOS = s.EOS
	}
	return t, err
}

// float is written with a decimal point, because transformers warns about whole numbers where it wants floats.
type float float64

// MarshalJSON writes the shortest text that reads back equal.
func (v float) MarshalJSON() ([]byte, error) {
	x := float64(v)
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil, fmt.Errorf("%v has no JSON form", x)
	}
	s := strconv.FormatFloat(x, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return []byte(s), nil
}

// formatJSON indents as transformers does and ends the last line.
func formatJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
