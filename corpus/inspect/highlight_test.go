package inspect

import (
	"slices"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
)

func TestTextIsCutWhereSpansBeginAndEnd(t *testing.T) {
	text := "0123456789"
	for _, c := range []struct {
		name  string
		spans []corpus.Span
		want  []Piece
	}{
		{"none", nil, []Piece{{text, ""}}},
		{"one", []corpus.Span{{Start: 2, End: 4, Kind: "a"}}, []Piece{{"01", ""}, {"23", "a"}, {"456789", ""}}},
		{"inside another", []corpus.Span{{Start: 3, End: 5, Kind: "b"}, {Start: 0, End: 8, Kind: "a"}},
			[]Piece{{"012", "a"}, {"34", "b"}, {"567", "a"}, {"89", ""}}},
		{"overlapping", []corpus.Span{{Start: 0, End: 6, Kind: "a"}, {Start: 4, End: 9, Kind: "b"}},
			[]Piece{{"0123", "a"}, {"45678", "b"}, {"9", ""}}},
		{"neighbours of one kind", []corpus.Span{{Start: 1, End: 3, Kind: "a"}, {Start: 3, End: 6, Kind: "a"}},
			[]Piece{{"0", ""}, {"12345", "a"}, {"6789", ""}}},
		{"outside", []corpus.Span{{Start: -3, End: 1, Kind: "a"}, {Start: 8, End: 99, Kind: "b"}, {Start: 12, End: 14, Kind: "c"}},
			[]Piece{{"0", "a"}, {"1234567", ""}, {"89", "b"}}},
	} {
		if got := Cut(text, c.spans); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func FuzzPiecesAreTheText(f *testing.F) {
	f.Add("some text", 1, 4, 2, 7)
	f.Fuzz(func(t *testing.T, text string, a, b, c, d int) {
		got := ""
		for _, p := range Cut(text, []corpus.Span{{Start: a, End: b, Kind: "x"}, {Start: c, End: d, Kind: "y"}}) {
			if p.Text == "" {
				t.Error("an empty piece")
			}
			got += p.Text
		}
		if got != text {
			t.Errorf("the pieces are %q, want %q", got, text)
		}
	})
}
