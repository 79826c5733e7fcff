package filter_test

import (
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/filter"
)

// FuzzFilters checks what holds of any text: asking for explanations changes no decision, and spans lie in the text in order.
func FuzzFilters(f *testing.F) {
	judges := judges(f)
	all := filter.DefaultGopherRepetition()
	all.Count = "all"
	open, err := all.Open(corpus.Env{})
	if err != nil {
		f.Fatal(err)
	}
	judges["gopher-repetition, all"] = open()
	for _, text := range []string{"", "\n\n", "a b c d e\na b c d e\n\na b c d e", "[1]{ lorem ipsum...\r\u2028中文。x", "\x80\xffa \x80b\n\x80b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, judge := range judges {
			brief, full := corpus.Report{}, corpus.Report{Explain: true}
			a, b := corpus.NewDocument(text, nil), corpus.NewDocument(text, nil)
			judge.Apply(a, &brief)
			judge.Apply(b, &full)
			if brief.Dropped != full.Dropped || brief.Value != full.Value || a.Text() != b.Text() {
				t.Fatalf("%s of %q: %q (%v) without explanation, %q (%v) with", name, text, brief.Dropped, brief.Value, full.Dropped, full.Value)
			}
			failed := false
			for _, finding := range full.Findings {
				failed = failed || finding.Failed
				start := 0 // n-grams may overlap
				for _, s := range finding.Spans {
					if s.Start < start || s.End < s.Start || s.End > len(text) || s.Kind == "" {
						t.Fatalf("%s of %q: span %v", name, text, s)
					}
					start = s.Start
				}
			}
			if failed != (full.Dropped != "") {
				t.Fatalf("%s of %q: dropped by %q, findings %v", name, text, full.Dropped, full.Findings)
			}
		}
	})
}

// FuzzURL checks that no address breaks the filter.
func FuzzURL(f *testing.F) {
	for _, url := range []string{"http://user@a.b.co.uk:80/x?y#z", "[::1", "//[", "http://..", "a@b@c:", "http://github.io."} {
		f.Add(url)
	}
	s := filter.DefaultURLFilter()
	s.Domains = []string{"hosts"}
	dir := f.TempDir()
	writeList(f, dir, "hosts", "a.example\n||b.example^\n")
	open, err := s.Open(corpus.Env{Dir: dir})
	if err != nil {
		f.Fatal(err)
	}
	judge := open()
	f.Fuzz(func(t *testing.T, url string) {
		var r corpus.Report
		d := corpus.NewDocument("", nil)
		d.URL = url
		judge.Apply(d, &r)
	})
}
