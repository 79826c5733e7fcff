package train

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/checkpoint"
	"github.com/athanor-lm/athanor/dataset"
	"github.com/athanor-lm/athanor/tokenizer"
)

func TestRefusalsLeaveNothingBehind(t *testing.T) {
	dir := t.TempDir()
	data, base := buildData(t, dir, 1, 60), filepath.Join(dir, "base")
	trained(t, tinyConfig(t, base, data))
	few := buildData(t, dir, 3, 4)
	for _, tc := range []struct {
		name string
		set  []string
		want []string
	}{
		{"other shapes", []string{"model.init_from=" + base, "model.width=64"}, []string{"model.init_from", "width is 32, want 64"}},
		{"other heads", []string{"model.init_from=" + base, "model.heads=4"}, []string{"model.init_from", "heads is 2, want 4"}},
		{"other vocabulary", []string{"model.init_from=" + base, "model.vocab=20"}, []string{"embed.weight [13 32], want [20 32]"}},
		{"small vocabulary", []string{"model.vocab=9"}, []string{"model.vocab is 9", "13 ids"}},
		{"no such model", []string{"model.init_from=" + dir + "/none"}, []string{"model.init_from", "none"}},
		{"no dataset", []string{"data.sources=[{path: " + dir + "/none}]"}, []string{"none is not there; athanor dataset build makes a dataset", "no such file"}},
		{"batch larger than data", []string{"data.sources=[{path: " + few + "}]", "batch.sequences=4096"}, []string{"batch.sequences is 4096", "samples of 16 tokens"}},
		{"sample larger than data", []string{"data.sources=[{path: " + few + "}]", "model.context=4096", "data.sequence=4096"}, []string{"fewer than one sample of 4096+1"}},
		{"prompt longer than the context", []string{"samples.prompts=[ab, abcdefghijabcdefghij]"}, []string{"samples", "prompt 2 has 20 tokens", "context is 16"}},
		{"memory", []string{"memory_gb=0.001"}, []string{"memory_gb is 977 KiB", "weights", "no micro-batch is small enough"}},
		{"rotation tables of a terabyte", []string{"memory_gb=1", "model.family=llama", "data.sequence=16", "model.context=200000000", "model.head_dim=1280"}, []string{"at least", "runtime 954 GiB"}},
		{"samples", []string{"memory_gb=1", "model.layers=1000", "model.family=llama", "data.sequence=16", "model.context=2000", "samples.tokens=1900", "samples.prompts=[ab, ab, ab, ab, ab, ab]"}, []string{"+ samples 2."}},
	} {
		run := filepath.Join(dir, "run")
		_, err := New(tinyConfig(t, run, data, tc.set...), Options{Observer: &witness{}, PeakGFLOPs: -1})
		if err == nil {
			t.Errorf("%s: not refused", tc.name)
			continue
		}
		for _, want := range tc.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v\nwant %q in it", tc.name, err, want)
			}
		}
		if _, err := os.Stat(run); !os.IsNotExist(err) {
			t.Fatalf("%s: the run directory was left behind", tc.name)
		}
	}
	for name, cfg := range map[string]*Config{"the run": tinyConfig(t, base, data), "checkpoints without a run": tinyConfig(t, filepath.Join(dir, "other"), data)} {
		if name != "the run" {
			if err := os.MkdirAll(filepath.Join(cfg.Dir, checkpointsDir, checkpoint.DirName(0)), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := New(cfg, Options{Observer: &witness{}, PeakGFLOPs: -1}); err == nil || !strings.Contains(err.Error(), "already holds") {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
}

// A dry run refuses what a start would refuse.
func TestPrepareRefusesWhatNewRefuses(t *testing.T) {
	dir := t.TempDir()
	data, base := buildData(t, dir, 1, 60), filepath.Join(dir, "base")
	trained(t, tinyConfig(t, base, data))
	for _, tc := range []struct{ run, set, want string }{
		{base, "steps=10", "already holds a run"},
		{"", "model.init_from=" + filepath.Join(dir, "nowhere"), "model.init_from"},
		{"", "model.layers=3&model.init_from=" + base, "layers is 2, want 3"},
		{"", "samples.prompts=[abcdefghijabcdefghij]", "samples: generate: prompt 1 has 20 tokens"},
		{"", "memory_gb=0.01", "would take"},
	} {
		run := cmp.Or(tc.run, filepath.Join(dir, "run"))
		for name, f := range map[string]func(*Config, Options) (*Run, error){"Prepare": Prepare, "New": New} {
			r, err := f(tinyConfig(t, run, data, strings.Split(tc.set, "&")...), Options{Observer: &witness{}, PeakGFLOPs: -1})
			if err == nil {
				r.Close()
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s with %s: %v, want %q", name, tc.set, err, tc.want)
			}
		}
	}
}

// Documents of one token have no token that is predicted from another.
func TestValidationWithoutLabelsIsRefused(t *testing.T) {
	dir := t.TempDir()
	text, held, out := filepath.Join(dir, "text.jsonl"), filepath.Join(dir, "held.jsonl"), filepath.Join(dir, "data")
	for file, doc := range map[string]string{text: strings.Repeat("abc", 200), held: "a"} {
		if err := os.WriteFile(file, []byte(strings.Repeat(`{"text":"`+doc+`"}`+"\n", 20)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tok, err := tokenizer.TrainChars(context.Background(), func(yield func([]byte, error) bool) { yield([]byte(alphabet), nil) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dataset.Build(context.Background(), dataset.BuildConfig{Inputs: []string{text}, ValInputs: []string{held}, Out: out, Tokenizer: tok}); err != nil {
		t.Fatal(err)
	}
	_, err = Prepare(tinyConfig(t, filepath.Join(dir, "run"), out, "data.packing=documents"), Options{Observer: &witness{}, PeakGFLOPs: -1})
	if err == nil || !strings.Contains(err.Error(), "no loss to compute") {
		t.Errorf("%v, want that nothing is predicted", err)
	}
}

func TestMemoryRefusalSaysWhatFits(t *testing.T) {
	dir := t.TempDir()
	data := buildData(t, dir, 1, 200)
	set := []string{"batch.sequences=64", "batch.micro=64", "model.layers=8", "model.width=64"}
	o := Options{Observer: &witness{}, PeakGFLOPs: -1}
	r, err := Prepare(tinyConfig(t, filepath.Join(dir, "run"), data, set...), o)
	if err != nil {
		t.Fatal(err)
	}
	mem := r.Plan().Memory
	r.Close()
	limit := float64(mem.Total()-mem.Activations/2) / 1e9
	_, err = New(tinyConfig(t, filepath.Join(dir, "run"), data, append(set, fmt.Sprintf("memory_gb=%.6f", limit))...), o)
	if err == nil || !strings.Contains(err.Error(), "what would fit: batch.micro=") {
		t.Fatalf("got %v, want a smaller micro-batch named", err)
	}
	// What it names must indeed be accepted.
	var micro int
	var recompute bool
	if _, e := fmt.Sscanf(err.Error()[strings.Index(err.Error(), "batch.micro="):], "batch.micro=%d with recompute=%t", &micro, &recompute); e != nil {
		t.Fatal(e)
	}
	set = append(set, fmt.Sprintf("memory_gb=%.6f", limit), fmt.Sprintf("batch.micro=%d", micro), fmt.Sprintf("recompute=%t", recompute))
	r, err = Prepare(tinyConfig(t, filepath.Join(dir, "run"), data, set...), o)
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
}

func TestResumeRefusesWhatWouldNotContinue(t *testing.T) {
	dir := t.TempDir()
	data, run := buildData(t, dir, 1, 60), filepath.Join(dir, "run")
	w := &witness{}
	r, err := New(tinyConfig(t, run, data), Options{Observer: w, PeakGFLOPs: -1})
	finish(t, r, err, w, 5)
	for set, want := range map[string]string{
		"batch.sequences=8": "batch.sequences has changed", "seed=4": "samples and dropout would not continue", "model.layers=3": "tensors missing",
	} {
		if _, err := Resume(run, []string{set}, Options{Observer: w, PeakGFLOPs: -1}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", set, err, want)
		}
	}
	if _, err := Resume(dir, nil, Options{Observer: w}); err == nil || !strings.Contains(err.Error(), "holds no run") {
		t.Errorf("a directory without a run: %v", err)
	}
	// Other text under the same name is refused; by name it is accepted and told.
	other := buildData(t, dir, 2, 60)
	kept := filepath.Join(dir, "kept")
	for _, move := range [][2]string{{data, kept}, {other, data}} {
		if err := os.Rename(move[0], move[1]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Resume(run, []string{"steps=12"}, Options{Observer: w, PeakGFLOPs: -1}); err == nil || !strings.Contains(err.Error(), "the data has changed") || !strings.Contains(err.Error(), "data-1/train.bin has SHA-256") {
		t.Errorf("other data: %v", err)
	}
	r, err = Resume(run, []string{"data.sources=[{path: " + data + "}]"}, Options{Observer: w, PeakGFLOPs: -1})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(w.messages, "\n"); !strings.Contains(got, "other data than before: "+data+"/train.bin") {
		t.Errorf("messages %q", got)
	}
	if err := os.Rename(data, other); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(kept, data); err != nil {
		t.Fatal(err)
	}
	// A change that is accepted stays: the next session goes on with it.
	resumed(t, run, 7, "steps=12")
	if _, s := resumed(t, run, 0); s.Steps != 12 || s.Step != 12 {
		t.Errorf("ended at step %d of %d, want 12", s.Step, s.Steps)
	}
}
