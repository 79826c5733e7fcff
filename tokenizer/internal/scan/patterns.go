package scan

import (
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/ucd"
)

// scanGPT2 follows gpt2's pattern, alternative by alternative.
func scanGPT2(t *table, s []byte, i int) int {
	b := s[i]
	if b == '\'' {
		if n := contraction(s, i+1); n > 0 {
			return i + 1 + n
		}
	}
	class, w := t.at(s, i)
	j := i + w
	if b == ' ' && j < len(s) {
		if next, w := t.at(s, j); next&white == 0 { // " ?" in front of a run of letters, numbers or others
			if next == letter {
				return t.letters(s, j+w)
			}
			return t.run(s, j+w, next)
		}
	}
	if class == letter {
		return t.letters(s, j)
	}
	if class&white == 0 {
		return t.run(s, j, class)
	}
	end, last, _ := t.spaces(s, i)
	return beforeWord(s, i, end, last)
}

// scanLlama3 follows llama3's pattern with at most maxDigits digits a piece.
func scanLlama3(t *table, s []byte, i, maxDigits int) int {
	j, ok := word(t, s, i, maxDigits)
	if ok {
		return j
	}
	return t.lines(s, i)
}

// scanCl100k follows cl100k's pattern: white space that ends the text comes
// before lines.
func scanCl100k(t *table, s []byte, i int) int {
	j, ok := word(t, s, i, 3)
	if ok {
		return j
	}
	end, last, line := t.spaces(s, i)
	if end == len(s) || line == 0 {
		return beforeWord(s, i, end, last)
	}
	return line
}

// word is the part of llama3's pattern before white space.
func word(t *table, s []byte, i, maxDigits int) (end int, ok bool) {
	b := s[i]
	if b == '\'' {
		if n := contractionFold(s, i+1); n > 0 {
			return i + 1 + n, true
		}
	}
	class, w := t.at(s, i)
	j := i + w
	switch class {
	case letter:
		return t.letters(s, j), true
	case number:
		return t.digits(s, j, maxDigits-1), true
	case newline:
		return 0, false
	}
	// A space or another character: it may lead a run of letters.
	if j < len(s) {
		next, w := t.at(s, j)
		if next == letter {
			return t.letters(s, j+w), true
		}
		if b == ' ' && next == other {
			class, j = other, j+w
		}
	}
	if class != other {
		return 0, false
	}
	j = t.run(s, j, other)
	for j < len(s) && (s[j] == '\r' || s[j] == '\n') {
		j++
	}
	return j, true
}

// scanO200k follows o200k's pattern with at most maxDigits digits a piece and,
// if so asked, contractions at the end of words.
func scanO200k(t *table, s []byte, i, maxDigits int, contract bool) int {
	class, w := t.at(s, i)
	switch class {
	case number:
		return t.digits(s, i+w, maxDigits-1)
	case newline:
		return t.lines(s, i)
	}
	if j := casedWord(t, s, i, class, w); j > 0 {
		if contract && j < len(s) && s[j] == '\'' {
			if n := contractionFold(s, j+1); n > 0 {
				j += 1 + n
			}
		}
		return j
	}
	j := i + w
	if s[i] == ' ' && j < len(s) {
		if next, w := t.at(s, j); next&(other|mark) != 0 {
			class, j = other, j+w
		}
	}
	if class == space {
		return t.lines(s, i)
	}
	j = t.run(s, j, other|mark)
	for j < len(s) && (s[j] == '\r' || s[j] == '\n' || s[j] == '/') {
		j++
	}
	return j
}

// casedWord is the first two alternatives of o200k's pattern without their
// contractions, at a character that is neither a number nor a newline; 0 if
// neither matches.
func casedWord(t *table, s []byte, i int, class uint8, w int) int {
	begin := i
	if class&(space|other|mark) != 0 {
		begin = i + w // the character may lead the word
		if begin == len(s) || s[i] == ' ' && s[begin] < utf8.RuneSelf && t.ascii[s[begin]]&(upper|lower) == 0 {
			if class != mark {
				return 0
			}
			begin = i
		}
	}
	j, ok := upperLower(t, s, begin)
	if !ok && class == mark { // it is a word by itself
		j, ok = upperLower(t, s, i)
	}
	if ok || j > begin { // the second alternative: capitals only
		return j
	}
	return 0
}

// upperLower is `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+` at
// s[i]. Where it does not match, end is that of the capitals at s[i].
func upperLower(t *table, s []byte, i int) (end int, ok bool) {
	j, both := i, 0 // both: the end of the last character in both sets
	var class uint8
	for j < len(s) {
		if n := han(s, j); n > j {
			j, both, class = n, n, letter
			continue
		}
		var w int
		class, w = t.at(s, j)
		if class&(upper|letter|mark) == 0 {
			break
		}
		j += w
		if class != upper {
			both = j
		}
	}
	if j < len(s) && class == lower {
		return t.lowers(s, j), true
	}
	if both > 0 { // give back until the last that can be in the second set
		return both, true
	}
	return j, false
}

// scanDeepSeek follows deepseek3's three patterns: numbers and runs of Chinese
// characters and kana are cut out first; these runs, and what is between, are
// cut by the third pattern as if they stood alone.
func scanDeepSeek(t *table, s []byte, i int) int {
	class, w := t.at(s, i)
	j := i + w
	next, nw := uint8(0), 0 // after the end of what stands alone: no class
	if j < len(s) {
		if next, nw = t.at(s, j); next&(number|cjk) != 0 {
			next = 0
		}
	}
	switch class {
	case number:
		return t.digits(s, j, 2)
	case chars:
		return t.run(s, j, chars)
	case oddity:
		return odd(t, s, i)
	case letter:
		return t.run(s, j, letter)
	case punct:
		if s[i] < utf8.RuneSelf && next == letter && s[j] < utf8.RuneSelf {
			for j < len(s) && s[j]|0x20 >= 'a' && s[j]|0x20 <= 'z' {
				j++
			}
			return j
		}
		return punctuation(t, s, j)
	}
	if class != newline && next == letter {
		return t.run(s, j+nw, letter)
	}
	if class == other {
		return gap(t, s, j)
	}
	if s[i] == ' ' && next == punct {
		return punctuation(t, s, j+nw)
	}
	end, last, line := t.spaces(s, i)
	if line > 0 {
		return line
	}
	if end < len(s) {
		if after, _ := t.at(s, end); after&(number|cjk) != 0 {
			return end
		}
	}
	return beforeWord(s, i, end, last)
}

// punctuation is the rest of ` ?[\p{P}\p{S}]+[\r\n]*`.
func punctuation(t *table, s []byte, i int) int {
	i = t.run(s, i, punct)
	for i < len(s) && (s[i] == '\r' || s[i] == '\n') {
		i++
	}
	return i
}

// gap is the rest of characters that no pattern matches: up to one that leads
// letters, or to another class.
func gap(t *table, s []byte, i int) int {
	for i < len(s) {
		class, w := t.at(s, i)
		if class != other {
			break
		}
		if i+w < len(s) {
			if next, _ := t.at(s, i+w); next == letter {
				break
			}
		}
		i += w
	}
	return i
}

// odd is the third pattern at a character of class oddity, in a run of cjk.
func odd(t *table, s []byte, i int) int {
	if isPunct(s[i:]) {
		for i < len(s) {
			class, w := t.at(s, i)
			if class != oddity || !isPunct(s[i:]) {
				break
			}
			i += w
		}
		return i
	}
	for first := i; i < len(s); {
		class, w := t.at(s, i)
		if class != oddity || isPunct(s[i:]) {
			break
		}
		if i+w < len(s) {
			if next, nw := t.at(s, i+w); next == chars { // i leads what follows
				if i > first {
					break
				}
				return t.run(s, i+w+nw, chars)
			}
		}
		i += w
	}
	return i
}

func isPunct(s []byte) bool {
	r, _ := utf8.DecodeRune(s)
	return ucd.Is(ucd.P|ucd.S, r)
}
