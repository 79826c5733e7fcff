// Package pretrained opens a model to use it, whatever form it is in: a training run, one of its checkpoints, or a
// Hugging Face directory.
package pretrained

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/athanor-lm/athanor/checkpoint"
	"github.com/athanor-lm/athanor/hub"
	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/athanor-lm/athanor/internal/memlimit"
	"github.com/athanor-lm/athanor/model"
	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tensor"
	"github.com/athanor-lm/athanor/tokenizer"
)

// ConfigKey names, in a checkpoint's extra state, the model's configuration as JSON.
const ConfigKey = "model"

// GenerationKey names there what generation_config.json said of an imported model, with the ids of config.json.
const GenerationKey = "generation"

// Source is an opened place that weights can be read from. Close it after use.
type Source struct {
	Path      string
	Kind      string // "run", "checkpoint" or "huggingface"
	Config    model.Config
	Step      int64    // of training; 0 for a Hugging Face directory
	Notes     []string // what a reader should know, such as damaged checkpoints that were passed over
	tokenizer string   // directory

	generation map[string]any // of generation_config.json; nil when there is none
	ck         *checkpoint.Checkpoint
	hf         *hub.Checkpoint
}

// Open looks at what path holds.
func Open(path string) (*Source, error) {
	has := func(name string) bool {
		_, err := os.Stat(filepath.Join(path, name))
		return err == nil
	}
	switch {
	case has("config.json"):
		return openHF(path)
	case has("checkpoints"):
		return openRun(path)
	case has("manifest.json"):
		return openCheckpoint(path)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	return nil, fmt.Errorf("open model: %s is none: want a run directory (checkpoints/), a checkpoint (manifest.json) or a Hugging Face directory (config.json)", path)
}

func openHF(path string) (*Source, error) {
	hf, err := hub.Open(path)
	if err != nil {
		return nil, err
	}
	generation, err := hf.GenerationConfig()
	if err != nil {
		return nil, errors.Join(err, hf.Close())
	}
	return &Source{Path: path, Kind: "huggingface", Config: hf.Model, tokenizer: path, generation: generation, hf: hf}, nil
}

func openRun(path string) (*Source, error) {
	ck, skipped, err := checkpoint.Load(filepath.Join(path, "checkpoints"))
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	s := &Source{Path: path, Kind: "run", tokenizer: filepath.Join(path, "tokenizer"), ck: ck}
	for _, sk := range skipped {
		s.Notes = append(s.Notes, fmt.Sprintf("checkpoint %s was passed over: %v", sk.Dir, sk.Err))
	}
	return s, s.readConfig()
}

func openCheckpoint(path string) (*Source, error) {
	ck, err := checkpoint.LoadDir(path)
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	s := &Source{Path: path, Kind: "checkpoint", tokenizer: filepath.Join(path, "..", "..", "tokenizer"), ck: ck}
	return s, s.readConfig()
}

func (s *Source) readConfig() error {
	s.Step = s.ck.Manifest.Step
	raw, ok := s.ck.Manifest.Extra[ConfigKey]
	if !ok {
		return fmt.Errorf("open model: %s: its manifest says nothing of the model (extra.%s)", s.ck.Dir, ConfigKey)
	}
	if err := json.Unmarshal(raw, &s.Config); err != nil {
		return fmt.Errorf("open model: %s: extra.%s: %w", s.ck.Dir, ConfigKey, err)
	}
	if err := s.Config.Validate(); err != nil {
		return fmt.Errorf("open model: %s: extra.%s: %w", s.ck.Dir, ConfigKey, err)
	}
	if raw, ok := s.ck.Manifest.Extra[GenerationKey]; ok {
		if err := json.Unmarshal(raw, &s.generation); err != nil {
			return fmt.Errorf("open model: %s: extra.%s: %w", s.ck.Dir, GenerationKey, err)
		}
	}
	return nil
}

// Tokenizer loads the tokenizer that belongs to the model.
func (s *Source) Tokenizer() (*tokenizer.Tokenizer, error) { return tokenizer.Load(s.tokenizer) }

// EOS returns the ids that end a text by the model's own configuration, beside the tokenizer's: those of config.json and
// generation_config.json. Only models that are or were in a Hugging Face directory name such.
func (s *Source) EOS() []uint32 {
	var ids []uint32
	add := func(id float64) {
		if n := uint32(id); id >= 0 && float64(n) == id && !slices.Contains(ids, n) {
			ids = append(ids, n)
		}
	}
	if s.hf != nil {
		for _, id := range s.hf.Tokens.EOS {
			add(float64(id))
		}
	}
	switch v := s.generation["eos_token_id"].(type) {
	case float64:
		add(v)
	case []any:
		for _, id := range v {
			if id, ok := id.(float64); ok {
				add(id)
			}
		}
	}
	return ids
}

// Close releases the files.
func (s *Source) Close() error {
	if s.hf != nil {
		return s.hf.Close()
	}
	return nil
}

// Fill reads the weights into m, whose parameters have memory and whose configuration has the source's shapes.
func (s *Source) Fill(m model.Model, pool *kernel.Pool) error {
	var err error
	if s.hf != nil {
		err = s.hf.Fill(m.Params())
	} else {
		err = s.ck.LoadWeights(checkpoint.Groups(m.Params(), nil))
	}
	if err != nil {
		return fmt.Errorf("load weights: %w", err)
	}
	refresh(m, pool)
	return nil
}

func refresh(m model.Model, pool *kernel.Pool) {
	for _, p := range m.Params() {
		p.Refresh(pool)
	}
}

// LoadWeights fills m, built for training, from what path holds. Their shapes must be the same, and so must what shapes
// do not tell; context, positions, masks and dropout may differ.
func LoadWeights(path string, m model.Model, pool *kernel.Pool) error {
	s, err := Open(path)
	if err != nil {
		return err
	}
	if err = s.fits(m.Config()); err == nil {
		err = s.Fill(m, pool)
	}
	return errors.Join(err, s.Close())
}

// CheckWeights reports why LoadWeights would refuse path for a model of configuration c, as far as that can be told without
// reading weights.
func CheckWeights(path string, c model.Config) error {
	s, err := Open(path)
	if err != nil {
		return err
	}
	return errors.Join(s.fits(c), s.Close())
}

// fits refuses a model of the same shapes in which the source's weights would mean something else, and one of other layers.
func (s *Source) fits(c model.Config) error {
	have := s.Config.Normalize()
	for _, f := range []struct {
		key         string
		found, want any
	}{
		{"family", have.Family, c.Family}, {"layers", have.Layers, c.Layers}, {"width", have.Width, c.Width}, {"heads", have.Heads, c.Heads}, {"kv_heads", have.KVHeads, c.KVHeads}, {"activation", have.Activation, c.Activation},
	} {
		if f.found != f.want {
			return fmt.Errorf("load weights of %s: its %s is %v, want %v, the model's", s.Path, f.key, f.found, f.want)
		}
	}
	return nil
}

// Load opens path and returns its model ready for inference in the compute type, with its tokenizer.
func Load(path string, pool *kernel.Pool, compute tensor.DType) (*Source, model.Model, *tokenizer.Tokenizer, error) {
	s, err := Open(path)
	if err != nil {
		return nil, nil, nil, err
	}
	m, tok, err := s.load(pool, compute)
	if err := errors.Join(err, s.Close()); err != nil {
		return nil, nil, nil, err
	}
	return s, m, tok, nil
}

func (s *Source) load(pool *kernel.Pool, compute tensor.DType) (model.Model, *tokenizer.Tokenizer, error) {
	tok, err := s.Tokenizer()
	if err != nil {
		return nil, nil, fmt.Errorf("open model: %s: %w", s.Path, err)
	}
	need := 4*s.Config.NumParams() + s.Config.TableBytes()
	if limit, whose := memlimit.Bytes(); limit > 0 && need > limit {
		return nil, nil, fmt.Errorf("open model: %s: the model takes %s, %s is %s", s.Path, runlog.Bytes(need), whose, runlog.Bytes(limit))
	}
	m, err := model.New(s.Config, model.Options{})
	if err != nil {
		return nil, nil, err
	}
	for _, p := range m.Params() {
		p.Allocate(tensor.F32, false)
	}
	if err := s.Fill(m, pool); err != nil {
		return nil, nil, err
	}
	if compute == tensor.BF16 || compute == tensor.F16 {
		for _, p := range m.Params() {
			p.Allocate(compute, false)
		}
		refresh(m, pool)
	}
	return m, tok, nil
}
