package normalize

import (
	"unicode/utf8"

	"golang.org/x/text/width"
)

// class says what is to be done about a character.
type class uint8

const (
	plain       class = iota // nothing, wherever it stands
	unsettled                // perhaps something, by the normal form of its surroundings
	newline                  // becomes LF
	control                  // goes
	zeroWidth                // goes or stays, by its surroundings
	space                    // becomes U+0020
	folded                   // changes its width
	blank                    // space, tab, LF: by its surroundings
	ideographic              // U+3000 that stays, unless it ends a line
)

// of returns the class of any character; that of the first plane's is a table.
func (r *rules) of(c rune) class {
	if c < 1<<16 {
		return r.class[c]
	}
	return r.classify(c)
}

func (r *rules) classify(c rune) class {
	switch {
	case c == '\n' || c == ' ' || c == '\t':
		return blank
	case r.Newlines && (c >= '\v' && c <= '\r' || c == 0x85 || c == 0x2028 || c == 0x2029):
		return newline
	case r.Controls && isControl(c):
		return control
	case r.ZeroWidth != "keep" && isZeroWidth(c):
		return zeroWidth
	case c == 0x3000 && r.Width != "all" && r.Form != "nfkc":
		return ideographic
	case c == 0x3000 && r.Width == "all" || r.Spaces && isSpace(c):
		return space
	case r.foldWidth(c) != c:
		return folded
	case !r.hasForm || r.keepWide && isWidePunctuation(c):
		return plain
	}
	var b [utf8.UTFMax]byte
	s := b[:utf8.EncodeRune(b[:], c)]
	if p := r.form.Properties(s); p.BoundaryBefore() && p.CCC() == 0 && r.form.IsNormal(s) {
		return plain
	}
	return unsettled
}

// isControl: C0 but LF and TAB, DEL, C1, interlinear annotation, noncharacters.
func isControl(c rune) bool {
	return c < 0x20 && c != '\n' && c != '\t' || c >= 0x7F && c < 0xA0 || c >= 0xFFF9 && c <= 0xFFFB ||
		c >= 0xFDD0 && c <= 0xFDEF || c&0xFFFE == 0xFFFE
}

// isSpace: the spaces of Unicode's category Zs but U+0020 and U+3000.
func isSpace(c rune) bool {
	return c == 0xA0 || c == 0x1680 || c >= 0x2000 && c <= 0x200A || c == 0x202F || c == 0x205F
}

// isWidePunctuation: what nfkc would make ASCII of, and a Chinese reader wants as it is.
func isWidePunctuation(c rune) bool {
	return c == '…' || c >= 0xFF01 && c <= 0xFF0F || c >= 0xFF1A && c <= 0xFF20 || c >= 0xFF3B && c <= 0xFF40 ||
		c >= 0xFF5B && c <= 0xFF60 || c >= 0xFFE0 && c <= 0xFFE6
}

// foldWidth returns the character in the width that the settings ask for.
func (r *rules) foldWidth(c rune) rune {
	if r.Width == "keep" || c < 0xFF01 || c > 0xFFEE || r.Width == "letters" && isWidePunctuation(c) {
		return c
	}
	if f := width.LookupRune(c).Folded(); f != 0 {
		return f
	}
	return c
}
