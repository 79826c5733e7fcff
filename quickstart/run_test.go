package quickstart

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/checkpoint"
	"github.com/athanor-lm/athanor/dataset"
	"github.com/athanor-lm/athanor/pretrained"
	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/train"
)

// seen is an Observer that remembers, and does something at a given event.
type seen struct {
	events []string
	texts  []Text
	at     string
	do     func()
}

func (s *seen) event(name string) {
	if len(s.events) == 0 || s.events[len(s.events)-1] != name {
		s.events = append(s.events, name)
	}
	if name == s.at {
		s.do()
	}
}

func (s *seen) Collected(*Corpus)                 { s.event("collected") }
func (s *seen) Progress(g Stage, _, _ int64)      { s.event(string(g)) }
func (s *seen) Built(*dataset.Manifest)           { s.event("built") }
func (s *seen) Compressed([]Baseline)             { s.event("compressed") }
func (s *seen) Calibrated(Calibration)            { s.event("calibrated") }
func (s *seen) Wrote(t []Text)                    { s.event("wrote"); s.texts = t }
func (s *seen) Begin(train.Plan)                  { s.event("begin") }
func (s *seen) Step(r *runlog.Record)             { s.event("step") }
func (s *seen) Saved(*checkpoint.Saved)           { s.event("saved") }
func (s *seen) Sampled(int64, []train.SampleText) {}
func (s *seen) Message(string)                    {}

// tinyCorpus writes a folder of made-up functions that are easy to learn.
func tinyCorpus(tb testing.TB, ext string) string {
	tb.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	verbs, nouns := []string{"Read", "Write", "Open", "Close", "Parse"}, []string{"File", "Line", "Token", "Table", "Page"}
	dir := filepath.Join(tb.TempDir(), "corpus")
	for i := range 150 {
		var b strings.Builder
		b.WriteString("package tiny\n")
		for range 12 {
			v, n := verbs[rng.IntN(5)], nouns[rng.IntN(5)]
			fmt.Fprintf(&b, "\n// %s%s calls %s.\nfunc %s%s(n int) error {\n\treturn %s(n, %d)\n}\n", v, n, strings.ToLower(n), v, n, strings.ToLower(n), rng.IntN(50))
		}
		writeFile(tb, filepath.Join(dir, fmt.Sprintf("f%03d%s", i, ext)), b.String())
	}
	return dir
}

func TestQuickstartTakesTextToAModelThatWrites(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "quick")
	watch := &seen{}
	res, err := Run(context.Background(), Config{Dir: dir, Corpus: tinyCorpus(t, ".go"), Seconds: 1.5, Creator: "test"}, watch)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(watch.events, " "); !strings.Contains(got, "collected "+string(Counting)) || !strings.Contains(got, string(Encoding)+" built compressed calibrated begin step saved wrote") {
		t.Errorf("events: %s", got)
	}
	if res.Interrupted || !res.Corpus.Go || res.Corpus.Documents != 150 || len(res.Texts) != len(goPrompts) {
		t.Errorf("result %+v", res)
	}
	val, gzip := res.Training.Totals.LastVal, res.Baselines[0]
	if val == nil || !(val.BitsPerByte > 0.01 && val.BitsPerByte < 8) || gzip.TextBytes < 5000 {
		t.Errorf("validation %+v beside %+v", val, gzip)
	}
	src, err := pretrained.Open(res.Hub)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if _, err := src.Tokenizer(); err != nil || src.Config.Vocab != res.Manifest.Tokenizer.VocabSize {
		t.Errorf("export: %v, vocabulary %d, want %d", err, src.Config.Vocab, res.Manifest.Tokenizer.VocabSize)
	}

	// a second one is refused, and nothing of the first is touched
	if _, err := Run(context.Background(), Config{Dir: dir, Corpus: tinyCorpus(t, ".go"), Seconds: 1}, &seen{}); err == nil || !strings.Contains(err.Error(), "--overwrite") {
		t.Errorf("second: %v", err)
	}
	if _, err := os.Stat(filepath.Join(res.Hub, "model.safetensors")); err != nil {
		t.Error(err)
	}
	// with overwrite it is replaced, with what a killed one left half made
	remnant := filepath.Join(dir, "."+dataDir+".building-1")
	if err := os.Mkdir(remnant, 0o755); err != nil {
		t.Fatal(err)
	}
	res, err = Run(context.Background(), Config{Dir: dir, Overwrite: true, Corpus: tinyCorpus(t, ".txt"), Seconds: 0.01}, &seen{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(remnant); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the remnant: %v", err)
	}
	if res.Corpus.Go || len(res.Texts) != promptCount || !strings.HasPrefix(res.Texts[0].Prompt, "package") || res.Training.Step != leastSteps {
		t.Errorf("text corpus: %+v after %d steps", res.Texts, res.Training.Step)
	}
}

func TestQuickstartRunsTheRecipe(t *testing.T) {
	w := &workflow{cfg: Config{Dir: "x"}}
	recipe, err := train.LoadConfig("../examples/quickstart.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.recipe(recipe.Steps)
	if err != nil {
		t.Fatal(err)
	}
	if got.Dir != filepath.Join("x", "run") || got.Data.Sources[0].Path != filepath.Join("x", "data") {
		t.Errorf("dir %s, data %s", got.Dir, got.Data.Sources[0].Path)
	}
	got.Dir, got.Data.Sources[0].Path = recipe.Dir, recipe.Data.Sources[0].Path
	if !reflect.DeepEqual(got, recipe) {
		t.Errorf("quickstart runs\n%+v, the recipe is\n%+v", got, recipe)
	}
	if other, err := w.recipe(2 * recipe.Steps); err != nil || other.Steps != 2*recipe.Steps || other.Schedule.Warmup <= recipe.Schedule.Warmup {
		t.Errorf("twice the steps: %+v, %v", other, err)
	}
}

func TestQuickstartInterrupted(t *testing.T) {
	corpus := tinyCorpus(t, ".go")
	for _, at := range []string{"collected", string(Counting), string(Encoding), "compressed", "calibrated"} {
		dir := filepath.Join(t.TempDir(), "quick")
		ctx, cancel := context.WithCancel(context.Background())
		watch := &seen{at: at, do: cancel}
		res, err := Run(ctx, Config{Dir: dir, Corpus: corpus, Seconds: 0.01}, watch)
		if at == "calibrated" { // training has begun: there is a checkpoint to go on from
			if err != nil || !res.Interrupted || !res.Training.Interrupted {
				t.Fatalf("%s: %+v, %v", at, res, err)
			}
			run, err := train.Resume(res.Run, nil, train.Options{Observer: &seen{}, PeakGFLOPs: -1})
			if err != nil {
				t.Fatal(err)
			}
			if err := run.Close(); err != nil {
				t.Error(err)
			}
			continue
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", at, err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %s was left behind (%v)", at, dir, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	dir := filepath.Join(t.TempDir(), "quick")
	res, err := Run(ctx, Config{Dir: dir, Corpus: corpus, Seconds: 0.01}, &seen{at: "wrote", do: cancel})
	if err != nil || !res.Interrupted || res.Training.Interrupted || res.Hub != "" {
		t.Errorf("while writing: %+v, %v", res, err)
	}
}

func TestQuickstartRefusals(t *testing.T) {
	base := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(base, filepath.FromSlash(name))
		writeFile(t, path, text)
		return path
	}
	small := filepath.Dir(write("small/a.txt", strings.Repeat("too small ", 20)))
	empty := filepath.Dir(write("empty/a.txt", ""))
	binary := filepath.Dir(write("binary/a.bin", "\x00\x01"))
	mine := filepath.Dir(write("mine/notes.md", "keep"))
	data := filepath.Dir(filepath.Dir(write("work/data/mine.csv", "keep")))
	good := tinyCorpus(t, ".txt")
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Corpus: filepath.Join(base, "absent"), Seconds: 1}, "no such file"},
		{Config{Corpus: small, Seconds: 1}, "more text"},
		{Config{Corpus: empty, Seconds: 1}, "no text"},
		{Config{Corpus: binary, Seconds: 1}, "no readable file"},
		{Config{Corpus: good, Seconds: 0}, "want more than 0"},
		{Config{Corpus: good, Seconds: 1, Dir: mine, Overwrite: true}, "notes.md"},
		{Config{Corpus: good, Seconds: 1, Dir: data, Overwrite: true}, "which no quickstart made"},
	} {
		own := c.cfg.Dir != ""
		if !own {
			c.cfg.Dir = filepath.Join(base, "out")
		}
		_, err := Run(context.Background(), c.cfg, &seen{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.cfg, err, c.want)
		}
		if _, err := os.Stat(c.cfg.Dir); own == errors.Is(err, os.ErrNotExist) {
			t.Errorf("%+v: the directory: %v", c.cfg, err)
		}
	}
	t.Setenv("PATH", "")
	if _, err := Run(context.Background(), Config{Dir: filepath.Join(base, "out"), Seconds: 1}, &seen{}); err == nil || !strings.Contains(err.Error(), "--corpus") {
		t.Errorf("without go: %v", err)
	}
}

func TestHeldOutShare(t *testing.T) {
	for _, c := range []struct {
		docs, bytes int64
		least, most float64 // of the share
		by          dataset.SplitBy
	}{
		{5000, 44e6, 0.01, 0.01, dataset.ByHash},
		{1e6, 4e9, 0.0002, 0.0003, dataset.ByHash},
		{1, 1 << 20, 0.1, 0.125, dataset.ByTail},
		{300, 100e3, 0.1, 0.1, dataset.ByHash},
		{0, 0, 0.1, 0.1, dataset.ByTail},
	} {
		if share, by := holdOut(c.docs, c.bytes); share < c.least || share > c.most || by != c.by {
			t.Errorf("%d documents, %d bytes: %v by %s", c.docs, c.bytes, share, by)
		}
	}
}

func TestPromptsAreBeginnings(t *testing.T) {
	for text, want := range map[string]string{
		"\n\n  It is a truth universally acknowledged": "It is a truth",
		"第一条　为了规范民事法律行为，保护民事主体的合法权益，调整民事关系":            "第一条　为了规范民事法律行为，保护民事主体的合法",
		"short\nline": "short",
		"\xff\xfe":    "",
	} {
		if got := beginning([]byte(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := beginnings([][]byte{nil}); len(got) != 1 || got[0] == "" {
		t.Errorf("no beginnings: %q", got)
	}
}
