package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOutputsAreNoInputs has the output directory in a directory that is read, also by way of a link.
func TestOutputsAreNoInputs(t *testing.T) {
	dir := t.TempDir()
	writeInput(t, filepath.Join(dir, "in", "a.jsonl"), 0, 20)
	writeInput(t, filepath.Join(dir, "in", "out", "raw", "b.jsonl"), 100, 10) // not written by a run
	if err := os.Symlink(filepath.Join(dir, "in"), filepath.Join(dir, "link")); err != nil {
		t.Skip("no links: ", err)
	}
	for _, in := range []string{"in", "link"} {
		r, err := ParseRecipe("r.yaml", fmt.Appendf(nil, "out: %q\ninputs: [{source: a, paths: [%q]}]\non_bad_file: stop\n", filepath.Join(dir, "in", "out"), filepath.Join(dir, in)), nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			s := runRecipe(t, r, 1)
			if s.Inputs[0].Read.Documents != 30 {
				t.Errorf("%s: %d documents, want the 30 that are no run's", in, s.Inputs[0].Read.Documents)
			}
			for _, name := range []string{"report.html", "quarantine.jsonl"} {
				if err := os.WriteFile(filepath.Join(r.Out, name), []byte("{\"text\": \"of a run\"}\n"), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestOthersFilesAreNotRemoved has something in the way of the outputs that no run wrote.
func TestOthersFilesAreNotRemoved(t *testing.T) {
	for _, name := range []string{"data/tokens/train.bin", "data/jsonl/mine.jsonl", "work/mine.doc"} {
		dir := t.TempDir()
		testInputs(t, dir)
		r := testRecipe(t, dir, testSteps)
		mine := filepath.Join(r.Out, name)
		if err := os.MkdirAll(filepath.Dir(mine), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(mine, []byte("mine"), 0o666); err != nil {
			t.Fatal(err)
		}
		r.KeepWork = false
		_, err := open(t, r).Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "no run of a recipe made") || !exists(mine) {
			t.Errorf("%s: %v; it is there: %v", name, err, exists(mine))
		}
	}
}

func TestFilesThatTwoInputsReadAreNamed(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	r := testRecipe(t, dir, testSteps)
	if n, _ := open(t, r).ReadTwice(); n != 0 {
		t.Errorf("%d files are read twice, want none", n)
	}
	shared := filepath.Join(dir, "in", "web", "3.jsonl")
	r.Inputs[1].Paths = append(r.Inputs[1].Paths, shared, shared)
	if n, first := open(t, r).ReadTwice(); n != 1 || first != shared {
		t.Errorf("%d files are read twice, the first %s, want %s", n, first, shared)
	}
}

func TestRecordsThatNoBlockHoldsAreRefused(t *testing.T) {
	_, err := ParseRecipe("r.yaml", []byte("out: o\ninputs:\n- {paths: [x], max_record: 3GiB}\n"), nil)
	if err == nil || !strings.Contains(err.Error(), "r.yaml:3") || !strings.Contains(err.Error(), "at most 1GiB") {
		t.Errorf("got %v", err)
	}
}
