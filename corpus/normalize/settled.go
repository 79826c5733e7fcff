package normalize

import "unicode/utf8"

// settled says whether a text is certain to need nothing; it may doubt one that needs nothing. It reads eight ASCII bytes at a
// time, and allocates nothing.
func (r *rules) settled(s string) bool {
	if r.Trim && len(s) > 0 && (s[len(s)-1] == '\n' || isBlank(s[len(s)-1])) {
		return false
	}
	i, ok := r.lineStart(s, 0, r.Trim)
	if !ok {
		return false
	}
	doubt := false
	for i < len(s) {
		c := s[i]
		if c < utf8.RuneSelf {
			if i = skipWords(s, i); i == len(s) {
				break
			}
			c = s[i]
		}
		switch {
		case c >= utf8.RuneSelf:
			n, cl := r.charAt(s, i)
			switch {
			case cl == unsettled:
				doubt = true
			case cl == ideographic:
				if r.Trim && (i+n == len(s) || s[i+n] == '\n' || isBlank(s[i+n])) {
					return false
				}
			case cl != plain:
				return false
			}
			i += n
		case c == '\n':
			if r.Trim && i > 0 && isBlank(s[i-1]) {
				return false
			}
			if i, ok = r.lineStart(s, i, false); !ok {
				return false
			}
		case isBlank(c):
			if i > 0 && isBlank(s[i-1]) && r.Runs != "keep" {
				return false
			}
			i++
		case r.class[c] != plain:
			return false
		default:
			i++
		}
	}
	return !doubt || r.isForm(s)
}

// charAt returns the length and class of the character at i, which is not ASCII; control for bytes that are not UTF-8.
func (r *rules) charAt(s string, i int) (int, class) {
	// Three bytes that are no surrogate and not overlong: what Chinese and Japanese are made of.
	if c := s[i]; c&0xF0 == 0xE0 && c != 0xE0 && c != 0xED && i+2 < len(s) && s[i+1]&0xC0 == 0x80 && s[i+2]&0xC0 == 0x80 {
		return 3, r.class[uint16(c)<<12|uint16(s[i+1]&0x3F)<<6|uint16(s[i+2]&0x3F)]
	}
	c, n := utf8.DecodeRuneInString(s[i:])
	if c == utf8.RuneError && n == 1 {
		return 1, control
	}
	return n, r.of(c)
}

// lineStart passes over the newlines at i and the indentation behind them; false where either is too much.
func (r *rules) lineStart(s string, i int, first bool) (int, bool) {
	from := i
	for i < len(s) && s[i] == '\n' {
		i++
	}
	empty := i - from
	if i > from && from > 0 {
		empty--
	}
	if r.BlankLines >= 0 && empty > r.BlankLines || first && empty > 0 {
		return i, false
	}
	from = i
	for i < len(s) && isBlank(s[i]) {
		i++
	}
	if i > from && (r.Runs == "all" || r.Trim && (i == len(s) || s[i] == '\n')) {
		return i, false
	}
	return i, true
}

// isForm says whether the text is in the normal form, but for the punctuation it leaves alone.
func (r *rules) isForm(s string) bool {
	if !r.hasForm {
		return true
	}
	if !r.keepWide {
		return r.form.IsNormalString(s)
	}
	from := 0
	for i, c := range s {
		if c >= utf8.RuneSelf && isWidePunctuation(c) {
			if !r.form.IsNormalString(s[from:i]) {
				return false
			}
			from = i + utf8.RuneLen(c)
		}
	}
	return r.form.IsNormalString(s[from:])
}
