package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkOverhead runs recipes whose steps do nearly nothing: what is left is reading, handing on, intermediate files and output.
// Bytes are those of the text.
func BenchmarkOverhead(b *testing.B) {
	dir := b.TempDir()
	var row bytes.Buffer
	text, size := strings.Repeat("It is a truth universally acknowledged, that a single man in possession of a good fortune must be in want of a wife.\n", 20), 0
	for i := range 4 {
		row.Reset()
		for k := range 4000 {
			doc := fmt.Sprintf("%d %s %d", k*i, text[k%400:], k)
			line, err := json.Marshal(map[string]string{"id": fmt.Sprint(i, "-", k), "text": doc})
			if err != nil {
				b.Fatal(err)
			}
			row.Write(append(line, '\n'))
			size += len(doc)
		}
		path := filepath.Join(dir, "in", "web", fmt.Sprint(i, ".jsonl"))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, row.Bytes(), 0o666); err != nil {
			b.Fatal(err)
		}
	}
	writeInput(b, filepath.Join(dir, "in", "books", "0.jsonl"), 0, 10)
	for name, steps := range map[string]string{"filters": "steps:\n- use: test-short\n", "pass": testSteps} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				r := testRecipe(b, dir, steps, "task_size=16MB")
				if err := os.RemoveAll(r.Out); err != nil {
					b.Fatal(err)
				}
				runRecipe(b, r, 1)
			}
		})
	}
}
