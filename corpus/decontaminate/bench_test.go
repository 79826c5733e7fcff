package decontaminate

import (
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/internal/realdata"
)

// realBenchmarks are MMLU, C-Eval and HellaSwag, complete.
func realBenchmarks(tb testing.TB) Decontaminate {
	tb.Helper()
	path := func(name string) string { return realdata.Path(tb, "benchmarks/"+name) }
	s := DefaultDecontaminate()
	s.Benchmarks = []Benchmark{
		{Name: "mmlu", Files: []string{path("mmlu/data")}},
		{Name: "ceval", Files: []string{path("ceval")}},
		{Name: "hellaswag", Files: []string{path("hellaswag/hellaswag_val_full.txt.gz")}, Format: "hellaswag"},
	}
	return s
}

// BenchmarkApply is one goroutine over clean text with all three benchmarks in the index, in bytes of text.
func BenchmarkApply(b *testing.B) {
	s := realBenchmarks(b)
	x, err := s.Index(corpus.Env{})
	if err != nil {
		b.Fatal(err)
	}
	b.Log(x)
	for _, name := range []string{"en-books/books.jsonl.gz", "en-docs/docs.jsonl.gz", "zh-laws/laws.jsonl.gz"} {
		b.Run(name, func(b *testing.B) {
			documents, size := realdata.Documents(b, "corpora/"+name, 8<<20)
			f := newFilter(x)
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				for i := range documents {
					f.scan(documents[i].Text)
				}
			}
		})
	}
}
