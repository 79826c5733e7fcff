package filter

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/segment"
	"github.com/athanor-lm/athanor/internal/eights"
	"github.com/cespare/xxhash/v2"
)

// GopherRepetition are the repetition rules of Gopher (Rae et al. 2021, arXiv:2112.11446, table A1), as datatrove's
// GopherRepetitionFilter applies them.
//
// The paper speaks of the characters that repeated n-grams contain. datatrove goes through the text once and counts an n-gram that it
// has met before, skipping past it, so that the first occurrence does not count; it counts the words' characters and divides by
// those of the whole text, white space included. Count "all" counts every occurrence of what is repeated, what overlaps once, and
// divides by the words' characters, as Dolma does; for lines and paragraphs it counts the first occurrence likewise.
type GopherRepetition struct {
	Words                      string    `yaml:"words"`                         // "words", "spacy" or "fields", as for gopher-quality
	Count                      string    `yaml:"count"`                         // "later" (datatrove's) or "all" occurrences
	MaxDuplicateParagraphs     float64   `yaml:"max_duplicate_paragraphs"`      // share of the paragraphs
	MaxDuplicateParagraphChars float64   `yaml:"max_duplicate_paragraph_chars"` // share of the characters
	MaxDuplicateLines          float64   `yaml:"max_duplicate_lines"`           // share of the lines that are not empty
	MaxDuplicateLineChars      float64   `yaml:"max_duplicate_line_chars"`      // share of the characters
	TopNGrams                  []Repeats `yaml:"top_n_grams"`                   // share of the characters in the most frequent n-gram
	DuplicateNGrams            []Repeats `yaml:"duplicate_n_grams"`             // share of the characters in n-grams that occur again
}

// Repeats is how much of a text n-grams may make up.
type Repeats struct {
	N        int     `yaml:"n"`         // words
	MaxChars float64 `yaml:"max_chars"` // share of the characters
}

// Which occurrences count.
const (
	countLater = "later"
	countAll   = "all"
)

// DefaultGopherRepetition returns datatrove's defaults, which are the paper's.
func DefaultGopherRepetition() GopherRepetition {
	return GopherRepetition{
		Words: wordsWords, Count: countLater,
		MaxDuplicateParagraphs: 0.30, MaxDuplicateParagraphChars: 0.20, MaxDuplicateLines: 0.30, MaxDuplicateLineChars: 0.20,
		TopNGrams:       []Repeats{{2, 0.20}, {3, 0.18}, {4, 0.16}},
		DuplicateNGrams: []Repeats{{5, 0.15}, {6, 0.14}, {7, 0.13}, {8, 0.12}, {9, 0.11}, {10, 0.10}},
	}
}

// Validate refuses shares above 1, n-grams of no or of more than 100 words, and kinds of counting that are unknown.
func (g *GopherRepetition) Validate() error {
	err := errors.Join(checkWords(g.Words),
		checkShare("max_duplicate_paragraphs", g.MaxDuplicateParagraphs), checkShare("max_duplicate_paragraph_chars", g.MaxDuplicateParagraphChars),
		checkShare("max_duplicate_lines", g.MaxDuplicateLines), checkShare("max_duplicate_line_chars", g.MaxDuplicateLineChars))
	if g.Count != countLater && g.Count != countAll {
		err = errors.Join(err, fmt.Errorf("count: %q, want %q (occurrences after the first, as datatrove) or %q", g.Count, countLater, countAll))
	}
	for _, list := range [][]Repeats{g.TopNGrams, g.DuplicateNGrams} {
		for _, n := range list {
			if n.N < 1 || n.N > 100 {
				err = errors.Join(err, fmt.Errorf("n: %d words, want 1 to 100", n.N))
			}
			err = errors.Join(err, checkShare("max_chars", n.MaxChars))
		}
	}
	return err
}

// Files returns none.
func (g *GopherRepetition) Files() []string { return nil }

// Open returns a maker of filters.
func (g *GopherRepetition) Open(corpus.Env) (func() corpus.Filter, error) {
	names := func(list []Repeats, format string) (out []string) {
		for _, n := range list {
			out = append(out, fmt.Sprintf(format, n.N))
		}
		return out
	}
	tops, duplicates := names(g.TopNGrams, "top-%d-gram"), names(g.DuplicateNGrams, "duplicated-%d-n-grams")
	return func() corpus.Filter {
		return &gopherRepetition{GopherRepetition: g, tops: tops, duplicates: duplicates, grams: grams{all: g.Count == countAll}}
	}, nil
}

type gopherRepetition struct {
	*GopherRepetition
	tops, duplicates []string // the rules' names
	grams            grams
	pieces           table
	lines            []string
}

// Apply judges one document.
func (g *gopherRepetition) Apply(d *corpus.Document, r *corpus.Report) {
	seg, j := d.Segments(), judge{r}
	_ = j.atLeast("empty", float64(seg.Runes()), 1, nil) ||
		g.repeated(j, seg, seg.Paragraphs(), "para", "repeated paragraph", g.MaxDuplicateParagraphs, g.MaxDuplicateParagraphChars) ||
		g.repeated(j, seg, g.split(seg), "line", "repeated line", g.MaxDuplicateLines, g.MaxDuplicateLineChars) ||
		g.ngrams(j, seg)
}

// split returns the pieces between runs of newlines, also an empty one before the first and after the last.
func (g *gopherRepetition) split(seg *segment.Text) []string {
	lines := seg.Lines()
	g.lines = g.lines[:0]
	for i, line := range lines {
		if line != "" || i == 0 || i == len(lines)-1 {
			g.lines = append(g.lines, line)
		}
	}
	return g.lines
}

// repeated judges the pieces that occurred before, by number and by characters.
func (g *gopherRepetition) repeated(j judge, seg *segment.Text, pieces []string, of, kind string, limit, limitChars float64) bool {
	if !j.Explain {
		// Pieces that repeat look alike. Mostly that is all there is to do.
		number, bytes := g.count(pieces, lookOf, func(piece string) int { return len(piece) })
		if (limit < 0 || share(number, len(pieces)) <= limit) && (limitChars < 0 || share(bytes, seg.Runes()) <= limitChars) {
			return false
		}
	}
	number, runes := g.count(pieces, xxhash.Sum64String, utf8.RuneCountInString)
	spans := lineSpans(seg, pieces, kind, func(piece string) bool {
		if number == 0 {
			return false
		}
		n, _ := g.pieces.at(xxhash.Sum64String(piece))
		return *n > 1
	})
	return j.atMost("dup-"+of+"-frac", share(number, len(pieces)), limit, spans) ||
		j.atMost("dup-"+of+"-char-frac", share(runes, seg.Runes()), limitChars, spans)
}

// count returns the number of the pieces that occurred before, as their hashes tell, and their size in all; of the first ones too where
// those count.
func (g *gopherRepetition) count(pieces []string, hash func(string) uint64, size func(string) int) (number, sizes int) {
	if len(pieces) < 2 {
		return 0, 0
	}
	g.pieces.reset(len(pieces))
	for _, piece := range pieces {
		n, fresh := g.pieces.at(hash(piece))
		if *n++; fresh {
			continue
		}
		number++
		sizes += size(piece)
		if *n == 2 && g.Count == countAll {
			number++
			sizes += size(piece)
		}
	}
	return number, sizes
}

// lookOf returns a hash of a piece's length, beginning, middle and end.
func lookOf(s string) uint64 {
	n := len(s)
	a, b, c := s, "", ""
	if n > 8 {
		a, b = s[:8], s[n-8:]
	}
	if n > 16 {
		c = s[n/2-4 : n/2+4]
	}
	h := (uint64(n)*hashStep ^ eight(a)) * hashStep
	h = (h ^ h>>32 ^ eight(b)) * hashStep
	return (h ^ h>>32 ^ eight(c)) * hashStep
}

// eight returns up to eight bytes as a number.
func eight(s string) (x uint64) {
	if len(s) == 8 {
		return eights.Load(s)
	}
	for i := range len(s) {
		x |= uint64(s[i]) << (8 * i)
	}
	return x
}

// ngrams judges the n-grams of words.
func (g *gopherRepetition) ngrams(j judge, seg *segment.Text) bool {
	if len(g.TopNGrams)+len(g.DuplicateNGrams) == 0 {
		return false
	}
	g.grams.reset(wordsOf(seg, g.Words))
	whole := seg.Runes()
	if g.Count == countAll {
		whole = g.grams.runes()
	}
	for i, top := range g.TopNGrams {
		limit := top.MaxChars
		if limit < 0 || len(g.grams.words) < top.N || !j.Explain && !g.grams.mayTop(top.N, limit, whole) {
			continue
		}
		at, runes := g.grams.top(top.N)
		spans := func() []corpus.Span { return g.grams.spansOf(at, top.N) }
		if j.atMost(g.tops[i], share(runes, whole), limit, spans) {
			return true
		}
	}
	least := 1.0
	for _, d := range g.DuplicateNGrams {
		if d.MaxChars >= 0 {
			least = min(least, d.MaxChars)
		}
	}
	if j.Explain {
		least = -1 // all values are wanted
	}
	most := share(g.grams.findRepeated(g.DuplicateNGrams, least, whole), whole)
	for i, d := range g.DuplicateNGrams {
		if d.MaxChars < 0 || !j.Explain && most <= d.MaxChars {
			continue
		}
		spans := func() []corpus.Span { return g.grams.duplicateSpans(d.N) }
		if j.atMost(g.duplicates[i], share(g.grams.duplicates(d.N), whole), d.MaxChars, spans) {
			return true
		}
	}
	return false
}

// spansOf returns the occurrences of the n words at i.
func (g *grams) spansOf(i, n int) (spans []corpus.Span) {
	key := g.hash(i, n)
	for at := 0; at+n <= len(g.words) && len(spans) < maxSpans; at++ {
		if g.hash(at, n) == key {
			spans = append(spans, corpus.Span{Start: int(g.words[at].Start), End: int(g.words[at+n-1].End), Kind: kindRepeated})
		}
	}
	return spans
}

// duplicateSpans returns what duplicates(n) counted.
func (g *grams) duplicateSpans(n int) (spans []corpus.Span) {
	g.each(n, func(i, n int) {
		spans = append(spans, corpus.Span{Start: int(g.words[i].Start), End: int(g.words[i+n-1].End), Kind: kindRepeated})
	})
	return spans
}

const kindRepeated = "repeated words"
