package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/athanor-lm/athanor/tokenizer/internal/spm"
)

// modelFileName is the usual name of a .model file, and modelKey what Save puts
// into tokenizer_config.json to say that the file, not tokenizer.json, is the
// tokenizer.
const (
	modelFileName = "tokenizer.model"
	modelKey      = "sentencepiece_model"
)

// modelOf returns the .model file that a directory's tokenizer is in, "" if it
// is in other files.
func modelOf(dir string) (string, error) {
	config, err := readOptional(filepath.Join(dir, "tokenizer_config.json"))
	if err != nil {
		return "", err
	}
	var c struct {
		Model string `json:"sentencepiece_model"`
	}
	if config != nil && json.Unmarshal(config, &c) == nil && c.Model != "" {
		if c.Model != filepath.Base(c.Model) {
			return "", fmt.Errorf("tokenizer_config.json: %s is %q, want the name of a file beside it", modelKey, c.Model)
		}
		return filepath.Join(dir, c.Model), nil
	}
	for _, name := range []string{"tokenizer.json", "merges.txt", "vocab.bpe", "vocab.txt"} {
		if fileExists(filepath.Join(dir, name)) {
			return "", nil
		}
	}
	for _, name := range []string{modelFileName, "spiece.model", "sentencepiece.bpe.model", "spm.model"} {
		if path := filepath.Join(dir, name); fileExists(path) {
			return path, nil
		}
	}
	return "", nil
}

// withModelFile adds modelKey to a tokenizer_config.json.
func withModelFile(config []byte) ([]byte, error) {
	var all map[string]json.RawMessage
	if err := decodeJSON(config, &all); err != nil {
		return nil, fmt.Errorf("tokenizer_config.json: %w", err)
	}
	if all == nil {
		all = map[string]json.RawMessage{}
	}
	all[modelKey] = json.RawMessage(`"` + modelFileName + `"`)
	return marshal(all)
}

// loadSentencePiece reads a .model file with what lies beside it.
func loadSentencePiece(path string) (*Tokenizer, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	t, err := fromSentencePiece(data)
	if err != nil {
		return nil, err
	}
	config, beside, err := readBeside(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	if config != nil {
		t.config = config
		if err := t.readRoles(); err != nil {
			return nil, fmt.Errorf("tokenizer_config.json: %w", err)
		}
		if err := t.addAround(); err != nil {
			return nil, fmt.Errorf("tokenizer_config.json: %w", err)
		}
	}
	t.beside = beside
	return t, nil
}

// fromSentencePiece makes a tokenizer of the content of a .model file.
func fromSentencePiece(data []byte) (*Tokenizer, error) {
	if len(data) == 0 {
		return nil, errors.New("the file is empty")
	}
	m, err := spm.Parse(data)
	if err != nil {
		return nil, err
	}
	if !m.Proto().Whole() {
		return nil, fmt.Errorf("the file ends after %d pieces, without the trainer_spec and the normalizer_spec that follow them: it is not whole", m.Size())
	}
	if m.Size() > MaxVocab {
		return nil, fmt.Errorf("the model has %d pieces, want at most %d", m.Size(), MaxVocab)
	}
	t := &Tokenizer{
		sp:      &sentencePiece{model: m, data: data},
		special: make([]bool, m.Size()), vocab: make(map[string]uint32, m.Size()), tokens: make([]string, m.Size()),
		known: make([]bool, m.Size()), blobEnds: make([]uint32, m.Size()), around: [][]uint32{nil, nil},
	}
	t.kinds = kinds{"null", "null", "SentencePiece " + m.Proto().Trainer.ModelType.String(), "null", "SentencePiece"}
	if name := m.Proto().Normalizer.Name; name != "" {
		t.kinds.normalizer = name
	}
	for id := range uint32(m.Size()) {
		p := m.Piece(id)
		t.tokens[id], t.known[id] = p.Text, true
		t.blob = m.AppendToken(t.blob, id)
		t.blobEnds[id] = uint32(len(t.blob))
		t.vocab[p.Text], _ = m.ID(p.Text)
		switch p.Type {
		case spm.Control, spm.Unknown:
			t.special[id] = true
			t.added = append(t.added, AddedToken{ID: id, Content: p.Text, Special: true})
		case spm.UserDefined:
			t.added = append(t.added, AddedToken{ID: id, Content: p.Text})
		}
	}
	t.specialText = map[string]bool{}
	for _, r := range []struct {
		find func() (uint32, bool)
		to   *string
	}{{m.BOS, &t.roles.bos}, {m.EOS, &t.roles.eos}, {m.PAD, &t.roles.pad}, {m.Unk, &t.roles.unk}} {
		if id, ok := r.find(); ok {
			*r.to = t.tokens[id]
		}
	}
	return t, nil
}

// addAround reads what tokenizer_config.json puts around a text.
func (t *Tokenizer) addAround() error {
	var c struct {
		AddBOS bool `json:"add_bos_token"`
		AddEOS bool `json:"add_eos_token"`
	}
	if err := decodeJSON(t.config, &c); err != nil {
		return err
	}
	if bos, ok := t.BOS(); c.AddBOS && ok {
		t.sp.before = []uint32{bos}
	}
	if eos, ok := t.EOS(); c.AddEOS && ok {
		t.sp.after = []uint32{eos}
	}
	if t.sp.before == nil && t.sp.after == nil {
		return nil
	}
	template, err := marshal(t.sp.template(t))
	if err != nil {
		return err
	}
	if err := t.parsePostProcessor(template, 0, &t.kinds.postProcessor); err != nil {
		return err
	}
	return t.flatten()
}
