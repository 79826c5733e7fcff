package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// workshop is a directory with a corpus, a tokenizer, a dataset, a finished run and its export.
type workshop struct {
	t   *testing.T
	dir string
}

const recipe = `dir: RUN
steps: 6
workers: 1
model: {family: llama, layers: 2, width: 32, heads: 2, kv_heads: 1, context: 16}
data: {sources: [{path: DATA}]}
batch: {sequences: 4}
checkpoint: {every: 2, keep_last: 3}
validation: {sequences: 8}
`

func newWorkshop(t *testing.T) *workshop {
	t.Helper()
	w := &workshop{t, t.TempDir()}
	w.write("corpus.txt", strings.Repeat("the cat sat on the mat. 猫坐在垫子上。\n", 60))
	w.write("run.yaml", strings.NewReplacer("RUN", w.path("run"), "DATA", w.path("data")).Replace(recipe))
	for _, args := range [][]string{
		{"tokenizer", "train", w.path("corpus.txt"), "-o", w.path("tok"), "-v", "280"},
		{"dataset", "build", w.path("corpus.txt"), "-t", w.path("tok"), "-o", w.path("data"), "--split", "tail", "--val", "0.2"},
		{"train", w.path("run.yaml")},
		{"export", w.path("run"), "--out", w.path("hf")},
	} {
		if code, _, stderr := piped("", args...); code != 0 {
			t.Fatalf("%q: exit %d: %s", args, code, stderr)
		}
	}
	return w
}

func (w *workshop) path(name string) string { return filepath.Join(w.dir, name) }

func (w *workshop) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *workshop) read(name string) []byte {
	w.t.Helper()
	data, err := os.ReadFile(w.path(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}

// damaged changes a file for as long as f runs.
func (w *workshop) damaged(name string, damage func([]byte) []byte, f func()) {
	w.t.Helper()
	whole := w.read(name)
	w.write(name, string(damage(slices.Clone(whole))))
	f()
	w.write(name, string(whole))
}

// files lists all there is, to see that a refused command left nothing.
func (w *workshop) files() (all []string) {
	err := filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// refuses runs a command that must fail with every one of the texts in its message, and leave everything as it was.
func (w *workshop) refuses(what string, args, want []string) {
	w.t.Helper()
	before := w.files()
	code, _, stderr := piped("", args...)
	if code == 0 {
		w.t.Errorf("%s: %q succeeded", what, args)
		return
	}
	for _, text := range want {
		if !strings.Contains(stderr, text) {
			w.t.Errorf("%s: exit %d: %s\nwant %q in it", what, code, stderr, text)
		}
	}
	if strings.Contains(stderr, "goroutine ") {
		w.t.Errorf("%s: a panic: %s", what, stderr)
	}
	if after := w.files(); !slices.Equal(before, after) {
		w.t.Errorf("%s: left behind %q", what, slices.DeleteFunc(after, func(p string) bool { return slices.Contains(before, p) }))
	}
}

func flip(at int) func([]byte) []byte {
	return func(b []byte) []byte {
		b[(at+len(b))%len(b)] ^= 4
		return b
	}
}

func cut(b []byte) []byte { return b[:len(b)-3] }

func TestBadConfigurationsAreRefused(t *testing.T) {
	w := newWorkshop(t)
	for _, tc := range []struct {
		what, set string
		want      []string
	}{
		{"wrong type", "steps=many", []string{"steps", "many"}},
		{"impossible heads", "model.heads=5", []string{"model.heads", "5", "want"}},
		{"batch larger than data", "batch.sequences=4000", []string{"batch.sequences is 4000", "samples of 16 tokens", "want at most"}},
		{"sample larger than corpus", "model.context=100000", []string{"tokens, fewer than one sample of 100000+1"}},
		{"memory", "memory_gb=0.0001", []string{"memory_gb is 97.7 KiB", "the run would take", "weights"}},
		{"vocabulary", "model.vocab=100", []string{"model.vocab is 100", "280 ids"}},
		{"no dataset", "data.sources=[{path: " + w.path("none") + "}]", []string{w.path("none")}},
	} {
		w.refuses(tc.what, []string{"train", w.path("run.yaml"), "--set", "dir=" + w.path("new"), "--set", tc.set}, tc.want)
	}
	for what, edit := range map[string][3]string{
		"unknown key": {"steps: 6", "stepz: 6", "bad.yaml:2: stepz: unknown key"},
		"wrong type":  {"steps: 6", "steps: six", "bad.yaml:2: steps"},
		"list":        {"batch: {sequences: 4}", "batch: [4]", "bad.yaml:6: batch"},
		"not YAML":    {"steps: 6", "steps: [6", "bad.yaml:"},
	} {
		w.write("bad.yaml", strings.Replace(strings.Replace(string(w.read("run.yaml")), w.path("run"), w.path("new"), 1), edit[0], edit[1], 1))
		w.refuses(what, []string{"train", w.path("bad.yaml")}, []string{edit[2]})
	}
	w.refuses("the run exists", []string{"train", w.path("run.yaml")}, []string{"already holds a run", "--resume " + w.path("run")})
	w.refuses("no run", []string{"train", "--resume", w.path("data")}, []string{"holds no run", "config.yaml"})
}

func TestBadCorporaAreRefused(t *testing.T) {
	w := newWorkshop(t)
	w.write("empty.txt", "")
	w.refuses("empty corpus", []string{"dataset", "build", w.path("empty.txt"), "-t", w.path("tok"), "-o", w.path("new")}, []string{"the corpus is empty"})
	w.refuses("empty corpus", []string{"tokenizer", "train", w.path("empty.txt"), "-o", w.path("new")}, []string{"no text"})
	w.refuses("no corpus", []string{"dataset", "build", w.path("none.txt"), "-t", w.path("tok"), "-o", w.path("new")}, []string{"none.txt"})
	w.refuses("no tokenizer", []string{"dataset", "build", w.path("corpus.txt"), "-t", w.path("none"), "-o", w.path("new")}, []string{w.path("none")})

	w.write("damaged.txt", strings.Repeat("café au\xff lait, naïve\xfe\n", 40))
	code, _, stderr := piped("", "dataset", "build", w.path("damaged.txt"), "-t", w.path("tok"), "-o", w.path("damaged"), "--split", "tail", "--val", "0.2")
	if code != 0 || !strings.Contains(stderr, "1 documents hold 80 bytes that are not UTF-8; they were kept") {
		t.Errorf("invalid UTF-8: exit %d, %s, want the bytes counted and kept", code, stderr)
	}
	if code, out, stderr := piped("", "dataset", "info", w.path("damaged"), "--sample", "1"); code != 0 || !strings.Contains(out, "au\ufffd lait") {
		t.Errorf("invalid UTF-8: exit %d, %s%s", code, out, stderr)
	}
	w.write("latin1.txt", strings.Repeat("caf\xe9 au lait, na\xefve\n", 40))
	code, _, stderr = piped("", "dataset", "build", w.path("latin1.txt"), "-t", w.path("tok"), "-o", w.path("latin1"), "--split", "tail", "--val", "0.2")
	if code != 0 || !strings.Contains(stderr, "1 documents were in other character sets and became UTF-8") {
		t.Errorf("Latin-1: exit %d, %s, want the document counted", code, stderr)
	}
	if code, out, stderr := piped("", "dataset", "info", w.path("latin1"), "--sample", "1"); code != 0 || !strings.Contains(out, "café au lait, naïve") {
		t.Errorf("Latin-1: exit %d, %s%s", code, out, stderr)
	}
}

func TestDamagedDataIsRefused(t *testing.T) {
	w := newWorkshop(t)
	train := []string{"train", w.path("run.yaml"), "--set", "dir=" + w.path("new")}
	for _, tc := range []struct {
		what, file string
		damage     func([]byte) []byte
		want       []string
	}{
		{"truncated shard", "data/train.bin", cut, []string{"data/train.bin", "bytes, want"}},
		{"bit-flipped shard", "data/train.bin", flip(100), []string{"data/train.bin", "SHA-256", "damaged"}},
		{"truncated index", "data/train.idx", cut, []string{"data/train.idx"}},
		{"bit-flipped index", "data/train.idx", flip(12), []string{"data/train"}},
		{"truncated manifest", "data/manifest.json", cut, []string{"data/manifest.json"}},
		{"bit-flipped tokenizer", "data/tokenizer/tokenizer.json", flip(-200), []string{"data/tokenizer/tokenizer.json"}},
	} {
		w.damaged(tc.file, tc.damage, func() { w.refuses(tc.what, train, tc.want) })
	}
}

func TestDamagedCheckpointsArePassedOverOrRefused(t *testing.T) {
	w := newWorkshop(t)
	ck := func(step int, file string) string { return fmt.Sprintf("run/checkpoints/step-%08d/%s", step, file) }
	const weights = "weights-00001-of-00001.safetensors"
	generate := []string{"generate", w.path("run"), "-p", "the", "-n", "4"}
	for what, d := range map[string]func([]byte) []byte{"truncated": cut, "bit-flipped": flip(-9)} {
		for _, file := range []string{weights, "manifest.json"} {
			w.damaged(ck(6, file), d, func() {
				if code, _, stderr := piped("", generate...); code != 0 || !strings.Contains(stderr, "step-00000006 was passed over") {
					t.Errorf("%s %s: exit %d, %s, want the checkpoint before it", what, file, code, stderr)
				}
				w.refuses(what, []string{"generate", w.path("run/checkpoints/step-00000006"), "-p", "the"}, []string{"step-00000006", file})
			})
		}
	}
	w.damaged(ck(6, weights), flip(-9), func() {
		w.damaged(ck(4, weights), cut, func() {
			w.damaged(ck(2, "manifest.json"), cut, func() {
				want := []string{"no valid checkpoint", "3 are damaged", "step-00000006/" + weights, "SHA-256"}
				w.refuses("all damaged", generate, want)
				w.refuses("all damaged", []string{"train", "--resume", w.path("run")}, want)
				w.refuses("all damaged", []string{"export", w.path("run"), "--out", w.path("new")}, want)
			})
		})
	})
	// Resuming takes the step again that was lost, and ends with the same bytes.
	whole := w.read(ck(6, weights))
	w.write(ck(6, weights), string(flip(-9)(slices.Clone(whole))))
	if code, _, stderr := piped("", "train", "--resume", w.path("run")); code != 0 || !strings.Contains(stderr, "step-00000006 was passed over") {
		t.Fatalf("resume: exit %d, %s", code, stderr)
	}
	if string(w.read(ck(6, weights))) != string(whole) {
		t.Error("the steps taken again gave other weights")
	}
}

func TestDamagedModelsAreRefused(t *testing.T) {
	w := newWorkshop(t)
	huge := func(b []byte) []byte {
		binary.LittleEndian.PutUint64(b, 1<<60)
		return b
	}
	for _, tc := range []struct {
		what, file string
		damage     func([]byte) []byte
		want       []string
	}{
		{"header of 2^60 bytes", "hf/model.safetensors", huge, []string{"model.safetensors", "1152921504606846976"}},
		{"truncated weights", "hf/model.safetensors", cut, []string{"model.safetensors"}},
		{"bit-flipped header", "hf/model.safetensors", flip(9), []string{"model.safetensors"}},
		{"no weights", "hf/model.safetensors", func([]byte) []byte { return nil }, []string{"model.safetensors"}},
		{"truncated configuration", "hf/config.json", cut, []string{"config.json"}},
		{"vocabulary of the weights", "hf/config.json", func(b []byte) []byte {
			return []byte(strings.Replace(string(b), `"vocab_size": 280`, `"vocab_size": 200`, 1))
		}, []string{"280", "200"}},
	} {
		w.damaged(tc.file, tc.damage, func() {
			w.refuses(tc.what, []string{"generate", w.path("hf"), "-p", "the"}, tc.want)
			w.refuses(tc.what, []string{"import", w.path("hf"), "--out", w.path("new")}, tc.want)
			w.refuses(tc.what, []string{"train", w.path("run.yaml"), "--set", "dir=" + w.path("new"), "--set", "model.init_from=" + w.path("hf")}, tc.want)
		})
	}
	if code, _, stderr := piped("", "tokenizer", "train", w.path("corpus.txt"), "-o", w.path("bigger"), "-v", "290"); code != 0 {
		t.Fatal(stderr)
	}
	w.damaged("hf/tokenizer.json", func([]byte) []byte { return w.read("bigger/tokenizer.json") }, func() {
		w.refuses("vocabulary of the tokenizer", []string{"generate", w.path("hf"), "-p", "the"}, []string{"289", "vocabulary of 280", "do not belong together"})
	})
	w.refuses("no model", []string{"generate", w.path("none"), "-p", "the"}, []string{"none", "no such file"})
	w.refuses("not a model", []string{"generate", w.path("data/tokenizer"), "-p", "the"}, []string{"want a run directory"})
	w.refuses("no room", []string{"export", w.path("run"), "--out", w.path("data")}, []string{"not empty"})
	w.refuses("prompt too long", []string{"generate", w.path("run"), "-p", strings.Repeat("x y z ", 50)}, []string{"the model's context is 16"})
}
