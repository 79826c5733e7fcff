package pretrained

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/checkpoint"
	"github.com/athanor-lm/athanor/internal/kernel"
)

// What is in the place of an import stays as it is, and a failure leaves nothing beside it.
func TestImportTakesNothingAway(t *testing.T) {
	pool := kernel.NewPool(1)
	defer pool.Close()
	dir := t.TempDir()
	hf := filepath.Join(dir, "hf")
	export(t, writeRun(t, families["gpt2"], pool), hf)
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	file, full := filepath.Join(out, "notes.txt"), filepath.Join(out, "full")
	if err := os.WriteFile(file, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(full, "inside"), 0o755); err != nil {
		t.Fatal(err)
	}
	into := func(to string) error {
		s, err := Open(hf)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		return s.Import(to)
	}
	for to, want := range map[string]string{file: "want a directory that does not exist or is empty", full: "is not empty", filepath.Join(file, "below"): "not a directory"} {
		if err := into(to); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("import to %s: %v, want %q", to, err, want)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "mine" {
		t.Errorf("the file in the place of an import holds %q, %v", got, err)
	}
	if err := os.WriteFile(filepath.Join(hf, "tokenizer.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := into(filepath.Join(out, "model")); err == nil || !strings.Contains(err.Error(), "tokenizer.json") {
		t.Errorf("a damaged tokenizer: %v", err)
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestCheckpointsThatDoNotTellTheirModelAreRefused(t *testing.T) {
	for want, extra := range map[string]map[string]string{
		"its manifest says nothing of the model": {},
		"cannot unmarshal":                       {ConfigKey: `{"layers": "two"}`},
		`family: "gpt9", want one of`:            {ConfigKey: `{"family": "gpt9"}`},
		"extra." + GenerationKey:                 {ConfigKey: `{"family":"gpt2","vocab":270,"layers":1,"width":8,"heads":1,"kv_heads":1,"head_dim":8,"ff":32,"context":8,"norm_eps":1e-5,"activation":"relu","init":"gpt2"}`, GenerationKey: `[]`},
	} {
		st := &checkpoint.State{Groups: [][]checkpoint.Tensor{{{Name: "w", Shape: []int{1}, Data: []float32{1}}}}, Extra: map[string]json.RawMessage{}}
		for key, value := range extra {
			st.Extra[key] = json.RawMessage(value)
		}
		dir := t.TempDir()
		if _, err := checkpoint.Save(filepath.Join(dir, "checkpoints"), st, checkpoint.Options{}); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%v: %v, want %q", extra, err, want)
		}
	}
}
