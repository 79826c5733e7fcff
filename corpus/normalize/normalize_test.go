package normalize

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus"
)

// open returns the filter of settings.
func open(t testing.TB, s Settings) corpus.Filter {
	t.Helper()
	make, err := s.Open(corpus.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return make()
}

func with(change func(*Settings)) Settings {
	s := Default()
	change(&s)
	return s
}

func TestTextsComeOutAsWritten(t *testing.T) {
	def := Default()
	nfkc := with(func(s *Settings) { s.Form = "nfkc" })
	letters := with(func(s *Settings) { s.Width = "letters" })
	all := with(func(s *Settings) { s.Width = "all" })
	for _, c := range []struct {
		name     string
		settings Settings
		in, want string
		counts   string // kind n, …
	}{
		{"nothing to do", def, "A line.\n\n  - indented\tand tabbed\n\n\nend", "A line.\n\n  - indented\tand tabbed\n\n\nend", ""},
		{"accents composed", def, "cafe\u0301 e\u0302\u0323", "café ệ", "normal form 2"},
		{"nothing lost by nfc", def, "ﬁ ² ㎏ ①", "ﬁ ² ㎏ ①", ""},
		{"nfkc", nfkc, "ﬁ ² ㎏ ①", "fi 2 kg 1", "normal form 4"},
		{"nfkc leaves Chinese punctuation", nfkc, "价格：１００元，好……（真）", "价格：100元，好……（真）", "normal form 3"},
		{"nfkc and all widths", with(func(s *Settings) { s.Form, s.Width = "nfkc", "all" }), "价格：１０元，好…", "价格:10元,好...", "width 4, normal form 1"},
		{"line ends", def, "a\r\nb\rc\u2028d\fe\u0085f", "a\nb\nc\nd\ne\nf", "newlines 5"},
		{"controls", def, "a\x00b\x1b[0m\x7fc\u0090\uFFFE", "ab[0mc", "controls 5"},
		{"byte order mark and soft hyphens", def, "\uFEFFhy\u00ADphen", "hyphen", "zero-width 2"},
		{"Persian non-joiner stays, Latin's goes", def, "می\u200Cخواهم a\u200Cb", "می\u200Cخواهم ab", "zero-width 1"},
		{"half consonant", def, "क्\u200D क", "क्\u200D क", ""},
		{"a family stays one", def, "👩\u200D👧 x\u200Dy", "👩\u200D👧 xy", "zero-width 1"},
		{"Thai break stays", def, "ภาษา\u200Bไทย zero\u200Bwidth", "ภาษา\u200Bไทย zerowidth", "zero-width 1"},
		{"direction marks", def, "שלום\u200F! ok\u200E \u202Eevil\u202C", "שלום\u200F! ok evil", "zero-width 3"},
		{"flag of Scotland", def, "🏴\U000E0067\U000E0062\U000E007F a\U000E0067", "🏴\U000E0067\U000E0062\U000E007F a", "zero-width 1"},
		{"all zero-width", with(func(s *Settings) { s.ZeroWidth = "all" }), "👩\u200D👧 می\u200Cخ", "👩👧 میخ", "zero-width 2"},
		{"accent behind a removed mark", def, "e\u200B\u0301", "é", "zero-width 1, normal form 1"},
		{"spaces", def, "10\u00A0000\u2009km", "10 000 km", "spaces 2"},
		{"runs", def, "  a   b \t c\n\td  e", "  a b\tc\n\td e", "runs 3"},
		{"runs and indentation", with(func(s *Settings) { s.Runs = "all" }), "  a   b\n\tc", "a b\nc", "runs 3"},
		{"runs kept", with(func(s *Settings) { s.Runs = "keep" }), "a   b", "a   b", ""},
		{"trailing", def, "\n \na \t\nb\u3000\n\n", "a\nb", "trailing 4, blank lines 3"},
		{"blank lines", def, "a\n\n\n\n\nb", "a\n\n\nb", "blank lines 2"},
		{"no blank lines", with(func(s *Settings) { s.BlankLines = 0 }), "a\n\n\nb", "a\nb", "blank lines 2"},
		{"invalid replaced", def, "a\xffb\xe4\xb8", "a\uFFFDb\uFFFD\uFFFD", "invalid UTF-8 3"},
		{"invalid dropped", with(func(s *Settings) { s.Invalid = "drop" }), "a\xffb\xe4\xb8", "ab", "invalid UTF-8 3"},
		{"letters' width", letters, "ＡＢＣ１２３，！　ｶﾞｲﾄﾞ｡", "ABC123，！　ガイド。", "width 12, normal form 2"},
		{"all widths", all, "Ａ，　！", "A, !", "spaces 1, width 3"},
		{"paragraph indented by ideographic spaces", def, "　　第一段。\n　　第二段。", "　　第一段。\n　　第二段。", ""},
		{"empty", def, "", "", ""},
		{"blank", def, " \n\t\n", "", "trailing 2, blank lines 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := corpus.NewDocument(c.in, nil)
			var r corpus.Report
			open(t, c.settings).Apply(d, &r)
			if d.Text() != c.want {
				t.Errorf("%q became %q, want %q", c.in, d.Text(), c.want)
			}
			var counts []string
			for _, n := range r.Counts {
				counts = append(counts, fmt.Sprintf("%s %d", n.Kind, n.N))
			}
			if got := strings.Join(counts, ", "); got != c.counts {
				t.Errorf("%q: counted %q, want %q", c.in, got, c.counts)
			}
		})
	}
}

func TestUnknownWordsAreRefused(t *testing.T) {
	s := with(func(s *Settings) { s.Form = "NFD" })
	if err := s.Validate(); err == nil || !strings.Contains(err.Error(), `form: "NFD", want one of nfc, nfkc, none`) {
		t.Error(err)
	}
	s = with(func(s *Settings) { s.Invalid = "" })
	if err := s.Validate(); err == nil {
		t.Error("an empty word passed")
	}
}

func TestNormalTextCostsNoMemory(t *testing.T) {
	for _, text := range []string{strings.Repeat("A line of text, as they come.\n\n", 100) + ".", strings.Repeat("中文，文本。", 100), strings.Repeat("Œuvre à naïveté ", 50) + "."} {
		f, d, r := open(t, Default()), corpus.NewDocument(text, nil), new(corpus.Report)
		if n := testing.AllocsPerRun(10, func() { f.Apply(d, r) }); n != 0 {
			t.Errorf("%q…: %v allocations", text[:20], n)
		}
	}
}

// variants are settings that differ in every part.
func variants() []Settings {
	out := []Settings{Default()}
	for _, form := range []string{"nfc", "nfkc", "none"} {
		for _, width := range []string{"keep", "letters", "all"} {
			out = append(out, with(func(s *Settings) { s.Form, s.Width = form, width }))
			out = append(out, with(func(s *Settings) {
				s.Form, s.Width, s.Runs, s.BlankLines, s.ZeroWidth, s.Invalid = form, width, "all", 0, "all", "drop"
			}))
			out = append(out, with(func(s *Settings) {
				s.Form, s.Width, s.Runs, s.BlankLines, s.ZeroWidth, s.Trim = form, width, "keep", -1, "keep", false
				s.Newlines, s.Controls, s.Spaces = false, false, false
			}))
		}
	}
	return out
}

func FuzzIdempotent(f *testing.F) {
	for _, s := range []string{
		"plain text\n\n\n\nwith  runs \n", "e\u200B\u0301\u200C", "می\u200Cخواهم\u200F", "👩\u200D👧", "ｶﾞ，　\u3000\n", "a\u00A8b\uFDFA\uFC5E\u200C",
		"\xff\xe4\xb8", "\u0344\u1161\u1100", "\r\n\r\u2028 \t", "＜\u0338…\u0338", " \u0301", "\u1100\u200B\u1161\u11A8", "क्\u200D\u200Cष", "क\u0301\u200C्\u200D\u200Cष", "\u3000\u3099か\u3099",
	} {
		f.Add(s)
	}
	settings := variants()
	filters := make([]*filter, len(settings))
	for i, s := range settings {
		filters[i] = &filter{rules: newRules(s)}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for i, fl := range filters {
			var first, second corpus.Report
			once := string(fl.settle(text, &first))
			if fl.settled(text) && once != text {
				t.Fatalf("%+v: %q is settled, but became %q", settings[i], text, once)
			}
			if !utf8.ValidString(once) {
				t.Fatalf("%+v: %q became %q, not UTF-8", settings[i], text, once)
			}
			if twice := string(fl.settle(once, &second)); twice != once {
				t.Fatalf("%+v: %q became %q, then %q", settings[i], text, once, twice)
			}
			if len(second.Counts) != 0 {
				t.Fatalf("%+v: %q: changes counted in %q: %v", settings[i], text, once, second.Counts)
			}
			if once != text && len(first.Counts) == 0 {
				t.Fatalf("%+v: %q became %q, nothing counted", settings[i], text, once)
			}
		}
	})
}

func BenchmarkApply(b *testing.B) {
	english := strings.Repeat("It is a truth universally acknowledged, that a single man in possession\nof a good fortune, must be in want of a wife.\n\n", 500) + "."
	chinese := strings.Repeat("第一条　为了保护民事主体的合法权益，调整民事关系，维护社会和经济秩序。\n", 700) + "。"
	french := strings.Repeat("Longtemps, je me suis couché de bonne heure. Parfois, à peine ma bougie éteinte,\n", 700) + "."
	for _, c := range []struct{ name, text string }{
		{"english", english}, {"chinese", chinese}, {"french", french},
		{"dirty english", strings.ReplaceAll(english, "\n", " \r\n")}, {"dirty chinese", strings.ReplaceAll(chinese, "，", "\u200B，\u00A0")},
	} {
		b.Run(c.name, func(b *testing.B) {
			f := open(b, Default())
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			r := new(corpus.Report)
			for b.Loop() {
				r.Reset()
				f.Apply(corpus.NewDocument(c.text, nil), r)
			}
		})
	}
}
