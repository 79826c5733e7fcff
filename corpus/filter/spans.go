package filter

import (
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/segment"
)

// places returns a function that finds all places of some strings in a text.
func places(text, kind string, of ...string) func() []corpus.Span {
	return func() (spans []corpus.Span) {
		for _, s := range of {
			for at := 0; len(spans) < maxSpans; {
				i := strings.Index(text[at:], s)
				if i < 0 {
					break
				}
				spans = append(spans, corpus.Span{Start: at + i, End: at + i + len(s), Kind: kind})
				at += i + len(s)
			}
		}
		slices.SortFunc(spans, func(a, b corpus.Span) int { return a.Start - b.Start })
		return spans
	}
}

// wordSpans returns where words are of which is holds.
func wordSpans(words []segment.Word, kind string, is func(segment.Word) bool) (spans []corpus.Span) {
	for _, w := range words {
		if is(w) && len(spans) < maxSpans {
			spans = append(spans, corpus.Span{Start: int(w.Start), End: int(w.End), Kind: kind})
		}
	}
	return spans
}

// lineSpans returns a function that finds where lines are of which is holds. The lines are pieces of the text in order.
func lineSpans(seg *segment.Text, lines []string, kind string, is func(string) bool) func() []corpus.Span {
	return func() (spans []corpus.Span) {
		at := 0
		for _, line := range lines {
			at = seg.Offset(line, at)
			if is(line) && len(spans) < maxSpans {
				spans = append(spans, corpus.Span{Start: at, End: at + len(line), Kind: kind})
			}
			at += len(line)
		}
		return spans
	}
}

// wordSet finds words by their hash.
type wordSet struct {
	filter [256]bool // by the upper byte
	hashes []uint64
}

func newWordSet(words []string) *wordSet {
	s := new(wordSet)
	for _, w := range words {
		if h := segment.Hash(w); !slices.Contains(s.hashes, h) {
			s.hashes = append(s.hashes, h)
			s.filter[h>>56] = true
		}
	}
	return s
}

// index returns which word of the set has a hash, or -1.
func (s *wordSet) index(hash uint64) int {
	if !s.filter[hash>>56] {
		return -1
	}
	return slices.Index(s.hashes, hash)
}
