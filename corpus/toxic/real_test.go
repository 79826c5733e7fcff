package toxic

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/internal/realdata"
)

type doc struct{ Text, Group string }

// docs reads a corpus up to a number of bytes.
func docs(t testing.TB, path string, limit int) (out []doc) {
	t.Helper()
	total := 0
	for d := range realdata.Rows[doc](t, "corpora/"+path) {
		out = append(out, d)
		if total += len(d.Text); total >= limit {
			break
		}
	}
	return out
}

// Books, manuals and laws stay: with the built-in lists and limits at most 1 of 1,000 documents is dropped. Of spam more is dropped than
// of other mail.
func TestBuiltInListsOnRealTexts(t *testing.T) {
	f := open(t, DefaultSettings(), "").(*filter)
	rates := map[string]float64{}
	for _, path := range []string{"en-books/books", "en-docs/docs", "zh-laws/laws", "zh-docs/docs", "zh-poetry/poetry", "dirty-mail-spamassassin/mail"} {
		n, dropped := map[string]int{}, map[string]int{}
		terms := map[string]int{}
		for _, d := range docs(t, path+".jsonl.gz", 60<<20) {
			group := path
			if d.Group != "" {
				group = strings.TrimRight(d.Group, "-0123456789")
			}
			n[group]++
			var r corpus.Report
			f.Apply(corpus.NewDocument(d.Text, nil), &r)
			if r.Dropped != "" {
				dropped[group]++
				if testing.Verbose() && strings.Contains(group, "/") {
					t.Logf("dropped %s for %.1f: %.80q", r.Dropped, r.Value, d.Text)
				}
			}
			for _, h := range f.m.hits {
				terms[f.m.trie.list[h.entry].text]++
			}
		}
		for _, g := range slices.Sorted(maps.Keys(n)) {
			rates[g] = float64(dropped[g]) / float64(n[g])
			t.Logf("%-32s %6d documents, %4d dropped (%.3f %%)", g, n[g], dropped[g], 100*rates[g])
		}
		common := slices.SortedFunc(maps.Keys(terms), func(a, b string) int { return terms[b] - terms[a] })
		var b strings.Builder
		for _, w := range common[:min(len(common), 25)] {
			b.WriteString(w + " ")
		}
		t.Logf("  met most: %s", b.String())
	}
	for _, g := range []string{"en-books/books", "en-docs/docs", "zh-laws/laws", "zh-docs/docs", "zh-poetry/poetry"} {
		if rates[g] > 0.001 {
			t.Errorf("%s: %.3f %% of the documents are dropped, want at most 0.1", g, 100*rates[g])
		}
	}
	if rates["spam"] <= 2*rates["easy-ham"] {
		t.Errorf("spam: %.3f %% are dropped, ham: %.3f %%", 100*rates["spam"], 100*rates["easy-ham"])
	}
}

func BenchmarkFilter(b *testing.B) {
	for _, path := range []string{"en-books/books", "zh-laws/laws"} {
		for _, disguised := range []bool{false, true} {
			name := path
			if disguised {
				name += ",disguised"
			}
			b.Run(name, func(b *testing.B) {
				all := docs(b, path+".jsonl.gz", 8<<20)
				total := 0
				for _, d := range all {
					total += len(d.Text)
				}
				list, err := lists(true, nil)
				if err != nil {
					b.Fatal(err)
				}
				m := newMatcher(list, disguised, 200, 0.25)
				b.SetBytes(int64(total))
				b.ReportAllocs()
				for b.Loop() {
					for _, d := range all {
						m.find(d.Text)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(total), "ns/byte")
			})
		}
	}
}
