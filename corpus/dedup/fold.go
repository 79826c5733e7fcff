package dedup

import (
	"unicode"
	"unicode/utf8"
)

// appendSpaced appends the text with every run of white space as one space, and none at its ends.
func appendSpaced(dst []byte, text string) []byte {
	start, from := len(dst), 0
	for i := 0; i < len(text); {
		size, space := 1, false
		if c := text[i]; c < utf8.RuneSelf {
			space = c <= ' ' && (c == ' ' || c-'\t' < 5)
		} else {
			var r rune
			r, size = utf8.DecodeRuneInString(text[i:])
			space = unicode.IsSpace(r)
		}
		if space {
			dst = appendWord(dst, start, text[from:i])
			from = i + size
		}
		i += size
	}
	return appendWord(dst, start, text[from:])
}

// appendWord appends a word, behind a space where it is not the first.
func appendWord(dst []byte, start int, word string) []byte {
	if word == "" {
		return dst
	}
	if len(dst) > start {
		dst = append(dst, ' ')
	}
	return append(dst, word...)
}

// appendWords appends the text's letters, marks and numbers in lower case, with a space for every run of other characters
// between them.
func appendWords(dst []byte, text string) []byte {
	start, gap := len(dst), false
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		i += size
		if !wordRune(r) {
			gap = true
			continue
		}
		if gap && len(dst) > start {
			dst = append(dst, ' ')
		}
		gap = false
		if r < utf8.RuneSelf {
			if 'A' <= r && r <= 'Z' {
				r |= 0x20
			}
			dst = append(dst, byte(r))
		} else {
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		}
	}
	return dst
}

// wordRune says whether a character belongs to words: letters, marks and numbers of all scripts.
func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z'
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.N) && r != utf8.RuneError
}
