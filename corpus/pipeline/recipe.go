package pipeline

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/mix"
	"github.com/athanor-lm/athanor/internal/bytesize"
	"github.com/athanor-lm/athanor/internal/strictyaml"
)

// Recipe says what is made of what. It is one YAML file.
type Recipe struct {
	Name string `yaml:"name"` // empty = the file's name
	Seed uint64 `yaml:"seed"` // of every choice that looks random
	// Out is the directory that is made. Relative paths, here and below, are relative to the directory in which the program runs.
	Out string `yaml:"out"`
	// Memory is what a merge may hold, and twice what the texts may that are under way between reading and writing, in bytes.
	Memory bytesize.Size `yaml:"memory"`
	// TaskSize is the size on disk up to which small files make one task, in bytes.
	TaskSize bytesize.Size `yaml:"task_size"`
	// OnBadFile says what becomes of a file that cannot be read to its end: "quarantine" keeps what was read before and goes on with
	// the next file, "stop" ends the run. Bad records are always set aside.
	OnBadFile string `yaml:"on_bad_file"`
	// KeepWork keeps what tasks leave behind each stage, so that a changed recipe does again only what depends on the change, and new
	// inputs add to what is there. Without it a finished run leaves its outputs, report and manifest alone.
	KeepWork bool `yaml:"keep_work"`
	// Samples is how many examples of each reason to drop or change a document the report keeps.
	Samples int     `yaml:"samples"`
	Inputs  []Input `yaml:"inputs"`
	Steps   []Step  `yaml:"-"`
	// Mix says how sources are weighed; nil = every document once, in the order of the inputs.
	Mix    *mix.Settings `yaml:"-"`
	Output Output        `yaml:"-"`
	Text   []byte        `yaml:"-"` // of the file
}

// Input is a source of documents: files with what is known of all of them.
type Input struct {
	Source string   `yaml:"source"` // the source's name; inputs may share one. Empty = the first path's base name
	Paths  []string `yaml:"paths"`  // files, directories and globs
	// Format forces a format where file names do not tell; empty = by name.
	Format    string `yaml:"format"`
	TextField string `yaml:"text_field"` // JSON field of the text; empty = "text"
	Charset   string `yaml:"charset"`    // of texts; empty = found out for each
	Markdown  string `yaml:"markdown"`   // "body" (empty), "plain" or "raw": see package read
	Separator string `yaml:"separator"`  // line between the documents of a text file; empty = a file is a document
	// Ext, where not empty, are the only extensions taken from directories.
	Ext []string `yaml:"ext"`
	// MaxRecord is the size in bytes above which a record is set aside.
	MaxRecord bytesize.Size `yaml:"max_record"`
	Lang      string        `yaml:"lang"`      // ISO 639 code of records that say none themselves
	Synthetic bool          `yaml:"synthetic"` // a model wrote these texts
	Meta      *bool         `yaml:"meta"`      // keep the records' other fields; nil = yes
}

// Output says what is written.
type Output struct {
	// Formats are any of "jsonl", "parquet" and "tokens".
	Formats     []string      `yaml:"formats"`
	Compression string        `yaml:"compression"` // of jsonl: "zstd", "gzip" or "none"
	ShardSize   bytesize.Size `yaml:"shard_size"`  // bytes of text in a file of jsonl or parquet
	Tokenizer   string        `yaml:"tokenizer"`   // a tokenizer's file or directory, for "tokens" and for exact counts in the mix
	Val         float64       `yaml:"val"`         // share of the documents held out as validation tokens
	EOS         *bool         `yaml:"eos"`         // end documents with the tokenizer's end-of-text token; nil = where it has one
}

// Step is a step of a recipe: what every step has, and the settings of its kind.
type Step struct {
	Use  string `yaml:"use"`  // the kind
	Name string `yaml:"name"` // empty = the kind, with a number where it comes again
	// Sources and Languages, where not empty, are those the step is for; it leaves other documents alone.
	Sources   []string `yaml:"sources"`
	Languages []string `yaml:"languages"`

	Settings corpus.Settings `yaml:"-"`
}

// recipeFile is the recipe as it is in the file.
type recipeFile struct {
	Recipe `yaml:",inline"`
	Steps  []strictyaml.Node `yaml:"steps"`
	Mix    *mix.Settings     `yaml:"mix"`
	Output Output            `yaml:"output"`
}

// The values of a recipe that says nothing else.
const (
	defaultMemory    = 2 << 30
	defaultTaskSize  = 64 << 20
	defaultMaxRecord = 64 << 20
	mostMaxRecord    = 1 << 30 // a block holds one, and what came before it: see maxBlock
	defaultShardSize = 256 << 20
	defaultSamples   = 5
)

// The values of Recipe.OnBadFile.
const (
	badFileQuarantine = "quarantine"
	badFileStop       = "stop"
)

// LoadRecipe reads a recipe, applies overrides of the form key=value (of keys outside steps and inputs) and checks all that can be
// checked without looking at other files.
func LoadRecipe(file string, overrides []string) (*Recipe, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the recipe: %w", err)
	}
	return ParseRecipe(file, data, overrides)
}

// ParseRecipe is LoadRecipe on bytes; file is the name that errors show.
func ParseRecipe(file string, data []byte, overrides []string) (*Recipe, error) {
	f := recipeFile{
		Recipe: Recipe{Memory: defaultMemory, TaskSize: defaultTaskSize, OnBadFile: badFileQuarantine, KeepWork: true, Samples: defaultSamples},
		Output: Output{Formats: []string{"jsonl"}, Compression: "zstd", ShardSize: defaultShardSize},
	}
	doc, err := strictyaml.Decode(file, data, &f)
	if err != nil {
		return nil, err
	}
	for _, o := range overrides {
		if err := doc.Set(o, &f); err != nil {
			return nil, err
		}
	}
	r := &f.Recipe
	r.Mix, r.Output, r.Text = f.Mix, f.Output, data
	if r.Steps, err = decodeSteps(doc, f.Steps); err != nil {
		return nil, err
	}
	if r.Name == "" {
		r.Name = baseWithoutExtension(file)
	}
	return r, r.validate(doc)
}

// decodeSteps decodes each step onto the defaults of its kind.
func decodeSteps(doc *strictyaml.Doc, nodes []strictyaml.Node) ([]Step, error) {
	var steps []Step
	taken := map[string]bool{}
	for i, node := range nodes {
		key := fmt.Sprintf("steps[%d]", i)
		use, err := doc.Text(key, node, "use")
		if err != nil {
			return nil, err
		}
		settings := DefaultSettings(use)
		if settings == nil {
			return nil, doc.Errorf(key+".use", fmt.Sprintf("%q is no kind of step", use), "one of %s", strings.Join(Kinds(), ", "))
		}
		s := Step{Settings: settings}
		if err := doc.DecodeNode(key, node, &s, settings); err != nil {
			return nil, err
		}
		if err := settings.Validate(); err != nil {
			return nil, doc.Wrap(key, fmt.Errorf("%s: %w", use, err))
		}
		switch {
		case s.Name == "":
			s.Name = freeName(use, taken)
		case taken[s.Name]:
			return nil, doc.Errorf(key+".name", fmt.Sprintf("%q is the name of an earlier step", s.Name), "another")
		}
		taken[s.Name] = true
		steps = append(steps, s)
	}
	return steps, nil
}

// freeName numbers a name that is taken: minhash, minhash-2.
func freeName(name string, taken map[string]bool) string {
	free := name
	for n := 2; taken[free]; n++ {
		free = fmt.Sprintf("%s-%d", name, n)
	}
	return free
}

func (r *Recipe) validate(doc *strictyaml.Doc) error {
	switch {
	case r.Out == "":
		return doc.Errorf("out", "there is no output directory", "out: DIR")
	case r.Memory < 16<<20:
		return doc.Errorf("memory", int64(r.Memory), "at least 16MiB")
	case r.TaskSize < 1:
		return doc.Errorf("task_size", int64(r.TaskSize), "at least 1 byte")
	case r.Samples < 0:
		return doc.Errorf("samples", r.Samples, "0 or more")
	case r.OnBadFile != badFileQuarantine && r.OnBadFile != badFileStop:
		return doc.Errorf("on_bad_file", fmt.Sprintf("%q", r.OnBadFile), "%s or %s", badFileQuarantine, badFileStop)
	case len(r.Inputs) == 0:
		return doc.Errorf("inputs", "there are none", "a list of sources with their paths")
	}
	for i := range r.Inputs {
		if err := r.Inputs[i].validate(doc, fmt.Sprintf("inputs[%d]", i)); err != nil {
			return err
		}
	}
	for i, s := range r.Steps {
		for _, name := range s.Sources {
			if !slices.ContainsFunc(r.Inputs, func(in Input) bool { return in.Source == name }) {
				return doc.Errorf(fmt.Sprintf("steps[%d].sources", i), fmt.Sprintf("%q is no source", name), "one of %s", strings.Join(r.Sources(), ", "))
			}
		}
	}
	if r.Mix != nil {
		if err := r.Mix.Validate(r.Sources()); err != nil {
			return doc.Wrap("mix", err)
		}
	}
	return r.Output.validate(doc)
}

func (in *Input) validate(doc *strictyaml.Doc, key string) error {
	if len(in.Paths) == 0 {
		return doc.Errorf(key, "it has no paths", "a list of files, directories or globs")
	}
	if in.Source == "" {
		in.Source = baseWithoutExtension(in.Paths[0])
	}
	if in.MaxRecord == 0 {
		in.MaxRecord = defaultMaxRecord
	}
	if in.MaxRecord > mostMaxRecord {
		return doc.Errorf(key+".max_record", int64(in.MaxRecord), "at most 1GiB")
	}
	return nil
}

// The values of Output.Formats.
const (
	formatJSONL   = "jsonl"
	formatParquet = "parquet"
	formatTokens  = "tokens"
)

func (o *Output) validate(doc *strictyaml.Doc) error {
	for _, f := range o.Formats {
		if f != formatJSONL && f != formatParquet && f != formatTokens {
			return doc.Errorf("output.formats", fmt.Sprintf("%q is no format", f), "some of %s, %s, %s", formatJSONL, formatParquet, formatTokens)
		}
	}
	switch {
	case len(o.Formats) == 0:
		return doc.Errorf("output.formats", "there are none", "some of %s, %s, %s", formatJSONL, formatParquet, formatTokens)
	case !slices.Contains([]string{"zstd", "gzip", "none"}, o.Compression):
		return doc.Errorf("output.compression", fmt.Sprintf("%q", o.Compression), "zstd, gzip or none")
	case o.ShardSize < 1<<10:
		return doc.Errorf("output.shard_size", int64(o.ShardSize), "at least 1KiB")
	case !(o.Val >= 0 && o.Val < 1):
		return doc.Errorf("output.val", o.Val, "0 ≤ val < 1")
	case slices.Contains(o.Formats, formatTokens) && o.Tokenizer == "":
		return doc.Errorf("output.tokenizer", "there is none", "the path of a tokenizer for the format tokens")
	}
	return nil
}

// Sources lists the names of the inputs' sources in order, each once.
func (r *Recipe) Sources() []string {
	var names []string
	for _, in := range r.Inputs {
		if !slices.Contains(names, in.Source) {
			names = append(names, in.Source)
		}
	}
	return names
}

// Env is what the recipe's steps are told.
func (r *Recipe) Env(workers int) corpus.Env {
	return corpus.Env{Seed: r.Seed, Memory: int64(r.Memory), Workers: workers}
}

// Applies tells whether the step is for a document.
func (s *Step) Applies(d *corpus.Document) bool {
	return (len(s.Sources) == 0 || slices.Contains(s.Sources, d.Source)) && (len(s.Languages) == 0 || slices.Contains(s.Languages, d.Lang))
}
