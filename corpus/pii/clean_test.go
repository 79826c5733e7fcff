package pii_test

import (
	"os"
	"testing"

	"github.com/athanor-lm/athanor/corpus/pii"
)

// A list of what is found in clean corpora, to be judged by eye: ATHANOR_PII_LIST=1 go test -run CleanCorpora -v.
func TestCleanCorporaHits(t *testing.T) {
	if os.Getenv("ATHANOR_PII_LIST") == "" {
		t.Skip("set ATHANOR_PII_LIST to list what is found in the clean corpora")
	}
	s := pii.NewScanner(pii.Options{})
	for _, path := range []string{"corpora/en-docs/docs.jsonl.gz", "corpora/zh-laws/laws.jsonl.gz", "corpora/zh-docs/docs.jsonl.gz", "corpora/en-books/books.jsonl.gz"} {
		counts := map[string]int{}
		distinct := map[string]bool{}
		for _, text := range texts(t, path, 0) {
			for _, m := range s.Scan(text) {
				counts[m.Kind.String()]++
				if key := m.Kind.String() + text[m.Start:m.End]; !distinct[key] {
					distinct[key] = true
					t.Logf("%s %s %q in %q", path[8:16], m.Kind, text[m.Start:m.End], text[max(0, m.Start-50):min(len(text), m.End+25)])
				}
			}
		}
		t.Logf("%s: %v, %d distinct", path, counts, len(distinct))
	}
}
