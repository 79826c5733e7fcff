package tokenizer

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/cespare/xxhash/v2"

	"github.com/athanor-lm/athanor/tokenizer/internal/spm"
)

// Sampling cuts words at random, so that a model sees a word in several ways
// (subword regularisation). What comes out is a function of the seed and the
// text alone.
type Sampling struct {
	// Dropout is the probability with which a BPE merge is left out (Provilkov
	// et al. 2020); 0 means the file's own.
	Dropout float64
	// Alpha is the smoothing with which a unigram model chooses among the ways to
	// cut a text: their probabilities are proportional to
	// exp(Alpha · the sum of the pieces' log probabilities) (Kudo 2018). Small
	// values cut in many ways, large ones in the best one.
	Alpha float64
	NBest int // unigram: choose among so many best ways; 0: among all
	Seed  uint64
}

// start sets e to encode text by sampling, until stop is called.
func (s *Sampling) start(t *Tokenizer, e *encoder, text []byte) (stop func(), err error) {
	if s == nil {
		return func() {}, nil
	}
	rng := rand.New(rand.NewPCG(s.Seed, xxhash.Sum64(text)))
	switch {
	case t.model.unigram != nil:
		return s.startUnigram(e, rng)
	case t.model.bpe == nil:
		return nil, fmt.Errorf("a %s model does not sample", t.kinds.model)
	case s.Alpha != 0 || s.NBest != 0:
		return nil, errors.New("a BPE model samples by dropout alone")
	}
	p := s.Dropout
	if p == 0 {
		p = t.model.dropout
	}
	if p < 0 || p > 1 {
		return nil, fmt.Errorf("dropout is %v, want 0 … 1", p)
	}
	if p == 0 {
		return nil, errors.New("no dropout is given, and the file has none")
	}
	e.model.bpe.SetDropout(p, rng)
	return func() { e.model.bpe.SetDropout(0, nil) }, nil
}

func (s *Sampling) startUnigram(e *encoder, rng *rand.Rand) (stop func(), err error) {
	switch {
	case s.Dropout != 0:
		return nil, errors.New("a Unigram model has no merges to drop")
	case math.IsNaN(s.Alpha) || math.IsInf(s.Alpha, 0) || s.Alpha < 0:
		return nil, fmt.Errorf("alpha is %v, want a number from 0 on", s.Alpha)
	case s.NBest < 0 || s.NBest > spm.MaxNBest:
		return nil, fmt.Errorf("the %d best ways to cut a text are wanted, want 0 (all) to %d", s.NBest, spm.MaxNBest)
	}
	e.model.unigram.SetSampling(s.Alpha, s.NBest, rng)
	return func() { e.model.unigram.SetSampling(0, 0, nil) }, nil
}
