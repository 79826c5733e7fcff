package toxic

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// class is what an entry of a list is for.
type class uint8

const (
	term      class = iota
	exception       // terms within it do not count
	context         // terms near it count less
)

// entry is a line of a list.
type entry struct {
	text     string // in lower case
	class    class
	severity int  // 1 to 3, of terms
	openLeft bool // may begin inside of a word
	openEnd  bool // may end inside of a word
	han      bool // begins with a Chinese character: counted against characters, not words
}

//go:embed lists/en.txt
var defaultEnglish string

//go:embed lists/zh.txt
var defaultChinese string

// parse reads a list: a line an entry, "#" begins a comment.
//
//	word            a term of severity 1
//	word<TAB>3      of severity 3 (1 mild, 2 usual, 3 strong)
//	word* *word*    it, and longer words that begin with it, or have it within
//	!phrase         an exception
//	~word           a context
//
// Terms in scripts without spaces between words match anywhere.
func parse(r io.Reader, name string) ([]entry, error) {
	var out []entry
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if n == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		if line == "" || line[0] == '#' {
			continue
		}
		e, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("toxicity: %s:%d: %w", name, n, err)
		}
		out = append(out, e)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("toxicity: read %s: %w", name, err)
	}
	return out, nil
}

func parseLine(line string) (entry, error) {
	e := entry{severity: 1}
	word, severity, ok := strings.Cut(line, "\t")
	switch word[0] {
	case '!':
		e.class, word = exception, word[1:]
	case '~':
		e.class, word = context, word[1:]
	}
	if ok {
		n, err := strconv.Atoi(strings.TrimSpace(severity))
		if err != nil || n < 1 || n > 3 || e.class != term {
			return e, fmt.Errorf("severity is %q, want 1, 2 or 3 behind a term", severity)
		}
		e.severity = n
	}
	word = strings.TrimSpace(word)
	word, e.openLeft = strings.CutPrefix(word, "*")
	word, e.openEnd = strings.CutSuffix(word, "*")
	if !utf8.ValidString(word) {
		return e, fmt.Errorf("the entry %q is not UTF-8", word)
	}
	if utf8.RuneCountInString(word) < 2 {
		return e, fmt.Errorf("the entry %q is shorter than two characters", word)
	}
	if len(word) > maxEntry {
		return e, fmt.Errorf("the entry %q is longer than %d bytes", word, maxEntry)
	}
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	e.han = isHan(first)
	e.openLeft = e.openLeft || first >= 0x800 // scripts without spaces, and others that we know no boundaries of
	e.openEnd = e.openEnd || last >= 0x800
	e.text = lowerASCII(word)
	return e, nil
}

// lists reads the built-in lists, if wanted, and the files.
func lists(builtIn bool, files []string) ([]entry, error) {
	var all []entry
	if builtIn {
		for _, text := range [...]string{defaultEnglish, defaultChinese} {
			e, err := parse(strings.NewReader(text), "the built-in list")
			if err != nil {
				return nil, err
			}
			all = append(all, e...)
		}
	}
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("toxicity: open a word list: %w", err)
		}
		e, err := parse(f, path)
		f.Close()
		if err != nil {
			return nil, err
		}
		all = append(all, e...)
	}
	return all, nil
}

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// isHan says whether a character is a Chinese one, of the blocks that fit into two bytes.
func isHan(r rune) bool { return r >= 0x3400 && r <= 0x9FFF || r >= 0xF900 && r <= 0xFAFF }
