package inspect

import (
	"cmp"
	"slices"

	"github.com/athanor-lm/athanor/corpus"
)

// Piece is a part of a text that is all in one span, or in none.
type Piece struct {
	Text string
	Kind string // of the span; empty = none
}

// Cut cuts a text where spans begin and end. Where spans overlap, the later begun, and of those the shorter, is shown. Spans that
// are not in the text are cut off.
func Cut(text string, spans []corpus.Span) []Piece {
	in := slices.DeleteFunc(slices.Clone(spans), func(s corpus.Span) bool { return max(s.Start, 0) >= min(s.End, len(text)) })
	slices.SortStableFunc(in, func(a, b corpus.Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End))
	})
	var pieces []Piece
	add := func(to *int, end int, kind string) {
		if end <= *to {
			return
		}
		if k := len(pieces) - 1; k >= 0 && pieces[k].Kind == kind {
			pieces[k].Text = text[*to-len(pieces[k].Text) : end]
		} else {
			pieces = append(pieces, Piece{text[*to:end], kind})
		}
		*to = end
	}
	at := 0
	var open []corpus.Span // innermost last
	closeUntil := func(limit int) {
		for len(open) > 0 && open[len(open)-1].End <= limit {
			top := open[len(open)-1]
			add(&at, top.End, top.Kind)
			open = open[:len(open)-1]
		}
	}
	for _, s := range in {
		s.Start, s.End = max(s.Start, 0), min(s.End, len(text))
		closeUntil(s.Start)
		kind := ""
		if len(open) > 0 {
			kind = open[len(open)-1].Kind
		}
		add(&at, s.Start, kind)
		open = append(open, s)
	}
	closeUntil(len(text))
	add(&at, len(text), "")
	return pieces
}
