package train

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/checkpoint"
	"github.com/athanor-lm/athanor/dataset"
	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tokenizer"
)

// alphabet is what made-up text is made of; every tokenizer of the tests knows all of it and no more.
const alphabet = "abcdefghij .\n"

// madeUpDocs are documents with something to learn: a few words in random order.
func madeUpDocs(seed uint64, n int) []string {
	rng := rand.New(rand.NewPCG(seed, 0))
	words := []string{"abc", "badge", "fig", "hi", "jab", "dig"}
	docs := make([]string, n)
	for i := range docs {
		var b strings.Builder
		for range 5 + rng.IntN(20) {
			b.WriteString(words[rng.IntN(len(words))])
			b.WriteByte(alphabet[10+rng.IntN(3)])
		}
		docs[i] = b.String()
	}
	return docs
}

// buildData makes a dataset of n made-up documents, a token a character, and returns its directory.
func buildData(tb testing.TB, dir string, seed uint64, n int) string {
	tb.Helper()
	text, out := filepath.Join(dir, fmt.Sprintf("text-%d.jsonl", seed)), filepath.Join(dir, fmt.Sprintf("data-%d", seed))
	var b bytes.Buffer
	for _, doc := range madeUpDocs(seed, n) {
		fmt.Fprintf(&b, "{\"text\":%q}\n", doc)
	}
	if err := os.WriteFile(text, b.Bytes(), 0o644); err != nil {
		tb.Fatal(err)
	}
	tok, err := tokenizer.TrainChars(context.Background(), func(yield func([]byte, error) bool) { yield([]byte(alphabet), nil) })
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := dataset.Build(context.Background(), dataset.BuildConfig{Inputs: []string{text}, Out: out, Tokenizer: tok, ValFraction: 0.2}); err != nil {
		tb.Fatal(err)
	}
	return out
}

// tiny is the run the tests vary.
const tiny = `dir: RUN
steps: 10
dtype: f32
workers: 2
model: {family: gpt2, layers: 2, width: 32, heads: 2, context: 16, dropout: 0.1}
data: {sources: [{path: DATA}], packing: concat}
batch: {sequences: 4, micro: 2}
optimizer: {lr: 0.01}
schedule: {warmup: 2}
validation: {every: 4, sequences: 6}
checkpoint: {every: 3, keep_last: 2}
samples: {every: 5, prompts: ["ab"], tokens: 8}
`

// llama changes tiny's family.
var llama = []string{"model.family=llama", "model.heads=4", "model.kv_heads=2", "model.head_dim=8", "model.tied_head=true"}

// tinyConfig is tiny with changes, in dir, on data.
func tinyConfig(tb testing.TB, dir, data string, set ...string) *Config {
	tb.Helper()
	text := strings.NewReplacer("RUN", dir, "DATA", data).Replace(tiny)
	c, err := ParseConfig("tiny.yaml", []byte(text), set)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// witness is an Observer that remembers, and may act at a step.
type witness struct {
	messages []string
	steps    []int64
	saved    []int64
	samples  int
	plan     Plan
	atStep   func(step int64)
}

func (w *witness) Begin(p Plan)        { w.plan = p }
func (w *witness) Message(text string) { w.messages = append(w.messages, text) }
func (w *witness) Step(r *runlog.Record) {
	w.steps = append(w.steps, r.Step)
	if w.atStep != nil {
		w.atStep(r.Step)
	}
}
func (w *witness) Sampled(int64, []SampleText) { w.samples++ }
func (w *witness) Saved(s *checkpoint.Saved)   { w.saved = append(w.saved, s.Step) }

// finish trains a run to its end, or to a step where it is interrupted, and closes it.
func finish(tb testing.TB, r *Run, err error, w *witness, interruptAt int64) *Summary {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w.atStep = func(step int64) {
		if step == interruptAt {
			cancel()
		}
	}
	s, err := r.Train(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	if err := r.Close(); err != nil {
		tb.Fatal(err)
	}
	return s
}

// trained runs cfg from beginning to end.
func trained(tb testing.TB, cfg *Config) *witness {
	tb.Helper()
	w := &witness{}
	r, err := New(cfg, Options{Observer: w, PeakGFLOPs: -1})
	finish(tb, r, err, w, 0)
	return w
}

// resumed continues the run in dir up to a step where it is interrupted, 0 = to its end.
func resumed(tb testing.TB, dir string, interruptAt int64, set ...string) (*witness, *Summary) {
	tb.Helper()
	w := &witness{}
	r, err := Resume(dir, set, Options{Observer: w, PeakGFLOPs: -1})
	return w, finish(tb, r, err, w, interruptAt)
}

// tensorFiles reads the weights and optimizer state of a run's checkpoint at a step.
func tensorFiles(tb testing.TB, dir string, step int64) map[string][]byte {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, checkpointsDir, checkpoint.DirName(step), "*.safetensors"))
	if err != nil || len(paths) < 2 {
		tb.Fatalf("checkpoint of step %d in %s: %d files of tensors, %v", step, dir, len(paths), err)
	}
	files := map[string][]byte{}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			tb.Fatal(err)
		}
		files[filepath.Base(p)] = data
	}
	return files
}

// sameTensors compares two runs' checkpoints of a step, byte for byte.
func sameTensors(tb testing.TB, what, got, want string, step int64) {
	tb.Helper()
	g, w := tensorFiles(tb, got, step), tensorFiles(tb, want, step)
	if len(g) != len(w) {
		tb.Fatalf("%s: %d files, want %d", what, len(g), len(w))
	}
	for name := range w {
		if !bytes.Equal(g[name], w[name]) {
			tb.Errorf("%s: %s differs at step %d", what, name, step)
		}
	}
}

// records reads a run's metrics.
func records(tb testing.TB, dir string) []runlog.Record {
	tb.Helper()
	recs, err := runlog.ReadMetricsFile(filepath.Join(dir, metricsFile))
	if err != nil {
		tb.Fatal(err)
	}
	return recs
}

func same(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}

// sameRecords checks that two runs logged the same steps, each once, with the same figures but for time and memory.
func sameRecords(tb testing.TB, what, got, want string) {
	tb.Helper()
	g, w := records(tb, got), records(tb, want)
	if len(g) != len(w) {
		tb.Fatalf("%s: %d records, want %d", what, len(g), len(w))
	}
	for i := range w {
		a, b := g[i], w[i]
		if a.Step != int64(i+1) || a.Loss != b.Loss || a.LR != b.LR || !same(a.GradNorm, b.GradNorm) || a.Tokens != b.Tokens || a.Skipped != b.Skipped || a.LossScale != b.LossScale {
			tb.Errorf("%s: record %d is %+v, want %+v", what, i+1, a, b)
		}
		if (a.Val == nil) != (b.Val == nil) || a.Val != nil && *a.Val != *b.Val {
			tb.Errorf("%s: validation of record %d is %+v, want %+v", what, i+1, a.Val, b.Val)
		}
	}
}
