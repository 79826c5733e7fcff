package toxic

import (
	"fmt"
	"strconv"

	"github.com/athanor-lm/athanor/corpus"
)

type filter struct {
	c     Settings
	m     matcher
	seen  []uint32 // by entry, the number of the document in which it was last met
	round uint32
}

// found is what a document's terms add up to, in one script.
type found struct {
	hits, distinct int
	weight         float64
	units          int // words or characters
}

// density is the weight per 1,000 words or characters.
func (f found) density() float64 {
	if f.units == 0 {
		return 0
	}
	return 1000 * f.weight / float64(f.units)
}

// Apply drops a document whose terms are dense, or severe.
func (f *filter) Apply(d *corpus.Document, r *corpus.Report) {
	f.m.find(d.Text())
	latin, han, severe := f.add()
	if f.c.Score {
		d.Set("toxicity", max(latin.density(), han.density()))
	}
	if r.Explain {
		f.explain(latin, han, severe, r)
	}
	if f.tooDense(latin, f.c.MaxPer1000Words) {
		r.Drop("dense-words", latin.density(), f.c.MaxPer1000Words)
	}
	if f.tooDense(han, f.c.MaxPer1000Chars) {
		r.Drop("dense-characters", han.density(), f.c.MaxPer1000Chars)
	}
	if f.c.MaxSevere >= 0 && severe > f.c.MaxSevere {
		r.Drop("severe", float64(severe), float64(f.c.MaxSevere))
	}
	r.Add("terms", int64(len(f.m.hits)))
}

func (f *filter) tooDense(x found, limit float64) bool {
	return limit > 0 && x.hits >= max(1, f.c.MinHits) && x.distinct >= f.c.MinDistinct && x.density() > limit
}

// add sums up what was met, and counts the severe terms that no context excuses.
func (f *filter) add() (latin, han found, severe int) {
	if f.round++; f.round == 0 { // once in four thousand million documents
		clear(f.seen)
		f.round = 1
	}
	for _, h := range f.m.hits {
		e := &f.m.trie.list[h.entry]
		x := &latin
		if e.han {
			x = &han
		}
		x.hits++
		x.weight += h.weight
		if f.seen[h.entry] != f.round {
			f.seen[h.entry] = f.round
			x.distinct++
		}
		if e.severity == 3 && h.weight == 3 {
			severe++
		}
	}
	latin.units, han.units = f.m.words, f.m.chars
	return latin, han, severe
}

// maxSpans bounds the spans of a finding.
const maxSpans = 300

func (f *filter) explain(latin, han found, severe int, r *corpus.Report) {
	dense := func(rule, unit string, x found, limit float64, isHan bool) {
		g := corpus.Finding{Rule: rule, Value: x.density(), Limit: "off", Failed: f.tooDense(x, limit)}
		if limit > 0 {
			g.Limit = fmt.Sprintf("≤ %v per 1,000 %s, or fewer than %d terms or %d different ones", limit, unit, max(1, f.c.MinHits), f.c.MinDistinct)
		}
		for _, h := range f.m.hits {
			if e := f.m.trie.list[h.entry]; e.han == isHan && len(g.Spans) < maxSpans {
				kind := "severity " + strconv.Itoa(e.severity)
				if h.weight < float64(e.severity) {
					kind += ", in context"
				}
				g.Spans = append(g.Spans, corpus.Span{Start: h.start, End: h.end, Kind: kind})
			}
		}
		r.Find(g)
	}
	dense("dense-words", "words", latin, f.c.MaxPer1000Words, false)
	dense("dense-characters", "characters", han, f.c.MaxPer1000Chars, true)
	g := corpus.Finding{Rule: "severe", Value: float64(severe), Limit: "off"}
	if f.c.MaxSevere >= 0 {
		g.Limit, g.Failed = fmt.Sprintf("≤ %d", f.c.MaxSevere), severe > f.c.MaxSevere
	}
	r.Find(g)
}
