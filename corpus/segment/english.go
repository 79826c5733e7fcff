package segment

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// spaCy 3.8, lang/en/punctuation.py and tokenizer.pyx: a chunk loses a prefix and a suffix at a time until it has neither or is an
// exception; what is left is cut at infixes unless it is a URL.

// affixes appends the words of the chunk s[a:b], given all classes of its characters.
func (s *scanner) affixes(a, b int, all class) {
	first := len(s.words)
	if all&(prefix|suffix|affix|infix|icon|digit) == 0 && s.exception(a, b) == nil {
		s.add(a, b)
		return
	}
	lo, hi := a, b
	s.suffixes = s.suffixes[:0]
	var ex *exception
	for size := 0; lo < hi && hi-lo != size; {
		if ex = s.exception(lo, hi); ex != nil {
			break
		}
		size = hi - lo
		pre := s.prefix(lo, hi)
		if pre > 0 {
			if ex = s.exception(lo+pre, hi); ex != nil {
				s.add(lo, lo+pre)
				lo += pre
				break
			}
		}
		suf := s.suffix(lo+pre, hi)
		if suf > 0 {
			if ex = s.exception(lo, hi-suf); ex != nil {
				s.suffixes = append(s.suffixes, hi)
				hi -= suf
				break
			}
		}
		if pre > 0 {
			s.add(lo, lo+pre)
			lo += pre
		}
		if suf > 0 {
			s.suffixes = append(s.suffixes, hi)
			hi -= suf
		}
	}
	if ex != nil {
		s.parts(lo, ex.parts)
	} else if lo < hi && all&(infix|icon) == 0 {
		s.add(lo, hi)
	} else if lo < hi {
		s.middle(lo, hi)
	}
	for i := len(s.suffixes) - 1; i >= 0; i-- {
		s.add(hi, s.suffixes[i])
		hi = s.suffixes[i]
	}
	if len(s.words)-first > 1 {
		s.merge(first)
	}
}

// exception returns the exception that s[lo:hi] is, or nil.
func (s *scanner) exception(lo, hi int) *exception {
	if n := hi - lo; n == 0 || n > s.exceptions.longest || s.exceptions.unlikely(s.s, lo, hi) {
		return nil
	}
	return s.exceptions.find(s.s, lo, hi, hashAt(s.s, lo, hi))
}

// prefix returns the bytes of the prefix of s[lo:hi], 0 where it has none.
func (s *scanner) prefix(lo, hi int) int {
	text := s.s[lo:hi]
	class, size := s.pages.first(text)
	if class&prefix != 0 {
		return size
	}
	switch text[0] {
	case '+':
		if len(text) == 1 || !isDigit(text[1]) {
			return 1
		}
	case '.':
		n := 1
		for n < len(text) && text[n] == '.' {
			n++
		}
		if n > 1 {
			return n
		}
	case 'A', 'C':
		if strings.HasPrefix(text[1:], "$") {
			return 2
		}
	case 'U':
		if strings.HasPrefix(text[1:], "S$") {
			return 3
		}
	}
	return 0
}

// suffix returns the bytes of the suffix of s[lo:hi], 0 where it has none: of several the longest.
func (s *scanner) suffix(lo, hi int) int {
	if lo == hi {
		return 0
	}
	text := s.s[lo:hi]
	class, size := s.pages.last(text)
	before := text[:len(text)-size]
	switch c := text[len(text)-1]; {
	case c == '.':
		n := 1
		for n < len(text) && text[len(text)-1-n] == '.' {
			n++
		}
		if n > 1 || s.stopSplits(before) {
			return n
		}
		return 0
	case c == 's', c == 'S':
		if strings.HasSuffix(before, "'") {
			return 2
		}
		if strings.HasSuffix(before, "’") {
			return 1 + len("’")
		}
	case c == '+':
		if before != "" && isDigit(before[len(before)-1]) {
			return 1
		}
		return 0
	case class&suffix != 0:
		if strings.HasSuffix(text, "……") {
			return len("……")
		}
		return size
	}
	return s.unit(text)
}

// stopSplits says whether a full stop behind a text is a suffix.
func (s *scanner) stopSplits(before string) bool {
	if before == "" {
		return false
	}
	class, size := s.pages.last(before)
	if class&beforeStop != 0 {
		return true
	}
	last := before[len(before)-size:]
	if before = before[:len(before)-size]; before == "" {
		return false
	}
	if strings.HasSuffix(before, "°") && strings.ContainsAny(last, "FCK") { // the lower-case ones came above
		return true
	}
	second, _ := s.pages.last(before)
	return class&upper != 0 && second&upper != 0
}

// unit returns the bytes of a unit or a currency at the end of a text, directly behind a digit.
func (s *scanner) unit(text string) int {
	at := len(text)
	for at > 0 && len(text)-at <= longestUnit && !isDigit(text[at-1]) {
		at--
	}
	if at == 0 || at == len(text) || !isDigit(text[at-1]) || !units()[text[at:]] {
		return 0
	}
	return len(text) - at
}

// middle appends the words of s[lo:hi], which has neither prefix nor suffix.
func (s *scanner) middle(lo, hi int) {
	start := lo
	for i := lo; i < hi; {
		class, size := s.ascii[s.s[i]], 1
		if s.s[i] >= utf8.RuneSelf {
			class, size = s.pages.first(s.s[i:hi])
		}
		n := 0
		if class&icon != 0 {
			n = size
		} else if class&infix != 0 {
			n = s.infix(lo, i, hi)
		}
		if n == 0 || i == lo {
			i += max(n, size)
			continue
		}
		if start == lo && isURL(s.pages, s.s[lo:hi]) {
			break
		}
		if start < i {
			s.add(start, i)
		}
		s.add(i, i+n)
		i += n
		start = i
	}
	if start < hi {
		s.add(start, hi)
	}
}

// infix returns the bytes of the infix at i of s[lo:hi], 0 where there is none.
func (s *scanner) infix(lo, i, hi int) int {
	var before class
	if i > lo {
		before, _ = s.pages.last(s.s[lo:i])
	}
	return s.infixAfter(before, s.s[i:hi])
}

// infixAfter returns the bytes of the infix that a text begins with, given the class of the character before it.
func (s *scanner) infixAfter(before class, text string) int {
	next := func(n int) class {
		if n == len(text) {
			return 0
		}
		c, _ := s.pages.first(text[n:])
		return c
	}
	switch after := next(1); text[0] {
	case '.':
		n := 1
		for n < len(text) && text[n] == '.' {
			n++
		}
		if n > 1 || before&(lower|quote) != 0 && after&(upper|quote) != 0 {
			return n
		}
		return 0
	case ',':
		if before&alpha != 0 && after&alpha != 0 {
			return 1
		}
		return 0
	case ':', '<', '>', '=', '/':
		if before&(alpha|digit) != 0 && after&alpha != 0 {
			return 1
		}
		return 0
	case '+', '*', '^', '-':
		if before&digit != 0 && (after&digit != 0 || strings.HasPrefix(text[1:], "-")) {
			return 1
		}
	}
	if before&(alpha|digit) != 0 {
		for _, hyphen := range [...]string{"-", "–", "—", "--", "---", "——", "~"} {
			if strings.HasPrefix(text, hyphen) && next(len(hyphen))&alpha != 0 {
				return len(hyphen)
			}
		}
	}
	if strings.HasPrefix(text, "…") {
		return len("…")
	}
	return 0
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNumber(c rune) bool { return unicode.Is(unicode.N, c) }

// isKatakana says whether a character is a katakana letter or the mark that lengthens one, of full or half width.
func isKatakana(c rune) bool {
	return 0x30a1 <= c && c <= 0x30ff && c != 0x30fb || 0x31f0 <= c && c <= 0x31ff || 0xff66 <= c && c <= 0xff9f
}
