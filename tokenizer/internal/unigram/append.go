package unigram

import (
	"math/rand/v2"

	"github.com/athanor-lm/athanor/tokenizer/internal/piececache"
	"github.com/athanor-lm/athanor/tokenizer/internal/token"
)

// State is the working memory of one goroutine.
type State struct {
	cache  *piececache.Cache
	double search[float64]
	single search[float32]
	sums   [certainLimit + 1]sumNode
	sample sampling
}

// sampling is how AppendSpans cuts at random; without rng it takes the best way.
type sampling struct {
	alpha float64
	nbest int
	rng   *rand.Rand
}

// SetSampling makes AppendSpans choose among the nbest best ways to cut a piece
// (0: among all) with probabilities proportional to exp(alpha · score), until
// it is called with a nil rng.
func (s *State) SetSampling(alpha float64, nbest int, rng *rand.Rand) {
	s.sample = sampling{alpha, nbest, rng}
}

// NewState returns working memory for m. It must be used with no other model.
func (m *Model) NewState() *State {
	s := new(State)
	if m.scores != nil {
		s.cache = piececache.New()
	}
	return s
}

// Append appends the ids of the piece text[lo:hi] of a model that New made.
func (m *Model) Append(dst []uint32, text []byte, lo, hi int, s *State) []uint32 {
	if lo == hi {
		return dst
	}
	if out, ok := s.cache.Append(dst, text, lo, hi); ok {
		return out
	}
	from, piece := len(dst), text[lo:hi]
	p := m.double64()
	s.double.run(m.trie, m.longest, &p, piece, 0)
	at := 0
	for tokens := s.double.tokens; len(tokens) > 0; {
		n := m.fuse(tokens)
		if end := tokens[n-1].Hi; !m.isUnk(tokens[0].ID) {
			dst, at = append(dst, tokens[0].ID), end
		} else {
			dst, at = m.appendUnknown(dst, piece[at:end]), end
		}
		tokens = tokens[n:]
	}
	s.cache.Put(text, lo, hi, dst[from:])
	return dst
}

// AppendSpans is Append with the bytes of piece that each id covers. The ids of
// an unknown run that is spelled in bytes cover the whole run each.
func (m *Model) AppendSpans(dst []token.Span, piece []byte, s *State) []token.Span {
	at := 0
	for tokens := m.tokens(piece, s); len(tokens) > 0; {
		n := m.fuse(tokens)
		end := tokens[n-1].Hi
		if !m.isUnk(tokens[0].ID) {
			dst = append(dst, token.Span{ID: tokens[0].ID, Lo: at, Hi: end})
		} else {
			for _, id := range m.appendUnknown(nil, piece[at:end]) {
				dst = append(dst, token.Span{ID: id, Lo: at, Hi: end})
			}
		}
		at, tokens = end, tokens[n:]
	}
	return dst
}

// isUnk tells whether Hugging Face takes a token for an unknown one: a piece
// that spells the unknown piece's own text counts as such.
// tokens cuts a piece the best way or, if s says so, at random.
func (m *Model) tokens(piece []byte, s *State) []Token {
	o := &s.sample
	switch {
	case o.rng == nil:
		p := m.double64()
		s.double.run(m.trie, m.longest, &p, piece, 0)
		return s.double.tokens
	case len(piece) == 0:
		return nil
	case o.nbest > 0:
		ways := m.NBest(piece, o.nbest)
		return ways[Choose(len(ways), func(i int) float32 { return ways[i].Score }, o.alpha, o.rng)].Tokens
	}
	return m.Sample(piece, o.alpha, o.rng)
}

func (m *Model) isUnk(id uint32) bool { return id == Unk || int(id) == m.unk }

// fuse returns how many tokens from the first on are one: a run of unknown
// ones, or any other one.
func (m *Model) fuse(tokens []Token) int {
	n := 1
	if m.isUnk(tokens[0].ID) {
		for n < len(tokens) && m.isUnk(tokens[n].ID) {
			n++
		}
	}
	return n
}

// appendUnknown appends the ids of a run of unknown characters: the piece that
// spells it, if there is one, the pieces of its bytes, or the unknown piece.
func (m *Model) appendUnknown(dst []uint32, run []byte) []uint32 {
	if id, ok := m.find(run); ok {
		return append(dst, id)
	}
	if m.bytes != nil {
		from := len(dst)
		for _, b := range run {
			if m.bytes[b] == noByte {
				break
			}
			dst = append(dst, m.bytes[b])
		}
		if len(dst)-from == len(run) {
			return dst
		}
		dst = dst[:from]
	}
	if m.unk < 0 {
		return dst
	}
	return append(dst, uint32(m.unk))
}
