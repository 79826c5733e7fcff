package spm

import (
	"slices"

	"github.com/athanor-lm/athanor/tokenizer/internal/bpe"
)

// longPiece is the bytes of a text without a place to cut from which on linear is
// faster than merging, and longBytes the bytes of such texts from which on it is
// worth to be made, which takes as long as reading a model.
const (
	longPiece = 16
	longBytes = 1 << 14
)

// Letters that go on for longer than shortLetters bytes are cut at once, up to
// mostLetters of them.
const (
	shortLetters = 64
	mostLetters  = 1 << 14
)

// linear is a BPE model of package bpe that cuts text as the model does, in
// linear time, if all characters are pieces and none of its tied pairs occurs.
//
// With one join a piece (see lastJoin), and ranks that all differ, SentencePiece's
// rule and that of merges of pairs are the same. Pieces whose scores are equal are
// left out, such as Llama's runs of spaces.
type linear struct {
	model   *bpe.Model // nil: there is none
	tied    *pairSet
	letters bool // every ASCII letter of the fast road is a piece, and no tied pair is of two
}

func (m *Model) newLinear() (l linear) {
	text := func(id uint32) string { return m.proto.Pieces[id].Text }
	vocab := make(map[string]uint32, len(m.bpe.chars)+len(m.bpe.lasts))
	for c, s := range m.bpe.chars {
		if c != 0 && m.bpe.out[s] != noSymbol {
			vocab[text(s)] = s
		}
	}
	pairs := make([][2]string, 0, len(m.bpe.lasts))
	var tied []string
	for k, g := range m.bpe.lasts {
		if m.bpe.out[g.parts[0]] == noSymbol || m.bpe.out[g.parts[1]] == noSymbol {
			return l // made of a character that is no piece
		}
		if k > 0 && m.bpe.lasts[k-1].rank == g.rank || k+1 < len(m.bpe.lasts) && m.bpe.lasts[k+1].rank == g.rank {
			tied = append(tied, text(g.id))
			continue
		}
		vocab[text(g.id)] = g.id
		pairs = append(pairs, [2]string{text(g.parts[0]), text(g.parts[1])})
	}
	// Pieces that hold a tied pair cannot come about where none occurs.
	l.tied = newPairSet(tied)
	pairs = slices.DeleteFunc(pairs, func(p [2]string) bool { return l.ties([]byte(p[0] + p[1])) })
	var err error
	if l.model, err = bpe.New(bpe.Config{Vocab: vocab, Merges: pairs}); err != nil {
		l.model = nil // unreachable: all parts come about
	}
	l.letters = m.lettersOnly(tied)
	return l
}

// lettersOnly tells whether letters alone always pass appendLong's conditions.
func (m *Model) lettersOnly(tied []string) bool {
	if m.fast == nil {
		return false
	}
	isLetter := func(c byte) bool { return c < 0x80 && m.fast.ascii[c] == letter }
	for c := range byte(0x80) {
		if isLetter(c) && !m.bpe.knows([]byte{c}) {
			return false
		}
	}
	for _, t := range tied {
		for i := 1; i < len(t); i++ {
			if isLetter(t[i-1]) && isLetter(t[i]) {
				return false
			}
		}
	}
	return true
}

// lettersEnd returns a place where text[at:] can be cut, with many letters before
// it and nothing else, which l can do at once; 0 if there is none.
func (m *Model) lettersEnd(text []byte, at int, l *linear) int {
	if !l.letters {
		return 0
	}
	least := at + shortLetters
	end := m.fast.letters(text, at, at+mostLetters)
	if end > least && (end == len(text) || text[end] < 0x80 && m.apartAfter(text, end, uint32(text[end-1]))) {
		return end
	}
	for end--; end > least; end-- {
		if !m.pairs.joined(uint32(text[end-1]), uint32(text[end])) {
			return end
		}
	}
	return 0
}

// ties tells whether a tied pair occurs in text.
func (l *linear) ties(text []byte) bool {
	prev := uint32(0)
	for i := 0; i < len(text); {
		c, n := pack(text, i)
		if i > 0 && l.tied.joined(prev, c) {
			return true
		}
		prev, i = c, i+n
	}
	return false
}

// appendLong appends the ids of a long piece; ok is false if it has to be merged.
func (m *Model) appendLong(dst []uint32, piece []byte, s *State) (out []uint32, ok bool) {
	if s.long += len(piece); s.long < longBytes {
		return dst, false
	}
	l := m.acquireLinear()
	if l == nil || l.model == nil || l.ties(piece) || !m.bpe.knows(piece) {
		return dst, false
	}
	if s.linear == nil {
		s.linear, s.words = l, l.model.NewState()
	}
	return l.model.Append(dst, piece, 0, len(piece), s.words), true
}

// acquireLinear returns m.linear. The first who asks makes it; whoever asks
// meanwhile gets nil and goes on merging, to the same ids, rather than waits.
func (m *Model) acquireLinear() *linear {
	if l := m.linear.Load(); l != nil || !m.begun.CompareAndSwap(false, true) {
		return l
	}
	l := m.newLinear()
	m.linear.Store(&l)
	return &l
}

// knows tells whether all characters of text are pieces.
func (m *merger) knows(text []byte) bool {
	for i := 0; i < len(text); {
		c, n := pack(text, i)
		s := m.symbol(c)
		if s == noSymbol || m.out[s] == noSymbol {
			return false
		}
		i += n
	}
	return true
}
