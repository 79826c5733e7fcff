package pipeline

import (
	"github.com/athanor-lm/athanor/corpus/mix"
	"github.com/athanor-lm/athanor/corpus/read"
)

// What report.json says of itself.
const (
	ReportFormat  = "athanor-corpus-report"
	ReportVersion = 1
)

// Summary is what is told about a run: report.json. It holds no clock and no path of the machine but those of the recipe: the same
// recipe on the same inputs gives the same bytes, whatever the number of workers and ranks. Times are in Timings, a file of its own.
type Summary struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Creator string `json:"creator,omitempty"` // program and version
	Name    string `json:"name"`              // of the recipe
	Recipe  string `json:"recipe"`            // hash of steps, models, mix and output: the one of which rows carry the beginning
	Corpus  string `json:"corpus"`            // hash of the recipe and the inputs
	Seed    uint64 `json:"seed"`
	Tasks   int    `json:"tasks"`

	Inputs []InputSummary `json:"inputs"` // in the order of the recipe
	Steps  []StepSummary  `json:"steps"`  // in the order of the recipe
	// Final are the documents that came through all steps, by source and by whether a model wrote them.
	Final []SourceSummary `json:"final"`
	// Mix is how the sources were weighed, nil where every document was taken once.
	Mix     *mix.Plan       `json:"mix,omitempty"`
	Outputs []OutputSummary `json:"outputs"`
}

// BytesPerToken is how many bytes of text a token stands for: what the output's tokenizer made of the text at the end, or else an estimate.
func (s *Summary) BytesPerToken() (bytes float64, counted bool) {
	var all, tokens int64
	for _, f := range s.Final {
		all, tokens = all+f.Bytes, tokens+f.Tokens
	}
	for _, o := range s.Outputs {
		if tokens == 0 && o.Tokens > 0 {
			all, tokens = o.Bytes, o.Tokens
		}
	}
	if tokens == 0 {
		return mix.DefaultBytesPerToken, false
	}
	return float64(all) / float64(tokens), true
}

// Amount measures documents.
type Amount struct {
	Documents int64 `json:"documents"`
	Bytes     int64 `json:"bytes"` // of text, UTF-8
}

func (a *Amount) add(b Amount) {
	a.Documents += b.Documents
	a.Bytes += b.Bytes
}

// InputSummary is what was read of one input of the recipe.
type InputSummary struct {
	Source    string     `json:"source"`
	Synthetic bool       `json:"synthetic,omitempty"`
	Files     int        `json:"files"`
	Size      int64      `json:"size"` // bytes on disk
	Read      read.Stats `json:"read"`
	// SetAside counts the records, and BadFiles the files, that stand in quarantine.jsonl.
	SetAside int64      `json:"set_aside"`
	BadFiles int64      `json:"bad_files"`
	First    []read.Bad `json:"first,omitempty"` // of those set aside, the first few
}

// StepSummary is what a step did.
type StepSummary struct {
	Name     string `json:"name"`
	Use      string `json:"use"`
	Settings string `json:"settings"` // YAML, defaults included
	// In and Out are the documents before and after the step, those it is not for (NotFor) among both.
	In     Amount `json:"in"`
	Out    Amount `json:"out"`
	NotFor Amount `json:"not_for"`
	// Drops are by rule, the most frequent first.
	Drops []DropSummary `json:"drops,omitempty"`
	// Edited measures the documents that were kept with another text; EditedOut is what became of them.
	Edited      Amount       `json:"edited"`
	EditedOut   Amount       `json:"edited_out"`
	EditSamples []EditSample `json:"edit_samples,omitempty"`
	// Counts are the amounts by kind that the step reported, the largest first.
	Counts []NamedCount `json:"counts,omitempty"`
	// Lengths and Languages are of the documents behind the step.
	Lengths   Lengths      `json:"lengths"`
	Languages []NamedCount `json:"languages"` // the largest first; "" = unknown
	// Stats and Charts are what a pass found out about the whole corpus.
	Stats  []NamedValue `json:"stats,omitempty"`
	Charts []Chart      `json:"charts,omitempty"`
}

// DropSummary is what one rule of a step dropped.
type DropSummary struct {
	Rule string `json:"rule"`
	Amount
	Samples []DropSample `json:"samples,omitempty"`
}

// DropSample is a document that was dropped: one of those with the smallest keyed hashes, which makes the choice random and the same in
// every run. Text is its beginning, without personal data.
type DropSample struct {
	ID      string  `json:"id"`
	Source  string  `json:"source"`
	Lang    string  `json:"lang,omitempty"`
	Bytes   int64   `json:"bytes"`
	Value   float64 `json:"value"` // what the rule measured
	Limit   float64 `json:"limit"` // what it wanted
	Partner string  `json:"partner,omitempty"`
	Text    string  `json:"text"`
	Key     uint64  `json:"key"` // the hash
}

// EditSample is a document that was changed, chosen as a DropSample is: the surroundings of the first change, without personal data.
type EditSample struct {
	ID     string `json:"id"`
	Source string `json:"source"`
	Lang   string `json:"lang,omitempty"`
	Before string `json:"before"`
	After  string `json:"after"`
	Key    uint64 `json:"key"`
}

// NamedCount is a count by name.
type NamedCount struct {
	Name string `json:"name"`
	N    int64  `json:"n"`
}

// NamedValue is a number by name.
type NamedValue struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Chart is a distribution: labels with their counts, in order.
type Chart struct {
	Name   string    `json:"name"`
	Labels []string  `json:"labels"`
	Counts []float64 `json:"counts"`
}

// Lengths counts documents by length: element i those of [2^(i-1), 2^i) bytes, element 0 the empty ones.
type Lengths []int64

// SourceSummary is what came through of one source.
type SourceSummary struct {
	Source    string `json:"source"`
	Synthetic bool   `json:"synthetic,omitempty"`
	Amount
	// Tokens counts by the output's tokenizer, 0 where there is none.
	Tokens    int64        `json:"tokens,omitempty"`
	Lengths   Lengths      `json:"lengths"`
	Languages []NamedCount `json:"languages"`
}

// OutputSummary is one output.
type OutputSummary struct {
	Format string `json:"format"`
	Path   string `json:"path"` // below the output directory
	Files  int    `json:"files"`
	Size   int64  `json:"size"` // bytes on disk
	Amount
	Tokens int64 `json:"tokens,omitempty"`
}

// Timings says where the steps' time went: timings.json.
type Timings struct {
	Steps []StepTiming `json:"steps"` // in the order of the recipe
}

// StepTiming is the time of one step, measured on a sample of the documents; of a pass that of deciding.
type StepTiming struct {
	Name  string `json:"name,omitempty"`
	Bytes int64  `json:"bytes"` // of the documents that were timed
	Nanos int64  `json:"nanos"`
}
