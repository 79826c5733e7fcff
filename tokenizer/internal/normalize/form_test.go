package normalize

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/athanor-lm/athanor/tokenizer/internal/align"
	"github.com/athanor-lm/athanor/tokenizer/internal/charprop"
)

// run normalizes s and returns the text and where its bytes come from; it
// checks that an untracked text becomes the same.
func run(t testing.TB, n Normalizer, s string) (string, []align.Range) {
	t.Helper()
	var tracked, plain align.Text
	tracked.Reset([]byte(s), 0, true)
	plain.Reset([]byte(s), 0, false)
	if n.Normalize(&tracked); tracked.Err != nil {
		t.Fatal(tracked.Err)
	}
	if n.Normalize(&plain); plain.Err != nil {
		t.Fatal(plain.Err)
	}
	if !bytes.Equal(tracked.B, plain.B) || len(tracked.Src) != len(tracked.B) {
		t.Errorf("%#v of %q: %q with %d ranges when tracked, %q otherwise", n, s, tracked.B, len(tracked.Src), plain.B)
	}
	return string(tracked.B), tracked.Src
}

var forms = []struct {
	form *Form
	text norm.Form
}{{NFC, norm.NFC}, {NFD, norm.NFD}, {NFKC, norm.NFKC}, {NFKD, norm.NFKD}}

func TestForms(t *testing.T) {
	for _, s := range []string{"", "abc", "e\u0301", "한국", "\u1112\u1161\u11ab", "a\u0323\u0302", "x\xff\u0301", "\u0301", "中文", "ﬁ½ｱ", "\u0958", "각\u11a8", "\u0f73\u0f74", "\u110bㅔ\u11a8", "ᄀￂ"} {
		for _, f := range forms {
			if got, _ := run(t, f.form, s); got != f.text.String(s) {
				t.Errorf("%q normalizes to %q, want %q", s, got, f.text.String(s))
			}
		}
	}
	// 40 marks: in order of class, the first acute composed, nothing put in between.
	in := "e" + strings.Repeat("\u0301\u0323", 20)
	want := "\u1eb9" + strings.Repeat("\u0323", 19) + strings.Repeat("\u0301", 20)
	if got, _ := run(t, NFC, in); got != want {
		t.Errorf("long marks normalize to %q, want %q", got, want)
	}
	// A character of Unicode 11 that decomposes (U+11938, of 13) is left alone.
	if got, _ := run(t, NFD, "\U00011938"); got != "\U00011938" {
		t.Errorf("a new character normalizes to %q", got)
	}
}

func FuzzForms(f *testing.F) {
	f.Add("e\u0301\u0323 \u1112\u1161\u11ab\xff\u0344")
	f.Fuzz(func(t *testing.T, s string) {
		row := 0
		for _, r := range s {
			if row++; r < 0x300 {
				row = 0
			}
			if row > 8 || r > 0x10000 { // x/text cuts long rows, and knows newer characters
				return
			}
		}
		for _, f := range forms {
			got, _ := run(t, f.form, s)
			if utf8.ValidString(s) && known(s) && got != f.text.String(s) {
				t.Errorf("%q normalizes to %q, want %q", s, got, f.text.String(s))
			}
		}
	})
}

// known tells whether x/text takes no character of s for one that acts which
// Unicode 9 did not have.
func known(s string) bool {
	for _, r := range s {
		p := norm.NFKC.PropertiesString(string(r))
		if inert := p.CCC() == 0 && p.BoundaryBefore() && norm.NFKD.String(string(r)) == string(r); !inert && !charprop.Active().Has(r) {
			return false
		}
	}
	return true
}
