package tokenizer

import (
	"context"
	"path/filepath"
	"testing"
)

// Encoding on one goroutine, documents of 20 kB, warm cache.
func BenchmarkEncode(b *testing.B) {
	for _, name := range []string{"hf-gpt2", "qwen3"} {
		tok, err := Load(filepath.Join(dataDir(b), "tokenizers", name))
		if err != nil {
			b.Fatal(err)
		}
		for _, lang := range []string{"en", "zh", "go"} {
			text := realText(b, lang, 1_000_000)
			b.Run(name+"/"+lang, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				var ids []uint32
				for b.Loop() {
					for i := 0; i < len(text); i += 20_000 {
						ids = tok.AppendEncode(ids[:0], text[i:min(len(text), i+20_000)], false)
					}
				}
			})
		}
	}
}

func BenchmarkTrain(b *testing.B) {
	for _, c := range []struct {
		name, file string
		size       int
	}{{"en-30MB", "en-books/books.jsonl.gz", 30_000_000}, {"zh-20MB", "zh-laws/laws.jsonl.gz", 20_000_000}} {
		text := documents(b, c.file, c.size)
		var docs [][]byte
		for i := 0; i < len(text); i += 20_000 {
			docs = append(docs, text[i:min(len(text), i+20_000)])
		}
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := Train(context.Background(), TrainConfig{VocabSize: 8192}, each(docs)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
