package bpe

import (
	"math/rand/v2"

	"github.com/athanor-lm/athanor/tokenizer/internal/token"
)

// SetDropout makes s leave out each merge that is about to be done with
// probability p, as long as it stands first (BPE-dropout, Provilkov et al.
// 2020, algorithm 1, as Hugging Face does it); rng decides, so that the same
// state of rng gives the same ids. A p of 0 turns it off. Neither the cache nor
// IgnoreMerges apply meanwhile.
func (s *State) SetDropout(p float64, rng *rand.Rand) { s.long.dropout, s.long.rng = p, rng }

// AppendSpans appends the ids of a piece with the bytes each covers to dst.
// Characters that are left out move the spans after them, as in Hugging Face's
// library.
func (m *Model) AppendSpans(dst []token.Span, piece []byte, s *State) []token.Span {
	if len(piece) == 0 {
		return dst
	}
	if s.long.dropout == 0 {
		if id, ok := m.wholePiece(piece); ok {
			return append(dst, token.Span{ID: id, Lo: 0, Hi: len(piece)})
		}
		if m.direct && m.linear != nil {
			s.ids = m.Append(s.ids[:0], piece, 0, len(piece), s)
			lo := 0
			for _, id := range s.ids {
				hi := lo + m.linear.tokens[id].length()
				dst = append(dst, token.Span{ID: id, Lo: lo, Hi: hi})
				lo = hi
			}
			return dst
		}
	}
	s.sym.cut(m, piece)
	n := len(s.sym.ids)
	m.mergeLong(s.sym.ids, &s.long)
	lo := 0
	for i, k := 0, 0; i < n; k++ { // the links that mergeLong leaves join the symbols of one token
		next := int(s.long.next[i])
		hi := lo
		for _, w := range s.sym.lens[i:next] {
			hi += int(w)
		}
		hi = min(hi, len(piece)) // bytes of a prefix or suffix that fell back have no place
		dst = append(dst, token.Span{ID: s.sym.ids[k], Lo: lo, Hi: hi})
		lo, i = hi, next
	}
	return dst
}
