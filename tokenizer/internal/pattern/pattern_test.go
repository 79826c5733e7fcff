package pattern

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFindAsOnigurumaDoes(t *testing.T) {
	for _, c := range []struct{ expr, text, want string }{
		{`a`, "banana", "[1:2 3:4 5:6]"},
		{``, "ab", "[0:0 1:1 2:2]"},
		{`a|`, "ab", "[0:1 2:2]"},
		{`a++b`, "aaab", "[0:4]"},
		{`a++a`, "aaa", "[]"},
		{`(?>a+)b?`, "aab", "[0:3]"},
		{`x*+`, "xxa", "[0:2 3:3]"},
		{`[\s\p{L}]+`, "a\u00a0b1", "[0:4]"},
		{`\p{^L}+`, "ab12", "[2:4]"},
		{`\p{Letter}+|\p{script=han}`, "ab中", "[0:5]"},
		{`^a$`, "a\nb\na", "[0:1 4:5]"},
		{`\h+`, "xyzBEEF", "[3:7]"},
		{`[[:punct:]]+`, "a-+b", "[1:3]"},
		{`\d{2}+`, "12345", "[0:4]"},
		{`a{,2}b`, "aab", "[0:3]"},
		{`\s+(?!\S)|\s+`, "  a ", "[0:1 1:2 3:4]"},
		{`(?i:'s|'t)`, "'S 'T 'ſ", "[0:2 3:5 6:9]"},
		{`(?i:'s)(?!a)|S`, "'S 'ſ s", "[0:2 3:6]"},
		{`(?i)'s(?!a)`, "'S 'ſ s", "[0:2 3:6]"},
		{`(?<=a)b`, "abb", "[1:2]"},
		{`\u4e2d`, "中", "[0:3]"},
		{`\-[\-\]]`, "--", "[0:2]"},
		{`.`, "\xff\n", "[0:1]"},
		{`[^\W\d_]+`, "a_1é\U0002ebf0", "[0:1 3:9]"}, // the last is of Unicode 15.1
		{`[\P{L}]`, "a1\U0002ebf0", "[1:2]"},
		{`[^\S\n]+`, "a \t\nb", "[1:3]"},
		{`\w+`, "a½x¹", "[0:6]"},
		{`[\w]+`, "a½x¹", "[0:1 3:4]"},
	} {
		p, err := Compile(c.expr)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		got, err := p.Find(nil, []byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
		}
		var parts []string
		for _, m := range got {
			parts = append(parts, fmt.Sprintf("%d:%d", m.Lo, m.Hi))
		}
		if s := "[" + strings.Join(parts, " ") + "]"; s != c.want {
			t.Errorf("%s in %q: %s, want %s", c.expr, c.text, s, c.want)
		}
	}
}

func TestWhatCannotBeDoneIsAnError(t *testing.T) {
	for _, expr := range []string{`(`, `)`, `[a`, `a\`, `[a&&b]`, `[[:strange:]]`, `[[:]`, `[[:]]`, `[[::]]`, `\p{L`, `\p{Nonsense}`, `\X`, `\u12`} {
		if _, err := Compile(expr); err == nil {
			t.Errorf("%s compiles", expr)
		}
	}
}

func TestPatternsThatExplodeEnd(t *testing.T) {
	text := []byte(strings.Repeat("a", 40) + "!")
	p, err := Compile(`(a+)+b`) // needs no look-around: linear
	if err != nil {
		t.Fatal(err)
	}
	if m, err := p.Find(nil, text); err != nil || len(m) > 0 {
		t.Errorf("found %v, %v", m, err)
	}
	if p, err = Compile(`(a+)+(?=b)`); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if _, err = p.Find(nil, text); err == nil {
		t.Error("no error after an endless search")
	}
	if d := time.Since(start); d > 30*timeout { // a busy machine may stop for a while
		t.Errorf("ended after %v", d)
	}
}

// Each match by itself is fast, all of them together are not.
func TestPatternsThatLookAheadFarEnd(t *testing.T) {
	for _, expr := range []string{`a+b|a`, `(?=a+b)c|a`} {
		p, err := Compile(expr)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		m, err := p.Find(nil, bytes.Repeat([]byte("a"), 200_000))
		if err == nil || len(m) == 0 || m[len(m)-1].Hi != len(m) {
			t.Errorf("%s: %d matches, error %v", expr, len(m), err)
		}
		if d := time.Since(start); d > 30*timeout {
			t.Errorf("%s: ended after %v", expr, d)
		}
	}
}

// findLinear must give what FindAllIndex does.
func TestLinearMatchesAreAllMatches(t *testing.T) {
	for _, expr := range []string{`a*`, `a*?`, ``, `\b`, `(a|ab)(c|bcd)?`, `[^a]*`, `(?m)^|$`, `.`} {
		p := &Pattern{linear: regexp.MustCompile(expr)}
		for _, text := range []string{"a", "aaab", "abcdabc", "中a文\xff\xfea", "\xe4\xb8", "a\n\nb", " a b"} {
			got, err := p.Find(nil, append(make([]byte, 0, 100), text...))
			if err != nil {
				t.Fatal(err)
			}
			var want []Match
			for _, m := range p.linear.FindAllStringIndex(text, -1) {
				want = append(want, Match{m[0], m[1]})
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s in %q: %v, want %v", expr, text, got, want)
			}
		}
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(`\s+(?!\S)|[^\s\p{L}]++`, "a b")
	f.Add(`[[:alpha:]\-\]]{2,}+`, "ab-]")
	f.Add(`[[:]`, "a")
	f.Fuzz(func(t *testing.T, expr, text string) {
		p, err := Compile(expr)
		if err != nil || len(text) > 200 {
			return
		}
		at := 0
		found, _ := p.Find(nil, []byte(text))
		for _, m := range found {
			if m.Lo < at || m.Hi < m.Lo || m.Hi > len(text) {
				t.Fatalf("%s in %q: %v", expr, text, found)
			}
			at = m.Hi
		}
	})
}
