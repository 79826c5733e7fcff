package boilerplate

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/internal/realdata"
)

type records struct{ all [][]byte }

func (r *records) Next() ([]byte, error) {
	if len(r.all) == 0 {
		return nil, io.EOF
	}
	rec := r.all[0]
	r.all = r.all[1:]
	return rec, nil
}

func (r *records) Close() error { return nil }

// run takes tasks of documents through the pass, and returns the reports in order and the merge's figures.
func run(t testing.TB, s Settings, tasks [][]*corpus.Document) (reports []corpus.Report, stats map[string]float64) {
	t.Helper()
	p, err := s.Open(corpus.Env{Memory: 1 << 20, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	dir, stats := t.TempDir(), map[string]float64{}
	m := corpus.Merge{Dir: dir, Stats: func(name string, v float64) { stats[name] = v }}
	for _, docs := range tasks {
		c, r := p.Collector(), &records{}
		for _, d := range docs {
			r.all = append(r.all, c.Collect(nil, d))
		}
		m.Tasks = append(m.Tasks, func() (corpus.RecordReader, error) { return r, nil })
	}
	if err := p.Merge(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("the merge left %v", left)
	}
	for i, docs := range tasks {
		d, err := p.Decisions(dir, i)
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range docs {
			r := corpus.Report{Explain: true}
			if err := d.Decide(doc, &r); err != nil {
				t.Fatal(err)
			}
			reports = append(reports, r)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return reports, stats
}

// doc is a document of a source.
func doc(source, text string) *corpus.Document {
	d := corpus.NewDocument(text, nil)
	d.Source = source
	return d
}

// strict counts small numbers.
func strict() Settings {
	s := Default()
	s.EdgeUnits, s.Edges, s.Anywhere, s.MinChars = 2, Rule{3, 0.5}, Rule{4, 0.5}, 5
	return s
}

func TestLinesOfManyDocumentsAreCut(t *testing.T) {
	// Source a: four documents. "Home" is the first line of three (edges: 3 and half of 4), "See also" stands in the middle of all
	// four (anywhere: 4), "Notes" in the middle of three (too few), "Page n of 9" at the end of three with different numbers.
	// Source b has "Home" once.
	docs := []*corpus.Document{
		doc("a", "Home\nfirst text\nmore of it\nSee also\nNotes\nthis\nthat\nPage 1 of 9"),
		doc("a", "Home\n\nsecond text\nyet more\nSee also\nNotes\nsomething\nsomewhat\nPage 22 of 9\n"),
		doc("a", "  Home \nthird text\nthe rest\nSee also\nNotes\nwhich\nwhat\nPage 3 of 9"),
		doc("a", "fourth text\nalone\nx\nSee also\ny\nz\nthe end"),
		doc("b", "Home\nis where the heart is"),
	}
	want := []string{
		"first text\nmore of it\nNotes\nthis\nthat", "second text\nyet more\nNotes\nsomething\nsomewhat", "third text\nthe rest\nNotes\nwhich\nwhat",
		"fourth text\nalone\nx\ny\nz\nthe end", "Home\nis where the heart is",
	}
	reports, stats := run(t, strict(), [][]*corpus.Document{docs[:2], docs[2:]})
	for i, d := range docs {
		if d.Text() != want[i] {
			t.Errorf("document %d is %q, want %q", i, d.Text(), want[i])
		}
	}
	for i, n := range []int64{3, 3, 3, 1, 0} {
		got := int64(0)
		for _, c := range reports[i].Counts {
			if c.Kind == "lines cut" {
				got = c.N
			}
		}
		if got != n {
			t.Errorf("document %d: %d lines cut, want %d", i, got, n)
		}
	}
	if stats["sources"] != 2 || stats["lines anywhere"] != 1 || stats["lines at edges"] != 2 {
		t.Errorf("%v", stats)
	}
}

func TestNavigationIsToldByItsCells(t *testing.T) {
	var docs []*corpus.Document
	for i := range 5 {
		docs = append(docs, doc("manual", fmt.Sprintf("\tPrev \tUp\tChapter %s\tHome\t Next\nLast %[1]s\tHome\tNext %[1]s\nText of its own %[2]c.\nAnd more %[2]c.\nEnd %[2]c.", strings.Repeat("X", i+1), 'a'+i)))
	}
	docs = append(docs, doc("manual", "Prev\tis\tone\tword\tof five\nof a table"))
	run(t, strict(), [][]*corpus.Document{docs})
	for i, d := range docs[:5] {
		if want := fmt.Sprintf("Text of its own %c.\nAnd more %c.\nEnd %c.", 'a'+i, 'a'+i, 'a'+i); d.Text() != want {
			t.Errorf("%q, want %q", d.Text(), want)
		}
	}
	if d := docs[5]; !strings.HasPrefix(d.Text(), "Prev\tis") {
		t.Errorf("%q", d.Text())
	}
}

func TestDocumentsOfNothingElseAreDropped(t *testing.T) {
	s := strict()
	s.DropShare = 0.6
	docs := []*corpus.Document{
		doc("a", "Home and navigation"), doc("a", "Home and navigation\nx"), doc("a", "Home and navigation\nlonger than all of the navigation"),
	}
	reports, _ := run(t, s, [][]*corpus.Document{docs})
	for i, want := range []string{"boilerplate-share", "boilerplate-share", ""} {
		if reports[i].Dropped != want {
			t.Errorf("document %d dropped by %q, want %q", i, reports[i].Dropped, want)
		}
	}
	s.DropShare = 0
	docs[0] = doc("a", "Home and navigation\n\n")
	docs[2] = doc("a", "Home and navigation\nlonger")
	if reports, _ = run(t, s, [][]*corpus.Document{docs}); reports[0].Dropped != "nothing-left" || reports[1].Dropped != "" || docs[1].Text() != "x" {
		t.Errorf("%+v, %q", reports, docs[1].Text())
	}
}

func TestParagraphsAreUnitsToo(t *testing.T) {
	s := strict()
	s.Unit = "paragraph"
	var docs []*corpus.Document
	for i := range 4 {
		docs = append(docs, doc("a", fmt.Sprintf("\n\nSome notice\nof two lines\n \n\nText %c\nof two\n\nlast %c", 'a'+i, 'a'+i)))
	}
	run(t, s, [][]*corpus.Document{docs})
	if got, want := docs[1].Text(), "Text b\nof two\n\nlast b"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestGroups(t *testing.T) {
	for url, want := range map[string]string{
		"https://www.Example.com/a?b": "example.com", "http://example.com": "example.com", "example.com:80/x": "example.com:80", "": "",
	} {
		if got := host(url); got != want {
			t.Errorf("%q: %q, want %q", url, got, want)
		}
	}
	d := doc("in", "text")
	d.URL, d.Meta = "https://a.org/x", json.RawMessage(`{"book":{"title":"T"}}`)
	for group, want := range map[string]string{"source": "in", "host": "a.org", "all": "", "book.title": "T", "none": ""} {
		l := look{s: &Settings{Group: group}}
		if got := l.groupOf(d); got != want {
			t.Errorf("%s: %q, want %q", group, got, want)
		}
	}
}

func TestSettingsThatCannotBeAreRefused(t *testing.T) {
	for want, change := range map[string]func(*Settings){
		"group: empty": func(s *Settings) { s.Group = "" }, `unit: "word"`: func(s *Settings) { s.Unit = "word" },
		"cells: 2": func(s *Settings) { s.Cells = 2 }, "edges: min_documents: 1": func(s *Settings) { s.Edges.MinDocuments = 1 },
		"nothing would be done": func(s *Settings) { s.Edges, s.Anywhere = Rule{}, Rule{} }, "edge_units: -1": func(s *Settings) { s.EdgeUnits = -1 },
	} {
		s := Default()
		change(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// manuals are the documents of a corpus; each package's are a source.
func manuals(t testing.TB, name string) (docs []*corpus.Document) {
	t.Helper()
	rows, _ := realdata.Documents(t, "corpora/"+name, 0)
	for _, d := range rows {
		source, _, _ := strings.Cut(d.Source, "=")
		docs = append(docs, doc(source, d.Text))
		docs[len(docs)-1].ID = d.ID
	}
	return docs
}

// TestManuals shows with -v what is cut out of manuals; the outcome must not depend on order and tasks.
func TestManuals(t *testing.T) {
	for _, c := range []struct {
		corpus   string
		must     string  // navigation that must be gone
		min, max float64 // share of the characters
	}{{"en-docs/docs.jsonl.gz", "\tHome\t", 0.005, 0.06}, {"zh-docs/docs.jsonl.gz", "Help content debug info", 0.02, 0.25}} {
		docs := manuals(t, c.corpus)
		texts := make([]string, len(docs))
		for i, d := range docs {
			texts[i] = d.Text()
		}
		reports, stats := run(t, Default(), [][]*corpus.Document{docs})
		cut := map[string]int{}
		chars, gone, lines, had, left, dropped := 0, int64(0), int64(0), 0, 0, 0
		for i, r := range reports {
			chars += len([]rune(texts[i]))
			for _, n := range r.Counts {
				switch n.Kind {
				case "characters cut":
					gone += n.N
				case "lines cut":
					lines += n.N
				}
			}
			for _, f := range r.Findings {
				for _, s := range f.Spans {
					cut[docs[i].Source+": "+strings.Join(strings.Fields(texts[i][s.Start:s.End]), " ")]++
				}
			}
			if strings.Contains(texts[i], c.must) {
				had++
				if r.Dropped == "" && strings.Contains(docs[i].Text(), c.must) {
					left++
				}
			}
			if r.Dropped != "" {
				dropped++
			}
		}
		share := float64(gone) / float64(chars)
		t.Logf("%s: %d documents, %d lines of boilerplate cut, %.2f %% of the characters; %d documents dropped; %q in %d before, %d after; %v", c.corpus,
			len(docs), lines, 100*share, dropped, c.must, had, left, stats)
		if share < c.min || share > c.max || 100*left > had {
			t.Errorf("want %v..%v of the characters cut, and %q gone", c.min, c.max, c.must)
		}
		show(t, cut)
		again, shuffled := manuals(t, c.corpus), make([]*corpus.Document, 0, len(docs))
		for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(len(again)) {
			shuffled = append(shuffled, again[i])
		}
		run(t, Default(), [][]*corpus.Document{shuffled[:100], shuffled[100:1000], shuffled[1000:]})
		for i, d := range again {
			if d.Text() != docs[i].Text() {
				t.Fatalf("%s: another order, another text of %s", c.corpus, d.ID)
			}
		}
	}
}

// show logs the lines cut most often, and some others.
func show(t *testing.T, cut map[string]int) {
	lines := make([]string, 0, len(cut))
	for l := range cut {
		lines = append(lines, l)
	}
	slices.SortFunc(lines, func(a, b string) int {
		if cut[a] != cut[b] {
			return cut[b] - cut[a]
		}
		return strings.Compare(a, b)
	})
	for i, l := range lines {
		if i < 25 || i%max(1, len(lines)/25) == 0 {
			t.Logf("%6d %.110s", cut[l], l)
		}
	}
}

func BenchmarkCollect(b *testing.B) {
	docs := manuals(b, "en-docs/docs.jsonl.gz")[:1000]
	size := 0
	for _, d := range docs {
		size += len(d.Text())
	}
	s := Default()
	p, err := s.Open(corpus.Env{})
	if err != nil {
		b.Fatal(err)
	}
	c := p.Collector()
	var rec []byte
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, d := range docs {
			rec = c.Collect(rec[:0], d)
		}
	}
}
