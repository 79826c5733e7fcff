package unigram

import (
	"math"

	"github.com/athanor-lm/athanor/tokenizer/internal/darts"
)

// Token is a piece of a segmentation: its id and the byte it ends before.
type Token struct {
	ID uint32 // Unk for an unknown character
	Hi int
}

// Unk is the ID of a Token that no piece spells.
const Unk = ^uint32(0)

// node is the best known way to cut the text up to some byte: its score and
// last piece.
type node[F float32 | float64] struct {
	score F
	from  int32 // where the last piece begins, as an index of nodes; -1: no way is known
	id    uint32
}

// window is how many bytes are segmented before the choices that are final are
// written out and forgotten.
const window = 1 << 13

// search is the memory of one Viterbi search.
type search[F float32 | float64] struct {
	nodes  []node[F]
	tokens []Token
}

// params are what the two programs' searches differ in.
type params[F float32 | float64] struct {
	scores []F
	unk    F // score of an unknown character
	// Scores are moved back to zero when they exceed limit, as SentencePiece
	// does to keep float32 accurate.
	limit F
}

// run segments text, beginning with score acc, into s.tokens, which it
// overwrites, and returns the score at the end. The longest piece has longest
// bytes.
//
// It is Viterbi's algorithm from left to right over byte positions, one score a
// position. Earlier candidates win ties, as in both programs.
func (s *search[F]) run(trie darts.Flat, longest int, p *params[F], text []byte, acc F) F {
	s.tokens = s.tokens[:0]
	base := 0 // the byte that nodes[0] stands for
	size, full := len(text)+1, len(text)
	if len(text) > window+longest+4 {
		size, full = window+longest+4, window // pieces that begin before full end in nodes
	}
	s.reset(0, size)
	s.nodes[0] = node[F]{score: acc, from: 0}
	frontier := 0 // the last node that is reached
	for i := 0; base+i < len(text); {
		if i >= full {
			moved := s.flush(base, i, frontier)
			if moved == 0 { // no choice is final yet
				s.reset(size, size+full)
				size, full = size+full, 2*full
				continue
			}
			base, i, frontier = base+moved, i-moved, frontier-moved
			s.reset(frontier+1, size)
		}
		score := s.nodes[i].score
		if score < -p.limit || score > p.limit {
			for k := i; k <= frontier; k++ {
				if k == i || s.nodes[k].from >= 0 {
					s.nodes[k].score -= score
				}
			}
			score = 0
		}
		rest := text[base+i:]
		char := min(charLen(rest[0]), len(rest))
		known := false
		u := trie[darts.Root]
		for k, c := range rest {
			u = trie[uint32(u>>32)^uint32(c)]
			if uint32(u)&0x1ff != uint32(c) {
				break
			}
			if id := uint32(u) >> 9; id != 0 {
				s.offer(i+k+1, score+p.scores[id-1], i, id-1)
				frontier = max(frontier, i+k+1)
				known = known || k+1 == char
			}
		}
		if !known {
			s.offer(i+char, score+p.unk, i, Unk)
			frontier = max(frontier, i+char)
		}
		i += char
	}
	end := len(text) - base
	acc = s.nodes[end].score
	s.emit(base, end)
	return acc
}

// offer proposes a way to cut the text up to node at.
func (s *search[F]) offer(at int, score F, from int, id uint32) {
	if n := &s.nodes[at]; n.from < 0 || score > n.score {
		*n = node[F]{score, int32(from), id}
	}
}

// reset makes nodes[lo:hi] unreached.
func (s *search[F]) reset(lo, hi int) {
	if cap(s.nodes) < hi {
		s.nodes = append(s.nodes[:cap(s.nodes)], make([]node[F], hi-cap(s.nodes))...)
	}
	s.nodes = s.nodes[:cap(s.nodes)]
	for k := lo; k < hi; k++ {
		s.nodes[k].from = -1
	}
}

// flush emits the pieces that every way to cut the text beyond node i begins
// with, and moves the nodes after them to the front. It returns by how much.
func (s *search[F]) flush(base, i, frontier int) int {
	common := i
	for k := i + 1; k <= frontier; k++ {
		if s.nodes[k].from < 0 {
			continue
		}
		for at := k; at != common; {
			if at > common {
				at = int(s.nodes[at].from)
			} else {
				common = int(s.nodes[common].from)
			}
		}
	}
	if common == 0 {
		return 0
	}
	s.emit(base, common)
	copy(s.nodes, s.nodes[common:frontier+1])
	for k := range s.nodes[:frontier+1-common] {
		if n := &s.nodes[k]; n.from >= 0 {
			n.from = max(n.from-int32(common), 0)
		}
	}
	return common
}

// emit appends the pieces that lead to node end to tokens, first piece first.
func (s *search[F]) emit(base, end int) {
	lo := len(s.tokens)
	for at := end; at > 0; at = int(s.nodes[at].from) {
		s.tokens = append(s.tokens, Token{s.nodes[at].id, base + at})
	}
	for hi := len(s.tokens) - 1; lo < hi; lo, hi = lo+1, hi-1 {
		s.tokens[lo], s.tokens[hi] = s.tokens[hi], s.tokens[lo]
	}
}

// MaxScore is the size of a score beyond which SentencePiece moves scores back
// to zero.
const MaxScore = 100000

func (m *Model) single32() params[float32] {
	return params[float32]{m.single, float32(m.minimum) - unkPenalty, MaxScore}
}

func (m *Model) double64() params[float64] {
	return params[float64]{m.scores, m.minimum - unkPenalty, math.Inf(1)}
}
