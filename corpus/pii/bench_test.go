package pii_test

import (
	"testing"

	"github.com/athanor-lm/athanor/corpus/pii"
)

func BenchmarkScan(b *testing.B) {
	for _, path := range []string{"en-books/books", "en-docs/docs", "zh-laws/laws", "zh-docs/docs", "dirty-mail-spamassassin/mail"} {
		b.Run(path, func(b *testing.B) {
			docs := texts(b, "corpora/"+path+".jsonl.gz", 8<<20)
			total := 0
			for _, d := range docs {
				total += len(d)
			}
			s := pii.NewScanner(pii.Options{})
			b.SetBytes(int64(total))
			b.ReportAllocs()
			found := 0
			for b.Loop() {
				for _, d := range docs {
					found += len(s.Scan(d))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(total), "ns/byte")
		})
	}
}
