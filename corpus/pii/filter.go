package pii

import (
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/corpus"
)

type filter struct {
	rules    [NumKinds]Rule
	maxItems int
	meta     bool
	scan     *Scanner
	out      []byte
}

func newFilter(c *Settings) *filter {
	f := &filter{maxItems: c.MaxItems, meta: c.Meta, scan: c.scanner()}
	for k, r := range c.rules() {
		f.rules[k] = *r
		if r.Action == Replace && len(r.With) == 0 {
			f.rules[k].With = []string{Kind(k).Placeholder()}
		}
	}
	return f
}

// Apply replaces what is to be replaced, and drops the document if it holds what drops it or too much of anything.
func (f *filter) Apply(d *corpus.Document, r *corpus.Report) {
	text := d.Text()
	found := f.scan.Scan(text)
	// What a replacement of the kind reads like was put there by it.
	found = slices.DeleteFunc(found, func(m Match) bool { return slices.Contains(f.rules[m.Kind].With, text[m.Start:m.End]) })
	var counts [NumKinds]int
	for _, m := range found {
		counts[m.Kind]++
	}
	if r.Explain {
		f.explain(found, counts, r)
	}
	f.judge(d, found, counts, r)
	if f.meta && r.Dropped == "" {
		f.cleanAround(d, r)
	}
}

// judge drops a text for its finds, or replaces them.
func (f *filter) judge(d *corpus.Document, found []Match, counts [NumKinds]int, r *corpus.Report) {
	if len(found) == 0 {
		return
	}
	for k, n := range counts {
		if n > 0 && f.rules[k].Action == Drop {
			r.Drop(Kind(k).String(), float64(n), 0)
		}
	}
	if f.maxItems > 0 && len(found) > f.maxItems {
		r.Drop("too-many", float64(len(found)), float64(f.maxItems))
	}
	for k, n := range counts {
		name := Kind(k).String()
		if f.rules[k].Action == Keep {
			name += " kept"
		}
		r.Add(name, int64(n))
	}
	if r.Dropped == "" {
		f.replace(d, found)
	}
}

// replace sets the text with the finds replaced that are to be.
func (f *filter) replace(d *corpus.Document, found []Match) {
	text := d.Text()
	var turn [NumKinds]int
	f.out = f.out[:0]
	end := 0
	for _, m := range found {
		rule := &f.rules[m.Kind]
		if rule.Action != Replace {
			continue
		}
		with := rule.With[turn[m.Kind]%len(rule.With)]
		turn[m.Kind]++
		f.out = append(f.out, text[end:m.Start]...)
		before, after, marks := strings.Cut(with, "{}")
		f.out = append(f.out, before...)
		if marks {
			f.out = append(f.out, text[m.Start:m.End]...)
			f.out = append(f.out, after...)
		}
		end = m.End
	}
	if end > 0 {
		f.out = append(f.out, text[end:]...)
		d.SetText(string(f.out))
	}
}

// maxSpans bounds the spans of a finding.
const maxSpans = 300

// explain gives a finding for each kind that is looked for, with places and never with what stands there.
func (f *filter) explain(found []Match, counts [NumKinds]int, r *corpus.Report) {
	for k, rule := range f.rules {
		if rule.Action == Off {
			continue
		}
		g := corpus.Finding{Rule: Kind(k).String(), Value: float64(counts[k]), Limit: rule.Action, Failed: rule.Action == Drop && counts[k] > 0}
		for _, m := range found {
			if m.Kind == Kind(k) && len(g.Spans) < maxSpans {
				g.Spans = append(g.Spans, corpus.Span{Start: m.Start, End: m.End, Kind: m.Kind.String()})
			}
		}
		r.Find(g)
	}
	if f.maxItems > 0 {
		r.Find(corpus.Finding{Rule: "too-many", Value: float64(len(found)), Limit: atMost(f.maxItems), Failed: len(found) > f.maxItems})
	}
}
