package scan

import (
	"bytes"
	"slices"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

// oracles are the scanned patterns, run by regexp2.
var oracles = sync.OnceValue(func() map[string]*regexp2.Regexp {
	out := map[string]*regexp2.Regexp{}
	for _, name := range []string{"gpt2", "llama3", "qwen2"} {
		out[name] = regexp2.MustCompile(Pattern(name), regexp2.None)
	}
	return out
})

// ends are the ends of the pieces that a scanner cuts text into.
func ends(f Func, text []byte) (out []int) {
	for i := 0; i < len(text); {
		i = f(text, i)
		out = append(out, i)
	}
	return out
}

// matchEnds are the ends of a regular expression's matches and of the gaps
// between them.
func matchEnds(re *regexp2.Regexp, text []byte) (out []int) {
	runes, at := make([]rune, 0, len(text)), make([]int, 0, len(text)+1)
	for i := 0; i < len(text); {
		r, w := utf8.DecodeRune(text[i:])
		runes, at = append(runes, r), append(at, i)
		i += w
	}
	at = append(at, len(text))
	end := 0
	for m, _ := re.FindRunesMatch(runes); m != nil; m, _ = re.FindNextMatch(m) {
		lo, hi := at[m.Index], at[m.Index+m.Length]
		if lo > end {
			out = append(out, lo)
		}
		if hi > lo {
			out = append(out, hi)
		}
		end = hi
	}
	if end < len(text) {
		out = append(out, len(text))
	}
	return out
}

func scanAgainstRegex(t *testing.T, text []byte) {
	t.Helper()
	for name, re := range oracles() {
		got, want := ends(For(Pattern(name)), text), matchEnds(re, text)
		if !slices.Equal(got, want) {
			t.Errorf("%s of %q\n got %d\nwant %d", name, text, got, want)
		}
	}
}

func TestScannersFollowTheirPatterns(t *testing.T) {
	parts := []string{"a", "B", "é", "中", "'", "'s", "'LL", "'Re", " ", "  ", "\n", "\r", "\t", "1", "½", "!", "…", "\u00a0", "\u3000", "\u0301", "\xff"}
	for _, a := range parts {
		for _, b := range parts {
			for _, c := range parts {
				scanAgainstRegex(t, []byte(a+b+c))
				if t.Failed() {
					return
				}
			}
		}
	}
}

func FuzzScanners(f *testing.F) {
	f.Add([]byte("I'll say it's 1234 \r\n\n\t x\u3000中文\xff 'S"))
	f.Fuzz(func(t *testing.T, text []byte) {
		// regexp2 does not fold ſ to s, the reference does.
		if !bytes.Contains(text, []byte("ſ")) {
			scanAgainstRegex(t, text)
		}
	})
}

func TestNamesAndPatterns(t *testing.T) {
	for name, family := range map[string]string{"gpt2": "gpt2", "cl100k": "llama3", "llama3": "llama3", "qwen": "qwen2", "qwen2": "qwen2"} {
		if got := Name(Pattern(name)); got != family || For(Pattern(name)) == nil {
			t.Errorf("the pattern of %s is %q's, want %q's", name, got, family)
		}
	}
	if Pattern("gpt9") != "" || Name(`\w+`) != "" || For(`\w+`) != nil {
		t.Error("an unknown pattern has a scanner")
	}
}
