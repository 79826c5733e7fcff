package filter

import (
	"errors"
	"fmt"
	"strings"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/segment"
)

// GopherQuality are the quality rules of Gopher (Rae et al. 2021, arXiv:2112.11446, appendix A.1.1), as datatrove's
// GopherQualityFilter applies them.
//
// The paper counts words and says no more. datatrove counts spaCy's tokens, among which punctuation marks are tokens of their own:
// those of punctuation alone are left out of the number and the mean length of words, but count in the ratios. Words "words" counts
// the same, but for scripts written without spaces (see package segment), "spacy" the same throughout. With "fields" words are what
// stands between white space, all of them, as the paper may be read and Dolma does.
type GopherQuality struct {
	Words               string   `yaml:"words"`                  // "words", "spacy" or "fields"
	MinWords            int      `yaml:"min_words"`              // words that are more than punctuation
	MaxWords            int      `yaml:"max_words"`              // words that are more than punctuation
	MinMeanWordLength   float64  `yaml:"min_mean_word_length"`   // characters, over words that are more than punctuation
	MaxMeanWordLength   float64  `yaml:"max_mean_word_length"`   // characters, over words that are more than punctuation
	MaxHashesPerWord    float64  `yaml:"max_hashes_per_word"`    // number of # over number of words
	MaxEllipsesPerWord  float64  `yaml:"max_ellipses_per_word"`  // number of ... and … over number of words
	MaxBulletLines      float64  `yaml:"max_bullet_lines"`       // share of the lines that begin with • or -
	MaxEllipsisLines    float64  `yaml:"max_ellipsis_lines"`     // share of the lines that end with ... or …
	MinWordsWithLetters float64  `yaml:"min_words_with_letters"` // share of the words with at least one letter
	MinStopWords        int      `yaml:"min_stop_words"`         // how many different ones of StopWords occur
	StopWords           []string `yaml:"stop_words"`             // lower case; the text's case counts
}

// DefaultGopherQuality returns datatrove's defaults, which are the paper's.
func DefaultGopherQuality() GopherQuality {
	return GopherQuality{
		Words: wordsWords, MinWords: 50, MaxWords: 100_000, MinMeanWordLength: 3, MaxMeanWordLength: 10,
		MaxHashesPerWord: 0.1, MaxEllipsesPerWord: 0.1, MaxBulletLines: 0.9, MaxEllipsisLines: 0.3, MinWordsWithLetters: 0.8,
		MinStopWords: 2, StopWords: []string{"the", "be", "to", "of", "and", "that", "have", "with"},
	}
}

// Validate refuses shares above 1, a kind of words that is unknown, and more stop words wanted than listed.
func (g *GopherQuality) Validate() error {
	err := errors.Join(checkWords(g.Words), checkNumber("min_mean_word_length", g.MinMeanWordLength), checkNumber("max_mean_word_length", g.MaxMeanWordLength),
		checkNumber("max_hashes_per_word", g.MaxHashesPerWord), checkNumber("max_ellipses_per_word", g.MaxEllipsesPerWord),
		checkShare("max_bullet_lines", g.MaxBulletLines), checkShare("max_ellipsis_lines", g.MaxEllipsisLines), checkShare("min_words_with_letters", g.MinWordsWithLetters))
	if err == nil && g.MinStopWords > len(g.StopWords) {
		return fmt.Errorf("min_stop_words: %d of a list of %d words, want at most as many as stop_words has", g.MinStopWords, len(g.StopWords))
	}
	if err == nil && g.MaxWords >= 0 && g.MinWords > g.MaxWords {
		return fmt.Errorf("min_words: %d is above max_words, %d", g.MinWords, g.MaxWords)
	}
	return err
}

// Files returns none.
func (g *GopherQuality) Files() []string { return nil }

// Open returns a maker of filters.
func (g *GopherQuality) Open(corpus.Env) (func() corpus.Filter, error) {
	stop := newWordSet(g.StopWords)
	return func() corpus.Filter { return &gopherQuality{g, stop, make([]bool, len(stop.hashes))} }, nil
}

type gopherQuality struct {
	*GopherQuality
	stop *wordSet
	seen []bool // of the stop words
}

// Apply judges one document.
func (g *gopherQuality) Apply(d *corpus.Document, r *corpus.Report) {
	seg, text, j := d.Segments(), d.Text(), judge{r}
	total, any := wordsOf(seg, g.Words), 0 // 1: words of punctuation count too
	if g.Words == wordsFields {
		any = 1
	}
	counted, runes, letters := 0, 0, 0
	for i := range total {
		// Without a branch: which words are punctuation is hard to foretell.
		w := &total[i]
		is := int(w.Kind&segment.HasText)/int(segment.HasText) | any
		counted += is
		runes += int(w.Runes) & -is
		letters += int(w.Kind & segment.HasLetter)
	}
	shortest, longest := g.MinMeanWordLength, g.MaxMeanWordLength
	if counted == 0 { // no words, no mean
		shortest, longest = -1, -1
	}
	mean := share(runes, counted)
	wordless := func() []corpus.Span {
		return wordSpans(total, "no letter", func(w segment.Word) bool { return w.Kind&segment.HasLetter == 0 })
	}
	_ = j.atLeast("short-doc", float64(counted), float64(g.MinWords), nil) ||
		j.atMost("long-doc", float64(counted), float64(g.MaxWords), nil) ||
		j.atLeast("below-avg-threshold", mean, shortest, nil) ||
		j.atMost("above-avg-threshold", mean, longest, nil) ||
		j.atMost("too-many-hashes", share(strings.Count(text, "#"), len(total)), g.MaxHashesPerWord, places(text, "hash", "#")) ||
		j.atMost("too-many-ellipsis", share(strings.Count(text, "...")+strings.Count(text, "…"), len(total)), g.MaxEllipsesPerWord, places(text, "ellipsis", "...", "…")) ||
		g.lines(seg, j) ||
		j.atLeast("below-alpha-threshold", share(letters, len(total)), g.MinWordsWithLetters, wordless) ||
		j.atLeast("too-few-stop-words", float64(g.stopWords(total, r.Explain)), float64(g.MinStopWords), func() []corpus.Span {
			return wordSpans(total, "stop word", func(w segment.Word) bool { return g.stop.index(w.Hash) >= 0 })
		})
}

// lines judges how lines begin and end.
func (g *gopherQuality) lines(seg *segment.Text, j judge) bool {
	lines := seg.AllLines()
	bullets, ellipses := 0, 0
	for _, line := range lines {
		if isBullet(line) {
			bullets++
		}
		if endsInEllipsis(line) {
			ellipses++
		}
	}
	return j.atMost("too-many-bullets", share(bullets, len(lines)), g.MaxBulletLines, lineSpans(seg, lines, "bullet line", isBullet)) ||
		j.atMost("too-many-end-ellipsis", share(ellipses, len(lines)), g.MaxEllipsisLines, lineSpans(seg, lines, "line ending in an ellipsis", endsInEllipsis))
}

// stopWords returns how many different stop words there are; no more than are wanted are looked for unless all are.
func (g *gopherQuality) stopWords(words []segment.Word, all bool) int {
	if g.MinStopWords <= 0 {
		return 0
	}
	clear(g.seen)
	n := 0
	for i := range words {
		if at := g.stop.index(words[i].Hash); at >= 0 && !g.seen[at] {
			g.seen[at] = true
			if n++; n == g.MinStopWords && !all {
				break
			}
		}
	}
	return n
}

func isBullet(line string) bool {
	line = segment.TrimLeft(line)
	return strings.HasPrefix(line, "-") || strings.HasPrefix(line, "•")
}

func endsInEllipsis(line string) bool {
	line = segment.TrimRight(line)
	return strings.HasSuffix(line, "...") || strings.HasSuffix(line, "…")
}
