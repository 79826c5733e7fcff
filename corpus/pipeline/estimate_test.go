package pipeline

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func estimate(t *testing.T, r *Recipe) *Estimate {
	t.Helper()
	e, err := open(t, r).Estimate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEstimateOfLittleIsExact(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	r := testRecipe(t, dir, testSteps)
	e := estimate(t, r)
	s := runRecipe(t, r, 1)
	for k, in := range s.Inputs {
		if got := e.Stocks[k]; got.Documents != in.Read.Documents || got.Bytes != in.Read.TextBytes || e.Looked[k] != 1 || e.Exact {
			t.Errorf("%s: %d documents, %d bytes, looked at %v; want %d, %d, 1", got.Source, got.Documents, got.Bytes, e.Looked[k], in.Read.Documents, in.Read.TextBytes)
		}
	}
}

// TestEstimateOfMuch has files of which only a part is read, with documents that differ from file to file.
func TestEstimateOfMuch(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 80 MB")
	}
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(5, 6))
	for _, source := range []string{"web", "books"} {
		if err := os.MkdirAll(filepath.Join(dir, "in", source), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	files := map[string]int{"web": 40, "books": 1}
	text := strings.Repeat("some words of a text ", 200)
	for source, n := range files {
		for i := range n {
			f, err := os.Create(filepath.Join(dir, "in", source, fmt.Sprintf("%02d.jsonl", i)))
			if err != nil {
				t.Fatal(err)
			}
			w := bufio.NewWriter(f)
			for at := 0; at < 40<<20/n; {
				line := fmt.Sprintf(`{"text": %q}`, text[:200+50*i+rng.IntN(1000)])
				w.WriteString(line + "\n")
				at += len(line) + 1
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
	}
	r := testRecipe(t, dir, "steps: []\n")
	e := estimate(t, r)
	s := runRecipe(t, r, 2)
	for k, in := range s.Inputs {
		got := e.Stocks[k]
		docs, bytes := float64(got.Documents)/float64(in.Read.Documents), float64(got.Bytes)/float64(in.Read.TextBytes)
		if math.Abs(docs-1) > 0.08 || math.Abs(bytes-1) > 0.08 || // reading is ahead by a MiB or so of 32
			e.Looked[k] < 0.3 || e.Looked[k] > 0.95 {
			t.Errorf("%s: %.3f of the documents, %.3f of the bytes, looked at %.2f", got.Source, docs, bytes, e.Looked[k])
		}
	}
}
