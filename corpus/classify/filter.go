package classify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/corpus"
)

// Classify sets the probability of a label as a finding, and keeps documents with one in a band.
//
//	use: classify
//	model: quality.cls
//	label: clean
//	min: 0.5
type Classify struct {
	// Model is a file of `athanor corpus classify train`.
	Model string `yaml:"model"`
	// Label is the one whose probability is the score. Empty = the second of two labels, in alphabetical order.
	Label string `yaml:"label"`
	// Attr names the finding. Empty = the label.
	Attr string `yaml:"attr"`
	// LabelAttr, where not empty, names a finding that takes the most probable label.
	LabelAttr string `yaml:"label_attr"`
	// Min and Max bound the probabilities of documents that are kept, both included. Left out = no bound.
	Min *float64 `yaml:"min"`
	Max *float64 `yaml:"max"`
}

// DefaultClassify keeps all documents.
func DefaultClassify() Classify { return Classify{} }

// Validate refuses settings that cannot be.
func (s *Classify) Validate() error {
	if s.Model == "" {
		return fmt.Errorf(`classify: model is "", want a file of athanor corpus classify train`)
	}
	for _, b := range []struct {
		key string
		v   *float64
	}{{"min", s.Min}, {"max", s.Max}} {
		if b.v != nil && !(*b.v >= 0 && *b.v <= 1) {
			return fmt.Errorf("classify: %s is %v, want a probability, 0..1", b.key, *b.v)
		}
	}
	if s.Min != nil && s.Max != nil && *s.Min > *s.Max {
		return fmt.Errorf("classify: min is %v, want at most max, which is %v", *s.Min, *s.Max)
	}
	return nil
}

// Files is the model.
func (s *Classify) Files() []string { return []string{s.Model} }

// Open loads the model.
func (s *Classify) Open(env corpus.Env) (func() corpus.Filter, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	m, err := Load(env.Path(s.Model))
	if err != nil {
		return nil, err
	}
	label := s.Label
	if label == "" && len(m.head.Labels) == 2 {
		label = m.head.Labels[1]
	}
	at := slices.Index(m.head.Labels, label)
	if at < 0 {
		return nil, fmt.Errorf("classify: label is %q, want one of the model's: %s", label, strings.Join(m.head.Labels, ", "))
	}
	return func() corpus.Filter {
		return &filter{Classify: s, scorer: m.NewScorer(), label: at, attr: cmp.Or(s.Attr, label), labels: m.head.Labels}
	}, nil
}

type filter struct {
	*Classify
	scorer *Scorer
	label  int
	attr   string
	labels []string
}

// Apply drops documents by the rules "score-below" and "score-above".
func (f *filter) Apply(d *corpus.Document, r *corpus.Report) {
	p := f.scorer.Score(d.Text())
	score := p[f.label]
	d.Set(f.attr, score)
	best := 0
	for i := range p {
		if p[i] > p[best] {
			best = i
		}
	}
	if f.LabelAttr != "" {
		d.Set(f.LabelAttr, f.labels[best])
	}
	below, above := f.Min != nil && score < *f.Min, f.Max != nil && score > *f.Max
	if below {
		r.Drop("score-below", score, *f.Min)
	}
	if above {
		r.Drop("score-above", score, *f.Max)
	}
	if r.Explain {
		limit := "any"
		switch {
		case f.Min != nil && f.Max != nil:
			limit = fmt.Sprintf("%g..%g", *f.Min, *f.Max)
		case f.Min != nil:
			limit = fmt.Sprintf("≥ %g", *f.Min)
		case f.Max != nil:
			limit = fmt.Sprintf("≤ %g", *f.Max)
		}
		r.Find(corpus.Finding{Rule: "probability of " + f.labels[f.label], Value: score, Limit: limit, Failed: below || above})
	}
}
