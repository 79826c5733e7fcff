// Package scan cuts text into pieces as the pre-tokenizer patterns of the
// families that matter do, by hand-written scanners over bytes.
package scan

// The patterns, as tokenizer.json has them. Each matches at every position, so
// pieces follow each other without gaps.
const (
	gpt2   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	llama3 = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen2  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// Func returns the end, in i+1 … len(s), of the piece that begins at s[i],
// where i is 0 or the end of a piece. It may be called by many goroutines.
type Func func(s []byte, i int) int

// For returns the scanner of a pattern's text, nil if there is none.
func For(pattern string) Func {
	t := classes()
	switch pattern {
	case gpt2:
		return func(s []byte, i int) int { return scanGPT2(t, s, i) }
	case llama3:
		return func(s []byte, i int) int { return scanTiktoken(t, s, i, 3) }
	case qwen2:
		return func(s []byte, i int) int { return scanTiktoken(t, s, i, 1) }
	}
	return nil
}

// Pattern returns the pattern of a family in the spelling of tokenizer.json,
// "" if the name is not known: gpt2, llama3 (also cl100k) or qwen2 (also qwen).
func Pattern(name string) string {
	switch name {
	case "gpt2":
		return gpt2
	case "llama3", "cl100k":
		return llama3
	case "qwen2", "qwen":
		return qwen2
	}
	return ""
}

// Name returns the family a pattern belongs to, "" if it is not known.
func Name(pattern string) string {
	return map[string]string{gpt2: "gpt2", llama3: "llama3", qwen2: "qwen2"}[pattern]
}

// scanGPT2 follows the pattern gpt2, alternative by alternative.
func scanGPT2(t *table, s []byte, i int) int {
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

// scanTiktoken follows the pattern llama3 with at most maxDigits digits a piece.
func scanTiktoken(t *table, s []byte, i, maxDigits int) int {
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
func digits(t *table, s []byte, i, n int) int {
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
func newlineCut(t *table, s []byte, i int) int {
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
func spaces(t *table, s []byte, i int) (end, last, newline int) {
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
