package train

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/athanor-lm/athanor/internal/strictyaml"
	"github.com/athanor-lm/athanor/model"
)

// Config is one training run: everything that decides its result, and how it is watched and kept.
// It is read from one YAML file; the resolved form is stored with the run.
type Config struct {
	Dir        string     `yaml:"dir"`  // the run directory
	Seed       uint64     `yaml:"seed"` // of initial weights, sample order and dropout
	Model      Model      `yaml:"model"`
	Data       Data       `yaml:"data"`
	Batch      Batch      `yaml:"batch"`
	Steps      int64      `yaml:"steps"`      // optimizer steps
	DType      string     `yaml:"dtype"`      // compute type: "bf16", "f16" (with loss scaling) or "f32"; masters and optimizer state are f32 always
	Workers    int        `yaml:"workers"`    // threads, 0 = all; results do not depend on it
	Recompute  bool       `yaml:"recompute"`  // keep only each layer's input and compute the rest again in backward: less memory, about a third more work
	MemoryGB   float64    `yaml:"memory_gb"`  // limit that the predicted peak is held against, 0 = the machine's memory
	Optimizer  Optimizer  `yaml:"optimizer"`  // AdamW
	Schedule   Schedule   `yaml:"schedule"`   // of the learning rate
	Validation Validation `yaml:"validation"` // on the held-out split
	Checkpoint Checkpoint `yaml:"checkpoint"`
	Samples    Samples    `yaml:"samples"`
}

// Model is a preset, a configuration of its own, or a preset with changes.
type Model struct {
	Preset       string `yaml:"preset,omitempty"`
	InitFrom     string `yaml:"init_from,omitempty"` // directory of a checkpoint, run or imported model to start from; empty = random
	model.Config `yaml:",inline"`
}

// Data names the token shards and how samples are cut from them.
type Data struct {
	Sources  []Source `yaml:"sources"`
	Sequence int      `yaml:"sequence"` // T: tokens a sample
	// Packing: "concat" joins documents and lets attention cross their borders, "documents" keeps attention and
	// positions inside each document, "random" takes windows at uniformly random offsets (nanoGPT's way).
	Packing string `yaml:"packing"`
	// Verify reads all shards before the first step and compares their checksums with the manifests' (about 1 GB/s).
	Verify bool `yaml:"verify"`
}

// Source is one dataset directory and its weight in the mixture (by samples).
type Source struct {
	Name   string  `yaml:"name,omitempty"`
	Path   string  `yaml:"path"`
	Weight float64 `yaml:"weight"`
}

// Batch is the global batch of a step and the part of it computed at once; gradients are exactly the mean over
// the valid tokens of the global batch, however it is cut.
type Batch struct {
	Sequences int `yaml:"sequences"`
	Micro     int `yaml:"micro"` // 0 = sequences
}

// Optimizer is AdamW (Loshchilov & Hutter 2019): decoupled decay on matrices only.
type Optimizer struct {
	LR          float64 `yaml:"lr"`
	Beta1       float64 `yaml:"beta1"`
	Beta2       float64 `yaml:"beta2"`
	Eps         float64 `yaml:"eps"`
	WeightDecay float64 `yaml:"weight_decay"`
	Clip        float64 `yaml:"clip"` // global gradient norm, 0 = none
}

// Schedule is the learning rate over the steps.
type Schedule struct {
	Kind     string  `yaml:"kind"`      // "cosine", "linear", "wsd", "constant"
	Warmup   int64   `yaml:"warmup"`    // steps
	MinRatio float64 `yaml:"min_ratio"` // the last rate as a share of lr
	Decay    float64 `yaml:"decay"`     // wsd: share of the steps that decay, as 1−√
}

// Validation is the fixed held-out set.
type Validation struct {
	Every     int64 `yaml:"every"`     // steps, 0 = only at the end
	Sequences int   `yaml:"sequences"` // at most so many, 0 = the whole split
}

// Checkpoint is when state is saved and what is kept.
type Checkpoint struct {
	Every     int64 `yaml:"every"`      // steps, 0 = only at the end
	KeepLast  int   `yaml:"keep_last"`  // newest to keep
	KeepEvery int64 `yaml:"keep_every"` // also keep those at multiples of so many steps, 0 = none
}

// Samples are texts the model writes during training.
type Samples struct {
	Every       int64    `yaml:"every"` // steps, 0 = only at the end
	Prompts     []string `yaml:"prompts"`
	Tokens      int      `yaml:"tokens"`
	Temperature float64  `yaml:"temperature"`
	TopK        int      `yaml:"top_k"`
}

// DefaultConfig holds what a file that leaves a key out gets.
func DefaultConfig() Config {
	return Config{
		Seed:       1337,
		Data:       Data{Packing: "documents", Verify: true},
		DType:      "bf16",
		Optimizer:  Optimizer{LR: 6e-4, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, Clip: 1},
		Schedule:   Schedule{Kind: "cosine", MinRatio: 0.1, Decay: 0.2},
		Validation: Validation{Every: 250, Sequences: 0},
		Checkpoint: Checkpoint{Every: 500, KeepLast: 2},
		Samples:    Samples{Tokens: 128, Temperature: 0.8, TopK: 50},
	}
}

// LoadConfig reads a run's YAML file, applies overrides ("a.b=c") and validates.
func LoadConfig(file string, overrides []string) (*Config, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	return ParseConfig(file, data, overrides)
}

// ParseConfig is LoadConfig on bytes; file is the name that errors show.
func ParseConfig(file string, data []byte, overrides []string) (*Config, error) {
	c := DefaultConfig()
	if _, err := decodeAll(file, data, overrides, &c); err != nil {
		return nil, err
	}
	if name := c.Model.Preset; name != "" {
		preset, err := model.Preset(name)
		if err != nil {
			return nil, err
		}
		c = DefaultConfig()
		c.Model.Config = preset
	}
	doc, err := decodeAll(file, data, overrides, &c)
	if err != nil {
		return nil, err
	}
	if c.Model.HeadDim*c.Model.Heads != c.Model.Width && (doc.Has("model.width") || doc.Has("model.heads")) && !doc.Has("model.head_dim") {
		c.Model.HeadDim = 0 // a preset's head size goes with the preset's width and heads
	}
	c.setDefaults(doc)
	if err := c.Model.ValidateWidth(); err != nil {
		return nil, pointAt(doc, err)
	}
	untied := !c.Model.TiedHead
	c.Model.Config = c.Model.Config.Normalize()
	return &c, c.validate(doc, untied)
}

func decodeAll(file string, data []byte, overrides []string, c *Config) (*strictyaml.Doc, error) {
	doc, err := strictyaml.Decode(file, data, c)
	if err != nil {
		return nil, err
	}
	for _, o := range overrides {
		if err := doc.Set(o, c); err != nil {
			return nil, err
		}
	}
	return doc, nil
}

// setDefaults fills in what depends on other keys.
func (c *Config) setDefaults(doc *strictyaml.Doc) {
	if c.Batch.Micro == 0 {
		c.Batch.Micro = c.Batch.Sequences
	}
	if c.Data.Sequence == 0 {
		c.Data.Sequence = c.Model.Context
	}
	if !doc.Has("schedule.warmup") {
		c.Schedule.Warmup = max(1, min(2000, c.Steps/50))
	}
	for i := range c.Data.Sources {
		s := &c.Data.Sources[i]
		if s.Weight == 0 && len(c.Data.Sources) == 1 {
			s.Weight = 1
		}
		if s.Name == "" && s.Path != "" {
			s.Name = filepath.Base(filepath.Clean(s.Path)) // stored with the run: the order of samples depends on it, even when the data is moved
		}
	}
}

func pointAt(doc *strictyaml.Doc, err error) error {
	var fe *model.FieldError
	if errors.As(err, &fe) {
		return doc.Errorf("model."+fe.Field, fe.Value, "%s", fe.Want)
	}
	return err
}

// validate reports the first value that makes no sense. untied says that tied_head was false before defaults were filled in.
func (c *Config) validate(doc *strictyaml.Doc, untied bool) error {
	m := c.Model.Config
	if m.Vocab == 0 {
		m.Vocab = 1 // the run takes it from the datasets' tokenizer
	}
	if err := m.Validate(); err != nil {
		return pointAt(doc, err)
	}
	type rule struct {
		bad   bool
		key   string
		found any
		want  string
	}
	oneOf := func(key, v string, allowed ...string) rule {
		ok := false
		for _, a := range allowed {
			ok = ok || a == v
		}
		return rule{!ok, key, fmt.Sprintf("%q", v), "one of " + strings.Join(allowed, ", ")}
	}
	share := func(key string, v float64) rule { return rule{v < 0 || v > 1, key, v, "a share between 0 and 1"} }
	o := c.Optimizer
	rules := []rule{
		{c.Model.TiedHead && doc.Has("model.tied_head") && untied, "model.tied_head", false, "true: the head of " + c.Model.Family + " is the embedding"},
		{c.Dir == "", "dir", `""`, "the run directory"},
		{c.Steps < 1, "steps", c.Steps, "at least 1"},
		{len(c.Data.Sources) == 0, "data.sources", "none", "at least one dataset directory"},
		{c.Data.Sequence < 1, "data.sequence", c.Data.Sequence, "at least 1"},
		{c.Data.Sequence > c.Model.Context, "data.sequence", c.Data.Sequence, fmt.Sprintf("at most model.context (%d)", c.Model.Context)},
		{c.Batch.Sequences < 1, "batch.sequences", c.Batch.Sequences, "at least 1"},
		{c.Batch.Micro < 1 || c.Batch.Micro > c.Batch.Sequences || c.Batch.Sequences%max(c.Batch.Micro, 1) != 0, "batch.micro", c.Batch.Micro, fmt.Sprintf("a divisor of batch.sequences (%d)", c.Batch.Sequences)},
		{c.Workers < 0 || c.Workers > 1024, "workers", c.Workers, "0 (all) to 1024"},
		{c.MemoryGB < 0, "memory_gb", c.MemoryGB, "0 (the machine's) or a number of GB"},
		{o.LR <= 0, "optimizer.lr", o.LR, "a number above 0"},
		{o.Beta1 < 0 || o.Beta1 >= 1, "optimizer.beta1", o.Beta1, "0 ≤ beta1 < 1"},
		{o.Beta2 < 0 || o.Beta2 >= 1, "optimizer.beta2", o.Beta2, "0 ≤ beta2 < 1"},
		{o.Eps <= 0, "optimizer.eps", o.Eps, "a number above 0"},
		{o.WeightDecay < 0, "optimizer.weight_decay", o.WeightDecay, "at least 0"},
		{o.Clip < 0, "optimizer.clip", o.Clip, "0 (none) or a norm"},
		{c.Schedule.Warmup < 0 || c.Schedule.Warmup > c.Steps, "schedule.warmup", c.Schedule.Warmup, fmt.Sprintf("0 to steps (%d)", c.Steps)},
		{c.Validation.Every < 0, "validation.every", c.Validation.Every, "0 (only at the end) or a number of steps"},
		{c.Validation.Sequences < 0, "validation.sequences", c.Validation.Sequences, "0 (all) or a number of sequences"},
		{c.Checkpoint.Every < 0, "checkpoint.every", c.Checkpoint.Every, "0 (only at the end) or a number of steps"},
		{c.Checkpoint.KeepLast < 1, "checkpoint.keep_last", c.Checkpoint.KeepLast, "at least 1"},
		{c.Checkpoint.KeepEvery < 0, "checkpoint.keep_every", c.Checkpoint.KeepEvery, "0 (none) or a number of steps"},
		{c.Samples.Every < 0, "samples.every", c.Samples.Every, "0 (only at the end) or a number of steps"},
		{c.Samples.Tokens < 0, "samples.tokens", c.Samples.Tokens, "at least 0"},
		{c.Samples.Temperature < 0, "samples.temperature", c.Samples.Temperature, "at least 0 (greedy)"},
		{c.Samples.TopK < 0, "samples.top_k", c.Samples.TopK, "0 (all) or a number of tokens"},
		oneOf("dtype", c.DType, "bf16", "f16", "f32"),
		oneOf("data.packing", c.Data.Packing, "concat", "documents", "random"),
		oneOf("schedule.kind", c.Schedule.Kind, "cosine", "linear", "wsd", "constant"),
		share("schedule.min_ratio", c.Schedule.MinRatio),
		share("schedule.decay", c.Schedule.Decay),
	}
	for i, s := range c.Data.Sources {
		key := fmt.Sprintf("data.sources[%d]", i)
		rules = append(rules, rule{s.Path == "", key + ".path", `""`, "a dataset directory"},
			rule{s.Weight <= 0, key + ".weight", s.Weight, "a number above 0"})
	}
	for _, r := range rules {
		if r.bad {
			return doc.Errorf(r.key, r.found, "%s", r.want)
		}
	}
	return nil
}

// Marshal returns the resolved configuration as YAML.
func (c *Config) Marshal() ([]byte, error) { return yaml.Marshal(c) }
