package scan

import (
	"cmp"
	"compress/gzip"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/dlclark/regexp2"

	"github.com/athanor-lm/athanor/tokenizer/internal/ucd"
)

// oracles are the patterns of all families, run by regexp2.
var oracles = sync.OnceValue(func() map[string][]*regexp2.Regexp {
	// regexp2 spells possessive quantifiers as atomic groups, and its $ also matches before a last newline.
	atomic := strings.NewReplacer(`[^\r\n\p{L}\p{N}]?+`, `(?>[^\r\n\p{L}\p{N}]?)`, `\p{L}++`, `(?>\p{L}+)`, `\p{N}++`, `(?>\p{N}+)`,
		`\p{N}{1,3}+`, `(?>\p{N}{1,3})`, `[^\s\p{L}\p{N}]++`, `(?>[^\s\p{L}\p{N}]+)`, `[\r\n]*+`, `(?>[\r\n]*)`, `\s++$`, `(?>\s+)\z`)
	out := map[string][]*regexp2.Regexp{}
	add := func(name string, patterns []string) {
		for _, p := range patterns {
			out[name] = append(out[name], regexp2.MustCompile(atomic.Replace(p), regexp2.None))
		}
	}
	for _, f := range families {
		add(f.name, f.patterns)
		for _, p := range f.same {
			add(f.name+" "+p, []string{p})
		}
	}
	return out
})

// scanner returns the scanner of a name in oracles.
func scanner(name string) Func {
	family, pattern, other := strings.Cut(name, " ")
	if other {
		return For(pattern)
	}
	return For(Patterns(family)...)
}

// ends are the ends of the pieces that a scanner cuts text into.
func ends(f Func, text []byte) (out []int) {
	for i := 0; i < len(text); {
		i = f(text, i)
		out = append(out, i)
	}
	return out
}

// matchEnds cuts text[lo:hi] at a regular expression's matches, then what that
// leaves with the next one.
func matchEnds(res []*regexp2.Regexp, text []byte, base int) (out []int) {
	runes, at := make([]rune, 0, len(text)), make([]int, 0, len(text)+1)
	for i := 0; i < len(text); {
		r, w := utf8.DecodeRune(text[i:])
		runes, at = append(runes, r), append(at, i)
		i += w
	}
	at = append(at, len(text))
	end := 0
	piece := func(hi int) {
		if hi == end {
			return
		}
		if len(res) > 1 {
			out = append(out, matchEnds(res[1:], text[end:hi], base+end)...)
		} else {
			out = append(out, base+hi)
		}
		end = hi
	}
	for m, _ := res[0].FindRunesMatch(runes); m != nil; m, _ = res[0].FindNextMatch(m) {
		piece(at[m.Index])
		piece(at[m.Index+m.Length])
	}
	piece(len(text))
	return out
}

func scanAgainstRegex(t *testing.T, text []byte) {
	t.Helper()
	for name, res := range oracles() {
		if got, want := ends(scanner(name), text), matchEnds(res, text, 0); !slices.Equal(got, want) {
			t.Errorf("%s of %q\n got %d\nwant %d", name, text, got, want)
		}
	}
}

func TestScannersFollowTheirPatterns(t *testing.T) {
	parts := []string{"a", "B", "é", "É", "ǅ", "ʰ", "中", "ア", "゛", "\u3097", "'", "'s", "'LL", "'Re", " ", "  ", "\n", "\r", "\t", "1", "½", "!", "/", "…", "\u00a0", "\u3000", "\u0301", "\x00", "\u200d", "\xff"}
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

// otherInGo tells whether Go's tables, which regexp2 goes by, are older than
// ours of a character.
func otherInGo(r rune) bool {
	for _, k := range []struct {
		table *unicode.RangeTable
		set   ucd.Set
	}{
		{unicode.L, ucd.L}, {unicode.Lu, 1 << ucd.Lu}, {unicode.Ll, 1 << ucd.Ll}, {unicode.Lt, 1 << ucd.Lt}, {unicode.Lm, 1 << ucd.Lm},
		{unicode.M, ucd.M}, {unicode.N, ucd.N}, {unicode.P, ucd.P}, {unicode.S, ucd.S},
	} {
		if unicode.Is(k.table, r) != ucd.Is(k.set, r) {
			return true
		}
	}
	return false
}

// regexText replaces what regexp2 takes otherwise than the references: it does
// not fold ſ to s, and it goes by Go's older tables.
func regexText(text []byte) []byte {
	var out []byte
	for i := 0; i < len(text); {
		r, w := utf8.DecodeRune(text[i:])
		if r == 'ſ' || otherInGo(r) {
			out = append(out, 's')
		} else {
			out = append(out, text[i:i+w]...)
		}
		i += w
	}
	return out
}

func FuzzScanners(f *testing.F) {
	f.Add([]byte("I'll say it's 1234 \r\n\n\t x\u3000中文\xff 'S"))
	f.Add([]byte("XMLHttpRequest'LL ǅabc中A中文ÀÉ'd \u0301A\u0301/\n//\r x_y.z(a)\n  \n "))
	f.Add([]byte("\x00\x00a\x01\u200d漢字かな12345カ\u309f!!\n#if(x)\u00adé"))
	f.Add([]byte("\U00013687\n\U0001cd90a\U0002ee33")) // of Unicode 15.1 and 16
	f.Fuzz(func(t *testing.T, text []byte) { scanAgainstRegex(t, regexText(text)) })
}

// ſ folds to s in the references; Unicode 16 has letters and digits that Go's
// tables may lack.
func TestWhatRegexp2CannotSay(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []int
	}{
		{"llama3", "a'ſb", []int{1, 4, 5}},
		{"cl100k", "a'ſb", []int{1, 4, 5}},
		{"gpt2", "a'ſb", []int{1, 2, 5}},
		{"o200k", "a'ſb", []int{4, 5}},
		{"gpt2", "a\u1c89\U0002ebf0!", []int{8, 9}},
		{"llama3", "1\U0001ccf0\U0001ccf1\U0001ccf2", []int{9, 13}},
		{"o200k", "\u1c89\u1c89a\u1c89", []int{7, 10}},
		{"deepseek3", "a\u0897+\U0001cd00", []int{4, 9}},
	} {
		if got := ends(scanner(c.name), []byte(c.text)); !slices.Equal(got, c.want) {
			t.Errorf("%s of %q is cut at %d, want %d", c.name, c.text, got, c.want)
		}
	}
}

func TestNamesAndPatterns(t *testing.T) {
	for name, family := range map[string]string{"gpt2": "gpt2", "p50k": "gpt2", "cl100k": "cl100k", "llama3": "llama3", "qwen": "qwen2", "qwen3": "qwen2", "o200k": "o200k", "deepseek3": "deepseek3"} {
		if got := Name(Patterns(name)...); got != family || For(Patterns(name)...) == nil {
			t.Errorf("the pattern of %s is %q's, want %q's", name, got, family)
		}
	}
	if Pattern("gpt9") != "" || Pattern("deepseek3") != "" || Name(`\w+`) != "" || For(`\w+`) != nil || For() != nil {
		t.Error("an unknown pattern has a scanner")
	}
	crlf := Patterns("deepseek3")
	crlf[2] = strings.NewReplacer(`\r`, "\r", `\n`, "\n").Replace(crlf[2])
	if Name(crlf...) != "deepseek3" {
		t.Error("the pattern of deepseek3 is not known with the characters \\r and \\n themselves")
	}
}

// TestPatterns logs the patterns for tools/oracle/scan_golden.py.
func TestPatterns(t *testing.T) {
	all := map[string][]string{}
	for _, f := range families {
		all[f.name] = f.patterns
	}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("patterns: %s", data)
}

// The reference cuts random strings at the same places.
func TestScannersCutAsTheReference(t *testing.T) {
	name := cmp.Or(os.Getenv("ATHANOR_SCAN_GOLDEN"), "testdata/golden.json.gz") // a larger one may be made
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Texts []string           `json:"texts"`
		Ends  map[string][][]int `json:"ends"`
	}
	if err := json.NewDecoder(z).Decode(&golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Texts) < 1000 || len(golden.Ends) != len(families) {
		t.Errorf("%d texts, %d families, want 1000 and %d", len(golden.Texts), len(golden.Ends), len(families))
	}
	for name, all := range golden.Ends {
		cut := For(Patterns(name)...)
		failed := 0
		for k, want := range all {
			if got := ends(cut, []byte(golden.Texts[k])); !slices.Equal(got, want) {
				if failed++; failed <= 3 {
					t.Errorf("%s of %q\n got %d\nwant %d", name, golden.Texts[k], got, want)
				}
			}
		}
		if failed > 0 {
			t.Errorf("%s: %d of %d texts differ", name, failed, len(all))
		}
	}
}
