package filter

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/segment"
	"github.com/athanor-lm/athanor/internal/kernel"
)

// C4 cuts texts down to lines that look like prose, and drops what has too little of it (Raffel et al. 2020, JMLR 21(140), section
// 2.2, and tensorflow/datasets, text/c4_utils.py), as datatrove's C4QualityFilter does: FineWeb uses it with TerminalMark off.
//
// A line is trimmed, loses its citation marks, and goes where a rule says so; "lorem ipsum" or a curly bracket in a line that
// stays until then drops the whole text. The list of bad words is a step of its own, bad-words.
type C4 struct {
	By              string `yaml:"by"`                // "line", or "sentence": then a text's sentences are what is kept or goes, with a blank between
	RemoveCitations bool   `yaml:"remove_citations"`  // [1], [], [edit] and [citation needed]
	TerminalMark    bool   `yaml:"terminal_mark"`     // lines end with . ? ! " or ', not with ...
	MinWords        int    `yaml:"min_words"`         // of a line, between white space
	MaxWordLength   int    `yaml:"max_word_length"`   // characters; a line with a longer word goes
	LoremIpsum      bool   `yaml:"drop_lorem_ipsum"`  // drop texts with "lorem ipsum"
	JavaScript      bool   `yaml:"remove_javascript"` // remove lines that mention it
	CurlyBracket    bool   `yaml:"drop_curly_bracket"`
	Policy          bool   `yaml:"remove_policy"` // remove lines about terms of use, privacy and cookie policies, and the use of cookies
	MinSentences    int    `yaml:"min_sentences"` // of what is left, as spaCy's sentencizer counts them line by line
}

// DefaultC4 returns datatrove's defaults, which are those of C4.
func DefaultC4() C4 {
	return C4{By: byLine, RemoveCitations: true, TerminalMark: true, MinWords: 3, MaxWordLength: 1000, LoremIpsum: true, JavaScript: true, CurlyBracket: true, Policy: true, MinSentences: 5}
}

const (
	byLine     = "line"
	bySentence = "sentence"
)

// Validate refuses pieces that are unknown.
func (c *C4) Validate() error {
	if c.By != byLine && c.By != bySentence {
		return fmt.Errorf("by: %q, want %q or %q", c.By, byLine, bySentence)
	}
	return nil
}

// Files returns none.
func (c *C4) Files() []string { return nil }

// Open returns a maker of filters.
func (c *C4) Open(corpus.Env) (func() corpus.Filter, error) {
	return func() corpus.Filter { return &c4{C4: c} }, nil
}

type c4 struct {
	*C4
	kept    []string
	line    segment.Text // for the sentences of one
	cited   []byte       // a line without its citation marks
	spans   []corpus.Span
	masks   []kernel.ByteMasks
	unsaid  bool // the text has none of the phrases
	removed [len(lineRules)]int
	marks   int // of citations
}

// What may become of a line, in the order in which the rules are asked.
const (
	keepLine = iota
	longWord
	noTerminal
	fewWords
	loremIpsum
	javaScript
	curlyBracket
	policy
)

var lineRules = [...]string{keepLine: "", longWord: "line with a too long word", noTerminal: "line without terminal mark", fewWords: "line of too few words",
	loremIpsum: "lorem ipsum", javaScript: "line on javascript", curlyBracket: "curly bracket", policy: "line on policies"}

const (
	ruleLorem = "lorem-ipsum"
	ruleCurly = "curly-bracket"
)

// Apply judges one document, and leaves it the lines that are kept.
func (c *c4) Apply(d *corpus.Document, r *corpus.Report) {
	c.kept, c.spans, c.removed, c.marks = c.kept[:0], c.spans[:0], [len(lineRules)]int{}, 0
	c.unsaid = !c.says(d.Text())
	seg, j := d.Segments(), judge{r}
	lorem, curly, sentences := 0, 0, 0
	piece := func(line string, at int) bool {
		text, rule := c.judgeLine(line)
		c.removed[rule]++
		switch rule {
		case keepLine:
			c.kept = append(c.kept, text)
			if c.MinSentences > 0 && (sentences < c.MinSentences || r.Explain) {
				sentences += c.sentences(text)
			}
			return true
		case loremIpsum:
			lorem++
			r.Drop(ruleLorem, 1, 0)
		case curlyBracket:
			curly++
			r.Drop(ruleCurly, 1, 0)
		}
		if r.Explain && len(c.spans) < maxSpans {
			c.spans = append(c.spans, corpus.Span{Start: at, End: at + len(line), Kind: lineRules[rule]})
		}
		return lorem+curly == 0 || r.Explain
	}
	c.pieces(seg, r.Explain, piece)
	of := func(kind string) func() []corpus.Span {
		return func() (out []corpus.Span) {
			for _, s := range c.spans {
				if (kind == "") != (s.Kind == kind) {
					out = append(out, s)
				}
			}
			return out
		}
	}
	if j.atMost(ruleLorem, float64(lorem), 0, of(lineRules[loremIpsum])) || j.atMost(ruleCurly, float64(curly), 0, of(lineRules[curlyBracket])) ||
		j.atLeast("too-few-sentences", float64(sentences), float64(c.MinSentences), of("")) {
		return
	}
	if r.Dropped == "" {
		c.replace(d, r)
	}
}

// pieces calls f with the lines, or the sentences, and where they are if that is asked for, until it returns false.
func (c *c4) pieces(seg *segment.Text, where bool, f func(piece string, at int) bool) {
	if c.By == bySentence {
		for _, s := range seg.Sentences() {
			if !f(seg.String()[s.Start:s.End], s.Start) {
				return
			}
		}
		return
	}
	at := 0
	for _, line := range seg.AllLines() {
		if where {
			at = seg.Offset(line, at)
		}
		if !f(line, at) {
			return
		}
		at += len(line)
	}
}

// replace gives the document the lines that were kept, and reports what went.
func (c *c4) replace(d *corpus.Document, r *corpus.Report) {
	for rule, n := range c.removed {
		if rule != keepLine {
			r.Add(lineRules[rule], int64(n))
		}
	}
	r.Add("citation mark", int64(c.marks))
	separator := "\n"
	if c.By == bySentence {
		separator = " "
	}
	if text := segment.TrimSpace(strings.Join(c.kept, separator)); text != d.Text() {
		d.SetText(text)
	}
}

// sentences returns how many sentences a kept piece counts for.
func (c *c4) sentences(text string) int {
	if c.By == bySentence {
		return 1
	}
	c.line.Reset(text)
	return max(1, len(c.line.Sentences()))
}

// judgeLine returns the line as it would be kept, and the rule that says otherwise.
func (c *c4) judgeLine(line string) (string, int) {
	line = segment.TrimSpace(line)
	if c.MaxWordLength >= 0 && c.hasLongWord(line, c.MaxWordLength) {
		return "", longWord
	}
	words, whole := c.count(line), len(line)
	if c.RemoveCitations && strings.IndexByte(line, '[') >= 0 {
		line = c.withoutCitations(line)
	}
	if c.TerminalMark && (!endsTerminally(line) || strings.HasSuffix(line, "...")) {
		return "", noTerminal
	}
	if words < c.MinWords {
		return "", fewWords
	}
	return line, c.judgeContent(line, len(line) < whole)
}

// count returns the words of a line that stand between white space, as far as their number matters.
func (c *c4) count(line string) (words int) {
	for words < c.MinWords && line != "" {
		words++
		line = segment.TrimLeft(line[segment.IndexSpace(line):])
	}
	return words
}

// hasLongWord says whether a line has a word of more than limit characters.
func (c *c4) hasLongWord(line string, limit int) bool {
	for rest := line; len(rest) > limit; {
		at := strings.LastIndexByte(rest[:limit+1], ' ')
		if at < 0 {
			c.line.Reset(line)
			return slices.ContainsFunc(c.line.Fields(), func(w segment.Word) bool { return int(w.Runes) > limit })
		}
		rest = rest[at+1:]
	}
	return false
}

func endsTerminally(line string) bool {
	if line == "" {
		return false
	}
	switch line[len(line)-1] {
	case '.', '?', '!', '"', '\'':
		return true
	}
	return false
}

// judgeContent looks at what a line says. What citations stood between, where they were cut, may have become a phrase.
func (c *c4) judgeContent(line string, cut bool) int {
	found := 0
	if !c.unsaid || cut {
		found = c.phrases(line)
	}
	switch {
	case c.LoremIpsum && found&(1<<loremIpsum) != 0:
		return loremIpsum
	case c.JavaScript && found&(1<<javaScript) != 0:
		return javaScript
	case c.CurlyBracket && strings.IndexByte(line, '{') >= 0:
		return curlyBracket
	case c.Policy && found&(1<<policy) != 0:
		return policy
	}
	return keepLine
}

// withoutCitations returns the line without [1], [], [edit] and [citation needed]; digits may be of any script.
func (c *c4) withoutCitations(line string) string {
	c.cited = c.cited[:0]
	from, found := 0, false
	for i := 0; i < len(line); {
		n := 0
		if line[i] == '[' {
			n = citation(line[i:])
		}
		if n == 0 {
			i++
			continue
		}
		c.cited = append(c.cited, line[from:i]...)
		i += n
		c.marks++
		from, found = i, true
	}
	if !found {
		return line
	}
	return string(append(c.cited, line[from:]...))
}

// citation returns the bytes of the citation mark that a text begins with, 0 where it begins with none.
func citation(s string) int {
	for _, mark := range [...]string{"[edit]", "[citation needed]"} {
		if strings.HasPrefix(s, mark) {
			return len(mark)
		}
	}
	for i := 1; i < len(s); {
		if s[i] == ']' {
			return i + 1
		}
		c, size := utf8.DecodeRuneInString(s[i:])
		if !unicode.IsDigit(c) {
			break
		}
		i += size
	}
	return 0
}
