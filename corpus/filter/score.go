package filter

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/zeebo/xxh3"

	"github.com/athanor-lm/athanor/corpus"
)

// Score keeps documents by what other steps found out about them, or by what came with the record: a number within bounds, a
// text of a list, or a share of the documents that depends on either. The share is drawn by a hash of the document's ID
// and the key: the same documents, whatever else the corpus holds.
//
//	use: score
//	key: quality
//	min: 0.3
//	ramp: {from: 0.3, to: 0.8}
type Score struct {
	// Key names the finding (an attribute set by a step), or else the record's own field; dots descend into objects.
	Key string `yaml:"key"`
	// Min and Max bound a number, both included. Left out = no bound.
	Min *float64 `yaml:"min"`
	Max *float64 `yaml:"max"`
	// OneOf lists the texts to keep; a field that is true or false counts as "true" or "false". Empty = any.
	OneOf []string `yaml:"one_of"`
	// Weights give, for a text, the probability with which a document is kept; a text that is not listed keeps all.
	Weights map[string]float64 `yaml:"weights"`
	// Ramp keeps a share that grows with a number. Left out = all.
	Ramp *Ramp `yaml:"ramp"`
	// Pareto, where above 0, keeps a document with a number x in 0..1 with probability (2-x)^-Pareto: the rule of GPT-3's quality
	// classifier (Brown et al. 2020, appendix A), np.random.pareto(α) > 1-x, with α = 9. 0 = all.
	Pareto float64 `yaml:"pareto"`
	// Share is the probability with which any document is kept, beside the others. 1 = all.
	Share float64 `yaml:"share"`
	// Missing says what becomes of documents that do not have the key: "drop" or "keep".
	Missing string `yaml:"missing"`
}

// Ramp is a probability that goes in a straight line from 0 where a number is From to 1 where it is To, and stays there. From is
// the larger one where small numbers are good, as perplexities are.
type Ramp struct {
	From float64 `yaml:"from"`
	To   float64 `yaml:"to"`
}

// DefaultScore keeps all documents that have the key.
func DefaultScore() Score { return Score{Share: 1, Missing: "drop"} }

// Validate refuses settings that cannot be.
func (s *Score) Validate() error {
	bad := func(key string, found any, want string) error {
		return fmt.Errorf("score: %s is %v, want %s", key, found, want)
	}
	numeric := s.Min != nil || s.Max != nil || s.Ramp != nil || s.Pareto != 0
	textual := len(s.OneOf) > 0 || len(s.Weights) > 0
	switch {
	case s.Key == "":
		return bad("key", `""`, "the name of a finding or field")
	case s.Missing != "drop" && s.Missing != "keep":
		return bad("missing", strconv.Quote(s.Missing), "drop or keep")
	case !(s.Share >= 0 && s.Share <= 1):
		return bad("share", s.Share, "0..1")
	case !(s.Pareto >= 0) || math.IsInf(s.Pareto, 0):
		return bad("pareto", s.Pareto, "a number of at least 0")
	case s.Min != nil && math.IsNaN(*s.Min):
		return bad("min", *s.Min, "a number")
	case s.Max != nil && math.IsNaN(*s.Max):
		return bad("max", *s.Max, "a number")
	case s.Min != nil && s.Max != nil && *s.Min > *s.Max:
		return bad("min", *s.Min, fmt.Sprintf("at most max, which is %v", *s.Max))
	case s.Ramp != nil && (s.Ramp.From == s.Ramp.To || !scoreFinite(s.Ramp.From) || !scoreFinite(s.Ramp.To)):
		return bad("ramp", *s.Ramp, "two different numbers from and to")
	case numeric && textual:
		return bad("one_of or weights", "set beside rules for numbers", "rules for numbers (min, max, ramp, pareto) or for texts (one_of, weights)")
	}
	for text, p := range s.Weights {
		if !(p >= 0 && p <= 1) {
			return bad("weights."+text, p, "0..1")
		}
	}
	return nil
}

func scoreFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Files returns nothing: the outcome depends on the document and the settings.
func (s *Score) Files() []string { return nil }

// Open returns the filter.
func (s *Score) Open(env corpus.Env) (func() corpus.Filter, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return func() corpus.Filter { return &scoreFilter{Score: *s, seed: env.Seed} }, nil
}

type scoreFilter struct {
	Score
	seed uint64
	buf  []byte
}

// Apply drops a document by the rules "missing", "below", "above", "not-listed" and "not-drawn".
func (f *scoreFilter) Apply(d *corpus.Document, r *corpus.Report) {
	number, isNumber := d.Number(f.Key)
	text, isText := d.String(f.Key)
	p := f.Share
	switch textual := len(f.OneOf) > 0 || len(f.Weights) > 0; {
	case textual && isText:
		p *= f.byText(text, r)
	case !textual && isNumber && !math.IsNaN(number):
		p *= f.byNumber(number, r)
	case !textual && isText && f.Min == nil && f.Max == nil && f.Ramp == nil && f.Pareto == 0:
	case f.Missing == "drop":
		f.find(r, "missing", 0, f.Key+" present", true)
		r.Drop("missing", 0, 0)
		return
	}
	if p < 1 {
		u := f.draw(d)
		f.find(r, "not-drawn", u, fmt.Sprintf("< %.3g", p), u >= p)
		if u >= p {
			r.Drop("not-drawn", u, p)
		}
	}
}

// byText applies the rules for texts and returns the probability of keeping.
func (f *scoreFilter) byText(text string, r *corpus.Report) float64 {
	if len(f.OneOf) > 0 {
		listed := slices.Contains(f.OneOf, text)
		f.find(r, "not-listed", 0, strings.Join(f.OneOf, ", "), !listed)
		if !listed {
			r.Drop("not-listed", 0, 0)
		}
	}
	if p, ok := f.Weights[text]; ok {
		return p
	}
	return 1
}

// byNumber applies the rules for numbers and returns the probability of keeping.
func (f *scoreFilter) byNumber(x float64, r *corpus.Report) float64 {
	if f.Min != nil {
		f.find(r, "below", x, fmt.Sprintf("≥ %g", *f.Min), x < *f.Min)
		if x < *f.Min {
			r.Drop("below", x, *f.Min)
		}
	}
	if f.Max != nil {
		f.find(r, "above", x, fmt.Sprintf("≤ %g", *f.Max), x > *f.Max)
		if x > *f.Max {
			r.Drop("above", x, *f.Max)
		}
	}
	p := 1.0
	if f.Ramp != nil {
		p = min(1, max(0, (x-f.Ramp.From)/(f.Ramp.To-f.Ramp.From)))
	}
	if f.Pareto > 0 {
		p *= math.Pow(2-min(1, max(0, x)), -f.Pareto)
	}
	return p
}

// draw is a number of 0..1 that belongs to the document's ID: seed, key and ID hashed, the upper 53 bits. A document without an
// ID is drawn by its text.
func (f *scoreFilter) draw(d *corpus.Document) float64 {
	f.buf = binary.LittleEndian.AppendUint64(f.buf[:0], f.seed)
	f.buf = append(append(f.buf, f.Key...), 0)
	f.buf = append(f.buf, cmp.Or(d.ID, d.Text())...)
	return float64(xxh3.Hash(f.buf)>>11) / (1 << 53)
}

func (f *scoreFilter) find(r *corpus.Report, rule string, value float64, limit string, failed bool) {
	if r.Explain {
		r.Find(corpus.Finding{Rule: rule, Value: value, Limit: limit, Failed: failed})
	}
}
