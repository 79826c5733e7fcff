package pipeline

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/mix"
	"github.com/cespare/xxhash/v2"
)

// Steps of the tests' own: a filter that drops short texts, one that changes texts, and a pass that drops copies.
func init() {
	kinds["test-short"] = settings(func() testShort { return testShort{Min: 10} })
	kinds["test-upper"] = settings(func() testUpper { return testUpper{} })
	kinds["test-waits"] = settings(func() testWaits { return testWaits{} })
	kinds["test-copies"] = settings(func() testCopies { return testCopies{} })
}

type testShort struct {
	Min   int    `yaml:"min"`
	Words string `yaml:"words"` // a file
}

func (s *testShort) Validate() error {
	if s.Min < 0 {
		return fmt.Errorf("min: %d, want 0 or more", s.Min)
	}
	return nil
}

func (s *testShort) Files() []string {
	if s.Words == "" {
		return nil
	}
	return []string{s.Words}
}

func (s *testShort) Open(corpus.Env) (func() corpus.Filter, error) {
	return func() corpus.Filter { return s }, nil
}

func (s *testShort) Apply(d *corpus.Document, r *corpus.Report) {
	if n := len(d.Text()); n < s.Min {
		r.Drop("short", float64(n), float64(s.Min))
	}
	d.Set("length", float64(len(d.Text())))
}

type testUpper struct{}

func (*testUpper) Validate() error { return nil }
func (*testUpper) Files() []string { return nil }
func (u *testUpper) Open(corpus.Env) (func() corpus.Filter, error) {
	return func() corpus.Filter { return u }, nil
}

func (*testUpper) Apply(d *corpus.Document, r *corpus.Report) {
	n := strings.Count(d.Text(), "a")
	r.Add("letters", int64(n))
	if n > 0 {
		d.SetText(strings.ReplaceAll(d.Text(), "a", "A"))
	}
}

// testWaits is opened for as long as the run goes on, where there is one.
type testWaits struct{ testUpper }

func (w *testWaits) Open(env corpus.Env) (func() corpus.Filter, error) {
	if env.Context == nil {
		return w.testUpper.Open(env)
	}
	<-env.Opening().Done()
	return nil, env.Opening().Err()
}

// testCopies keeps the first of equal texts. A decision is a byte a document.
type testCopies struct{}

func (*testCopies) Validate() error                        { return nil }
func (*testCopies) Files() []string                        { return nil }
func (c *testCopies) Open(corpus.Env) (corpus.Pass, error) { return c, nil }
func (c *testCopies) Collector() corpus.Collector          { return c }

func (*testCopies) Collect(dst []byte, d *corpus.Document) []byte {
	return binary.LittleEndian.AppendUint64(dst, xxhash.Sum64String(d.Text()))
}

func (*testCopies) Merge(_ context.Context, m corpus.Merge) error {
	seen := map[string]bool{}
	copies := 0
	for t, open := range m.Tasks {
		r, err := open()
		if err != nil {
			return err
		}
		var decisions []byte
		for {
			rec, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
			if seen[string(rec)] {
				decisions = append(decisions, 1)
				copies++
				continue
			}
			seen[string(rec)] = true
			decisions = append(decisions, 0)
		}
		r.Close()
		if err := os.WriteFile(filepath.Join(m.Dir, fmt.Sprint(t)), decisions, 0o666); err != nil {
			return err
		}
	}
	m.Stats("copies", float64(copies))
	m.Chart("copies", []string{"kept", "dropped"}, []float64{float64(len(seen)), float64(copies)})
	return nil
}

type testDecisions struct{ b *bytes.Reader }

func (*testCopies) Decisions(dir string, task int) (corpus.Decisions, error) {
	data, err := os.ReadFile(filepath.Join(dir, fmt.Sprint(task)))
	return testDecisions{bytes.NewReader(data)}, err
}

func (t testDecisions) Decide(d *corpus.Document, r *corpus.Report) error {
	c, err := t.b.ReadByte()
	if err != nil {
		return errors.New("more documents than decisions")
	}
	if c == 1 {
		r.Drop("copy", 0, 0)
	}
	return nil
}

func (t testDecisions) Close() error {
	if t.b.Len() > 0 {
		return errors.New("more decisions than documents")
	}
	return nil
}

// writeInput writes n documents, some of them short and some copies, to a JSON Lines file.
func writeInput(tb testing.TB, path string, from, n int) {
	tb.Helper()
	var b bytes.Buffer
	for i := from; i < from+n; i++ {
		text := fmt.Sprintf("document number %d says that a cat sat on a mat %s", i, strings.Repeat("and more ", i%7))
		switch {
		case i%10 == 3:
			text = "short"
		case i%10 == 7:
			text = fmt.Sprintf("a copy of text %d that comes again", i%40)
		}
		row, err := json.Marshal(map[string]any{"id": fmt.Sprint("d", i), "text": text, "title": fmt.Sprint("T", i)})
		if err != nil {
			tb.Fatal(err)
		}
		b.Write(append(row, '\n'))
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		tb.Fatal(err)
	}
}

// testRecipe parses a recipe with inputs from dir/in and output to dir/out.
func testRecipe(tb testing.TB, dir, steps string, overrides ...string) *Recipe {
	tb.Helper()
	text := fmt.Sprintf("out: %s\nseed: 7\ntask_size: 20KB\ninputs:\n- {source: web, paths: [%q]}\n- {source: books, paths: [%q], lang: en}\n%s",
		filepath.Join(dir, "out"), filepath.Join(dir, "in", "web"), filepath.Join(dir, "in", "books"), steps)
	r, err := ParseRecipe("r.yaml", []byte(text), overrides)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

const testSteps = `steps:
- use: test-short
- use: test-copies
- {use: test-upper, languages: [en]}
- {use: test-short, min: 12, sources: [web]}
`

// testInputs writes inputs of several files.
func testInputs(tb testing.TB, dir string) {
	tb.Helper()
	for i := range 5 {
		writeInput(tb, filepath.Join(dir, "in", "web", fmt.Sprintf("%d.jsonl", i)), 1000*i, 150)
	}
	for i := range 3 {
		writeInput(tb, filepath.Join(dir, "in", "books", fmt.Sprintf("%d.jsonl", i)), 10000+1000*i, 100)
	}
}

func runRecipe(tb testing.TB, r *Recipe, workers int) *Summary {
	tb.Helper()
	p, err := Open(r, Options{Workers: workers})
	if err != nil {
		tb.Fatal(err)
	}
	s, err := p.Run(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// tree reads the files below dir, but for those below work and for the times.
func tree(tb testing.TB, dir string) map[string]string {
	tb.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		if e.IsDir() {
			if rel == workDir {
				return filepath.SkipDir
			}
			return nil
		}
		if rel == timingsName {
			return nil
		}
		data, err := os.ReadFile(p)
		files[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

func sameTree(tb testing.TB, what string, got, want map[string]string) {
	tb.Helper()
	for name := range want {
		if got[name] != want[name] {
			tb.Errorf("%s: %s differs (%d bytes, want %d)", what, name, len(got[name]), len(want[name]))
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			tb.Errorf("%s: %s is there, and should not be", what, name)
		}
	}
}

// stopper cancels a run when the second stage begins.
type stopper struct{ cancel func() }

func (s *stopper) Progress(p Progress) {
	if strings.HasPrefix(p.Part, "stage 1") {
		s.cancel()
	}
}
func (*stopper) Note(string)    {}
func (*stopper) Plan(*mix.Plan) {}
