package tokenizer

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/athanor-lm/athanor/tokenizer/internal/bpetrain"
)

// extend starts learning from the tokens and merges of the base.
func (c *TrainConfig) extend() (bpetrain.LearnConfig, error) {
	t := c.Base
	l := bpetrain.LearnConfig{Tokens: slices.Clone(t.tokens), Fixed: make([]bool, len(t.tokens))}
	for id, known := range t.known {
		if !known {
			l.Tokens[id] = ""
		}
	}
	for _, a := range t.added {
		l.Fixed[a.ID] = true
	}
	for _, s := range slices.Concat(c.Special, c.Forced) {
		l.Tokens, l.Fixed = append(l.Tokens, s), append(l.Fixed, true)
	}
	_, m, vocab, err := t.parsed()
	if err != nil {
		return l, err
	}
	merges, err := parseMerges(m.Merges)
	if err != nil {
		return l, err
	}
	for _, p := range merges {
		l.Merges = append(l.Merges, [2]uint32{vocab[p[0]], vocab[p[1]]})
	}
	state := t.model.newState()
	l.Encode = func(dst []uint32, piece []byte) []uint32 { return t.model.append(dst, piece, 0, len(piece), &state) }
	return l, nil
}

// parsed reads the tokenizer's file again.
func (t *Tokenizer) parsed() (f file, m modelFile, vocab map[string]uint32, err error) {
	if err = decodeJSON(t.raw, &f); err == nil {
		err = decodeJSON(f.Model, &m)
	}
	if err == nil {
		vocab, _, err = m.vocabulary(t.kinds.model)
	}
	return f, m, vocab, err
}

// extended is the base with more tokens and merges. Added tokens are put into
// the model's vocabulary too, as the reference implementation numbers those
// that are not by the size of the vocabulary.
func (c *TrainConfig) extended(tokens []string, learned *bpetrain.Learned) (*Tokenizer, error) {
	f, m, vocab, err := c.Base.parsed()
	if err != nil {
		return nil, err
	}
	merges, err := parseMerges(m.Merges)
	if err != nil {
		return nil, err
	}
	for k, s := range slices.Concat(c.Special, c.Forced) {
		f.AddedTokens = append(f.AddedTokens, AddedToken{ID: uint32(c.Base.VocabSize() + k), Content: s, Special: k < len(c.Special)})
	}
	for _, s := range learned.Tokens {
		if _, ok := vocab[s]; ok {
			return nil, fmt.Errorf("token %q was made twice", s)
		}
	}
	all := object{}
	for id, token := range slices.Concat(tokens, learned.Tokens) {
		if token != "" {
			all = append(all, field{token, id})
		}
	}
	var model map[string]json.RawMessage
	if err := decodeJSON(f.Model, &model); err != nil {
		return nil, err
	}
	for key, value := range map[string]any{"vocab": all, "merges": slices.Concat(merges, learned.Merges)} {
		if model[key], err = json.Marshal(value); err != nil {
			return nil, err
		}
	}
	if f.Model, err = json.Marshal(model); err != nil {
		return nil, err
	}
	data, err := marshal(f)
	if err != nil {
		return nil, err
	}
	t, err := Parse(data, c.Base.config)
	if err != nil {
		return nil, fmt.Errorf("read back what was trained: %w", err)
	}
	t.roles = c.Base.roles
	return t, nil
}
