package pretrained

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/athanor-lm/athanor/checkpoint"
	"github.com/athanor-lm/athanor/hub"
	"github.com/athanor-lm/athanor/internal/durable"
	"github.com/athanor-lm/athanor/tokenizer"
)

// ExportOptions say how Export stores weights.
type ExportOptions struct {
	DType         string // f32, bf16 or f16
	MaxShardBytes int64  // 0 = hub.DefaultShardBytes
	Overwrite     bool
}

// Export writes the model as a Hugging Face directory. Only one parameter is in memory at a time.
func (s *Source) Export(dir string, o ExportOptions) error {
	tok, err := s.Tokenizer()
	if err != nil {
		return fmt.Errorf("export %s: %w", s.Path, err)
	}
	e := hub.ExportOptions{Config: s.Config, DType: o.DType, MaxShardBytes: o.MaxShardBytes, Overwrite: o.Overwrite}
	load := s.loadOne
	if s.hf != nil {
		e.Tokens, e.TokenizerFiles, load = s.hf.Tokens, s.hf.TokenizerFiles(), s.hf.Load
		if e.ChatTemplate, err = s.hf.ChatTemplate(); err != nil {
			return err
		}
	} else {
		e.Tokenizer, e.Tokens = tok, specialTokens(tok)
		if ids := s.EOS(); len(ids) > 0 {
			e.Tokens.EOS = e.Tokens.EOS[:0]
			for _, id := range ids {
				e.Tokens.EOS = append(e.Tokens.EOS, int(id))
			}
		}
	}
	e.Generation = s.generation
	return hub.Export(dir, e, load)
}

// loadOne reads one parameter of a checkpoint.
func (s *Source) loadOne(name string, dst []float32) error {
	params, err := hub.Params(s.Config)
	if err != nil {
		return err
	}
	for _, p := range params {
		if p.Name == name {
			return s.ck.LoadTensor(checkpoint.Tensor{Name: name, Shape: p.Shape, Data: dst})
		}
	}
	return fmt.Errorf("export: the model has no parameter %s", name)
}

func specialTokens(tok *tokenizer.Tokenizer) hub.SpecialTokens {
	var st hub.SpecialTokens
	if id, ok := tok.BOS(); ok {
		n := int(id)
		st.BOS = &n
	}
	if id, ok := tok.EOS(); ok {
		st.EOS = []int{int(id)}
	}
	if id, ok := tok.PAD(); ok {
		n := int(id)
		st.Pad = &n
	}
	return st
}

// keepGeneration returns generation_config.json with the ids that end a text by either file.
func (s *Source) keepGeneration() (json.RawMessage, error) {
	kept := maps.Clone(s.generation)
	if kept == nil {
		kept = map[string]any{}
	}
	if ids := s.EOS(); len(ids) > 0 {
		kept["eos_token_id"] = ids
	}
	return json.Marshal(kept)
}

// Import writes a Hugging Face model as a run directory with one checkpoint, at step 0. Generation settings and the
// chat template are kept; Export writes them again.
func (s *Source) Import(dir string) (err error) {
	if s.hf == nil {
		return fmt.Errorf("import: %s is a %s, want a Hugging Face directory (config.json)", s.Path, s.Kind)
	}
	entries, err := os.ReadDir(dir)
	switch {
	case err != nil && !errors.Is(err, os.ErrNotExist): // a file, above all, which would be removed
		return fmt.Errorf("import: want a directory that does not exist or is empty: %w", err)
	case len(entries) > 0:
		return fmt.Errorf("import: %s is not empty", dir)
	}
	tok, err := s.Tokenizer()
	if err != nil {
		return fmt.Errorf("import %s: %w", s.Path, err)
	}
	shape, err := json.Marshal(s.Config)
	if err != nil {
		return fmt.Errorf("import: render the configuration: %w", err)
	}
	generation, err := s.keepGeneration()
	if err != nil {
		return fmt.Errorf("import: render %s: %w", GenerationKey, err)
	}
	st := &checkpoint.State{Extra: map[string]json.RawMessage{ConfigKey: shape, GenerationKey: generation}}
	for _, p := range s.hf.Params() {
		t := checkpoint.Tensor{Name: p.Name, Shape: p.Shape, Data: make([]float32, p.Elements())}
		if err := s.hf.Load(p.Name, t.Data); err != nil {
			return err
		}
		st.Groups = append(st.Groups, []checkpoint.Tensor{t})
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	tmp, err := os.MkdirTemp(parent, "."+filepath.Base(dir)+".importing-")
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(tmp))
		}
	}()
	if err := os.Chmod(tmp, 0o755); err != nil { // MkdirTemp's is private
		return fmt.Errorf("import: %w", err)
	}
	if err := tok.Save(filepath.Join(tmp, "tokenizer")); err != nil {
		return fmt.Errorf("import: keep the tokenizer: %w", err)
	}
	if _, err := checkpoint.Save(filepath.Join(tmp, "checkpoints"), st, checkpoint.Options{}); err != nil {
		return err
	}
	if err := durable.SyncDir(tmp); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("import: %w", err)
	}
	if err := os.Rename(tmp, dir); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	if err := durable.SyncDir(parent); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	return nil
}
