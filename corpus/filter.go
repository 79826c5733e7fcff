package corpus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Filter looks at one document at a time: keeps it, changes it or drops it, and says so in the report. One goroutine uses
// it. The outcome is a function of the document and the settings alone, never of earlier documents.
type Filter interface {
	// Apply judges d, may change its text, and puts the outcome into r, which is empty but for Explain.
	Apply(d *Document, r *Report)
}

// Settings are a step's part of a recipe, decoded onto its defaults. A step is either FilterSettings or PassSettings.
type Settings interface {
	// Validate refuses settings that cannot be; the error names the key, the value and what would be accepted.
	Validate() error
}

// FilterSettings open a filter.
type FilterSettings interface {
	Settings
	// Files are what the outcome depends on beside the settings (models, word lists), as the recipe names them. The pipeline
	// hashes their contents.
	Files() []string
	// Open loads what the filter needs and returns a function that makes one for a goroutine; the filters may share what
	// does not change.
	Open(env Env) (func() Filter, error)
}

// PassSettings open a pass.
type PassSettings interface {
	Settings
	// Files are as those of FilterSettings.
	Files() []string
	// Open loads what the pass needs. Every process of a run opens its own.
	Open(env Env) (Pass, error)
}

// FileWriter are settings of a pass whose merge writes files of the user's beside its decisions, such as an index.
type FileWriter interface {
	// Writes are those files, as the recipe names them. While one is missing, the merge is not done.
	Writes() []string
}

// Env is what steps are told of their surroundings.
type Env struct {
	Dir     string // paths in the recipe are relative to it; see Path
	Seed    uint64
	Memory  int64 // bytes a merge may hold
	Workers int   // goroutines a merge may use
	// Context ends opening a step that reads for long, such as benchmarks; nil = nothing does. What was opened does not keep it.
	Context context.Context
}

// Opening returns the context that opening a step heeds: Env.Context, or one that never ends.
func (e Env) Opening() context.Context {
	if e.Context == nil {
		return context.Background()
	}
	return e.Context
}

// Pass is a step that must see the whole corpus before it decides, such as deduplication. The corpus is cut into tasks,
// numbered from 0, each a list of documents in a fixed order. Every task is collected, by whatever process; then one process
// merges; then every task's documents are decided upon. All three are functions of the corpus and the settings: neither the
// number of processes nor their order shows in the result.
type Pass interface {
	// Collector makes one for a goroutine.
	Collector() Collector
	// Merge reads the records that were collected, and writes the decisions into a directory that exists and is empty. It
	// stays within Env.Memory by sorting on disk, in m.Dir.
	Merge(ctx context.Context, m Merge) error
	// Decisions opens the decisions upon a task's documents.
	Decisions(dir string, task int) (Decisions, error)
}

// Collector draws from a document what the merge needs to know of it.
type Collector interface {
	// Collect appends the document's record to dst: what it appends is opaque to the pipeline, and may be empty.
	Collect(dst []byte, d *Document) []byte
}

// Merge is what a merge works on.
type Merge struct {
	// Tasks opens the records of a task in order.
	Tasks []func() (RecordReader, error)
	Dir   string // for the decisions, and below it for what the merge needs meanwhile and removes
	// Progress may be called with the records read so far.
	Progress func(records int64)
	// Stats takes what is found out about the whole corpus: named numbers for the report ("clusters", "largest cluster").
	Stats func(name string, value float64)
	// Chart takes a distribution for the report, such as cluster sizes: labels with their counts, in order.
	Chart func(name string, labels []string, counts []float64)
}

// RecordReader gives a task's records in the order of its documents.
type RecordReader interface {
	// Next returns the record of the next document, valid until the next call, or io.EOF.
	Next() ([]byte, error)
	io.Closer
}

// Decisions say what becomes of a task's documents.
type Decisions interface {
	// Decide is called with every document of the task in order.
	Decide(d *Document, r *Report) error
	io.Closer
}

// Path returns where a path of the recipe lies.
func (e Env) Path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(e.Dir, p)
}

// Glob returns what a path of the recipe stands for: itself, or where it is a pattern ("**" matches any number of directories) all that
// matches, in order. It is an error if nothing does.
func (e Env) Glob(p string) ([]string, error) {
	full := e.Path(p)
	_, err := os.Stat(full)
	if err == nil || !strings.ContainsAny(p, "*?[{") {
		return []string{full}, err
	}
	found, err := doublestar.FilepathGlob(full)
	if err == nil && len(found) == 0 {
		err = errors.New("no file matches, want some")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", full, err)
	}
	slices.Sort(found)
	return found, nil
}
