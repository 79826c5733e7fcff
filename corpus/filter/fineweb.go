package filter

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/segment"
	"github.com/cespare/xxhash/v2"
)

// FineWeb are the rules that FineWeb's authors found by ablation (Penedo et al. 2024, arXiv:2406.17557, section 3.6), as datatrove's
// FineWebQualityFilter applies them. Lines of white space alone do not count.
//
// The paper gives 0.1 for the characters in duplicate lines, datatrove's code and the data set itself 0.01.
type FineWeb struct {
	MinLinesEndingInMark  float64  `yaml:"min_lines_ending_in_mark"` // share of the lines that end with one of Marks
	KeepWithoutMarks      bool     `yaml:"keep_without_marks"`       // a text of which no line does passes
	Marks                 []string `yaml:"marks"`                    // empty = the marks that end sentences in all scripts
	MaxShortLines         float64  `yaml:"max_short_lines"`          // share of the lines of at most ShortLine characters
	Words                 string   `yaml:"words"`                    // "words", "spacy" or "fields", as for gopher-quality
	ShortLine             int      `yaml:"short_line"`               // characters
	MaxDuplicateLineChars float64  `yaml:"max_duplicate_line_chars"` // share of the characters other than newlines
	MaxNewlinesPerWord    float64  `yaml:"max_newlines_per_word"`    // newlines over words: many mean a list
}

// DefaultFineWeb returns datatrove's defaults.
func DefaultFineWeb() FineWeb {
	return FineWeb{Words: wordsWords, MinLinesEndingInMark: 0.12, MaxShortLines: 0.67, ShortLine: 30, MaxDuplicateLineChars: 0.01, MaxNewlinesPerWord: 0.3}
}

// Validate refuses shares above 1.
func (f *FineWeb) Validate() error {
	return errors.Join(checkWords(f.Words), checkShare("min_lines_ending_in_mark", f.MinLinesEndingInMark), checkShare("max_short_lines", f.MaxShortLines),
		checkShare("max_duplicate_line_chars", f.MaxDuplicateLineChars), checkNumber("max_newlines_per_word", f.MaxNewlinesPerWord))
}

// Files returns none.
func (f *FineWeb) Files() []string { return nil }

// Open returns a maker of filters.
func (f *FineWeb) Open(corpus.Env) (func() corpus.Filter, error) {
	return func() corpus.Filter { return &fineWeb{FineWeb: f} }, nil
}

type fineWeb struct {
	*FineWeb
	lines  []string
	pieces table
}

// Apply judges one document.
func (f *fineWeb) Apply(d *corpus.Document, r *corpus.Report) {
	seg, j := d.Segments(), judge{r}
	marked, short := 0, 0
	f.lines = f.lines[:0]
	for _, line := range seg.Lines() {
		if segment.TrimLeft(line) == "" {
			continue
		}
		f.lines = append(f.lines, line)
		if f.ends(line) {
			marked++
		}
		if f.isShort(line) {
			short++
		}
	}
	if j.atLeast("empty", float64(len(f.lines)), 1, nil) || len(f.lines) == 0 {
		return
	}
	leastMarked := f.MinLinesEndingInMark
	if marked == 0 && f.KeepWithoutMarks {
		leastMarked = 0
	}
	_ = j.atLeast("line-punct-ratio", share(marked, len(f.lines)), leastMarked, lineSpans(seg, f.lines, "line without an end", func(s string) bool { return !f.ends(s) })) ||
		j.atMost("short-line-ratio", share(short, len(f.lines)), f.MaxShortLines, lineSpans(seg, f.lines, "short line", f.isShort)) ||
		f.duplicates(seg, j) ||
		f.list(seg, j)
}

func (f *fineWeb) ends(line string) bool {
	if len(f.Marks) == 0 {
		return segment.EndsLine(line)
	}
	for _, mark := range f.Marks {
		if strings.HasSuffix(line, mark) {
			return true
		}
	}
	return false
}

func (f *fineWeb) isShort(line string) bool {
	return len(line) <= f.ShortLine || len(line) <= utf8.UTFMax*f.ShortLine && utf8.RuneCountInString(line) <= f.ShortLine
}

// duplicates judges the characters of lines that occurred before.
func (f *fineWeb) duplicates(seg *segment.Text, j judge) bool {
	if f.MaxDuplicateLineChars < 0 {
		return false
	}
	runes := 0
	f.pieces.reset(len(f.lines))
	for _, line := range f.lines {
		if n, fresh := f.pieces.at(xxhash.Sum64String(line)); !fresh {
			*n = 1
			runes += utf8.RuneCountInString(line)
		}
	}
	again := func(line string) bool {
		n, _ := f.pieces.at(xxhash.Sum64String(line))
		return *n > 0
	}
	newlines := len(seg.Lines()) - 1
	return j.atMost("char-dup-ratio", share(runes, seg.Runes()-newlines), f.MaxDuplicateLineChars, lineSpans(seg, f.lines, "repeated line", again))
}

// list judges the newlines for each word. Words are not looked for where there are plainly enough of them.
func (f *fineWeb) list(seg *segment.Text, j judge) bool {
	newlines := len(seg.Lines()) - 1
	if f.MaxNewlinesPerWord < 0 || !j.Explain && !seg.HaveWords() && enoughChunks(seg.String(), float64(newlines)/f.MaxNewlinesPerWord) {
		return false
	}
	return j.atMost("list-ratio", share(newlines, len(wordsOf(seg, f.Words))), f.MaxNewlinesPerWord, nil)
}

// enoughChunks says whether a text surely has n words: each piece between white space is at least one. White space outside of
// ASCII is taken for a part of words, and pieces without ASCII are not counted.
func enoughChunks(s string, n float64) bool {
	if n <= 0 {
		return true
	}
	chunks, inside := 0, false
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ' || '\t' <= c && c <= '\r' || 0x1c <= c && c <= 0x1f:
			inside = false
		case !inside && c < utf8.RuneSelf:
			inside = true
			if chunks++; float64(chunks) >= n {
				return true
			}
		}
	}
	return false
}
