package ngram

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/tokenizer"
)

// Perplexity sets a document's perplexity and its bucket as findings, and drops documents by either.
//
//	use: perplexity
//	model: wiki-en.ngram
//	tokenizer: wiki-en-tok
//	drop: [tail]
type Perplexity struct {
	// Model is a file of `athanor corpus perplexity train`.
	Model string `yaml:"model"`
	// Tokenizer is the one that a model of tokens was trained with. Empty for other models.
	Tokenizer string `yaml:"tokenizer"`
	// Attr names the finding that takes the perplexity, and BucketAttr the one that takes head, middle or tail.
	Attr       string `yaml:"attr"`
	BucketAttr string `yaml:"bucket_attr"`
	// Head and Middle are the perplexities up to which documents are in these buckets. 0 = the model's own, by language.
	Head   float64 `yaml:"head"`
	Middle float64 `yaml:"middle"`
	// Drop lists the buckets to drop.
	Drop []string `yaml:"drop"`
	// Min and Max bound the perplexities that are kept: what repeats itself has a very low one. 0 = no bound.
	Min float64 `yaml:"min"`
	Max float64 `yaml:"max"`
}

// DefaultPerplexity keeps all documents.
func DefaultPerplexity() Perplexity {
	return Perplexity{Attr: "perplexity", BucketAttr: "perplexity_bucket"}
}

// Validate refuses settings that cannot be.
func (s *Perplexity) Validate() error {
	bad := func(key string, found any, want string) error {
		return fmt.Errorf("perplexity: %s is %v, want %s", key, found, want)
	}
	for _, b := range []struct {
		key string
		v   float64
	}{{"head", s.Head}, {"middle", s.Middle}, {"min", s.Min}, {"max", s.Max}} {
		if !(b.v >= 0) || math.IsInf(b.v, 0) {
			return bad(b.key, b.v, "a number of at least 0")
		}
	}
	switch {
	case s.Model == "":
		return bad("model", `""`, "a file of athanor corpus perplexity train")
	case s.Attr == "" || s.BucketAttr == "" || s.Attr == s.BucketAttr:
		return bad("attr and bucket_attr", fmt.Sprintf("%q and %q", s.Attr, s.BucketAttr), "two names")
	case (s.Head > 0) != (s.Middle > 0) || s.Head > s.Middle:
		return bad("head and middle", fmt.Sprintf("%v and %v", s.Head, s.Middle), "both or neither, middle the larger")
	case s.Max > 0 && s.Min > s.Max:
		return bad("min", s.Min, fmt.Sprintf("at most max, which is %v", s.Max))
	}
	for _, b := range s.Drop {
		if !slices.Contains([]string{Head, Middle, Tail}, b) {
			return bad("drop", fmt.Sprintf("%q", b), "a list of head, middle, tail")
		}
	}
	return nil
}

// Files are the model and its tokenizer.
func (s *Perplexity) Files() []string {
	if s.Tokenizer == "" {
		return []string{s.Model}
	}
	return []string{s.Model, s.Tokenizer}
}

// Open loads the model.
func (s *Perplexity) Open(env corpus.Env) (func() corpus.Filter, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	m, err := Load(env.Path(s.Model))
	if err != nil {
		return nil, err
	}
	var tok *tokenizer.Tokenizer
	if s.Tokenizer != "" {
		if tok, err = tokenizer.Load(env.Path(s.Tokenizer)); err != nil {
			return nil, fmt.Errorf("perplexity: %w", err)
		}
	}
	if _, err := m.NewScorer(tok); err != nil {
		return nil, fmt.Errorf("perplexity: %s: %w", s.Model, err)
	}
	if len(s.Drop) > 0 && s.Head == 0 && len(m.head.Buckets) == 0 {
		return nil, fmt.Errorf("perplexity: %s has no buckets: set head and middle, or give it some with athanor corpus perplexity buckets", s.Model)
	}
	return func() corpus.Filter {
		scorer, err := m.NewScorer(tok)
		if err != nil {
			panic(err) // it was made before
		}
		return &filter{Perplexity: s, m: m, scorer: scorer}
	}, nil
}

type filter struct {
	*Perplexity
	m      *Model
	scorer *Scorer
}

// Apply drops documents by the rules "head", "middle", "tail", "perplexity-below" and "perplexity-above". One without words has no
// perplexity and stays.
func (f *filter) Apply(d *corpus.Document, r *corpus.Report) {
	score := f.scorer.Score(d.Text())
	if score.Words == 0 {
		return
	}
	p := score.Perplexity()
	d.Set(f.Attr, p)
	var where string
	if f.Head > 0 {
		where = bucket([2]float64{f.Head, f.Middle}, p)
	} else {
		where = f.m.Bucket(d.Lang, p)
	}
	if where != "" {
		d.Set(f.BucketAttr, where)
		r.Add(where, 1)
	}
	dropped := slices.Contains(f.Drop, where)
	below, above := f.Min > 0 && p < f.Min, f.Max > 0 && p > f.Max
	switch {
	case dropped:
		r.Drop(where, p, 0)
	case below:
		r.Drop("perplexity-below", p, f.Min)
	case above:
		r.Drop("perplexity-above", p, f.Max)
	}
	if r.Explain {
		f.explain(d, r, p, where, dropped || below || above)
	}
}

// explain shows the perplexity, and the lines that are at least twice as odd as the whole.
func (f *filter) explain(d *corpus.Document, r *corpus.Report, p float64, where string, failed bool) {
	found := corpus.Finding{Rule: "perplexity", Value: p, Limit: cmp.Or(where, "no buckets"), Failed: failed}
	text, at := d.Text(), 0
	for at < len(text) && len(found.Spans) < 300 {
		to := at
		for to < len(text) && text[to] != '\n' {
			to++
		}
		if s := f.scorer.Score(text[at:to]); s.Words > 0 && s.Perplexity() > 2*p {
			found.Spans = append(found.Spans, corpus.Span{Start: at, End: to, Kind: fmt.Sprintf("perplexity %.0f", s.Perplexity())})
		}
		at = to + 1
	}
	r.Find(found)
}
