// Package segment cuts texts into lines, paragraphs, sentences and words, as the rules for the quality of texts count them.
//
// [Text.Words] are the tokens of spaCy's English tokenizer, which datatrove's filters count: FineWeb's thresholds were set with
// them. Scripts written without spaces (Han, kana, Thai, Lao, Khmer, Burmese) have no words without a dictionary; there each
// character is one, with the marks upon it, and a run of katakana is one. [Text.Tokens] leaves them as spaCy does.
package segment

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/internal/eights"
	"github.com/athanor-lm/athanor/internal/kernel"
)

// Text is a text with its segments, each kind found when first asked for. The zero value is an empty text; Reset gives it
// another and keeps the memory: slices that it returned are overwritten then. Not for use from several goroutines.
type Text struct {
	s string
	// what was found already
	have have

	runes      int
	lines      []string
	allLines   []string
	paragraphs []string
	words      []Word
	tokens     []Word // where they differ from the words
	mixed      bool   // they do
	fields     []Word
	sentences  []Span

	windows  kernel.ByteWindows
	known    *known    // chunks of texts before
	suffixes []int     // ends of the suffixes split off, outermost first
	found    []meeting // of merge, as are the next two
	taken    []bool
	merged   []Word
}

type have struct{ runes, lines, allLines, paragraphs, words, tokens, fields, sentences bool }

// keepWords is the number of words above which a text's memory is given back with the next one that is not large.
const keepWords = 1 << 20

// Span is a piece of the text in bytes.
type Span struct{ Start, End int }

// Reset makes t the text s. It panics where s has 4 GiB or more.
func (t *Text) Reset(s string) {
	if uint64(len(s)) > math.MaxUint32 {
		panic(fmt.Sprintf("segment: a text of %d bytes, want fewer than 4 GiB", len(s)))
	}
	if cap(t.words) > keepWords && len(s) < keepWords {
		*t = Text{}
	}
	if t.known == nil && len(s) >= knownFrom {
		t.known = new(known)
	}
	t.s = s
	t.have = have{}
}

// String returns the text.
func (t *Text) String() string { return t.s }

// Runes returns the number of characters, that is of code points; of bytes that are no UTF-8, those that may begin one.
func (t *Text) Runes() int {
	if t.have.runes {
		return t.runes
	}
	continued, i := 0, 0 // bytes 10xxxxxx
	for i+8 <= len(t.s) {
		sums := uint64(0) // of the bytes at each of eight places
		for end := min(i+8*255, len(t.s)); i+8 <= end; i += 8 {
			x := eights.Load(t.s[i : i+8])
			sums += x >> 7 &^ (x >> 6) & eights.Ones
		}
		const twos = 0x00ff00ff00ff00ff
		continued += int((sums&twos + sums>>8&twos) * 0x0001000100010001 >> 48)
	}
	for ; i < len(t.s); i++ {
		if !utf8.RuneStart(t.s[i]) {
			continued++
		}
	}
	t.runes, t.have.runes = len(t.s)-continued, true
	return t.runes
}

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

// AllLines returns the lines as Python's str.splitlines does: cut at \n, \r, \r\n, vertical tab, form feed, the separators FS, GS
// and RS, NEL, LS and PS. The empty text has no lines, and a text that ends with a line end none after it.
func (t *Text) AllLines() []string {
	if !t.have.allLines {
		t.have.allLines = true
		t.allLines = t.allLines[:0]
		if !hasRareLineEnd(t.s) {
			t.allLines = append(t.allLines, t.Lines()...)
			if last := len(t.allLines) - 1; t.allLines[last] == "" {
				t.allLines = t.allLines[:last]
			}
			return t.allLines
		}
		for s := t.s; s != ""; {
			end, next := lineEnd(s)
			t.allLines = append(t.allLines, s[:end])
			s = s[next:]
		}
	}
	return t.allLines
}

// hasRareLineEnd says whether a text may have a line end other than \n. It goes by eights of bytes: those of visible ASCII, blanks
// and newlines pass.
func hasRareLineEnd(s string) bool {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		// The upper bit of a byte that is below 0x20 and no newline, or above 0x7f.
		x := eights.Load(s[i : i+8])
		low := x &^ eights.Tops
		if (^(low+0x60*eights.Ones)&eights.Except(low, '\n')|x)&eights.Tops != 0 && anyRare(s, i, i+8) {
			return true
		}
	}
	return anyRare(s, i, len(s))
}

func anyRare(s string, from, to int) bool {
	for i := from; i < to; i++ {
		if s[i] != '\n' && lineByte[s[i]] && lineEndSize(s[i:]) > 0 {
			return true
		}
	}
	return false
}

// lineEnd returns where the first line of s ends and where the next begins.
func lineEnd(s string) (end, next int) {
	for i := 0; i < len(s); i++ {
		if lineByte[s[i]] {
			if n := lineEndSize(s[i:]); n > 0 {
				return i, i + n
			}
		}
	}
	return len(s), len(s)
}

// lineEndSize returns the length of the line end that s, which begins with a byte of lineByte, begins with; 0 where it is none.
func lineEndSize(s string) int {
	switch {
	case s[0] == '\r' && len(s) > 1 && s[1] == '\n':
		return 2
	case s[0] < 0x80:
		return 1
	case strings.HasPrefix(s, "\u0085"):
		return 2
	case strings.HasPrefix(s, "\u2028"), strings.HasPrefix(s, "\u2029"):
		return 3
	}
	return 0
}

// lineByte holds of bytes that begin a line end.
var lineByte = [256]bool{'\n': true, '\v': true, '\f': true, '\r': true, 0x1c: true, 0x1d: true, 0x1e: true, 0xc2: true, 0xe2: true}

// Paragraphs returns the pieces between runs of two and more newlines, of the text without white space around it. The empty text
// has one paragraph, an empty one.
func (t *Text) Paragraphs() []string {
	if !t.have.paragraphs {
		t.have.paragraphs = true
		t.paragraphs = t.paragraphs[:0]
		left := TrimLeft(t.s)
		from := len(t.s) - len(left)
		end := from + len(TrimRight(left))
		// Empty lines are where newlines meet.
		at, gap := 0, false
		for _, line := range t.Lines() {
			if gap && line != "" {
				from, gap = at, false
			}
			if line == "" && !gap && from < at && at < end {
				t.paragraphs = append(t.paragraphs, t.s[from:at-1])
				gap = true
			}
			at += len(line) + 1
		}
		t.paragraphs = append(t.paragraphs, t.s[from:end])
	}
	return t.paragraphs
}

// Offset returns where in the text a piece of it begins that Lines, AllLines or Paragraphs returned at index i, given where the
// one before it ended.
func (t *Text) Offset(piece string, from int) int { return from + strings.Index(t.s[from:], piece) }
