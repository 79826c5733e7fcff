package tokenizer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/athanor-lm/athanor/internal/durable"
	"github.com/athanor-lm/athanor/tokenizer/internal/scan"
)

// Save writes tokenizer.json and tokenizer_config.json into dir, which is made
// if need be. A tokenizer that was loaded is written as it was read; one whose
// directory had no tokenizer_config.json gets one that lets Hugging Face
// transformers load it (AutoTokenizer, PreTrainedTokenizerFast). Each file is
// replaced whole or not at all.
//
// A tokenizer of a .model file is written as tokenizer.model, which is what Load
// takes up again, and, for transformers, as a tokenizer.json that gives the same
// ids for ordinary text; where Hugging Face has nothing alike (word and
// character models, spaces at the end of words) without one.
func (t *Tokenizer) Save(dir string) error {
	config := t.config
	var err error
	if config == nil {
		config, err = t.configJSON()
	}
	if err == nil && t.sp != nil {
		config, err = withModelFile(config)
	}
	if err != nil {
		return fmt.Errorf("tokenizer: save %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("tokenizer: save: %w", err)
	}
	files := []besideFile{{"tokenizer_config.json", config}}
	if data := t.JSON(); data != nil {
		files = append(files, besideFile{"tokenizer.json", data})
	}
	if t.sp != nil {
		files = append(files, besideFile{modelFileName, t.sp.data})
	}
	files = append(files, t.beside...)
	for _, f := range files {
		if err := durable.Replace(filepath.Join(dir, f.name), f.data); err != nil {
			return fmt.Errorf("tokenizer: save: %w", err)
		}
	}
	return nil
}

// JSON returns the bytes of tokenizer.json. They must not be changed. Of a
// tokenizer of a .model file it is what Save writes, nil for none.
func (t *Tokenizer) JSON() []byte {
	if t.sp != nil {
		return t.sp.json()
	}
	return t.raw
}

func (t *Tokenizer) configJSON() ([]byte, error) {
	config := map[string]any{
		"tokenizer_class":              "PreTrainedTokenizerFast",
		"clean_up_tokenization_spaces": false,
		"model_max_length":             1e30, // transformers' own "no limit"
	}
	for key, token := range map[string]string{
		"bos_token": t.roles.bos, "eos_token": t.roles.eos, "pad_token": t.roles.pad, "unk_token": t.roles.unk,
		"cls_token": t.roles.cls, "sep_token": t.roles.sep, "mask_token": t.roles.mask,
	} {
		if token != "" {
			config[key] = token
		}
	}
	return marshal(config)
}

// marshal is indented JSON without HTML escapes.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}

// document describes a tokenizer.json to be written from nothing.
type document struct {
	pattern      string // of package scan, if byteLevel
	regex        string // in place of pattern
	byteLevel    bool   // else the tokens are characters
	ignoreMerges bool
	nfc          bool
	added        []AddedToken
	vocab        []entry // in id order
	merges       [][2]string
	before       string // token put before every text, "" for none
	after        string // … after it
}

type entry struct {
	token string
	id    uint32
}

// object is JSON with its keys in order, as Hugging Face writes them.
type object []field

type field struct {
	key   string
	value any
}

func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteByte('{')
	for k, f := range o {
		if k > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(f.key); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := e.Encode(f.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// settle puts added tokens into the vocabulary where Hugging Face would number
// them otherwise: it numbers those that the model lacks on from its size.
func (d *document) settle() {
	known := make(map[string]bool, len(d.vocab))
	for _, v := range d.vocab {
		known[v.token] = true
	}
	lacking := slices.DeleteFunc(slices.Clone(d.added), func(a AddedToken) bool { return known[a.Content] })
	for k, a := range lacking {
		if int(a.ID) != len(d.vocab)+k {
			for _, a := range lacking {
				d.vocab = append(d.vocab, entry{a.Content, a.ID})
			}
			slices.SortFunc(d.vocab, func(a, b entry) int { return cmp.Compare(a.id, b.id) })
			return
		}
	}
}

func (d *document) json() ([]byte, error) {
	d.settle()
	vocab := make(object, len(d.vocab))
	for k, v := range d.vocab {
		vocab[k] = field{v.token, v.id}
	}
	if d.merges == nil {
		d.merges = [][2]string{}
	}
	if d.added == nil {
		d.added = []AddedToken{}
	}
	var norm, pre, post any
	decoder := object{{"type", "Fuse"}}
	if d.nfc {
		norm = object{{"type", "NFC"}}
	}
	if d.byteLevel {
		pre, decoder = d.preTokenizer(), byteLevelPart(true)
		post = byteLevelPart(true)
	}
	if d.before != "" || d.after != "" {
		post = d.template()
	}
	return marshal(object{
		{"version", "1.0"},
		{"truncation", nil},
		{"padding", nil},
		{"added_tokens", d.added},
		{"normalizer", norm},
		{"pre_tokenizer", pre},
		{"post_processor", post},
		{"decoder", decoder},
		{"model", object{
			{"type", "BPE"},
			{"dropout", nil},
			{"unk_token", nil},
			{"continuing_subword_prefix", nil},
			{"end_of_word_suffix", nil},
			{"fuse_unk", false},
			{"byte_fallback", false},
			{"ignore_merges", d.ignoreMerges},
			{"vocab", vocab},
			{"merges", d.merges},
		}},
	})
}

func byteLevelPart(regex bool) object {
	return object{{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", regex}}
}

func (d *document) preTokenizer() object {
	patterns := []string{d.regex}
	if d.regex == "" {
		patterns = scan.Patterns(d.pattern)
	}
	if slices.Equal(patterns, scan.Patterns("gpt2")) {
		return byteLevelPart(true)
	}
	var steps []object
	for _, p := range patterns {
		steps = append(steps, object{{"type", "Split"}, {"pattern", object{{"Regex", p}}}, {"behavior", "Isolated"}, {"invert", false}})
	}
	return object{{"type", "Sequence"}, {"pretokenizers", append(steps, byteLevelPart(false))}}
}

// template is a TemplateProcessing part that adds d.before and d.after.
func (d *document) template() object {
	ids := map[string]uint32{}
	for _, a := range d.added {
		ids[a.Content] = a.ID
	}
	special := object{}
	one := func(token string, typeID int) []object {
		if token == "" {
			return nil
		}
		return []object{{{"SpecialToken", object{{"id", token}, {"type_id", typeID}}}}}
	}
	around := func(sequence string, typeID int) []object {
		list := one(d.before, typeID)
		list = append(list, object{{"Sequence", object{{"id", sequence}, {"type_id", typeID}}}})
		return append(list, one(d.after, typeID)...)
	}
	for _, token := range []string{d.before, d.after} {
		if token != "" && (len(special) == 0 || special[0].key != token) {
			special = append(special, field{token, object{{"id", token}, {"ids", []uint32{ids[token]}}, {"tokens", []string{token}}}})
		}
	}
	return object{
		{"type", "TemplateProcessing"},
		{"single", around("A", 0)},
		{"pair", append(around("A", 0), around("B", 1)...)},
		{"special_tokens", special},
	}
}
