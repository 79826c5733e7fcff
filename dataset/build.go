package dataset

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/athanor-lm/athanor/corpus/read"
	"github.com/athanor-lm/athanor/internal/durable"
	"github.com/athanor-lm/athanor/tokenizer"
)

// ErrOtherBuild is wrapped by Build's error where an unfinished build of something else stands in the way.
var ErrOtherBuild = errors.New("an unfinished build of something else lies there")

// ErrNoneHeldOut is wrapped by Build's error where the split leaves nothing for validation.
var ErrNoneHeldOut = errors.New("no validation text")

// Tokenizer is what a build needs of a tokenizer. It must be safe for concurrent use.
type Tokenizer interface {
	// TryEncode appends the ids of text. Special tokens spelled in it are recognised, or are text where o.Plain says so. An
	// error ends the build: the ids are not those of the text.
	TryEncode(dst []uint32, text []byte, o tokenizer.EncodeOptions) ([]uint32, error)
	// VocabSize is one more than the highest id.
	VocabSize() int
	// BOS and EOS are the ids that begin and end a document, where there are such.
	BOS() (id uint32, ok bool)
	EOS() (id uint32, ok bool)
	// Hash is the same for tokenizers that give the same ids; the manifest keeps it.
	Hash() string
	// Save writes the tokenizer's files to a new directory.
	Save(dir string) error
}

// SplitBy says how validation text is chosen.
type SplitBy string

// The ways to hold text out.
const (
	// ByHash holds out whole documents by a hash of their text: a document stays on its side whatever else is in the
	// corpus and in whatever order, and equal documents are on the same side.
	ByHash SplitBy = "hash"
	// ByTail holds out the end of every document, for corpora of one or a few (tiny shakespeare: the last 10 %).
	ByTail SplitBy = "tail"
)

// BuildConfig says what to build.
type BuildConfig struct {
	Inputs    []string     // files, directories, globs: see package read
	ValInputs []string     // held-out texts of their own; ValFraction must then be 0
	Read      read.Options // how files become documents; OnBad is called besides the quarantine
	Out       string       // the directory to make
	Overwrite bool         // replace a dataset that stands at Out
	Tokenizer Tokenizer

	ValFraction float64 // share of the documents (ByHash) or of each document's bytes (ByTail) held out; 0 = none
	SplitBy     SplitBy // empty = ByHash
	Seed        uint64  // of the hash
	AppendEOS   bool    // end every document with the end-of-text token
	EOS         *uint32 // that token, nil = the tokenizer's own
	PrependBOS  bool    // begin every document with the beginning-of-text token
	Special     bool    // recognise special tokens spelled in the text; otherwise they are text like any other

	Restart bool // begin anew where an unfinished build could be continued
	// JournalEvery is how often what is done is made durable, so that the same build goes on from there after an error, a
	// cancelled context or a killed process; besides, that is done whenever 32 MiB were written. 0 = 5 s; negative = never:
	// what is unfinished is removed.
	JournalEvery time.Duration

	Workers  int            // encoding goroutines, 0 = GOMAXPROCS; the result is the same for any number
	Creator  string         // program and version, for the manifest
	Progress func(Progress) // called about five times a second and at the end; may be nil
}

func (cfg *BuildConfig) validate() error {
	if cfg.SplitBy == "" {
		cfg.SplitBy = ByHash
	}
	switch {
	case cfg.Tokenizer == nil:
		return fmt.Errorf("dataset: build %s: no tokenizer", cfg.Out)
	case cfg.Out == "":
		return fmt.Errorf("dataset: build: no output directory")
	case !(cfg.ValFraction >= 0 && cfg.ValFraction < 1):
		return fmt.Errorf("dataset: build %s: validation fraction %v, want 0 ≤ f < 1", cfg.Out, cfg.ValFraction)
	case cfg.ValFraction > 0 && len(cfg.ValInputs) > 0:
		return fmt.Errorf("dataset: build %s: validation inputs and a validation fraction of %v, want one of them", cfg.Out, cfg.ValFraction)
	case cfg.SplitBy != ByHash && cfg.SplitBy != ByTail:
		return fmt.Errorf("dataset: build %s: split by %q, want %q or %q", cfg.Out, cfg.SplitBy, ByHash, ByTail)
	case cfg.Workers < 0:
		return fmt.Errorf("dataset: build %s: %d workers, want 1 or more, or 0 for all processors", cfg.Out, cfg.Workers)
	}
	if id, ok := cfg.Tokenizer.EOS(); ok && cfg.EOS == nil {
		cfg.EOS = &id
	}
	if cfg.AppendEOS && cfg.EOS == nil {
		return fmt.Errorf("dataset: build %s: the tokenizer has no end-of-text token to end documents with", cfg.Out)
	}
	if _, ok := cfg.Tokenizer.BOS(); cfg.PrependBOS && !ok {
		return fmt.Errorf("dataset: build %s: the tokenizer has no beginning-of-text token to begin documents with", cfg.Out)
	}
	if cfg.Workers == 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	if cfg.JournalEvery == 0 {
		cfg.JournalEvery = defaultJournalEvery
	}
	return nil
}

// info is the part of the configuration that the manifest tells.
func (cfg *BuildConfig) info() BuildInfo {
	return BuildInfo{Inputs: cfg.Inputs, ValInputs: cfg.ValInputs, ValFraction: cfg.ValFraction, SplitBy: cfg.SplitBy,
		Seed: cfg.Seed, EOS: cfg.AppendEOS, BOS: cfg.PrependBOS, Special: cfg.Special, TextField: cfg.Read.TextField, Separator: cfg.Read.Separator}
}

// Build encodes a corpus into a dataset at cfg.Out. Reading, encoding and writing overlap; the files are the same, byte
// for byte, for any number of workers. Everything is written to a directory beside cfg.Out that is renamed at the end:
// until then cfg.Out is as it was. A build that was stopped, by whatever, is continued by the same call; its result is
// the same as if it had not been. Inputs, tokenizer and options must be what they were.
func Build(ctx context.Context, cfg BuildConfig) (*Manifest, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	dir, err := openAside(cfg.Out, cfg.Overwrite)
	if err != nil {
		return nil, err
	}
	defer dir.close()
	m, err := build(ctx, &cfg, dir)
	if err != nil {
		return nil, fmt.Errorf("dataset: build %s: %w", cfg.Out, err)
	}
	return m, nil
}

func build(ctx context.Context, cfg *BuildConfig, dir *aside) (*Manifest, error) {
	b, err := newBuilder(cfg, dir)
	if err != nil {
		return nil, err
	}
	defer b.close()
	if err := b.run(ctx); err != nil {
		if cfg.JournalEvery > 0 && errors.Is(err, ctx.Err()) && b.progress().Documents > 0 { // an orderly stop: nothing is lost
			err = errors.Join(err, b.journal())
		}
		return nil, errors.Join(err, b.awaitJournal())
	}
	if err := b.awaitJournal(); err != nil {
		return nil, err
	}
	if err := b.checkFilled(); err != nil {
		return nil, errors.Join(err, dir.discard()) // going on would end here again
	}
	m, err := b.finish()
	if err != nil {
		return nil, err
	}
	if err := dir.commit(); err != nil {
		return nil, err
	}
	b.report(true)
	return m, nil
}

// finish closes the shards and writes tokenizer and manifest.
func (b *builder) finish() (*Manifest, error) {
	cfg := b.cfg
	m := &Manifest{Format: ManifestFormat, Version: ManifestVersion, Creator: cfg.Creator, DType: b.dtype,
		Tokenizer: TokenizerInfo{Hash: b.tokenizer, VocabSize: cfg.Tokenizer.VocabSize(), EOS: cfg.EOS},
		Build:     cfg.info(), Read: b.readStats(), Inputs: slices.Concat(b.inputs[train], b.inputs[val]), Sources: b.sources.table(), Unencodable: b.lost}
	for i, shard := range b.shards {
		if shard == nil {
			continue
		}
		files, err := shard.finish()
		if err != nil {
			return nil, err
		}
		m.Splits = append(m.Splits, SplitInfo{splitNames[i], shard.count})
		m.Files = append(m.Files, files...)
	}
	for _, name := range []string{manifestName, tokenizerDir} { // an earlier start may have been killed while writing them
		if err := os.RemoveAll(b.dir.data(name)); err != nil {
			return nil, err
		}
	}
	if err := cfg.Tokenizer.Save(b.dir.data(tokenizerDir)); err != nil {
		return nil, fmt.Errorf("save the tokenizer: %w", err)
	}
	if err := b.quarantine.finish(); err != nil {
		return nil, err
	}
	var err error
	if m.Files, err = b.dir.sumRest(m.Files); err != nil {
		return nil, err
	}
	data, err := m.encode()
	if err != nil {
		return nil, err
	}
	return m, durable.Write(b.dir.data(manifestName), data)
}

// checkFilled refuses a dataset nobody could train on.
func (b *builder) checkFilled() error {
	st := b.readStats()
	if st.Documents == 0 {
		first := ""
		if b.quarantine.first != nil {
			first = fmt.Sprintf(" (the first: %s)", b.quarantine.first)
		}
		return fmt.Errorf("the corpus is empty: %d files hold no document; %d records have no text, %d were set aside%s", st.Files, st.Empty, st.Bad, first)
	}
	train, held := b.shards[train].count, Count{}
	if b.shards[val] != nil {
		held = b.shards[val].count
	}
	switch {
	case train.Tokens == 0:
		return fmt.Errorf("no text is left for training: all %d documents were held out", held.Documents)
	case b.shards[val] != nil && held.Tokens == 0 && len(b.cfg.ValInputs) > 0:
		return fmt.Errorf("the validation inputs hold no document")
	case b.shards[val] != nil && held.Tokens == 0:
		return fmt.Errorf("a validation fraction of %g held out none of the %d documents: raise it, hold out the tail of each document, or name validation inputs: %w",
			b.cfg.ValFraction, st.Documents, ErrNoneHeldOut)
	}
	return nil
}
