package tokenizer

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/internal/realdata"
)

// Encoding of whole documents on one goroutine, each time from cold caches.
func BenchmarkEncode(b *testing.B) {
	texts := map[string][][]byte{
		"en": wholeDocuments(b, "en-books/books.jsonl.gz", 8_000_000),
		"zh": wholeDocuments(b, "zh-laws/laws.jsonl.gz", 8_000_000),
		"go": {goCode(b, 1_000_000)},
	}
	for _, name := range []string{"hf-gpt2", "qwen3", "tiktoken/cl100k_base.tiktoken", "tiktoken/o200k_base.tiktoken", "hf-llama",
		"llama2/tokenizer.model", "sentencepiece/test_model.model", "sentencepiece/test_ja_model.model"} {
		tok, err := Load(realdata.Path(b, "tokenizers/"+name))
		if err != nil {
			b.Log(err)
			continue
		}
		for _, lang := range []string{"en", "zh", "go"} {
			b.Run(strings.TrimSuffix(filepath.Base(name), ".tiktoken")+"/"+lang, func(b *testing.B) {
				size := 0
				for _, d := range texts[lang] {
					size += len(d)
				}
				b.SetBytes(int64(size))
				b.ReportAllocs()
				var ids []uint32
				for b.Loop() {
					tok.forget()
					for _, d := range texts[lang] {
						ids = tok.AppendEncodePlain(ids[:0], d)
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
