// Package pretokenize holds the pre-tokenizers of tokenizer.json but for the
// patterns with hand-written scanners (package scan). They cut a text into
// pieces, and some rewrite it, as Hugging Face's tokenizers does.
package pretokenize

import (
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/align"
	"github.com/athanor-lm/athanor/tokenizer/internal/charprop"
	"github.com/athanor-lm/athanor/tokenizer/internal/pattern"
	"github.com/athanor-lm/athanor/tokenizer/internal/scan"
)

// Piece is the piece B[Lo:Hi] of a text; it is not empty.
type Piece struct{ Lo, Hi int }

// Pieces is a text with what it has been cut into, in order.
type Pieces struct {
	Text align.Text
	List []Piece

	next []Piece
	cuts []cut
}

// Reset makes the whole of the text one piece.
func (p *Pieces) Reset() {
	p.List = p.List[:0]
	if len(p.Text.B) > 0 {
		p.List = append(p.List, Piece{0, len(p.Text.B)})
	}
}

// Step is a pre-tokenizer. It does not change and may be used by many
// goroutines. Where a pattern takes too long it sets p.Text.Err; what was not
// searched is then cut nowhere.
type Step interface {
	Split(p *Pieces)
}

// Sequence runs pre-tokenizers one after the other.
type Sequence []Step

func (s Sequence) Split(p *Pieces) {
	for _, step := range s {
		step.Split(p)
	}
}

// Behavior says what becomes of the delimiters that a pattern finds.
type Behavior int

const (
	Isolated           Behavior = iota // each is a piece
	Removed                            // they are left out
	MergedWithPrevious                 // each ends the piece before it
	MergedWithNext                     // each begins the piece after it
	Contiguous                         // those in a row are one piece
)

// BehaviorNames are the names in tokenizer.json, by Behavior.
var BehaviorNames = []string{"Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"}

// cut is a stretch of a piece, maybe empty: a delimiter or what is between.
type cut struct {
	Piece
	delim bool
}

// each cuts every piece by itself: f appends its stretches, of the piece's
// bytes, to p.cuts.
func (p *Pieces) each(b Behavior, f func(s []byte)) {
	p.next = p.next[:0]
	for _, at := range p.List {
		p.cuts = p.cuts[:0]
		f(p.Text.B[at.Lo:at.Hi])
		p.arrange(b, at.Lo)
	}
	p.List, p.next = p.next, p.List
}

// add appends a stretch to p.cuts.
func (p *Pieces) add(lo, hi int, delim bool) {
	p.cuts = append(p.cuts, cut{Piece{lo, hi}, delim})
}

// arrange makes pieces of p.cuts, which stand at base. The rules are those of
// NormalizedString.split, empty stretches and all.
func (p *Pieces) arrange(b Behavior, base int) {
	cuts := p.cuts
	put := func(lo, hi int) {
		if lo < hi {
			p.next = append(p.next, Piece{base + lo, base + hi})
		}
	}
	switch b {
	case Isolated, Removed:
		for _, c := range cuts {
			if b == Isolated || !c.delim {
				put(c.Lo, c.Hi)
			}
		}
	case MergedWithNext:
		// From the end, joined stretches gathering at the end of cuts.
		w, next := len(cuts), false
		for k := len(cuts) - 1; k >= 0; k-- {
			c := cuts[k]
			if c.delim && !next && w < len(cuts) {
				cuts[w].Lo = c.Lo
			} else {
				w--
				cuts[w] = c
			}
			next = c.delim
		}
		for _, c := range cuts[w:] {
			put(c.Lo, c.Hi)
		}
	default:
		lo, hi, previous := 0, -1, false
		for _, c := range cuts {
			join := c.delim == previous
			if b == MergedWithPrevious {
				join = c.delim && !previous
			}
			if previous = c.delim; join && hi >= 0 {
				hi = c.Hi
				continue
			}
			if hi >= 0 {
				put(lo, hi)
			}
			lo, hi = c.Lo, c.Hi
		}
		if hi >= 0 {
			put(lo, hi)
		}
	}
}

// byRune cuts at the characters that is holds of.
func (p *Pieces) byRune(b Behavior, is func(r rune) bool) {
	p.each(b, func(s []byte) {
		end := 0
		for i := 0; i < len(s); {
			r, w := rune(s[i]), 1
			if r >= utf8.RuneSelf {
				r, w = utf8.DecodeRune(s[i:])
			}
			if is(r) {
				if end < i {
					p.add(end, i, false)
				}
				p.add(i, i+w, true)
				end = i + w
			}
			i += w
		}
		if end < len(s) {
			p.add(end, len(s), false)
		}
	})
}

// Scan cuts with a hand-written scanner, whose pieces follow each other without
// gaps. Pattern is what it does, "" for several patterns.
type Scan struct {
	Func    scan.Func
	Pattern string
}

func (x Scan) Split(p *Pieces) {
	p.next = p.next[:0]
	for _, at := range p.List {
		s := p.Text.B[at.Lo:at.Hi]
		for i := 0; i < len(s); {
			j := x.Func(s, i)
			p.next = append(p.next, Piece{at.Lo + i, at.Lo + j})
			i = j
		}
	}
	p.List, p.next = p.next, p.List
}

// Split cuts at a pattern; with Invert what is between the matches counts as
// delimiters. Regex is the pattern as written, "" for a string.
type Split struct {
	Pattern  *pattern.Pattern
	Regex    string
	Behavior Behavior
	Invert   bool
}

func (x Split) Split(p *Pieces) {
	if x.Behavior == Isolated || x.Behavior == Removed {
		x.splitAtOnce(p)
		return
	}
	p.each(x.Behavior, func(s []byte) { x.stretches(p, s, p.add) })
}

// splitAtOnce is Split where each stretch is a piece or nothing, so that there
// need be no list of stretches beside that of pieces.
func (x Split) splitAtOnce(p *Pieces) {
	p.next = p.next[:0]
	for _, at := range p.List {
		x.stretches(p, p.Text.B[at.Lo:at.Hi], func(lo, hi int, delim bool) {
			if lo < hi && !(delim && x.Behavior == Removed) {
				p.next = append(p.next, Piece{at.Lo + lo, at.Lo + hi})
			}
		})
	}
	p.List, p.next = p.next, p.List
}

// stretches calls f with the delimiters in s and what is between them.
func (x Split) stretches(p *Pieces, s []byte, f func(lo, hi int, delim bool)) {
	end := 0
	if p.Text.Err == nil {
		p.Text.Err = x.Pattern.Each(s, func(m pattern.Match) {
			if end < m.Lo {
				f(end, m.Lo, x.Invert)
			}
			f(m.Lo, m.Hi, !x.Invert)
			end = m.Hi
		})
	}
	if end < len(s) {
		f(end, len(s), x.Invert)
	}
}

// Digits cuts out numbers, every digit by itself or in runs.
type Digits struct{ Individual bool }

func (x Digits) Split(p *Pieces) {
	b := Contiguous
	if x.Individual {
		b = Isolated
	}
	p.byRune(b, charprop.Numeric().Has)
}

// Punctuation cuts at punctuation.
type Punctuation struct{ Behavior Behavior }

func (x Punctuation) Split(p *Pieces) {
	p.byRune(x.Behavior, charprop.Punctuation().Has)
}

// WhitespaceSplit cuts at white space and leaves it out.
type WhitespaceSplit struct{}

func (WhitespaceSplit) Split(p *Pieces) {
	p.byRune(Removed, charprop.IsSpace)
}

// CharDelimiter cuts at a character and leaves it out.
type CharDelimiter rune

func (x CharDelimiter) Split(p *Pieces) {
	p.byRune(Removed, func(r rune) bool { return r == rune(x) })
}

// Bert cuts at white space, which it leaves out, and around punctuation.
type Bert struct{}

func (Bert) Split(p *Pieces) {
	p.byRune(Removed, charprop.IsSpace)
	p.byRune(Isolated, charprop.Punctuation().Has)
}

// Whitespace keeps runs of word characters and runs of other characters, and
// leaves white space out: \w+|[^\w\s]+.
type Whitespace struct{}

func (Whitespace) Split(p *Pieces) {
	word := charprop.Word()
	kind := func(r rune) int {
		switch {
		case word.Has(r):
			return 1
		case charprop.IsSpace(r):
			return 0
		}
		return 2
	}
	p.each(Isolated, func(s []byte) {
		start, last := 0, 0
		for i := 0; i < len(s); {
			r, w := utf8.DecodeRune(s[i:])
			if k := kind(r); k != last {
				if last != 0 {
					p.add(start, i, false)
				}
				start, last = i, k
			}
			i += w
		}
		if last != 0 {
			p.add(start, len(s), false)
		}
	})
}

// UnicodeScripts cuts between scripts. As in the reference, characters that go
// with any script are lost at the beginning of a piece.
type UnicodeScripts struct{}

func (UnicodeScripts) Split(p *Pieces) {
	p.each(Isolated, func(s []byte) {
		last, start := 0, -1
		for i := 0; i < len(s); {
			r, w := utf8.DecodeRune(s[i:])
			if script := charprop.Script(r); script != 0 {
				if last != script {
					if start >= 0 {
						p.add(start, i, false)
					}
					start = i
				}
				last = script
			}
			i += w
		}
		if start >= 0 {
			p.add(start, len(s), false)
		}
	})
}

// FixedLength cuts into pieces of Length characters.
type FixedLength struct{ Length int }

func (x FixedLength) Split(p *Pieces) {
	p.each(Isolated, func(s []byte) {
		start, n := 0, 0
		for i := 0; i < len(s); {
			_, w := utf8.DecodeRune(s[i:])
			i += w
			if n++; n == x.Length || i == len(s) {
				p.add(start, i, false)
				start, n = i, 0
			}
		}
	})
}
