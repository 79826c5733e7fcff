// Package pattern finds the patterns of tokenizer.json in text: literal strings
// and regular expressions as Oniguruma, the reference's library, reads them.
//
// What needs no look-around runs in Go's regexp, where a match takes time in
// proportion to the text that is left. The rest runs in regexp2, where it can
// take exponential time. Both are stopped when they fall behind.
package pattern

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

// A search may take timeout and perByte for what is behind it; a backtracking
// pattern also has no more than timeout for each match.
const (
	timeout = 2 * time.Second
	perByte = 10 * time.Microsecond
)

// Match is a match s[Lo:Hi], which may be empty.
type Match struct{ Lo, Hi int }

// Pattern is a compiled pattern. It may be used by many goroutines.
type Pattern struct {
	expr    string // as written
	literal []byte
	linear  *regexp.Regexp
	back    *regexp2.Regexp
}

// Literal returns the pattern of a string.
func Literal(s string) (*Pattern, error) {
	if s == "" {
		return Compile("")
	}
	return &Pattern{expr: s, literal: []byte(s)}, nil
}

// Compile reads a regular expression in Oniguruma's syntax.
func Compile(expr string) (*Pattern, error) {
	re2, back, err := translate(expr)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", expr, err)
	}
	if re2 != "" || expr == "" {
		if re, err := regexp.Compile(re2); err == nil {
			return &Pattern{expr: expr, linear: re}, nil
		}
	}
	re, err := regexp2.Compile(back, regexp2.None)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", expr, err)
	}
	re.MatchTimeout = timeout
	return &Pattern{expr: expr, back: re}, nil
}

// Text returns the string that a pattern of Literal finds, nil for others.
func (p *Pattern) Text() []byte { return p.literal }

// Find appends all matches in s, in order, to dst: from left to right, without
// overlap, and no empty one right after another match. In an empty text there is
// none. If a search takes too long it returns the matches before and an error.
func (p *Pattern) Find(dst []Match, s []byte) ([]Match, error) {
	switch {
	case len(s) == 0:
		return dst, nil
	case p.literal != nil:
		for i := 0; ; {
			k := bytes.Index(s[i:], p.literal)
			if k < 0 {
				return dst, nil
			}
			dst = append(dst, Match{i + k, i + k + len(p.literal)})
			i += k + len(p.literal)
		}
	case p.linear != nil:
		return p.findLinear(dst, s)
	}
	return p.findBack(dst, s)
}

// late tells whether a search that began at start has fallen behind, at byte at.
func late(start time.Time, at int) bool {
	return time.Since(start) > timeout+time.Duration(at)*perByte
}

// tooSlow says that it has.
func (p *Pattern) tooSlow(start time.Time, at, of int) error {
	return fmt.Errorf("pattern %q takes too long: it is at byte %d of %d after %v", p.expr, at, of, time.Since(start).Round(100*time.Millisecond))
}

// findLinear goes through the matches as ReplaceAllFunc finds them: it finds
// those of FindAllIndex, and can be stopped between two.
func (p *Pattern) findLinear(dst []Match, s []byte) (found []Match, err error) {
	start, end := time.Now(), cap(s)
	defer func() {
		if r := recover(); r != nil {
			if r != errLate {
				panic(r)
			}
			found, err = dst, p.tooSlow(start, dst[len(dst)-1].Hi, len(s))
		}
	}()
	p.linear.ReplaceAllFunc(s, func(match []byte) []byte {
		lo := end - cap(match) // match is a part of s
		dst = append(dst, Match{lo, lo + len(match)})
		if len(dst)%64 == 0 && late(start, lo) {
			panic(errLate)
		}
		return nil
	})
	return dst, nil
}

// errLate ends a search that has fallen behind.
var errLate = errors.New("late")

func (p *Pattern) findBack(dst []Match, s []byte) ([]Match, error) {
	begin, runes := time.Now(), make([]rune, 0, len(s))
	for i := 0; i < len(s); {
		r, w := utf8.DecodeRune(s[i:])
		runes = append(runes, r)
		i += w
	}
	// to returns the byte at which a rune begins, not before the one asked for last.
	rune, at := 0, 0
	to := func(k int) int {
		for ; rune < k; rune++ {
			_, w := utf8.DecodeRune(s[at:])
			at += w
		}
		return at
	}
	last := -1 // end of the match before
	for start := 0; start <= len(runes); {
		m, err := p.back.FindRunesMatchStartingAt(runes, start)
		if err != nil || late(begin, at) {
			return dst, p.tooSlow(begin, at, len(s))
		}
		if m == nil {
			break
		}
		lo, hi := m.Index, m.Index+m.Length
		if lo == hi && hi == last {
			start++
			continue
		}
		dst = append(dst, Match{to(lo), to(hi)})
		start, last = hi, hi
	}
	return dst, nil
}
