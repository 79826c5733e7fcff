package unigram

import (
	"math"

	"github.com/athanor-lm/athanor/tokenizer/internal/darts"
)

// Segment cuts text into pieces as SentencePiece does in the middle of a
// longer text whose score so far is acc, and returns the score at its end. The
// tokens are valid until the next call with s. m is one of NewSentencePiece's.
func (m *Model) Segment(text []byte, acc float32, s *State) ([]Token, float32) {
	p := m.single32()
	acc = s.single.run(m.trie, m.longest, &p, text, acc)
	return s.single.tokens, acc
}

// Score is what a token adds to the score of a text.
func (m *Model) Score(id uint32) float32 {
	if id == Unk {
		return float32(m.minimum) - unkPenalty
	}
	return m.single[id]
}

// twoBest are the scores of the two best ways to cut the text up to a byte.
type twoBest struct{ first, second float64 }

// Margin returns by how much the best way to cut text scores above the second
// best, computed without rounding: +Inf where there is only one way. pieces is
// an upper bound on the pieces of any way. Where the scores of two ways differ
// by more than rounding can add up to, the choice does not depend on what comes
// before the text.
func (m *Model) Margin(text []byte, s *State) (margin float64, pieces int) {
	if cap(s.best) <= len(text) {
		s.best = make([]twoBest, 2*len(text)+1)
	}
	best := s.best[:len(text)+1]
	best[0] = twoBest{0, math.Inf(-1)}
	for i := range best[1:] {
		best[i+1] = twoBest{math.Inf(-1), math.Inf(-1)}
	}
	for i := 0; i < len(text); {
		char := min(charLen(text[i]), len(text)-i)
		known := false
		u := m.trie[darts.Root]
		for k, c := range text[i:] {
			u = m.trie[uint32(u>>32)^uint32(c)]
			if uint32(u)&0x1ff != uint32(c) {
				break
			}
			if id := uint32(u) >> 9; id != 0 {
				best[i+k+1].extend(best[i], float64(m.single[id-1]))
				known = known || k+1 == char
			}
		}
		if !known {
			best[i+char].extend(best[i], float64(m.Score(Unk)))
		}
		pieces++
		i += char
	}
	end := best[len(text)]
	return end.first - end.second, pieces
}

func (b *twoBest) extend(from twoBest, score float64) {
	for _, v := range [2]float64{from.first + score, from.second + score} {
		if v > b.first {
			b.first, b.second = v, b.first
		} else if v > b.second {
			b.second = v
		}
	}
}
