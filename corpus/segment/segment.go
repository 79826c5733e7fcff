// Package segment cuts texts into lines, paragraphs, sentences and words, as the rules for the quality of texts count them.
package segment

import "strings"

// Text is a text with its segments, each kind found when first asked for. The zero value is an empty text; Reset gives it
// another and keeps the memory. Not for use from several goroutines.
type Text struct {
	s     string
	lines []string
	have  struct{ lines bool }
}

// Reset makes t the text s.
func (t *Text) Reset(s string) {
	t.s = s
	t.have.lines = false
}

// String returns the text.
func (t *Text) String() string { return t.s }

// Lines returns the pieces between newlines, empty ones too.
func (t *Text) Lines() []string {
	if !t.have.lines {
		t.lines = t.lines[:0]
		for line := range strings.SplitSeq(t.s, "\n") {
			t.lines = append(t.lines, line)
		}
		t.have.lines = true
	}
	return t.lines
}
