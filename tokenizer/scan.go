package tokenizer

// The pre-tokenizer patterns of the families that matter, as scanners over
// bytes: a scanner is given text and a position in it and returns the end of
// the piece that the pattern matches there. Each of these patterns matches at
// every position, so pieces follow each other without gaps.
const (
	patternGPT2   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	patternLlama3 = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	patternQwen2  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// scanner returns the end, in i+1 … len(s), of the piece that begins at s[i].
type scanner func(t *classTable, s []byte, i int) int

// scannerFor returns the scanner for a pattern's text, nil if there is none.
// cl100k's pattern is Llama-3's.
func scannerFor(pattern string) scanner {
	switch pattern {
	case patternGPT2:
		return scanGPT2
	case patternLlama3:
		return scanLlama3
	case patternQwen2:
		return scanQwen2
	}
	return nil
}

func scanLlama3(t *classTable, s []byte, i int) int { return scanTiktoken(t, s, i, 3) }
func scanQwen2(t *classTable, s []byte, i int) int  { return scanTiktoken(t, s, i, 1) }

// scanGPT2 follows patternGPT2, alternative by alternative.
func scanGPT2(t *classTable, s []byte, i int) int {
	if s[i] == '\'' {
		if n := contraction(s[i+1:]); n > 0 {
			return i + 1 + n
		}
	}
	class, w := t.at(s, i)
	j := i + w
	if s[i] == ' ' && j < len(s) {
		next, nw := t.at(s, j)
		if next < classSpace { // " ?" in front of a letter, number or other run
			return t.run(s, j+nw, next)
		}
	}
	if class < classSpace {
		return t.run(s, j, class)
	}
	end, last, _ := spaces(t, s, i)
	return spaceCut(s, i, end, last)
}

// contraction returns the length of the s, t, re, ve, m, ll or d at the
// beginning of s, 0 if there is none.
func contraction(s []byte) int {
	if len(s) == 0 {
		return 0
	}
	switch s[0] {
	case 's', 't', 'm', 'd':
		return 1
	case 'r', 'v':
		if len(s) > 1 && s[1] == 'e' {
			return 2
		}
	case 'l':
		if len(s) > 1 && s[1] == 'l' {
			return 2
		}
	}
	return 0
}

// contractionFold is contraction without regard to case; ſ (U+017F) folds to s.
func contractionFold(s []byte) int {
	if len(s) >= 2 && s[0] == 0xc5 && s[1] == 0xbf {
		return 2
	}
	var low [2]byte
	n := copy(low[:], s)
	for k := range low[:n] {
		if c := low[k]; 'A' <= c && c <= 'Z' {
			low[k] = c + 'a' - 'A'
		}
	}
	return contraction(low[:n])
}

// scanTiktoken follows patternLlama3 with at most maxDigits digits a piece.
func scanTiktoken(t *classTable, s []byte, i, maxDigits int) int {
	if s[i] == '\'' {
		if n := contractionFold(s[i+1:]); n > 0 {
			return i + 1 + n
		}
	}
	class, w := t.at(s, i)
	j := i + w
	switch class {
	case classLetter:
		return t.run(s, j, classLetter)
	case classNumber:
		return digits(t, s, j, maxDigits-1)
	case classNewline:
		return newlineCut(t, s, i)
	}
	// A space or another character: it may lead a run of letters.
	if j < len(s) {
		next, nw := t.at(s, j)
		if next == classLetter {
			return t.run(s, j+nw, classLetter)
		}
		if s[i] == ' ' && next == classOther {
			class, j = classOther, j+nw
		}
	}
	if class == classOther {
		j = t.run(s, j, classOther)
		for j < len(s) && (s[j] == '\r' || s[j] == '\n') {
			j++
		}
		return j
	}
	return newlineCut(t, s, i)
}

// digits takes up to n more digits.
func digits(t *classTable, s []byte, i, n int) int {
	for ; n > 0 && i < len(s); n-- {
		class, w := t.at(s, i)
		if class != classNumber {
			break
		}
		i += w
	}
	return i
}

// newlineCut is `\s*[\r\n]+|\s+(?!\S)|\s+` at a white-space character.
func newlineCut(t *classTable, s []byte, i int) int {
	end, last, newline := spaces(t, s, i)
	if newline > 0 {
		return newline
	}
	return spaceCut(s, i, end, last)
}

// spaceCut is `\s+(?!\S)|\s+` at the white space s[i:end] whose last character
// begins at last: before a word the last one is left for the word.
func spaceCut(s []byte, i, end, last int) int {
	if end == len(s) || last == i {
		return end
	}
	return last
}

// spaces measures the white space that begins at s[i]: its end, where its last
// character begins, and the end of its last \r or \n (0 if it has none).
func spaces(t *classTable, s []byte, i int) (end, last, newline int) {
	end = i
	for end < len(s) {
		class, w := t.at(s, end)
		if class < classSpace {
			break
		}
		last = end
		end += w
		if class == classNewline {
			newline = end
		}
	}
	return end, last, newline
}
