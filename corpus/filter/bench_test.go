package filter_test

import (
	"os"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/filter"
	"github.com/athanor-lm/athanor/corpus/segment"
	"github.com/athanor-lm/athanor/internal/realdata"
)

// realTexts returns about so many bytes of documents of a corpus, taken evenly from all of it.
func realTexts(t testing.TB, name string, bytes int) (texts []string) {
	documents, total := realdata.Documents(t, "corpora/"+name, 0)
	for i, step := 0, max(1, int(total)/bytes); i < len(documents); i += step {
		texts = append(texts, documents[i].Text)
	}
	return texts
}

// benchmark times filters in turn over documents, each with its text anew; a document that is dropped goes on all the same, so that
// all filters see it.
func benchmark(b *testing.B, texts []string, settings ...corpus.FilterSettings) {
	var filters []corpus.Filter
	for _, s := range settings {
		open, err := s.Open(corpus.Env{})
		if err != nil {
			b.Fatal(err)
		}
		filters = append(filters, open())
	}
	total := 0
	for _, text := range texts {
		total += len(text)
	}
	var seg segment.Text
	var report corpus.Report
	b.SetBytes(int64(total))
	b.ReportAllocs()
	for b.Loop() {
		for _, text := range texts {
			d := corpus.NewDocument(text, &seg)
			for _, f := range filters {
				report.Reset()
				f.Apply(d, &report)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(total), "ns/byte")
}

func BenchmarkFilters(b *testing.B) {
	quality, repetition, c4, fineWeb := filter.DefaultGopherQuality(), filter.DefaultGopherRepetition(), filter.DefaultC4(), filter.DefaultFineWeb()
	for _, name := range []string{"web-redpajama-demo/redpajama-cc-2023-06-refined.jsonl", "en-docs/docs.jsonl.gz", "en-books/books.jsonl.gz", "dirty-mail-spamassassin/mail.jsonl.gz", "zh-docs/docs.jsonl.gz"} {
		texts := realTexts(b, name, 4<<20)
		short, _, _ := strings.Cut(name, "/")
		b.Run(short+"/words", func(b *testing.B) {
			var seg segment.Text
			total := 0
			for _, text := range texts {
				total += len(text)
			}
			b.SetBytes(int64(total))
			for b.Loop() {
				for _, text := range texts {
					seg.Reset(text)
					seg.Words()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(total), "ns/byte")
		})
		b.Run(short+"/gopher-quality", func(b *testing.B) { benchmark(b, texts, &quality) })
		b.Run(short+"/gopher-repetition", func(b *testing.B) { benchmark(b, texts, &repetition) })
		b.Run(short+"/c4", func(b *testing.B) { benchmark(b, texts, &c4) })
		b.Run(short+"/fineweb", func(b *testing.B) { benchmark(b, texts, &fineWeb) })
		b.Run(short+"/all", func(b *testing.B) { benchmark(b, texts, &repetition, &quality, &c4, &fineWeb) })
	}
}

// BenchmarkDocuments is what bench/corpus_filters.py runs: over the documents of the file ATHANOR_DOCUMENTS.
func BenchmarkDocuments(b *testing.B) {
	path := os.Getenv("ATHANOR_DOCUMENTS")
	if path == "" {
		b.Skip("ATHANOR_DOCUMENTS is not set: it names a file of documents as JSON lines")
	}
	var texts []string
	oracleRows(b, path, func(row oracleRow) { texts = append(texts, row.Text) })
	quality, repetition, c4, fineWeb := filter.DefaultGopherQuality(), filter.DefaultGopherRepetition(), filter.DefaultC4(), filter.DefaultFineWeb()
	b.Run("gopher-quality", func(b *testing.B) { benchmark(b, texts, &quality) })
	b.Run("gopher-repetition", func(b *testing.B) { benchmark(b, texts, &repetition) })
	b.Run("c4", func(b *testing.B) { benchmark(b, texts, &c4) })
	b.Run("fineweb", func(b *testing.B) { benchmark(b, texts, &fineWeb) })
	b.Run("all four", func(b *testing.B) { benchmark(b, texts, &repetition, &quality, &c4, &fineWeb) })
}
