package chinese

import (
	"fmt"
	"strings"

	"github.com/athanor-lm/athanor/corpus"
)

// Default are the thresholds argued in docs/corpus/chinese.md.
func Default() Settings {
	return Settings{
		MinChars: 50, MaxChars: 1_000_000, MinJudged: 100,
		MinHan: 0.3, MaxLatin: 0.6, MinMarks: 0.02, MaxMarks: 0.4, MaxWide: 0.1, MaxBroken: 0.005, MinFunction: 2, MaxPinyin: 5,
		MinSentence: 5, MaxSentence: 250, MinComplete: 0.2, MaxOpen: 0.9, MaxShort: 0.8,
		TopNGrams: []Repeats{{4, 0.2}}, DuplicateNGrams: []Repeats{{10, 0.4}},
		Script: "any", MaxMixed: 0.2,
		Adverts: cut, Chrome: cut, Phrases: DefaultPhrases(), MaxAdverts: 0.3,
	}
}

type filter struct {
	Settings
	scan  *scanner
	judge lineJudge
	reps  repeats
	lines []lineSpan // of the document, that advertise
	out   []byte

	topNames, duplicateNames []string // of the rules of repetition
}

// lineSpan is a line that advertises.
type lineSpan struct {
	start, end int
	kind       string
}

// Apply cuts the lines that advertise, measures the rest and drops the document where a rule says so.
func (f *filter) Apply(d *corpus.Document, r *corpus.Report) {
	text := d.Text()
	f.scan.reset()
	f.lines = f.lines[:0]
	bad := 0 // bytes in lines that advertise
	for at := 0; at <= len(text); {
		end := lineEnd(text, at)
		look := f.scan.line(text[at:end])
		if kind := f.judge.kind(text[at:end], look && f.Adverts != ignore, f.Chrome != ignore); kind != "" {
			f.lines = append(f.lines, lineSpan{at, end, kind})
			bad += end - at
			r.Add(kind, 1)
		}
		at = end + 1
	}
	lines := f.lines
	if len(lines) > 0 {
		f.rescan(text)
	}
	if f.MaxAdverts > 0 {
		f.most(r, "adverts", share(bad, len(text)), f.MaxAdverts, lines)
	}
	if r.Dropped == "" || r.Explain {
		f.rules(r)
	}
	if len(lines) > 0 {
		f.cut(d, lines)
	}
}

// lineEnd returns where the line ends that begins at a place.
func lineEnd(text string, at int) int {
	if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i
	}
	return len(text)
}

// rescan measures the text again without the lines that are to be cut.
func (f *filter) rescan(text string) {
	f.scan.reset()
	rest := f.lines
	for at := 0; at <= len(text); {
		end := lineEnd(text, at)
		if len(rest) > 0 && rest[0].start == at {
			if f.action(rest[0].kind) != cut {
				f.scan.line(text[at:end])
			}
			rest = rest[1:]
		} else {
			f.scan.line(text[at:end])
		}
		at = end + 1
	}
}

func (f *filter) action(kind string) string {
	if kind == chromeLine {
		return f.Chrome
	}
	return f.Adverts
}

// cut removes the lines that are to be cut, with their line ends.
func (f *filter) cut(d *corpus.Document, lines []lineSpan) {
	text, at := d.Text(), 0
	f.out = f.out[:0]
	for _, l := range lines {
		if f.action(l.kind) != cut {
			continue
		}
		f.out = append(f.out, text[at:l.start]...)
		at = min(l.end+1, len(text))
	}
	if at > 0 {
		d.SetText(string(append(f.out, text[at:]...)))
	}
}

// most drops a document whose value is above a limit, and records the finding where asked for; 0 is no limit.
func (f *filter) most(r *corpus.Report, rule string, value, limit float64, lines []lineSpan) {
	f.verdict(r, rule, value, limit, "≤", limit > 0 && value > limit, lines)
}

// least is the same for a value below a limit.
func (f *filter) least(r *corpus.Report, rule string, value, limit float64) {
	f.verdict(r, rule, value, limit, "≥", value < limit, nil)
}

func (f *filter) verdict(r *corpus.Report, rule string, value, limit float64, sign string, failed bool, lines []lineSpan) {
	if failed {
		r.Drop(rule, value, limit)
	}
	if r.Explain && limit > 0 {
		var spans []corpus.Span
		for _, l := range lines[:min(len(lines), 200)] {
			spans = append(spans, corpus.Span{Start: l.start, End: l.end, Kind: l.kind})
		}
		r.Find(corpus.Finding{Rule: rule, Value: value, Limit: fmt.Sprintf("%s %g", sign, limit), Failed: failed, Spans: spans})
	}
}

// Characters of one script alone from which on a mixture is one.
const enoughTelling = 20

// rules looks at the measures.
func (f *filter) rules(r *corpus.Report) {
	m := &f.scan.Measures
	f.least(r, "few-han-characters", float64(m.Han), float64(f.MinChars))
	f.most(r, "long", float64(m.Chars), float64(f.MaxChars), nil)
	f.least(r, "little-han", share(m.Han, m.Chars), f.MinHan)
	f.most(r, "much-latin", share(m.Latin, m.Chars), f.MaxLatin, nil)
	f.most(r, "broken", share(m.Broken, m.Chars), f.MaxBroken, nil)
	f.script(r, m)
	if m.Chars < f.MinJudged || r.Dropped != "" && !r.Explain {
		return
	}
	f.least(r, "little-punctuation", share(m.Marks, m.Chars), f.MinMarks)
	f.most(r, "much-punctuation", share(m.Marks, m.Chars), f.MaxMarks, nil)
	f.most(r, "full-width", share(m.Wide, m.Chars), f.MaxWide, nil)
	f.least(r, "few-function-characters", float64(m.Function), float64(f.MinFunction))
	if m.Pinyin >= 3 {
		f.most(r, "pinyin", 1000*share(m.Pinyin, m.Han), f.MaxPinyin, nil)
	}
	f.least(r, "incomplete-sentences", share(m.Complete, m.Chars), f.MinComplete)
	if m.Sentences > 0 {
		f.least(r, "short-sentences", share(m.Complete, m.Sentences), f.MinSentence)
		f.most(r, "long-sentences", share(m.Complete, m.Sentences), f.MaxSentence, nil)
	}
	f.most(r, "open-lines", share(m.Open, m.Lines), f.MaxOpen, nil)
	f.most(r, "short-lines", share(m.Short, m.Lines), f.MaxShort, nil)
	f.repetition(r)
}

// script looks for the wanted script, and for mixtures.
func (f *filter) script(r *corpus.Report, m *Measures) {
	telling := m.Simplified + m.Traditional
	minor := min(m.Simplified, m.Traditional)
	switch f.Script {
	case "simplified":
		f.most(r, "traditional", share(m.Traditional, telling), 0.5, nil)
	case "traditional":
		f.most(r, "simplified", share(m.Simplified, telling), 0.5, nil)
	}
	if telling >= enoughTelling {
		f.most(r, "mixed-scripts", share(minor, telling), f.MaxMixed, nil)
	}
}

// repetition looks for repeated n-grams, the most costly rule.
func (f *filter) repetition(r *corpus.Report) {
	for i, g := range f.TopNGrams {
		if r.Dropped == "" || r.Explain {
			f.most(r, f.topNames[i], f.reps.top(f.scan.letters, g.N), g.MaxChars, nil)
		}
	}
	for i, g := range f.DuplicateNGrams {
		if r.Dropped == "" || r.Explain {
			f.most(r, f.duplicateNames[i], f.reps.duplicates(f.scan.letters, g.N), g.MaxChars, nil)
		}
	}
}

// Measure measures a text with all of its lines.
func Measure(text string) Measures {
	s := newScanner()
	for line := range strings.SplitSeq(text, "\n") {
		s.line(line)
	}
	return s.Measures
}
