package classify

import (
	"context"
	"testing"

	"github.com/athanor-lm/athanor/internal/realdata"
)

// BenchmarkScore is scoring on one goroutine, in bytes of text.
func BenchmarkScore(b *testing.B) {
	cfg := DefaultConfig()
	cfg.Epochs = 1
	m, err := Train(context.Background(), cfg, toy(2, 200))
	if err != nil {
		b.Fatal(err)
	}
	for _, file := range []string{"en-books/books.jsonl.gz", "dirty-mail-spamassassin/mail.jsonl.gz", "zh-laws/laws.jsonl.gz"} {
		b.Run(file, func(b *testing.B) {
			documents, size := realdata.Documents(b, "corpora/"+file, 4<<20)
			s := m.NewScorer()
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				for _, d := range documents {
					s.Score(d.Text)
				}
			}
		})
	}
}
