package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus/read"
	"github.com/athanor-lm/athanor/dataset"
	"github.com/athanor-lm/athanor/internal/realdata"
)

const mixSteps = testSteps + `mix:
  sources: [{source: web, weight: 3}, {source: books, weight: 1}]
  max_epochs: 2
  order: %s
output: {compression: none}
`

// rows reads the rows below a directory of JSON Lines in the order of the files' names.
func rows(t *testing.T, dir string) []map[string]any {
	t.Helper()
	c, err := read.Open([]string{dir}, read.Options{Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for _, f := range c.Files() {
		data, err := os.ReadFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(data) {
			var row map[string]any
			if err := json.Unmarshal(line, &row); err != nil {
				t.Fatal(err)
			}
			all = append(all, row)
		}
	}
	return all
}

func TestEveryOrderHoldsTheSameMix(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	var want map[string]int
	for _, order := range []string{"input", "interleave", "shuffle"} {
		r := testRecipe(t, dir, fmt.Sprintf(mixSteps, order))
		s := runRecipe(t, r, 2)
		got := map[string]int{}
		webBytes, bytes, early := 0, 0, 0
		all := rows(t, filepath.Join(r.Out, dataDir, formatJSONL))
		for i, row := range all {
			got[row["id"].(string)]++
			bytes += len(row["text"].(string))
			if row["source"] == "web" {
				webBytes += len(row["text"].(string))
				if i < len(all)/4 {
					early++
				}
			}
			if row["recipe"] == "" || row["meta"].(map[string]any)["length"] == nil {
				t.Fatalf("row %v lacks its recipe or a finding", row)
			}
		}
		if share := float64(webBytes) / float64(bytes); math.Abs(share-0.75) > 0.02 {
			t.Errorf("%s: web has %.3f of the bytes, want 0.75", order, share)
		}
		if share := float64(early) / float64(len(all)/4); order != "input" && math.Abs(share-0.75) > 0.08 {
			t.Errorf("%s: web has %.3f of the first quarter's documents, want about 0.75", order, share)
		}
		if p := s.Mix.Parts[0]; p.TakenBytes != int64(webBytes) || p.Source != "web" {
			t.Errorf("%s: the plan took %d bytes of %s, there are %d of web", order, p.TakenBytes, p.Source, webBytes)
		}
		if want == nil {
			want = got
		}
		for id, n := range got {
			if want[id] != n {
				t.Fatalf("%s: document %s is there %d times, want %d", order, id, n, want[id])
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d documents, want %d", order, len(got), len(want))
		}
	}
}

// stamps tells when each file below work was written.
func stamps(t *testing.T, out string) map[string]int64 {
	t.Helper()
	m := map[string]int64{}
	err := filepath.WalkDir(filepath.Join(out, workDir), func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		st, err := e.Info()
		rel, _ := filepath.Rel(out, p)
		m[filepath.ToSlash(rel)] = st.ModTime().UnixNano()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestOnlyWhatChangedIsDoneAgain(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	words := filepath.Join(dir, "words")
	if err := os.WriteFile(words, []byte("a"), 0o666); err != nil {
		t.Fatal(err)
	}
	steps := strings.Replace(testSteps, "{use: test-short, min: 12", "{use: test-short, words: "+words+", min: 12", 1)
	run := func(steps string) map[string]int64 {
		r := testRecipe(t, dir, steps)
		runRecipe(t, r, 2)
		return stamps(t, r.Out)
	}
	// again lists which kinds of files were written anew: stage-0, merge-0, stage-1, write.
	again := func(before, after map[string]int64) string {
		parts := map[string]bool{}
		for name, at := range after {
			if before[name] != at {
				parts[strings.TrimSuffix(strings.Split(name, "/")[1], ".done")] = true
			}
		}
		var list []string
		for _, p := range []string{"stage-0", "merge-0", "stage-1", "write"} {
			if parts[p] {
				list = append(list, p)
			}
		}
		return strings.Join(list, " ")
	}
	a := run(steps)
	b := run(steps)
	if got := again(a, b); got != "" {
		t.Errorf("nothing changed: %s done again", got)
	}
	c := run(strings.Replace(steps, "min: 12", "min: 13", 1))
	if got, want := again(b, c), "stage-1 write"; got != want {
		t.Errorf("the last filter changed: %q done again, want %q", got, want)
	}
	steps = strings.Replace(steps, "min: 12", "min: 13", 1)
	if err := os.WriteFile(words, []byte("b"), 0o666); err != nil {
		t.Fatal(err)
	}
	d := run(steps)
	if got, want := again(c, d), "stage-1 write"; got != want {
		t.Errorf("a word list changed: %q done again, want %q", got, want)
	}
	e := run(steps + "output: {compression: gzip}\n")
	if got, want := again(d, e), "write"; got != want {
		t.Errorf("the output changed: %q done again, want %q", got, want)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "out", dataDir, formatJSONL, "*.zst")); len(left) > 0 {
		t.Errorf("files of the earlier recipe are left: %v", left)
	}
	f := run(strings.Replace(steps, "test-short\n", "test-short\n  min: 11\n", 1))
	if got, want := again(e, f), "stage-0 merge-0 stage-1 write"; got != want {
		t.Errorf("the first filter changed: %q done again, want %q", got, want)
	}
	// A new file at the end of the last input is a task of its own, or joins the last one: the other tasks of stage 0 stand.
	writeInput(t, filepath.Join(dir, "in", "books", "9.jsonl"), 90000, 100)
	g := run(strings.Replace(steps, "test-short\n", "test-short\n  min: 11\n", 1))
	if got := again(f, g); got != "stage-0 merge-0 stage-1 write" {
		t.Errorf("a new file: %q done again", got)
	}
	if f["work/stage-0/00000.docs"] != g["work/stage-0/00000.docs"] {
		t.Error("a new file: the first task of stage 0 was done again")
	}
}

func TestTokensEqualThoseOfTheRows(t *testing.T) {
	tok := realdata.Path(t, "tokenizers/hf-gpt2")
	dir := t.TempDir()
	testInputs(t, dir)
	r := testRecipe(t, dir, fmt.Sprintf(strings.Split(mixSteps, "output:")[0], "shuffle")+fmt.Sprintf("output: {formats: [tokens, parquet], tokenizer: %q, val: 0.1}\n", tok))
	s := runRecipe(t, r, 2)
	if s.Mix.Estimated || s.Final[0].Tokens == 0 {
		t.Errorf("tokens were not counted: %+v", s.Mix)
	}
	m, err := dataset.ReadManifest(filepath.Join(r.Out, dataDir, formatTokens))
	if err != nil {
		t.Fatal(err)
	}
	var docs int64
	for _, split := range m.Splits {
		docs += split.Documents
	}
	if taken := s.Mix.Parts[0].TakenDocuments + s.Mix.Parts[1].TakenDocuments; docs != taken || len(m.Sources) != 2 {
		t.Errorf("%d documents in the shards, of %d sources; the mix took %d of 2", docs, len(m.Sources), taken)
	}
	if len(s.Outputs) != 2 {
		t.Errorf("outputs %+v, want parquet and tokens", s.Outputs)
	}
	if _, err := os.Stat(filepath.Join(r.Out, workDir, rowsDir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the rows are left: %v", err)
	}
	before := tree(t, r.Out)
	runRecipe(t, r, 1)
	sameTree(t, "run again", tree(t, r.Out), before)
	r.Output.Formats = []string{"jsonl", "tokens"}
	r.Output.Compression = "none"
	runRecipe(t, r, 2)
	after := tree(t, r.Out)
	for _, name := range []string{"data/tokens/train.bin", "data/tokens/train.idx", "data/tokens/val.bin"} {
		if len(before[name]) == 0 || after[name] != before[name] {
			t.Errorf("%s has %d bytes made of rows of JSON Lines, and %d others made without", name, len(after[name]), len(before[name]))
		}
	}
	if all := rows(t, filepath.Join(r.Out, dataDir, formatJSONL)); int64(len(all)) != docs {
		t.Errorf("%d documents in the shards, %d rows", docs, len(all))
	}
}

func TestBadFilesAndRecordsAreSetAside(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	bad := filepath.Join(dir, "in", "web", "bad.jsonl")
	if err := os.WriteFile(bad, []byte("{\"text\": \"a good record of some length\"}\nnot json\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(dir, "in", "web", "cut.jsonl.gz")
	if err := os.WriteFile(cut, []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcbH"), 0o666); err != nil {
		t.Fatal(err)
	}
	r := testRecipe(t, dir, testSteps)
	s := runRecipe(t, r, 2)
	in := s.Inputs[0]
	if in.SetAside != 2 || in.BadFiles != 1 || in.Read.Documents != 751 {
		t.Errorf("%d set aside, %d files, %d documents; want 2, 1, 751", in.SetAside, in.BadFiles, in.Read.Documents)
	}
	text := tree(t, r.Out)[quarantineName]
	if !strings.Contains(text, "cut.jsonl.gz") || !strings.Contains(text, "bad.jsonl\",\"line\":2") {
		t.Errorf("the quarantine lacks a file or a line: %s", text)
	}
	r = testRecipe(t, dir, testSteps, "on_bad_file=stop")
	p, err := Open(r, Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "cut.jsonl.gz") {
		t.Errorf("got %v, want an error that names cut.jsonl.gz", err)
	}
}
