package spmtrain

import (
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/spm"
)

// normalizer turns a line into a sentence as SentencePiece does before it
// trains: text is normalized, and meta pieces become a boundary that no piece
// crosses. It serves one goroutine.
type normalizer struct {
	rules  *spm.Normalizer
	metas  *matcher
	out    []byte
	broken int64 // bytes that were no UTF-8
}

// line normalizes a line. The result is valid until the next call; it is empty
// where nothing but spaces is left.
func (n *normalizer) line(s []byte) []byte {
	if !utf8.Valid(s) {
		for i := 0; i < len(s); {
			r, w := utf8.DecodeRune(s[i:])
			if r == utf8.RuneError && w == 1 {
				n.broken++
			}
			i += w
		}
	}
	n.out = n.rules.Append(n.out[:0], s)
	n.cutMetas()
	return n.out
}

// cutMetas replaces meta pieces by boundaries.
func (n *normalizer) cutMetas() {
	s := n.out
	w := 0 // bytes of s that stay, moved to the front
	for i := 0; i < len(s); {
		size := 0
		if n.metas.byFirst[s[i]] != nil {
			size = n.metas.at(s[i:])
		}
		if size > 0 {
			s[w] = boundary
			i += size
		} else {
			s[w] = s[i]
			i++
		}
		w++
	}
	n.out = s[:w]
}
