package decontaminate

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
)

// endsAfter is a context that is asked a number of times before it has ended.
type endsAfter struct {
	context.Context
	left int
}

func (c *endsAfter) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// Whenever the context ends, between files, within one, while the tables are made or while common phrases are counted, the index is not made and
// the error says so.
func TestIndexEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	var lines strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&lines, "{\"text\":%q}\n", words(fmt.Sprintf("w%d", i), 20))
	}
	for name, text := range map[string]string{
		"b/a.jsonl": lines.String(), "b/c.csv": words("c", 20) + ",one,two,three,four,A\n", "common.jsonl": lines.String(),
		"h.txt": words("h", 20) + "\n1\na b c d\ne f g h\ni j k l\nm n o p\n",
	} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := DefaultDecontaminate()
	s.Benchmarks = []Benchmark{{Name: "b", Files: []string{"b"}}, {Name: "h", Files: []string{"h.txt"}, Format: "hellaswag"}}
	s.Common = []string{"common.jsonl"}
	ends := 0
	for ; ; ends++ {
		if ends > 100000 {
			t.Fatal("the index is never made")
		}
		ctx, cancel := context.WithCancel(t.Context())
		x, err := s.Index(corpus.Env{Dir: dir, Context: &endsAfter{ctx, ends}})
		cancel()
		if err == nil {
			if x.Grams() == 0 {
				t.Error("no n-grams")
			}
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("the context ended when it was asked a %dth time: %v", ends+1, err)
		}
		if ends > 300 {
			ends += ends / 20
		}
	}
	if ends < 50 { // 170 kB in pieces of 64 KiB, three files, 1,024 parts
		t.Errorf("the context was asked %d times, want more", ends)
	}
}

// A file that is cut off is blamed, not the record that it was cut in.
func TestCutOffBenchmarkIsNamed(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	for i := range 2000 {
		fmt.Fprintf(w, "{\"text\":%q}\n", words(fmt.Sprintf("w%d", i), 20))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.jsonl.gz")
	if err := os.WriteFile(path, z.Bytes()[:z.Len()/2], 0o644); err != nil {
		t.Fatal(err)
	}
	s := DefaultDecontaminate()
	s.Benchmarks = []Benchmark{{Name: "b", Files: []string{path}}}
	if _, err := s.Index(corpus.Env{}); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), path) {
		t.Errorf("%v, want that %s ends too early", err, path)
	}
}
