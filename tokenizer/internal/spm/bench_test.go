package spm

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/internal/realdata"
)

// readDocuments are the first documents of a corpus, of limit bytes or more together.
func readDocuments(b *testing.B, name string, limit int64) (docs [][]byte) {
	b.Helper()
	documents, _ := realdata.Documents(b, "corpora/"+name, limit)
	for _, d := range documents {
		docs = append(docs, []byte(d.Text))
	}
	return docs
}

func goFiles(b *testing.B, limit int) (docs [][]byte) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Skip("needs the Go toolchain's source: ", err)
	}
	size := 0
	filepath.WalkDir(filepath.Join(strings.TrimSpace(string(root)), "src"), func(path string, _ os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".go") && size < limit {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			docs = append(docs, text)
			size += len(text)
		}
		return nil
	})
	if len(docs) == 0 {
		b.Skip("needs the Go toolchain's source")
	}
	return docs
}

// Whole documents on one goroutine, from a cold cache.
func BenchmarkEncode(b *testing.B) {
	letters := make([]byte, 2_000_000)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range letters {
		letters[i] = byte('a' + r.IntN(26))
	}
	texts := []struct {
		name string
		docs [][]byte
	}{
		{"en", readDocuments(b, "en-books/books.jsonl.gz", 8_000_000)}, {"zh", readDocuments(b, "zh-laws/laws.jsonl.gz", 8_000_000)}, {"go", goFiles(b, 8_000_000)},
		{"letter", [][]byte{bytes.Repeat([]byte("a"), 2_000_000)}}, {"spaces", [][]byte{bytes.Repeat([]byte(" "), 2_000_000)}},
		{"han", [][]byte{bytes.Repeat([]byte("的"), 700_000)}}, {"random", [][]byte{letters}},
	}
	for _, model := range realModels {
		m, err := Parse(realModel(b, model))
		if err != nil {
			b.Fatal(err)
		}
		for _, text := range texts {
			b.Run(filepath.Base(filepath.Dir(model))+"-"+strings.TrimSuffix(filepath.Base(model), ".model")+"/"+text.name, func(b *testing.B) {
				size := 0
				for _, d := range text.docs {
					size += len(d)
				}
				b.SetBytes(int64(size))
				b.ReportAllocs()
				var ids []uint32
				for b.Loop() {
					s := m.NewState()
					for _, d := range text.docs {
						ids = m.AppendEncode(ids[:0], d, s)
					}
				}
			})
		}
	}
}
