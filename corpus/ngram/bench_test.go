package ngram

import (
	"context"
	"iter"
	"testing"

	"github.com/athanor-lm/athanor/internal/realdata"
	"github.com/athanor-lm/athanor/tokenizer"
)

func realDocuments(documents []realdata.Document) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for _, d := range documents {
			if !yield(Document{d.Text, d.Lang}, nil) {
				return
			}
		}
	}
}

// BenchmarkScore is scoring on one goroutine under a 5-gram model of 12 MB of other text of the same corpus, in bytes of text.
func BenchmarkScore(b *testing.B) {
	for _, c := range []struct{ name, file, unit, tok string }{
		{"english tokens", "en-books/books.jsonl.gz", Tokens, "tokenizers/hf-gpt2"},
		{"english words", "en-books/books.jsonl.gz", Words, ""},
		{"chinese tokens", "zh-laws/laws.jsonl.gz", Tokens, "tokenizers/qwen3"},
		{"chinese characters", "zh-laws/laws.jsonl.gz", Characters, ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			documents, _ := realdata.Documents(b, "corpora/"+c.file, 15<<20)
			cfg := config(b, 5, c.unit)
			if c.tok != "" {
				tok, err := tokenizer.Load(realdata.Path(b, c.tok))
				if err != nil {
					b.Fatal(err)
				}
				cfg.Tokenizer = tok
			}
			cfg.Memory = 1 << 30
			n := len(documents) * 4 / 5
			m, err := Train(context.Background(), cfg, realDocuments(documents[:n]))
			if err != nil {
				b.Fatal(err)
			}
			s, err := m.NewScorer(cfg.Tokenizer)
			if err != nil {
				b.Fatal(err)
			}
			size := int64(0)
			for _, d := range documents[n:] {
				size += int64(len(d.Text))
			}
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				for _, d := range documents[n:] {
					s.Score(d.Text)
				}
			}
		})
	}
}
