package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/athanor-lm/athanor/tokenizer/internal/bpe"
	"github.com/athanor-lm/athanor/tokenizer/internal/bytelevel"
)

// file is tokenizer.json. Truncation and padding are kept when a tokenizer is
// written back and not applied.
type file struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []AddedToken    `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         json.RawMessage `json:"model"`
}

// modelFile is the model part for type BPE.
type modelFile struct {
	Type                    *string           `json:"type"`
	Dropout                 *float64          `json:"dropout"`
	UnkToken                *string           `json:"unk_token"`
	ContinuingSubwordPrefix *string           `json:"continuing_subword_prefix"`
	EndOfWordSuffix         *string           `json:"end_of_word_suffix"`
	FuseUnk                 bool              `json:"fuse_unk"`
	ByteFallback            bool              `json:"byte_fallback"`
	IgnoreMerges            bool              `json:"ignore_merges"`
	Vocab                   map[string]uint32 `json:"vocab"`
	Merges                  json.RawMessage   `json:"merges"`
}

// Parse builds a tokenizer from the bytes of a tokenizer.json. Config is the
// tokenizer_config.json beside it, or nil; it names the BOS, EOS, PAD and UNK
// tokens. Without it customary names are looked for among the special tokens.
func Parse(data, config []byte) (*Tokenizer, error) {
	var f file
	if err := decodeJSON(data, &f); err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	if isNull(f.Model) {
		return nil, errors.New("tokenizer.json: no model: this is not a Hugging Face tokenizer file")
	}
	t := &Tokenizer{raw: data, config: config, added: f.AddedTokens}
	p := &parts{}
	if err := p.parse(&f); err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	t.norm, t.pre, t.kinds = p.norm, p.pre, p.kinds
	var m modelFile
	if err := parseModelHead(f.Model, &m); err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	if err := t.buildVocab(m.Vocab); err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	if p.byteLevelPre != p.byteLevelDec {
		return nil, fmt.Errorf("tokenizer.json: a byte-level pre-tokenizer and decoder must come together; pre_tokenizer is %s, decoder is %s",
			t.kinds.preTokenizer, t.kinds.decoder)
	}
	if err := t.buildModel(&m, p.byteLevelPre); err != nil {
		return nil, fmt.Errorf("tokenizer.json: model: %w", err)
	}
	t.buildBytes(p.byteLevelDec)
	t.buildMatchers()
	var err error
	if t.prefix, t.suffix, err = p.template(t); err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	if err := t.readRoles(); err != nil {
		return nil, fmt.Errorf("tokenizer_config.json: %w", err)
	}
	return t, nil
}

// parseModelHead decodes the model and refuses what bpe does not do.
func parseModelHead(data []byte, m *modelFile) error {
	var head struct {
		Type *string `json:"type"`
	}
	if err := decodeJSON(data, &head); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	if head.Type != nil && *head.Type != "BPE" {
		return fmt.Errorf("model %q is not supported (supported: BPE)", *head.Type)
	}
	if err := decodeJSON(data, m); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	set := func(s *string) bool { return s != nil && *s != "" }
	switch {
	case m.Dropout != nil && *m.Dropout != 0:
		return fmt.Errorf("model: dropout %v is not supported (supported: none)", *m.Dropout)
	case set(m.ContinuingSubwordPrefix):
		return fmt.Errorf("model: continuing_subword_prefix %q is not supported (supported: none)", *m.ContinuingSubwordPrefix)
	case set(m.EndOfWordSuffix):
		return fmt.Errorf("model: end_of_word_suffix %q is not supported (supported: none)", *m.EndOfWordSuffix)
	case m.ByteFallback:
		return errors.New("model: byte_fallback is not supported")
	case len(m.Vocab) == 0:
		return errors.New("model: the vocabulary is empty")
	}
	return nil
}

// buildVocab numbers the tokens of the model and the added ones.
func (t *Tokenizer) buildVocab(vocab map[string]uint32) error {
	size := 0
	grow := func(what, token string, id uint32) error {
		if id >= MaxVocab {
			return fmt.Errorf("%s %q has id %d, want at most %d", what, token, id, MaxVocab-1)
		}
		size = max(size, int(id)+1)
		return nil
	}
	for token, id := range vocab {
		if err := grow("token", token, id); err != nil {
			return err
		}
	}
	for _, a := range t.added {
		if err := grow("added token", a.Content, a.ID); err != nil {
			return err
		}
	}
	t.vocab = make(map[string]uint32, len(vocab)+len(t.added))
	t.tokens, t.known, t.special = make([]string, size), make([]bool, size), make([]bool, size)
	put := func(what, token string, id uint32) error {
		if t.known[id] && t.tokens[id] != token {
			a, b := min(token, t.tokens[id]), max(token, t.tokens[id])
			return fmt.Errorf("id %d belongs to two tokens, %q and %q", id, a, b)
		}
		if other, ok := t.vocab[token]; ok && other != id {
			return fmt.Errorf("%s %q has two ids, %d and %d", what, token, other, id)
		}
		t.vocab[token], t.tokens[id], t.known[id] = id, token, true
		return nil
	}
	for token, id := range vocab {
		if err := put("token", token, id); err != nil {
			return err
		}
	}
	for _, a := range t.added {
		if a.Content == "" {
			return fmt.Errorf("added token with id %d is empty", a.ID)
		}
		if err := put("added token", a.Content, a.ID); err != nil {
			return err
		}
		t.special[a.ID] = t.special[a.ID] || a.Special
	}
	return nil
}

// buildModel checks the merges against the vocabulary and indexes both.
func (t *Tokenizer) buildModel(f *modelFile, byteLevel bool) error {
	merges, err := parseMerges(f.Merges)
	if err != nil {
		return err
	}
	c := bpe.Config{
		Vocab: f.Vocab, Merges: merges, ByteLevel: byteLevel,
		FuseUnk: f.FuseUnk, ByteFallback: f.ByteFallback, IgnoreMerges: f.IgnoreMerges,
	}
	if f.UnkToken != nil {
		c.UnkToken, t.roles.unk = *f.UnkToken, *f.UnkToken
	}
	t.model, err = bpe.New(c)
	t.kinds.model = "BPE"
	return err
}

// parseMerges reads merges in either spelling: "a b" or ["a", "b"].
func parseMerges(data json.RawMessage) ([][2]string, error) {
	if isNull(data) {
		return nil, nil
	}
	body := bytes.TrimLeft(data[1:], " \t\r\n")
	if len(body) > 0 && body[0] == '[' {
		var lists [][]string
		if err := decodeJSON(data, &lists); err != nil {
			return nil, fmt.Errorf("merges: %w", err)
		}
		out := make([][2]string, len(lists))
		for k, l := range lists {
			if len(l) != 2 {
				return nil, fmt.Errorf("merge %d has %d parts, want 2", k, len(l))
			}
			out[k] = [2]string(l)
		}
		return out, nil
	}
	var lines []string
	if err := decodeJSON(data, &lines); err != nil {
		return nil, fmt.Errorf("merges: %w", err)
	}
	out := make([][2]string, len(lines))
	for k, l := range lines {
		a, b, ok := strings.Cut(l, " ")
		if !ok || strings.Contains(b, " ") {
			return nil, fmt.Errorf("merge %d is %q, want two tokens with one space between", k, l)
		}
		out[k] = [2]string{a, b}
	}
	return out, nil
}

// buildBytes lays out what every id decodes to. Added tokens stand for their
// own text, whatever the alphabet.
func (t *Tokenizer) buildBytes(byteLevel bool) {
	own := make(map[uint32]bool, len(t.added))
	for _, a := range t.added {
		own[a.ID] = true
	}
	t.blobEnds = make([]uint32, len(t.tokens))
	for id, token := range t.tokens {
		switch {
		case !t.known[id]:
		case byteLevel && !own[uint32(id)]:
			t.blob, _ = bytelevel.AppendBytes(t.blob, token)
		default:
			t.blob = append(t.blob, token...)
		}
		t.blobEnds[id] = uint32(len(t.blob))
	}
}

// buildMatchers sorts the added tokens into those looked for before and those
// looked for after normalization.
func (t *Tokenizer) buildMatchers() {
	var early, late []AddedToken
	var earlyText, lateText []string
	for _, a := range t.added {
		if !a.Normalized {
			early, earlyText = append(early, a), append(earlyText, a.Content)
			continue
		}
		text := a.Content
		if t.norm != nil {
			text = string(t.norm.normalize(nil, []byte(text)))
		}
		late, lateText = append(late, a), append(lateText, text)
	}
	t.early, t.late = newMatcher(early, earlyText), newMatcher(late, lateText)
}

func isNull(data json.RawMessage) bool {
	return len(data) == 0 || string(data) == "null"
}

// decodeJSON is json.Unmarshal with the line in syntax errors.
func decodeJSON(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at := min(int(syntax.Offset), len(data))
		return fmt.Errorf("line %d: %w", 1+bytes.Count(data[:at], []byte("\n")), err)
	}
	return err
}

func compactJSON(data []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, data) != nil {
		return data // unreachable: data was parsed
	}
	return b.Bytes()
}
