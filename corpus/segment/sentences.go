package segment

import (
	"strings"
	"unicode/utf8"
)

// Sentences returns the sentences as spaCy's sentencizer finds them: one begins at the first word, and at each that follows a mark
// that ends a sentence (. ! ? 。 and those of other scripts, standing as a word of their own) and further punctuation. White space
// other than one blank counts as a word here, as it does for spaCy. A sentence ends where the next begins, or with the text.
func (t *Text) Sentences() []Span {
	if t.have.sentences {
		return t.sentences
	}
	t.sentences = t.sentences[:0]
	p := table()
	begin, end, ended := 0, 0, false // end: of the word before
	start := func(at int) {
		t.sentences = append(t.sentences, Span{begin, at})
		begin, ended = at, false
	}
	blank := func(next int) {
		gap := t.s[end:next]
		if word := strings.TrimPrefix(gap, " "); ended && word != "" {
			start(next - len(word))
		}
	}
	for _, w := range t.Words() {
		blank(int(w.Start))
		if mark, closes := t.closing(p, w); ended && !mark && !closes {
			start(int(w.Start))
		} else if closes {
			ended = true
		}
		end = int(w.End)
	}
	blank(len(t.s))
	if begin < len(t.s) {
		t.sentences = append(t.sentences, Span{begin, len(t.s)})
	}
	t.have.sentences = true
	return t.sentences
}

// closing says whether a word is of punctuation alone, and whether it is one mark that ends a sentence.
func (t *Text) closing(p *pages, w Word) (mark, closes bool) {
	if w.Kind&HasLetter != 0 {
		return false, false
	}
	text := t.Word(w)
	if w.Runes == 1 {
		c, _ := utf8.DecodeRuneInString(text)
		class := p.class(c)
		return class&punct != 0, class&terminator != 0
	}
	for _, c := range text {
		if p.class(c)&punct == 0 {
			return false, false
		}
	}
	return true, false
}
