package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/athanor-lm/athanor/tokenizer/internal/normalize"
	"github.com/athanor-lm/athanor/tokenizer/internal/pretokenize"
)

// file is tokenizer.json.
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

// Parse builds a tokenizer from the bytes of a tokenizer.json. Config is the
// tokenizer_config.json beside it, or nil; it names the BOS, EOS, PAD and UNK
// tokens. Without it customary names are looked for among the special tokens.
func Parse(data, config []byte) (*Tokenizer, error) {
	var f file
	if err := decodeJSON(data, &f); err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	t := &Tokenizer{raw: data, config: config, added: f.AddedTokens}
	if err := t.build(&f); err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	if err := t.readRoles(); err != nil {
		return nil, fmt.Errorf("tokenizer_config.json: %w", err)
	}
	return t, nil
}

func (t *Tokenizer) build(f *file) error {
	if isNull(f.Model) {
		return errors.New("no model: this is not a Hugging Face tokenizer file")
	}
	if f.Version != "" && f.Version != "1.0" {
		return fmt.Errorf("version is %q, want 1.0", f.Version)
	}
	byteLevel, err := t.buildFront(f)
	if err != nil {
		return err
	}
	if err := t.buildModel(f.Model, byteLevel); err != nil {
		return err
	}
	if err := t.buildAdded(); err != nil {
		return err
	}
	t.findBert()
	t.kinds.decoder = "null"
	t.decoders = []decoder{spacedDecoder{}}
	if !isNull(f.Decoder) {
		t.kinds.decoder = ""
		if t.decoders, err = parseDecoder(nil, f.Decoder, 0, &t.kinds.decoder); err != nil {
			return err
		}
	}
	if err := t.buildBytes(); err != nil {
		return err
	}
	if !isNull(f.PostProcessor) {
		if err := t.parsePostProcessor(f.PostProcessor, 0, &t.kinds.postProcessor); err != nil {
			return err
		}
	}
	if t.truncation, err = parseTruncation(f.Truncation); err != nil {
		return err
	}
	if t.padding, err = parsePadding(f.Padding); err != nil {
		return err
	}
	return t.flatten()
}

// buildFront reads the normalizer and the pre-tokenizer. A ByteLevel at the end
// in front of BPE is left to the model, which then takes pieces as raw bytes.
// (With byte_fallback it would have to fall back to the bytes of the spelling.)
func (t *Tokenizer) buildFront(f *file) (byteLevel bool, err error) {
	if !isNull(f.Normalizer) {
		if t.norm, err = parseNormalizer(f.Normalizer, 0, &t.kinds.normalizer); err != nil {
			return false, err
		}
	}
	var steps []pretokenize.Step
	if !isNull(f.PreTokenizer) {
		if steps, err = parsePreTokenizer(nil, f.PreTokenizer, 0, &t.kinds.preTokenizer); err != nil {
			return false, err
		}
	}
	var m modelFile
	if err := decodeJSON(f.Model, &m); err != nil {
		return false, fmt.Errorf("model: %w", err)
	}
	if t.kinds.model, err = m.kind(); err != nil {
		return false, err
	}
	spells := func(s pretokenize.Step) bool { _, ok := s.(pretokenize.SpellBytes); return ok }
	if n := len(steps); t.kinds.model == "BPE" && (m.ByteFallback == nil || !*m.ByteFallback) && n > 0 && slices.IndexFunc(steps, spells) == n-1 {
		byteLevel, steps = true, steps[:n-1]
	}
	t.setSteps(scanned(steps))
	return byteLevel, nil
}

// setSteps sets the pre-tokenizer and what lets it take a shorter road.
func (t *Tokenizer) setSteps(steps []pretokenize.Step) {
	switch len(steps) {
	case 0:
	case 1:
		t.pre = steps[0]
	default:
		t.pre = pretokenize.Sequence(steps)
	}
	switch s := t.pre.(type) {
	case pretokenize.Scan:
		t.scan = s.Func
	case pretokenize.Metaspace:
		t.marks = &s
	}
	for k, s := range steps {
		if m, ok := s.(pretokenize.Metaspace); ok && m.Scheme == pretokenize.First {
			t.first = true
			t.tracks = t.tracks || k > 0 || !normalize.KeepsStart(t.norm)
		}
	}
}

// buildModel reads the model and numbers its tokens.
func (t *Tokenizer) buildModel(data json.RawMessage, byteLevel bool) error {
	var m modelFile
	if err := decodeJSON(data, &m); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	vocab, pieces, err := m.vocabulary(t.kinds.model)
	if err != nil {
		return err
	}
	if err := t.buildVocab(vocab, max(len(vocab), len(pieces))); err != nil {
		return err
	}
	if t.model, err = m.build(t.kinds.model, vocab, pieces, byteLevel); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	if m.UnkToken != nil {
		t.roles.unk = *m.UnkToken
	} else if m.UnkID != nil && t.model.unk != noID {
		t.roles.unk = pieces[*m.UnkID].Text
	}
	return nil
}

// buildVocab numbers the tokens of the model, modelSize in all, and the added
// ones.
func (t *Tokenizer) buildVocab(vocab map[string]uint32, modelSize int) error {
	size := 0
	for token, id := range vocab {
		if id >= MaxVocab {
			return fmt.Errorf("token %q has id %d, want at most %d", token, id, MaxVocab-1)
		}
		size = max(size, int(id)+1)
	}
	for _, a := range t.added {
		if a.ID >= MaxVocab {
			return fmt.Errorf("added token %q has id %d, want at most %d", a.Content, a.ID, MaxVocab-1)
		}
		size = max(size, int(a.ID)+1)
	}
	t.vocab = make(map[string]uint32, len(vocab)+len(t.added))
	t.tokens, t.known, t.special = make([]string, size), make([]bool, size), make([]bool, size)
	for token, id := range vocab {
		if err := t.number("token", token, id); err != nil {
			return err
		}
	}
	next := uint32(modelSize) // what the reference numbers the next added token
	for _, a := range t.added {
		if a.Content == "" {
			return fmt.Errorf("added token with id %d is empty", a.ID)
		}
		_, known := t.vocab[a.Content]
		if err := t.number("added token", a.Content, a.ID); err != nil {
			return err
		}
		if !known {
			if a.ID != next {
				return fmt.Errorf("added token %q has id %d, want %d: Hugging Face numbers added tokens that the model does not know on from its %d, whatever the file says",
					a.Content, a.ID, next, modelSize)
			}
			next++
		}
		t.special[a.ID] = t.special[a.ID] || a.Special
	}
	return nil
}

// number gives a token its id.
func (t *Tokenizer) number(what, token string, id uint32) error {
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

// buildAdded sorts the added tokens into those looked for before and those
// looked for after normalization. Of several with one content the last counts.
func (t *Tokenizer) buildAdded() error {
	last := map[string]int{}
	for k, a := range t.added {
		last[a.Content] = k
	}
	t.normalizedText, t.specialText = map[uint32]string{}, map[string]bool{}
	var early, late []*AddedToken
	var earlyText, lateText []string
	for k := range t.added {
		a := &t.added[k]
		if a.Special {
			t.specialText[a.Content] = true
		}
		if last[a.Content] != k {
			continue
		}
		if !a.Normalized {
			early, earlyText = append(early, a), append(earlyText, a.Content)
			continue
		}
		text := a.Content
		if t.norm != nil {
			var e encoder
			n := string(t.normalized([]byte(text), 0, &e))
			if e.err != nil {
				return fmt.Errorf("added token %q: %w", a.Content, e.err)
			}
			if n != text {
				text = n
				t.normalizedText[a.ID] = text
			}
		}
		late, lateText = append(late, a), append(lateText, text)
	}
	t.early, t.late = newMatcher(early, earlyText), newMatcher(late, lateText)
	t.tracks = t.tracks || t.first && t.norm != nil && t.late != nil
	return nil
}

// buildBytes lays out what every id decodes to by itself. Decoders that make more
// of a token than a normalizer may of a text are refused.
func (t *Tokenizer) buildBytes() error {
	t.simpleDecode = true
	for _, d := range t.decoders {
		switch d.(type) {
		case byteLevelDecoder, fuseDecoder:
		default:
			t.simpleDecode = false
		}
	}
	t.simpleDecode = t.simpleDecode && len(t.decoders) == 1
	t.blobEnds = make([]uint32, len(t.tokens))
	for id := range t.tokens {
		if text, ok := t.decodeText(uint32(id)); ok {
			for _, d := range t.decoders {
				if text = d.alone(text); len(text) > growthRoom+growthTimes*len(t.tokens[id]) {
					return fmt.Errorf("decoder: token %d, %.40q, becomes longer than %d bytes", id, t.tokens[id], growthRoom+growthTimes*len(t.tokens[id]))
				}
			}
			t.blob = append(t.blob, text...)
		}
		if len(t.blob) > maxFile {
			return fmt.Errorf("decoder: the tokens decode to more than %d bytes", maxFile)
		}
		t.blobEnds[id] = uint32(len(t.blob))
	}
	return nil
}

func isNull(data json.RawMessage) bool {
	return len(data) == 0 || string(data) == "null"
}

// decodeJSON is json.Unmarshal with the line in syntax errors, and errors about
// types in words of JSON.
func decodeJSON(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at := min(int(syntax.Offset), len(data))
		return fmt.Errorf("line %d: %w", 1+bytes.Count(data[:at], []byte("\n")), err)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		at := min(int(kind.Offset), len(data))
		return fmt.Errorf("found %s, want %s, at the end of %.40q", kind.Value, wanted(kind.Type), bytes.TrimSpace(data[max(at-40, 0):at]))
	}
	return err
}

// wanted names the JSON that a Go type is read from.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Int:
		return "a whole number"
	case reflect.Uint32:
		return "a whole number from 0 to 4294967295"
	case reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list"
	}
	return "an object"
}

// compactJSON returns valid JSON without insignificant white space. Files of many megabytes are mostly indentation and
// short strings: what is between two pieces of white space is copied at once.
func compactJSON(data []byte) []byte {
	out := make([]byte, 0, len(data))
	from := 0 // what is not copied yet
	for i := 0; i < len(data); {
		switch c := data[i]; {
		case c == '"':
			i = stringEnd(data, i)
		case c > ' ':
			i++
		default:
			out = append(out, data[from:i]...)
			for i++; i < len(data) && data[i] <= ' '; i++ {
			}
			from = i
		}
	}
	return append(out, data[from:]...)
}

// stringEnd returns where the JSON string that begins at data[at] ends: after a quote with an even number of backslashes
// before it.
func stringEnd(data []byte, at int) int {
	for i := at + 1; ; {
		k := bytes.IndexByte(data[i:], '"')
		if k < 0 {
			return len(data) // unreachable: data was parsed
		}
		back := i + k
		for back > at+1 && data[back-1] == '\\' {
			back--
		}
		if i += k + 1; (i-1-back)%2 == 0 {
			return i
		}
	}
}
