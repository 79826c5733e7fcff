package tokenizer

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/cespare/xxhash/v2"
)

// Sampling cuts words at random, so that a model sees a word in several ways
// (subword regularisation). What comes out is a function of the seed and the
// text alone.
type Sampling struct {
	// Dropout is the probability with which a BPE merge is left out (Provilkov
	// et al. 2020); 0 means the file's own.
	Dropout float64
	// Alpha is the smoothing with which a unigram model of SentencePiece chooses
	// among the ways to cut a text: their probabilities are proportional to
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
	if t.model.bpe != nil && (s.Alpha != 0 || s.NBest != 0) {
		return nil, errors.New("a BPE model samples by dropout alone")
	}
	if t.model.bpe == nil {
		return nil, fmt.Errorf("a %s model does not sample", t.kinds.model)
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
	e.model.bpe.SetDropout(p, rand.New(rand.NewPCG(s.Seed, xxhash.Sum64(text))))
	return func() { e.model.bpe.SetDropout(0, nil) }, nil
}
