package filter

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// phraseSet finds which of many strings a text has at a place. Almost always it knows from two bytes that there is none.
type phraseSet struct {
	pairs  [1 << 10]uint64 // a bit a pair of first bytes
	single [256]bool       // strings of one byte
	of     map[uint16][]string
}

func newPhraseSet(list []string) *phraseSet {
	s := &phraseSet{of: map[uint16][]string{}}
	for _, p := range list {
		switch len(p) {
		case 0:
		case 1:
			s.single[p[0]] = true
		default:
			pair := uint16(p[0])<<8 | uint16(p[1])
			s.pairs[pair>>6] |= 1 << (pair & 63)
			s.of[pair] = append(s.of[pair], p)
		}
	}
	return s
}

// at calls f with the ends of the strings that begin at i, until it returns true, which is returned.
func (s *phraseSet) at(text []byte, i int, f func(end int) bool) bool {
	if s.single[text[i]] && f(i+1) {
		return true
	}
	if i+1 >= len(text) {
		return false
	}
	pair := uint16(text[i])<<8 | uint16(text[i+1])
	if s.pairs[pair>>6]>>(pair&63)&1 == 0 {
		return false
	}
	for _, p := range s.of[pair] {
		if end := i + len(p); end <= len(text) && string(text[i:end]) == p && f(end) {
			return true
		}
	}
	return false
}

// readList calls f with the lines of a file, trimmed, without empty ones and those that begin with #. An error of f is returned with
// the file and the line.
func readList(path string, f func(line string) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read a word list: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		n++
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || line[0] == '#' {
			continue
		}
		if err := f(line); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", path, n+1, err)
	}
	return nil
}
