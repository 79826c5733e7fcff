package tokenizer

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/dlclark/regexp2"

	"github.com/athanor-lm/athanor/tokenizer/internal/scan"
)

// span is a piece text[lo:hi].
type span struct{ lo, hi int }

// splitter is one step of pre-tokenization: it cuts text[at.lo:at.hi] and
// appends the pieces to dst, in order. Empty pieces are never appended.
type splitter interface {
	split(dst []span, text []byte, at span) []span
}

// scanSplit cuts with a hand-written scanner.
type scanSplit struct{ scan scan.Func }

func (p *scanSplit) split(dst []span, text []byte, at span) []span {
	s := text[at.lo:at.hi]
	for i := 0; i < len(s); {
		j := p.scan(s, i)
		dst = append(dst, span{at.lo + i, at.lo + j})
		i = j
	}
	return dst
}

// digitSplit isolates numeric characters, one by one or in runs.
type digitSplit struct{ individual bool }

func (p *digitSplit) split(dst []span, text []byte, at span) []span {
	start, inDigits := at.lo, false
	for i := at.lo; i < at.hi; {
		r, w := utf8.DecodeRune(text[i:at.hi])
		numeric := unicode.IsNumber(r)
		if i > start && (numeric != inDigits || numeric && p.individual) {
			dst = append(dst, span{start, i})
			start = i
		}
		inDigits = numeric
		i += w
	}
	if start < at.hi {
		dst = append(dst, span{start, at.hi})
	}
	return dst
}

// prefixSpace marks ByteLevel's add_prefix_space. It cannot be done by cutting:
// the encoder copies the text, with a space before every piece that has none.
type prefixSpace struct{}

func (prefixSpace) split(dst []span, _ []byte, at span) []span { return append(dst, at) }

// insert returns text with the spaces added, over buf, and the moved spans.
func (prefixSpace) insert(buf, text []byte, spans []span) ([]byte, []span) {
	buf = buf[:0]
	for k, s := range spans {
		lo := len(buf)
		if text[s.lo] != ' ' {
			buf = append(buf, ' ')
		}
		buf = append(buf, text[s.lo:s.hi]...)
		spans[k] = span{lo, len(buf)}
	}
	return buf, spans
}

// behavior says what Split does with the delimiters its pattern finds.
type behavior int

const (
	isolated behavior = iota
	removed
	mergedWithPrevious
	mergedWithNext
	contiguous
)

func parseBehavior(s string) (behavior, error) {
	for b, name := range []string{"Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"} {
		if s == name {
			return behavior(b), nil
		}
	}
	return 0, fmt.Errorf("pre-tokenizer Split: behavior %q is unknown", s)
}

// matchSplit is Split with any pattern.
type matchSplit struct {
	find     func(dst []span, s []byte) []span // all matches in s, in order
	behavior behavior
	invert   bool
}

// cut is a piece with the mark of a delimiter.
type cut struct {
	span
	delim bool
}

func (p *matchSplit) split(dst []span, text []byte, at span) []span {
	s := text[at.lo:at.hi]
	var cuts []cut
	end := 0
	for _, m := range p.find(nil, s) {
		if m.lo > end {
			cuts = append(cuts, cut{span{end, m.lo}, p.invert})
		}
		if m.hi > m.lo {
			cuts = append(cuts, cut{m, !p.invert})
		}
		end = m.hi
	}
	if end < len(s) {
		cuts = append(cuts, cut{span{end, len(s)}, p.invert})
	}
	first := len(dst)
	for k, c := range cuts {
		piece := span{at.lo + c.lo, at.lo + c.hi}
		previous := k > 0 && cuts[k-1].delim
		join := false
		switch p.behavior {
		case removed:
			if c.delim {
				continue
			}
		case mergedWithPrevious:
			join = k > 0 && c.delim && !previous
		case mergedWithNext:
			join = k > 0 && !c.delim && previous
		case contiguous:
			join = k > 0 && c.delim == previous
		}
		if join && len(dst) > first {
			dst[len(dst)-1].hi = piece.hi
			continue
		}
		dst = append(dst, piece)
	}
	return dst
}

// findLiteral finds a literal string.
func findLiteral(lit string) func([]span, []byte) []span {
	return func(dst []span, s []byte) []span {
		for i := 0; lit != ""; {
			k := bytes.Index(s[i:], []byte(lit))
			if k < 0 {
				break
			}
			dst = append(dst, span{i + k, i + k + len(lit)})
			i += k + len(lit)
		}
		return dst
	}
}

// findRegex finds a regular expression with look-around, through regexp2.
func findRegex(pattern string) (func([]span, []byte) []span, error) {
	re, err := regexp2.Compile(pattern, regexp2.None)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	return func(dst []span, s []byte) []span {
		runes, at := make([]rune, 0, len(s)), make([]int, 0, len(s)+1)
		for i := 0; i < len(s); {
			r, w := utf8.DecodeRune(s[i:])
			runes, at = append(runes, r), append(at, i)
			i += w
		}
		at = append(at, len(s))
		// Without a match timeout regexp2 cannot fail.
		for m, _ := re.FindRunesMatch(runes); m != nil; m, _ = re.FindNextMatch(m) {
			dst = append(dst, span{at[m.Index], at[m.Index+m.Length]})
		}
		return dst
	}, nil
}
