package spm

import (
	"github.com/athanor-lm/athanor/tokenizer/internal/token"
	"github.com/athanor-lm/athanor/tokenizer/internal/unigram"
)

// AppendSpans appends the ids of text with the bytes of text that each stands
// for. Of the byte pieces of an unknown character the last one has the
// character's bytes, the others none; so have pieces without a counterpart in
// the text, such as the added space.
func (m *Model) AppendSpans(dst []token.Span, text []byte, s *State) []token.Span {
	norm, origin := m.norm.align(text)
	m.cut(norm, s)
	return m.appendSpans(dst, norm, origin, s.tokens)
}

// appendSpans appends the pieces of normalized text with their origins.
func (m *Model) appendSpans(dst []token.Span, norm []byte, origin []int, tokens []unigram.Token) []token.Span {
	at, unk := 0, false
	for _, t := range tokens {
		lo, hi := origin[at], origin[t.Hi]
		switch {
		case t.ID != unigram.Unk:
			dst = append(dst, token.Span{ID: t.ID, Lo: lo, Hi: hi})
		case m.bytes != nil:
			for _, b := range norm[at:t.Hi] {
				dst = append(dst, token.Span{ID: m.bytes[b], Lo: lo, Hi: lo})
			}
			dst[len(dst)-1].Hi = hi
		case unk:
			dst[len(dst)-1].Hi = hi
		default:
			dst = append(dst, token.Span{ID: m.unk, Lo: lo, Hi: hi})
		}
		at, unk = t.Hi, t.ID == unigram.Unk
	}
	return dst
}

// cut cuts normalized text into s.tokens, as a whole and without the cache.
func (m *Model) cut(norm []byte, s *State) {
	s.tokens = s.tokens[:0]
	switch {
	case len(norm) == 0:
	case m.kind == Unigram:
		tokens, _ := m.uni.Segment(norm, 0, s.uni)
		s.tokens = append(s.tokens, tokens...)
	case m.kind == Word:
		m.cutWords(norm, s)
	case m.kind == BPE && m.bpe.unused:
		m.cutUnused(norm, s)
	default:
		m.cutSymbols(norm, s)
	}
}

func (m *Model) cutWords(norm []byte, s *State) {
	lo := 0
	for i := 0; i < len(norm); {
		c, n := pack(norm, i)
		if c == spaceChar && i > lo {
			s.tokens = append(s.tokens, m.find(norm, lo, i))
			lo = i
		}
		i += n
	}
	s.tokens = append(s.tokens, m.find(norm, lo, len(norm)))
}

// find returns norm[lo:hi] as a token: a piece of encoding's, or unknown.
func (m *Model) find(norm []byte, lo, hi int) unigram.Token {
	if id, ok := m.ids[string(norm[lo:hi])]; ok && m.proto.Pieces[id].Type != Unused {
		return unigram.Token{ID: id, Hi: hi}
	}
	return unigram.Token{ID: unigram.Unk, Hi: hi}
}

// cutSymbols is cut for character and BPE models.
func (m *Model) cutSymbols(norm []byte, s *State) {
	var prev uint32
	lo := 0
	for i := 0; i < len(norm); {
		c, n := pack(norm, i)
		matched := m.user.match(norm[i:])
		if matched > 0 || m.kind == Char {
			if matched > 0 {
				n = matched
			}
			m.cutSegment(norm, lo, i, s)
			s.tokens = append(s.tokens, m.find(norm, i, i+n))
			i += n
			lo = i
			continue
		}
		if i > lo && !m.pairs.joined(prev, c) {
			m.cutSegment(norm, lo, i, s)
			lo = i
		}
		prev, i = c, i+n
	}
	m.cutSegment(norm, lo, len(norm), s)
}

func (m *Model) cutSegment(norm []byte, lo, hi int, s *State) {
	if lo == hi {
		return
	}
	for _, c := range m.bpe.merge(norm[lo:hi], &s.merge) {
		lo += int(c.size)
		s.tokens = append(s.tokens, m.tokenOf(c.symbol, lo))
	}
}

func (m *Model) tokenOf(symbol uint32, hi int) unigram.Token {
	if symbol == noSymbol || m.bpe.out[symbol] == noSymbol {
		return unigram.Token{ID: unigram.Unk, Hi: hi}
	}
	return unigram.Token{ID: m.bpe.out[symbol], Hi: hi}
}

// cutUnused is cut for BPE models with unused pieces. Such a piece is replaced
// by the two it was last seen made of, anywhere in the text, so the text is
// merged as a whole.
func (m *Model) cutUnused(norm []byte, s *State) {
	s.tokens = s.tokens[:0]
	cells := s.merge.cells[:0]
	for i := 0; i < len(norm); {
		if n := m.user.match(norm[i:]); n > 0 {
			cells = append(cells, cell{noSymbol, int32(n)})
			i += n
			continue
		}
		cells = m.bpe.symbols(cells, norm[i:], 1)
		i += int(cells[len(cells)-1].size)
	}
	s.merge.parts = map[uint32][2]uint32{}
	cells = m.bpe.long(cells, &s.merge)
	at := 0
	for _, c := range cells {
		if c.symbol == noSymbol {
			s.tokens = append(s.tokens, m.find(norm, at, at+int(c.size)))
			at += int(c.size)
			continue
		}
		m.bpe.split(c.symbol, c.size, &s.merge, 0, func(symbol uint32, size int32) {
			at += int(size)
			s.tokens = append(s.tokens, m.tokenOf(symbol, at))
		})
	}
	s.merge.cells, s.merge.parts = cells, nil
}
