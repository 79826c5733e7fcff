// Package generate writes text with a trained model: sampling, stop strings, batches of prompts, streaming.
package generate

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Sampling says how the next token is drawn from the logits. The steps are taken in the order of the fields,
// as in Hugging Face's generate.
type Sampling struct {
	// RepetitionPenalty divides positive and multiplies negative logits of tokens that occurred (Keskar et al. 2019); 0 or 1 = none.
	RepetitionPenalty float64
	Temperature       float64 // 0 = greedy
	TopK              int     // keep the k likeliest, 0 = all (Fan et al. 2018)
	TopP              float64 // keep the smallest set of at least this mass, 0 or 1 = all (Holtzman et al. 2020)
	MinP              float64 // keep tokens of at least this share of the likeliest one's probability, 0 = all (Nguyen et al. 2024)
	Seed              uint64
}

// Validate reports the first value that cannot work.
func (s Sampling) Validate() error {
	switch {
	case !(s.RepetitionPenalty >= 0) || math.IsInf(s.RepetitionPenalty, 0):
		return fmt.Errorf("repetition penalty %g, want 0 (none) or more", s.RepetitionPenalty)
	case s.Temperature < 0 || math.IsNaN(s.Temperature) || math.IsInf(s.Temperature, 0):
		return fmt.Errorf("temperature %g, want 0 (greedy) or more", s.Temperature)
	case s.TopK < 0:
		return fmt.Errorf("top-k %d, want 0 (all) or more", s.TopK)
	case !(s.TopP >= 0 && s.TopP <= 1):
		return fmt.Errorf("top-p %g, want a share between 0 and 1", s.TopP)
	case !(s.MinP >= 0 && s.MinP <= 1):
		return fmt.Errorf("min-p %g, want a share between 0 and 1", s.MinP)
	}
	return nil
}

// Sampler draws the tokens of one sequence.
type Sampler struct {
	s    Sampling
	rng  *rand.Rand
	seen map[uint32]struct{}
	cand []candidate
}

type candidate struct {
	id uint32
	p  float64 // logit/temperature first, then probability
}

// NewSampler returns the sampler of the sequence with that index in its batch: a pure function of (Seed, index).
func NewSampler(s Sampling, index int) *Sampler {
	return &Sampler{s: s, rng: rand.New(rand.NewPCG(s.Seed, uint64(index))), seen: map[uint32]struct{}{}}
}

// Observe tells the sampler of tokens that occurred (the prompt), for the repetition penalty.
func (s *Sampler) Observe(ids ...uint32) {
	if s.penalised() {
		for _, id := range ids {
			s.seen[id] = struct{}{}
		}
	}
}

func (s *Sampler) penalised() bool { return s.s.RepetitionPenalty != 0 && s.s.RepetitionPenalty != 1 }

// Next draws a token from logits [V], which it may change.
func (s *Sampler) Next(logits []float32) uint32 {
	if s.penalised() {
		r := float32(s.s.RepetitionPenalty)
		for id := range s.seen {
			if l := logits[id]; l > 0 {
				logits[id] = l / r
			} else {
				logits[id] = l * r
			}
		}
	}
	var id uint32
	if s.s.Temperature == 0 {
		id = argmax(logits)
	} else {
		id = s.draw(logits)
	}
	s.Observe(id)
	return id
}

func argmax(x []float32) uint32 {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return uint32(best)
}

func (s *Sampler) draw(logits []float32) uint32 {
	c := s.candidates(logits)
	total := 0.0
	for i := range c {
		total += c[i].p
	}
	x := s.rng.Float64() * total
	for i := range c {
		if x -= c[i].p; x < 0 {
			return c[i].id
		}
	}
	return c[len(c)-1].id
}

// candidates returns the tokens that may be drawn, likeliest first, with their probabilities (not renormalised).
func (s *Sampler) candidates(logits []float32) []candidate {
	top := float64(logits[argmax(logits)])
	sum := 0.0
	c := s.cand[:0]
	for id, l := range logits {
		p := math.Exp((float64(l) - top) / s.s.Temperature)
		sum += p
		c = append(c, candidate{uint32(id), p})
	}
	s.cand = c
	// Tokens below `least` can be neither in the nucleus nor above min-p: all of them together weigh less than 1−TopP.
	least := s.s.MinP // relative to the likeliest, whose p is 1
	if s.s.TopP > 0 && s.s.TopP < 1 && s.s.TopK == 0 {
		least = max(least, (1-s.s.TopP)*sum/float64(len(c)))
	}
	if least > 0 {
		c = slices.DeleteFunc(c, func(x candidate) bool { return x.p < least })
	}
	slices.SortFunc(c, func(a, b candidate) int {
		if r := cmp.Compare(b.p, a.p); r != 0 {
			return r
		}
		return cmp.Compare(a.id, b.id)
	})
	if k := s.s.TopK; k > 0 && k < len(c) {
		c = c[:k]
		sum = 0
		for i := range c {
			sum += c[i].p
		}
	}
	if p := s.s.TopP; p > 0 && p < 1 {
		mass := 0.0
		for i := range c {
			if mass += c[i].p; mass >= p*sum {
				c = c[:i+1]
				break
			}
		}
	}
	return c
}
