package spmtrain

import "unicode/utf8"

// rewriter is a character map (charsmap.Map).
type rewriter interface {
	Lookup(s []byte) (repl []byte, n int)
	Extends(c, d byte) bool
}

// normalizer turns a line into a sentence as SentencePiece does before it
// trains: characters are rewritten, spaces become ▁, and meta pieces become a
// boundary that no piece crosses.
type normalizer struct {
	rules  rewriter // nil: none
	metas  *matcher
	prefix bool // a space before the text
	suffix bool // a space after it
	keep   bool // keep extra spaces
	plain  [utf8.RuneSelf]bool
	out    []byte
	broken int64 // bytes that were no UTF-8
}

func (c *Config) normalizer(rules rewriter, metas map[int]Piece) *normalizer {
	n := &normalizer{rules: rules, metas: newMatcher(metas), keep: c.KeepExtraSpaces}
	n.prefix, n.suffix = !c.NoDummyPrefix && !c.SpaceSuffix, !c.NoDummyPrefix && c.SpaceSuffix
	for b := range n.plain {
		n.plain[b] = b != ' ' && (rules == nil || !ruledAlone(rules, byte(b)))
	}
	return n
}

// ruledAlone tells whether a rule applies to an ASCII character that another
// ASCII character or nothing follows.
func ruledAlone(rules rewriter, b byte) bool {
	if _, n := rules.Lookup([]byte{b}); n > 0 {
		return true
	}
	for d := range byte(utf8.RuneSelf) {
		if rules.Extends(b, d) {
			return true
		}
	}
	return false
}

// fork returns a normalizer for another goroutine.
func (n *normalizer) fork() *normalizer {
	f := *n
	f.out, f.broken = nil, 0
	return &f
}

// line normalizes a line. The result is valid until the next call; it is empty
// where nothing but spaces is left.
func (n *normalizer) line(s []byte) []byte {
	n.out = n.out[:0]
	if n.prefix {
		n.space()
	}
	afterSpace := !n.keep
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf && n.plain[c] && (i+1 == len(s) || s[i+1] < utf8.RuneSelf) {
			n.out = append(n.out, c)
			afterSpace = false
			i++
			continue
		}
		repl, w := n.rewrite(s[i:])
		i += w
		afterSpace = n.append(repl, afterSpace)
	}
	if !n.keep {
		n.trim()
	}
	if n.suffix && len(n.out) > 0 {
		n.space()
	}
	n.cutMetas()
	return n.out
}

// rewrite returns what the beginning of s becomes and how much of s that is.
func (n *normalizer) rewrite(s []byte) ([]byte, int) {
	if n.rules != nil {
		if repl, w := n.rules.Lookup(s); w > 0 {
			return repl, w
		}
	}
	r, w := utf8.DecodeRune(s)
	if r == utf8.RuneError && w == 1 {
		n.broken++
		return []byte("\uFFFD"), 1
	}
	return s[:w], w
}

// append adds rewritten characters; extra spaces are dropped unless kept. It
// tells whether text ends with a space now.
func (n *normalizer) append(repl []byte, afterSpace bool) bool {
	for afterSpace && len(repl) > 0 && repl[0] == ' ' {
		repl = repl[1:]
	}
	if len(repl) == 0 {
		return afterSpace
	}
	for _, c := range repl {
		if c == ' ' {
			n.space()
		} else {
			n.out = append(n.out, c)
		}
	}
	return !n.keep && repl[len(repl)-1] == ' '
}

func (n *normalizer) space() { n.out = append(n.out, "▁"...) }

// trim removes spaces from the end.
func (n *normalizer) trim() {
	for len(n.out) >= 3 && string(n.out[len(n.out)-3:]) == "▁" {
		n.out = n.out[:len(n.out)-3]
	}
}

// cutMetas replaces meta pieces by boundaries.
func (n *normalizer) cutMetas() {
	s := n.out
	w := 0 // bytes of s that stay, moved to the front
	for i := 0; i < len(s); {
		size := 0
		if n.metas.byFirst[s[i]] != nil {
			size = n.metas.at(s[i:])
		}
		if size > 0 {
			s[w] = boundary
			i += size
		} else {
			s[w] = s[i]
			i++
		}
		w++
	}
	n.out = s[:w]
}
