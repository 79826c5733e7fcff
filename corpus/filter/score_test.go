package filter

import (
	"fmt"
	"math"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
)

func bound(v float64) *float64 { return &v }

func scored(id string, value any) *corpus.Document {
	d := corpus.NewDocument("text", nil)
	d.ID = id
	if value != nil {
		d.Set("q", value)
	}
	return d
}

func TestScoreRules(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*Score)
		doc  *corpus.Document
		want string
	}{
		{"within", func(s *Score) { s.Min, s.Max = bound(0.2), bound(0.8) }, scored("a", 0.2), ""},
		{"below", func(s *Score) { s.Min = bound(0.2) }, scored("a", 0.19), "below"},
		{"above", func(s *Score) { s.Max = bound(0.8) }, scored("a", 0.81), "above"},
		{"missing", func(s *Score) { s.Min = bound(0) }, scored("a", nil), "missing"},
		{"missing kept", func(s *Score) { s.Min, s.Missing = bound(0), "keep" }, scored("a", nil), ""},
		{"not a number", func(s *Score) { s.Min = bound(0) }, scored("a", math.NaN()), "missing"},
		{"text where a number is wanted", func(s *Score) { s.Min = bound(0) }, scored("a", "head"), "missing"},
		{"listed", func(s *Score) { s.OneOf = []string{"head", "middle"} }, scored("a", "middle"), ""},
		{"not listed", func(s *Score) { s.OneOf = []string{"head", "middle"} }, scored("a", "tail"), "not-listed"},
		{"weight 0", func(s *Score) { s.Weights = map[string]float64{"tail": 0} }, scored("a", "tail"), "not-drawn"},
		{"weight of another", func(s *Score) { s.Weights = map[string]float64{"tail": 0} }, scored("a", "head"), ""},
		{"ramp at 0", func(s *Score) { s.Ramp = &Ramp{900, 100} }, scored("a", 900.0), "not-drawn"},
		{"ramp at 1", func(s *Score) { s.Ramp = &Ramp{900, 100} }, scored("a", 50.0), ""},
		{"present is enough", func(*Score) {}, scored("a", "any"), ""},
	} {
		s := DefaultScore()
		s.Key = "q"
		c.set(&s)
		if got := applyScore(t, &s, c.doc, 0); got != c.want {
			t.Errorf("%s: dropped by %q, want %q", c.name, got, c.want)
		}
	}
	meta := corpus.NewDocument("t", nil)
	meta.Meta = []byte(`{"stats":{"stars":3}}`)
	s := DefaultScore()
	s.Key, s.Min = "stats.stars", bound(4)
	if got := applyScore(t, &s, meta, 0); got != "below" {
		t.Errorf("a record's own field: %q, want below", got)
	}
}

// The shares kept are those of the rules: 0.25 at a quarter of the ramp, (2-0.9)^-9 = 0.4241 by GPT-3's rule; within 4 σ of 20,000
// draws. Another seed draws others; the same seed the same.
func TestScoreDrawsByID(t *testing.T) {
	const n = 20000
	for _, c := range []struct {
		set func(*Score)
		x   any
		p   float64
	}{
		{func(s *Score) { s.Ramp = &Ramp{0, 4} }, 1.0, 0.25},
		{func(s *Score) { s.Pareto = 9 }, 0.9, 0.4241},
		{func(s *Score) { s.Share = 0.7 }, 0.9, 0.7},
		{func(s *Score) { s.Weights = map[string]float64{"middle": 0.5} }, "middle", 0.5},
	} {
		s := DefaultScore()
		s.Key = "q"
		c.set(&s)
		kept, moved := 0, 0
		for i := range n {
			d := scored(fmt.Sprint("doc", i), c.x)
			one, again, other := applyScore(t, &s, d, 1), applyScore(t, &s, d, 1), applyScore(t, &s, d, 2)
			if one != again {
				t.Fatalf("%v: drawn differently", d.ID)
			}
			if one == "" {
				kept++
			}
			if one != other {
				moved++
			}
		}
		if sigma := math.Sqrt(c.p * (1 - c.p) / n); math.Abs(float64(kept)/n-c.p) > 4*sigma {
			t.Errorf("%v: kept %v, want %v", c.x, float64(kept)/n, c.p)
		}
		if moved == 0 {
			t.Errorf("%v: the seed does not matter", c.x)
		}
	}
}

func TestScoreExplains(t *testing.T) {
	s := DefaultScore()
	s.Key, s.Min, s.Max, s.Share = "q", bound(1), bound(2), 0
	r := corpus.Report{Explain: true}
	open, err := s.Open(corpus.Env{})
	if err != nil {
		t.Fatal(err)
	}
	open().Apply(scored("a", 0.5), &r)
	if len(r.Findings) != 3 || !r.Findings[0].Failed || r.Findings[1].Failed || !r.Findings[2].Failed || r.Dropped != "below" {
		t.Errorf("%+v", r)
	}
}

func TestScoreRefuses(t *testing.T) {
	for name, set := range map[string]func(*Score){
		"no key":     func(s *Score) { s.Key = "" },
		"missing":    func(s *Score) { s.Missing = "?" },
		"share":      func(s *Score) { s.Share = 1.5 },
		"bounds":     func(s *Score) { s.Min, s.Max = bound(2), bound(1) },
		"least":      func(s *Score) { s.Min = bound(math.NaN()) },
		"most":       func(s *Score) { s.Max = bound(math.NaN()) },
		"flat ramp":  func(s *Score) { s.Ramp = &Ramp{1, 1} },
		"weight":     func(s *Score) { s.Weights = map[string]float64{"a": 2} },
		"both kinds": func(s *Score) { s.Min, s.OneOf = bound(1), []string{"a"} },
		"pareto":     func(s *Score) { s.Pareto = math.NaN() },
	} {
		s := DefaultScore()
		s.Key = "q"
		set(&s)
		if s.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func applyScore(t *testing.T, s *Score, d *corpus.Document, seed uint64) string {
	t.Helper()
	open, err := s.Open(corpus.Env{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	var r corpus.Report
	open().Apply(d, &r)
	return r.Dropped
}
