package generate

import (
	"math"
	"slices"
	"testing"
)

func ids(c []candidate) []uint32 {
	var out []uint32
	for _, x := range c {
		out = append(out, x.id)
	}
	return out
}

// Probabilities 0.4, 0.3, 0.2, 0.1 of tokens 2, 0, 3, 1.
var fourLogits = []float32{float32(math.Log(0.3)), float32(math.Log(0.1)), float32(math.Log(0.4)), float32(math.Log(0.2))}

func TestCandidatesKeepWhatTheRulesAllow(t *testing.T) {
	for _, tc := range []struct {
		name string
		s    Sampling
		want []uint32
	}{
		{"all", Sampling{Temperature: 1}, []uint32{2, 0, 3, 1}},
		{"top-k", Sampling{Temperature: 1, TopK: 2}, []uint32{2, 0}},
		{"top-p reached by two", Sampling{Temperature: 1, TopP: 0.65}, []uint32{2, 0}},
		{"top-p needs the third", Sampling{Temperature: 1, TopP: 0.75}, []uint32{2, 0, 3}},
		{"top-p after top-k renormalises", Sampling{Temperature: 1, TopK: 2, TopP: 0.55}, []uint32{2}},
		{"min-p", Sampling{Temperature: 1, MinP: 0.49}, []uint32{2, 0, 3}},
		{"min-p sharper", Sampling{Temperature: 1, MinP: 0.6}, []uint32{2, 0}},
	} {
		if got := ids(NewSampler(tc.s, 0).candidates(slices.Clone(fourLogits))); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestDrawFollowsTheDistribution(t *testing.T) {
	s := NewSampler(Sampling{Temperature: 1, Seed: 3}, 0)
	var n [4]int
	const draws = 20000
	for range draws {
		n[s.Next(slices.Clone(fourLogits))]++
	}
	for id, p := range []float64{0.3, 0.1, 0.4, 0.2} {
		if got := float64(n[id]) / draws; math.Abs(got-p) > 4*math.Sqrt(p*(1-p)/draws) {
			t.Errorf("token %d drawn with share %.3f, want %.3f", id, got, p)
		}
	}
}

func TestSamplerIsAFunctionOfSeedAndIndex(t *testing.T) {
	draw := func(seed uint64, index int) []uint32 {
		s := NewSampler(Sampling{Temperature: 1, Seed: seed}, index)
		var out []uint32
		for range 50 {
			out = append(out, s.Next(slices.Clone(fourLogits)))
		}
		return out
	}
	if !slices.Equal(draw(1, 0), draw(1, 0)) {
		t.Error("same seed and index, different tokens")
	}
	if slices.Equal(draw(1, 0), draw(2, 0)) || slices.Equal(draw(1, 0), draw(1, 1)) {
		t.Error("another seed or index, same tokens")
	}
}

func TestRepetitionPenaltyDividesPositiveAndMultipliesNegative(t *testing.T) {
	s := NewSampler(Sampling{RepetitionPenalty: 2}, 0)
	s.Observe(0, 1)
	logits := []float32{3, -1, 1.6}
	if got := s.Next(logits); got != 2 {
		t.Errorf("greedy took %d, want 2", got)
	}
	if logits[0] != 1.5 || logits[1] != -2 || logits[2] != 1.6 {
		t.Errorf("logits %v", logits)
	}
}

func TestStopperCutsAndHoldsBack(t *testing.T) {
	for _, tc := range []struct {
		stops  []string
		pushes []string
		want   []string
		flush  string
		done   bool
	}{
		{[]string{"\n\n"}, []string{"a\n", "b\n", "\nc"}, []string{"a", "\nb", ""}, "", true},
		{[]string{"END"}, []string{"xE", "N", "x"}, []string{"x", "", "ENx"}, "", false},
		{[]string{"。", "终"}, []string{"你好", "终止"}, []string{"你好", ""}, "", true},
		{[]string{"abc"}, []string{"ab"}, []string{""}, "ab", false},
		{nil, []string{"ab"}, []string{"ab"}, "", false},
		{[]string{"bc", "abcd"}, []string{"xabcd"}, []string{"x"}, "", true},
	} {
		s := stopper{stops: tc.stops}
		var got []string
		for _, p := range tc.pushes {
			got = append(got, s.push(p))
		}
		if !slices.Equal(got, tc.want) || s.flush() != tc.flush || s.done != tc.done {
			t.Errorf("%q on %q: %q done=%v, want %q", tc.stops, tc.pushes, got, s.done, tc.want)
		}
	}
}
