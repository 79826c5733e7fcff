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

// Find appends all matches in s to dst: those of Each.
func (p *Pattern) Find(dst []Match, s []byte) ([]Match, error) {
	err := p.Each(s, func(m Match) { dst = append(dst, m) })
	return dst, err
}

// Each calls f with all matches in s, in order: from left to right, without
// overlap, and no empty one right after another match. In an empty text there is
// none. If a search takes too long there is an error after the matches before.
func (p *Pattern) Each(s []byte, f func(Match)) error {
	switch {
	case len(s) == 0:
		return nil
	case p.literal != nil:
		for i := 0; ; {
			k := bytes.Index(s[i:], p.literal)
			if k < 0 {
				return nil
			}
			f(Match{i + k, i + k + len(p.literal)})
			i += k + len(p.literal)
		}
	case p.linear != nil:
		return p.eachLinear(s, f)
	}
	return p.eachBack(s, f)
}

// late tells whether a search that began at start has fallen behind, at byte at.
func late(start time.Time, at int) bool {
	return time.Since(start) > timeout+time.Duration(at)*perByte
}

// tooSlow says that it has.
func (p *Pattern) tooSlow(start time.Time, at, of int) error {
	return fmt.Errorf("pattern %q takes too long: it is at byte %d of %d after %v", p.expr, at, of, time.Since(start).Round(100*time.Millisecond))
}

// eachLinear goes through the matches as ReplaceAllFunc finds them: it finds
// those of FindAllIndex, and can be stopped between two.
func (p *Pattern) eachLinear(s []byte, f func(Match)) (err error) {
	start, n, lo := time.Now(), 0, 0
	defer func() {
		if r := recover(); r == errLate {
			err = p.tooSlow(start, lo, len(s))
		} else if r != nil {
			panic(r)
		}
	}()
	p.linear.ReplaceAllFunc(s, func(match []byte) []byte {
		lo = cap(s) - cap(match) // match is a part of s
		f(Match{lo, lo + len(match)})
		if n++; n%64 == 0 && late(start, lo) {
			panic(errLate)
		}
		return nil
	})
	return nil
}

// errLate ends a search that has fallen behind.
var errLate = errors.New("late")

func (p *Pattern) eachBack(s []byte, f func(Match)) error {
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
			return p.tooSlow(begin, at, len(s))
		}
		if m == nil {
			break
		}
		lo, hi := m.Index, m.Index+m.Length
		if lo == hi && hi == last {
			start++
			continue
		}
		f(Match{to(lo), to(hi)})
		start, last = hi, hi
	}
	return nil
}
