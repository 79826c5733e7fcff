package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/athanor-lm/athanor/corpus/pipeline"
)

// view is a summary as the page shows it.
type view struct {
	*pipeline.Summary
	In, Out  pipeline.Amount
	SetAside int64
	Flow     []flowRow
	Steps    []stepView
	Sources  []sourceView
	Rates    []rateRow
	Lengths  *histogram // behind the first and the last step
	Langs    []bar
}

// flowRow is a step's bar: what is left of the bytes that were read, what this step took.
type flowRow struct {
	Name       string
	Documents  int64
	Bytes      int64
	Tokens     int64   // estimated from the bytes
	Kept, Lost float64 // shares of the bytes read
	Dropped    int64   // documents
}

// stepView is a step with what can be drawn of it.
type stepView struct {
	pipeline.StepSummary
	Dropped  pipeline.Amount
	Share    float64 // of the documents
	Drops    []dropView
	Counts   []bar
	Charts   []chartView
	Idle     bool // nothing happened
	Settings string
}

type dropView struct {
	pipeline.DropSummary
	Share float64 // of the documents that came to the step
}

// bar is a count beside others.
type bar struct {
	Name  string
	N     int64
	Share float64 // of the largest
	Whole float64 // of all
}

type chartView struct {
	Name string
	Bars []bar
}

type sourceView struct {
	pipeline.SourceSummary
	Share    float64 // of the bytes
	Start    float64 // shares before it
	Color    int
	InputDoc int64
}

type rateRow struct {
	Name  string
	Nanos float64 // a byte
	Rate  float64 // bytes a second, one core
	Share float64 // of the slowest
}

// DocShare is the share of the documents that came through.
func (v *view) DocShare() float64 { return ratio(v.Out.Documents, v.In.Documents) }

// ByteShare is the share of the text that came through.
func (v *view) ByteShare() float64 { return ratio(v.Out.Bytes, v.In.Bytes) }

// TokenBytes is the text a token stands for.
func (v *view) TokenBytes() float64 { bytes, _ := v.BytesPerToken(); return bytes }

// TokensCounted tells whether a tokenizer counted them at the end.
func (v *view) TokensCounted() bool { _, counted := v.BytesPerToken(); return counted }

// TokensIn and TokensOut are the tokens that were read and that came through, estimated from the bytes.
func (v *view) TokensIn() int64  { return v.tokensOf(v.In.Bytes) }
func (v *view) TokensOut() int64 { return v.tokensOf(v.Out.Bytes) }

func (v *view) tokensOf(bytes int64) int64 { return int64(math.Round(float64(bytes) / v.TokenBytes())) }

// Palette has an element for each colour of a source.
func (v *view) Palette() [sourceColors]struct{} { return [sourceColors]struct{}{} }

func newView(s *pipeline.Summary, t *pipeline.Timings) *view {
	v := &view{Summary: s}
	for _, in := range s.Inputs {
		v.In.Documents += in.Read.Documents
		v.In.Bytes += in.Read.TextBytes
		v.SetAside += in.SetAside
	}
	for _, f := range s.Final {
		v.Out.Documents += f.Documents
		v.Out.Bytes += f.Bytes
	}
	v.flow()
	for i := range s.Steps {
		v.Steps = append(v.Steps, newStepView(&s.Steps[i]))
	}
	v.sources()
	v.histograms()
	v.rates(t)
	return v
}

func (v *view) flow() {
	for i := range v.Summary.Steps {
		st := &v.Summary.Steps[i]
		v.Flow = append(v.Flow, flowRow{
			Name: st.Name, Documents: st.Out.Documents, Bytes: st.Out.Bytes, Dropped: st.In.Documents - st.Out.Documents, Tokens: v.tokensOf(st.Out.Bytes),
			Kept: ratio(st.Out.Bytes, v.In.Bytes), Lost: ratio(st.In.Bytes-st.Out.Bytes, v.In.Bytes),
		})
	}
}

func newStepView(s *pipeline.StepSummary) stepView {
	v := stepView{StepSummary: *s, Settings: strings.TrimSpace(s.Settings)}
	for _, d := range s.Drops {
		v.Dropped.Documents += d.Documents
		v.Dropped.Bytes += d.Bytes
		v.Drops = append(v.Drops, dropView{d, ratio(d.Documents, s.In.Documents)})
	}
	v.Share = ratio(v.Dropped.Documents, s.In.Documents)
	v.Counts = bars(s.Counts)
	for _, c := range s.Charts {
		v.Charts = append(v.Charts, newChartView(&c))
	}
	v.Idle = len(v.Drops) == 0 && len(v.Counts) == 0 && len(v.Charts) == 0 && len(s.Stats) == 0 && s.Edited.Documents == 0
	return v
}

func bars(counts []pipeline.NamedCount) []bar {
	var most, all int64
	for _, c := range counts {
		most, all = max(most, c.N), all+c.N
	}
	var out []bar
	for _, c := range counts {
		out = append(out, bar{c.Name, c.N, ratio(c.N, most), ratio(c.N, all)})
	}
	return out
}

func newChartView(c *pipeline.Chart) chartView {
	v := chartView{Name: c.Name}
	var most, all float64
	for _, n := range c.Counts {
		most, all = max(most, n), all+n
	}
	for i, n := range c.Counts {
		v.Bars = append(v.Bars, bar{c.Labels[i], int64(n), n / max(most, 1), n / max(all, 1)})
	}
	return v
}

// sourceColors is how many colours the page has for sources.
const sourceColors = 8

func (v *view) sources() {
	at := 0.0
	for i, f := range v.Final {
		share := ratio(f.Bytes, v.Out.Bytes)
		v.Sources = append(v.Sources, sourceView{SourceSummary: f, Share: share, Start: at, Color: i % sourceColors, InputDoc: v.read(f.Source)})
		at += share
	}
}

// read is the number of documents that were read of a source.
func (v *view) read(source string) (n int64) {
	for _, in := range v.Inputs {
		if in.Source == source {
			n += in.Read.Documents
		}
	}
	return n
}

func (v *view) histograms() {
	var final pipeline.Lengths
	langs := map[string]int64{}
	var order []string
	for _, f := range v.Final {
		final.Merge(f.Lengths)
		for _, l := range f.Languages {
			if _, ok := langs[l.Name]; !ok {
				order = append(order, l.Name)
			}
			langs[l.Name] += l.N
		}
	}
	var first pipeline.Lengths
	if len(v.Summary.Steps) > 0 {
		first.Merge(v.Summary.Steps[0].Lengths)
	}
	v.Lengths = newHistogram(first, final)
	var counts []pipeline.NamedCount
	for _, name := range order {
		shown := name
		if shown == "" {
			shown = "unknown"
		}
		counts = append(counts, pipeline.NamedCount{Name: shown, N: langs[name]})
	}
	sortCounts(counts)
	if len(counts) > mostLanguages {
		rest := pipeline.NamedCount{Name: fmt.Sprintf("%d others", len(counts)-mostLanguages)}
		for _, c := range counts[mostLanguages:] {
			rest.N += c.N
		}
		counts = append(counts[:mostLanguages:mostLanguages], rest)
	}
	v.Langs = bars(counts)
}

// mostLanguages is how many languages have a bar of their own.
const mostLanguages = 20

func (v *view) rates(t *pipeline.Timings) {
	if t == nil {
		return
	}
	slowest := 0.0
	for _, s := range t.Steps {
		if s.Bytes > 0 && s.Nanos > 0 {
			slowest = max(slowest, float64(s.Nanos)/float64(s.Bytes))
		}
	}
	for _, s := range t.Steps {
		if s.Bytes > 0 && s.Nanos > 0 {
			ns := float64(s.Nanos) / float64(s.Bytes)
			v.Rates = append(v.Rates, rateRow{s.Name, ns, 1e9 / ns, ns / slowest})
		}
	}
}
