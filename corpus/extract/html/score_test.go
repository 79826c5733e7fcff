package html

import (
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus/extract/html/internal/bench"
	"github.com/athanor-lm/athanor/internal/realdata"
)

func articles(t testing.TB) []bench.Page {
	pages, err := bench.Load(realdata.Path(t, "corpora/dirty-html-article-extraction"))
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// Our rules were written looking at the pages whose name starts with an even digit; the others tell whether they hold.
func heldOut(p bench.Page) bool { return !strings.ContainsRune("02468ace", rune(p.ID[0])) }

func TestArticlesScore(t *testing.T) {
	var all, seen, unseen []bench.Match
	for _, p := range articles(t) {
		got, err := Extract(p.HTML, p.URL, "")
		if err != nil {
			t.Errorf("%s: %v", p.ID, err)
		}
		m := bench.Compare(p.Truth, got.Text)
		all = append(all, m)
		if heldOut(p) {
			unseen = append(unseen, m)
		} else {
			seen = append(seen, m)
			if f := 2 * m.TP / (2*m.TP + m.FP + m.FN); f < 0.97 && testing.Verbose() {
				t.Logf("%.3f p %.3f r %.3f %s %s", f, m.Precision(), m.Recall(), p.ID[:8], p.URL)
			}
		}
	}
	score := bench.Total(all)
	t.Logf("all      %v", score)
	t.Logf("seen     %v", bench.Total(seen))
	t.Logf("held out %v", bench.Total(unseen))
	if score.F1 < 0.95 {
		t.Errorf("F1 %.4f, want at least 0.95", score.F1)
	}
}

// One core's speed on real pages.
func BenchmarkExtract(b *testing.B) {
	pages := articles(b)
	size := 0
	for _, p := range pages {
		size += len(p.HTML)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range pages {
			if _, err := Extract(p.HTML, p.URL, ""); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N*len(pages))/b.Elapsed().Seconds(), "pages/s")
}
