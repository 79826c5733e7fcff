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

// certainLimit is the most bytes that SegmentCertain judges.
const certainLimit = 64

// sumNode is a node of a search that looks for the second best way, too. Sums
// are those of the pieces' scores alone, not rounded.
type sumNode struct {
	score         float32
	from          int32 // -1: no way is known
	id            uint32
	first, second float64 // sums of the best two ways
}

// SegmentCertain is Segment for a score that stays below MaxScore. It tells
// whether text is cut the same way wherever it stands in such texts.
//
// SentencePiece adds the scores of a text's pieces up in float32, from the
// text's first piece on, so that of two ways to cut which score nearly the same
// the rounding error of the sums decides. Below MaxScore (< 2^17) that error is
// at most 2^-8 a piece: a way is certain if it is better by more than the errors
// of its pieces and those of any other way. A text with an unknown character is
// certain only if it is that character alone.
func (m *Model) SegmentCertain(text []byte, acc float32, s *State) (tokens []Token, end float32, certain bool) {
	if len(text) > certainLimit {
		tokens, end = m.Segment(text, acc, s)
		return tokens, end, false
	}
	nodes := s.sums[:len(text)+1]
	for i := range nodes {
		nodes[i] = sumNode{from: -1, first: math.Inf(-1), second: math.Inf(-1)}
	}
	nodes[0] = sumNode{score: acc, first: 0, second: math.Inf(-1)}
	chars, unknown := 0, false
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
				nodes[i+k+1].offer(&nodes[i], int32(i), id-1, m.single[id-1])
				known = known || k+1 == char
			}
		}
		if !known {
			nodes[i+char].offer(&nodes[i], int32(i), Unk, m.Score(Unk))
			unknown = true
		}
		chars++
		i += char
	}
	tokens = s.single.tokens[:0]
	for at := len(text); at > 0; at = int(nodes[at].from) {
		tokens = append(tokens, Token{nodes[at].id, at})
	}
	for lo, hi := 0, len(tokens)-1; lo < hi; lo, hi = lo+1, hi-1 {
		tokens[lo], tokens[hi] = tokens[hi], tokens[lo]
	}
	s.single.tokens = tokens
	last := &nodes[len(text)]
	certain = last.first-last.second > float64(len(tokens)+chars+1)/256
	return tokens, last.score, certain && (!unknown || chars == 1)
}

// offer proposes the ways to node from, and on by a piece.
func (n *sumNode) offer(from *sumNode, at int32, id uint32, score float32) {
	if v := from.score + score; n.from < 0 || v > n.score {
		n.score, n.from, n.id = v, at, id
	}
	a, b := from.first+float64(score), from.second+float64(score)
	if a > n.first {
		n.first, n.second = a, max(n.first, b)
	} else if a > n.second {
		n.second = a
	}
}
