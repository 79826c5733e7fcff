package spmtrain

import (
	"testing"
	"unicode"

	"github.com/athanor-lm/athanor/internal/realdata"
	"github.com/athanor-lm/athanor/tokenizer/internal/charsmap"
)

// laterCharacters have been assigned since Unicode 13, which the original's
// published table is of; U+061C is in the original's program but not in that
// table.
func laterCharacters(s string) bool {
	for _, r := range s {
		if r == 0x061C || r >= 0xA7F2 && r <= 0xA7F4 || r >= 0x10781 && r <= 0x107BA || r >= 0x1E030 && r <= 0x1E06D {
			return true
		}
	}
	return false
}

func TestRulesEqualTheOriginals(t *testing.T) {
	tsv := realdata.Bytes(t, "tokenizers/sentencepiece/nmt_nfkc.tsv.gz")
	want, err := parseRules(tsv)
	if err != nil {
		t.Fatal(err)
	}
	got := rulesOf("nmt_nfkc")
	for from, to := range want {
		if g, ok := got[from]; !ok || g != to {
			t.Errorf("%+q becomes %+q (%v), want %+q", from, g, ok, to)
		}
	}
	for from, to := range got {
		if _, ok := want[from]; !ok && !laterCharacters(from) {
			t.Errorf("%+q becomes %+q, want no rule", from, to)
		}
	}
	t.Logf("%d rules, the table has %d", len(got), len(want))
}

func TestRuleSets(t *testing.T) {
	for _, c := range []struct{ rules, from, want string }{
		{"nmt_nfkc", "Ａ①㍿ﬁe\u0301", "A1株式会社fié"},
		{"nmt_nfkc", "a\tb\u200b\u2581\x01\x7f～", "a b  ～"},
		{"nfkc", "a\tb\u2581～", "a\tb\u2581~"},
		{"nmt_nfkc", "ﾊﾟ가", "パ가"},
		{"nmt_nfkc_cf", "ÀẞſΣςK İıᏸꭰ", "àßsσσk İıᏰᎠ"},
		{"nfkc_cf", "ＡＢ", "ab"},
	} {
		blob, err := charsMap(c.rules)
		if err != nil {
			t.Fatal(err)
		}
		m, err := charsmap.Parse(blob)
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		for s := []byte(c.from); len(s) > 0; {
			repl, n := m.Lookup(s)
			if n == 0 {
				repl, n = s[:1], 1
			}
			got, s = append(got, repl...), s[n:]
		}
		if string(got) != c.want {
			t.Errorf("%s: %q becomes %q, want %q", c.rules, c.from, got, c.want)
		}
	}
	if blob, err := charsMap("identity"); err != nil || len(blob) != 0 {
		t.Errorf("identity: %d bytes, error %v", len(blob), err)
	}
}

func FuzzParseRules(f *testing.F) {
	f.Add([]byte("41 300\tC0\t# À\n61\n"))
	f.Add([]byte("U+1F600\t\n\td\n110000\t41\nD800\t41\n"))
	f.Fuzz(func(t *testing.T, tsv []byte) {
		rules, err := parseRules(tsv)
		if err != nil {
			return
		}
		for from, to := range rules {
			if from == "" {
				t.Fatalf("%q: an empty source", tsv)
			}
			for _, r := range from + to {
				if r > unicode.MaxRune || r < 0 {
					t.Fatalf("%q: code point %x", tsv, r)
				}
			}
		}
	})
}
