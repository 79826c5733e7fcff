package spm

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/athanor-lm/athanor/tokenizer/internal/token"
	"github.com/athanor-lm/athanor/tokenizer/internal/unigram"
)

// MaxNBest bounds the ways to cut a text that can be asked for.
const MaxNBest = 512

// Candidate is a way to cut a text. Score is the sum of its pieces' scores.
type Candidate struct {
	Spans []token.Span // as AppendSpans
	Score float32
}

// NBest returns the n best ways to cut text, best first; fewer where there are
// not as many. As in the original, the score of the one way asked for by n = 1
// is 0. Only unigram models have them.
func (m *Model) NBest(text []byte, n int, s *State) ([]Candidate, error) {
	if m.kind != Unigram {
		return nil, fmt.Errorf("spm: a %v model has one way to cut a text, not the best of many", m.kind)
	}
	if n < 1 || n > MaxNBest {
		return nil, fmt.Errorf("spm: the %d best ways to cut a text are wanted, want 1 to %d", n, MaxNBest)
	}
	if len(text) > math.MaxInt32/4 {
		return nil, fmt.Errorf("spm: the best ways to cut a text of %d bytes, want at most %d", len(text), math.MaxInt32/4)
	}
	norm, origin := m.norm.align(text)
	if len(norm) == 0 {
		return []Candidate{{}}, nil
	}
	if n == 1 {
		m.cut(norm, s)
		return []Candidate{{Spans: m.appendSpans(nil, norm, origin, s.tokens)}}, nil
	}
	var out []Candidate
	for _, p := range m.uni.NBest(norm, n) {
		out = append(out, Candidate{m.appendSpans(nil, norm, origin, p.Tokens), p.Score})
	}
	return out, nil
}

// Sampling says how Sample cuts.
type Sampling struct {
	// Alpha is, for unigram models, the smoothing: ways to cut are chosen with
	// probabilities proportional to exp(Alpha · score). For BPE models it is the
	// probability with which a merge is left out.
	Alpha float64
	NBest int // unigram: choose among so many best ways; 0: among all
}

// Sample appends the ids of text, cut at random, with the bytes each stands for.
// It is a function of the text and what rng gives.
func (m *Model) Sample(dst []token.Span, text []byte, o Sampling, rng *rand.Rand, s *State) ([]token.Span, error) {
	switch {
	case math.IsNaN(o.Alpha) || math.IsInf(o.Alpha, 0) || o.Alpha < 0:
		return dst, fmt.Errorf("spm: sample: alpha is %v, want a number from 0 on", o.Alpha)
	case m.kind == BPE && o.Alpha > 1:
		return dst, fmt.Errorf("spm: sample: a merge is to be left out with probability %v, want at most 1", o.Alpha)
	case m.kind != Unigram && m.kind != BPE:
		return dst, fmt.Errorf("spm: sample: a %v model has one way to cut a text", m.kind)
	case o.NBest != 0 && m.kind != Unigram:
		return dst, errors.New("spm: sample: the best ways to cut a text are those of unigram models")
	}
	if o.NBest > 0 {
		list, err := m.NBest(text, o.NBest, s)
		if err != nil {
			return dst, err
		}
		return append(dst, list[unigram.Choose(len(list), func(i int) float32 { return list[i].Score }, o.Alpha, rng)].Spans...), nil
	}
	norm, origin := m.norm.align(text)
	if m.kind == BPE {
		s.merge.drop = func() bool { return rng.Float64() < o.Alpha }
		m.cut(norm, s)
		s.merge.drop = nil
	} else {
		m.sampleUnigram(norm, o.Alpha, rng, s)
	}
	return m.appendSpans(dst, norm, origin, s.tokens), nil
}

// sampleUnigram cuts norm at random. No way to cut crosses a segment's end, so
// segments are cut by themselves.
func (m *Model) sampleUnigram(norm []byte, alpha float64, rng *rand.Rand, s *State) {
	s.tokens = s.tokens[:0]
	var prev uint32
	lo := 0
	for i := 0; i <= len(norm); {
		var c uint32
		n := 1
		if i < len(norm) {
			c, n = pack(norm, i)
		}
		if i > lo && (i == len(norm) || !m.pairs.joined(prev, c)) {
			for _, t := range m.uni.Sample(norm[lo:i], alpha, rng) {
				s.tokens = append(s.tokens, unigram.Token{ID: t.ID, Hi: lo + t.Hi})
			}
			lo = i
		}
		prev, i = c, i+n
	}
}
