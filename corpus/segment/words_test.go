package segment

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/athanor-lm/athanor/internal/timely"
)

// words returns the words of a text.
func words(t *Text, list []Word) (out []string) {
	for _, w := range list {
		out = append(out, t.Word(w))
	}
	return out
}

// A sign that begins like a line end costs a look at itself, not at the rest of its line: 100 kB took more than ten seconds.
func TestSignsLikeLineEndsAreLookedAtOnce(t *testing.T) {
	timely.Within(t, 5*time.Second, "cutting 300,000 of them", func() {
		var text Text
		text.Reset(strings.Repeat("…", 300_000))
		if n := len(text.AllLines()); n != 1 {
			t.Errorf("%d lines, want 1", n)
		}
	})
}

// TestWords has cases whose tokens are spaCy's (blank "en", 3.8), but for those of scripts without spaces.
func TestWords(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{" \t\n\u00a0", ""},
		{"The quick brown fox.", "The|quick|brown|fox|."},
		{"Hello, world! (Really?)", "Hello|,|world|!|(|Really|?|)"},
		{"Mr. Smith doesn't think so.", "Mr.|Smith|does|n't|think|so|."},
		{"I'd've gone; we're here, cannot stay", "I|'d|'ve|gone|;|we|'re|here|,|can|not|stay"},
		{"John's “best-known” work—1984", "John|'s|“|best|-|known|”|work—1984"},
		{"e.g. the U.S. and the U.K.", "e.g.|the|U.S.|and|the|U.K."},
		{"It cost $5.00, i.e. 3km or 10%!", "It|cost|$|5.00|,|i.e.|3|km|or|10|%|!"},
		{"see http://example.com/a/b?c=d.", "see|http://example.com/a/b?c=d|."},
		{"mail a.b@example.com, now", "mail|a.b@example.com|,|now"},
		{"and/or either/or 2-3 a--b", "and/or|either|/|or|2|-|3|a|--|b"},
		{"(note :)", "(|note|:)"},
		{"wait... what?! ...ok", "wait|...|what|?|!|...|ok"},
		{"one..two end.Start A.B", "one|..|two|end|.|Start|A.B"},
		{"30°C. and 5' 11\"", "30|°|C|.|and|5|'|11|\""},
		{"a\u3000b", "a|b"},
		{"我爱北京。你呢", "我|爱|北|京|。|你|呢"},
		{"用Go1.26写, ok", "用|Go1.26|写|,|ok"},
		{"東京タワーへ", "東|京|タワー|へ"},
		{"สวัสดี", "ส|วั|ส|ดี"},
	} {
		var text Text
		text.Reset(c.text)
		if got := strings.Join(words(&text, text.Words()), "|"); got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestWordsKnowWhatTheyAreMadeOf(t *testing.T) {
	var text Text
	text.Reset("naïve 3rd -- 42 § 中")
	type made struct {
		word  string
		runes uint32
		kind  Kind
	}
	want := []made{{"naïve", 5, HasLetter | HasText}, {"3rd", 3, HasLetter | HasText}, {"--", 2, 0}, {"42", 2, HasText}, {"§", 1, HasText}, {"中", 1, HasLetter | HasText}}
	var got []made
	for _, w := range text.Words() {
		got = append(got, made{text.Word(w), w.Runes, w.Kind})
		if w.Hash != Hash(text.Word(w)) {
			t.Errorf("the hash of %q is not that of its bytes", text.Word(w))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTokensLeaveScriptsWithoutSpaces(t *testing.T) {
	var text Text
	text.Reset("你好世界。 Hi 你，好")
	if got := strings.Join(words(&text, text.Tokens()), "|"); got != "你好世界|。|Hi|你，好" {
		t.Errorf("tokens are %s", got)
	}
	if got := strings.Join(words(&text, text.Words()), "|"); got != "你|好|世|界|。|Hi|你|，|好" {
		t.Errorf("words are %s after tokens", got)
	}
}

func TestFields(t *testing.T) {
	var text Text
	text.Reset(" a,b\u2003c\x1cd é\n")
	if got := strings.Join(words(&text, text.Fields()), "|"); got != "a,b|c|d|é" {
		t.Errorf("fields are %s", got)
	}
}

func TestSentences(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"One. Two! Three?", "One. |Two! |Three?"},
		{"He said \"no.\" Then he left", "He said \"no.\" |Then he left"},
		{"Mr. A. Smith e.g. is one", "Mr. A. Smith e.g. is one"},
		{"Wait... no", "Wait... no"}, // three dots are a word of their own, and no mark
		{"One.\nTwo", "One.|\nTwo"},
		{"One.  Two", "One. | Two"},
		{"One.\n", "One.|\n"},
		{"你好。我是“李。”他", "你好。|我是“李。”|他"},
	} {
		var text Text
		text.Reset(c.text)
		var got []string
		for _, s := range text.Sentences() {
			got = append(got, c.text[s.Start:s.End])
		}
		if strings.Join(got, "|") != c.want {
			t.Errorf("%q: got %q, want %s", c.text, got, c.want)
		}
	}
}

func TestLinesAndParagraphs(t *testing.T) {
	for _, c := range []struct {
		text                   string
		lines, all, paragraphs []string
	}{
		{"", []string{""}, nil, []string{""}},
		{"a\nb", []string{"a", "b"}, []string{"a", "b"}, []string{"a\nb"}},
		{"\n\na\r\nb\n\n\nc\n", []string{"", "", "a\r", "b", "", "", "c", ""}, []string{"", "", "a", "b", "", "", "c"}, []string{"a\r\nb", "c"}},
		{"a\u2028b\u0085c\x1dd\ve", []string{"a\u2028b\u0085c\x1dd\ve"}, []string{"a", "b", "c", "d", "e"}, []string{"a\u2028b\u0085c\x1dd\ve"}},
		{"café†", []string{"café†"}, []string{"café†"}, []string{"café†"}}, // bytes that begin like line ends
	} {
		var text Text
		text.Reset(c.text)
		if !slices.Equal(text.Lines(), c.lines) || !slices.Equal(text.AllLines(), c.all) || !slices.Equal(text.Paragraphs(), c.paragraphs) {
			t.Errorf("%q: lines %q, all lines %q, paragraphs %q; want %q, %q, %q", c.text, text.Lines(), text.AllLines(), text.Paragraphs(), c.lines, c.all, c.paragraphs)
		}
	}
}

func TestResetForgets(t *testing.T) {
	var text Text
	for _, s := range []string{"one two. Three\n\nfour 中", "x", ""} {
		text.Reset(s)
		var fresh Text
		fresh.Reset(s)
		if !slices.Equal(text.Words(), fresh.Words()) || !slices.Equal(text.Tokens(), fresh.Tokens()) || !slices.Equal(text.Fields(), fresh.Fields()) ||
			!slices.Equal(text.Sentences(), fresh.Sentences()) || !slices.Equal(text.Lines(), fresh.Lines()) || !slices.Equal(text.AllLines(), fresh.AllLines()) ||
			!slices.Equal(text.Paragraphs(), fresh.Paragraphs()) || text.Runes() != fresh.Runes() {
			t.Errorf("after another text, %q has other segments", s)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	var text Text
	s := strings.Repeat("Some words, don't you think? 中文。 http://a.com/b-c\n\n", 50)
	allocated := testing.AllocsPerRun(10, func() {
		text.Reset(s)
		text.Words()
		text.Tokens()
		text.Fields()
		text.Sentences()
		text.Lines()
		text.AllLines()
		text.Paragraphs()
	})
	if allocated > 3 { // the scanners, which may stay on the stack
		t.Errorf("%v allocations for a text, want none but the scanners", allocated)
	}
}
