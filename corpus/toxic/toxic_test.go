package toxic

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus"
)

// met returns the terms that a list finds in a text, as they stand there.
func met(t *testing.T, list, text string, disguised bool) []string {
	t.Helper()
	entries, err := parse(strings.NewReader(list), "list")
	if err != nil {
		t.Fatal(err)
	}
	m := newMatcher(entries, disguised, 20, 0.5)
	m.find(text)
	var out []string
	for _, h := range m.hits {
		out = append(out, text[h.start:h.end])
	}
	return out
}

// A letter drawn out over a megabyte is looked at once, and not held on the stack.
func TestLettersDrawnOutAreBounded(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(1 << 20))
	c := DefaultSettings()
	c.Disguised = true
	open, err := c.Open(corpus.Env{})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int64{"sh" + strings.Repeat("i", 60) + "t": 1, "sh" + strings.Repeat("i", 1<<20) + "t": 0, strings.Repeat("sh!", 1<<18): 0} {
		var r corpus.Report
		open().Apply(corpus.NewDocument(text, nil), &r)
		got := int64(0)
		for _, n := range r.Counts {
			got += n.N
		}
		if got != want {
			t.Errorf("%.80q: %d terms, want %d", text, got, want)
		}
	}
}

func TestTermsMatchWordsAndCharacters(t *testing.T) {
	const list = "darn\nheck*\n*blast*\t3\nbig oaf\nmürrisch\n坏蛋\t2\n坏\u86cb头\n# no term\n!heckle*\n!坏蛋糕\n!blast furnace\n"
	for text, want := range map[string][]string{
		"Darn it, DARN! darned darn":     {"Darn", "DARN", "darn"},
		"darn_ darn- darn's édarn darné": {"darn", "darn", "darn"},
		"hecking heck heckler":           {"heck", "heck"}, // the exception covers the third
		"superblasted blast furnace":     {"blast"},
		"a big oaf, bigoaf, big  oaf":    {"big oaf"},
		"mürrisch mürrischer":            {"mürrisch"},
		"你这坏蛋！坏蛋糕，坏蛋头。":                  {"坏蛋", "坏蛋头"}, // the longest
		"":    nil,
		"坏":   nil,
		"dar": nil,
	} {
		if got := met(t, list, text, false); !slices.Equal(got, want) {
			t.Errorf("%q: met %q, want %q", text, got, want)
		}
	}
}

func TestDisguises(t *testing.T) {
	const list = "darnit\t2\nblast\n坏蛋\n"
	for text, want := range map[string][]string{
		"d4rnit d@rn1t daaarnit d*rnit":     {"d4rnit", "d@rn1t", "daaarnit", "d*rnit"},
		"d.a.r.n.i.t d a r n i t d-a-r-nit": {"d.a.r.n.i.t", "d a r n i t"},
		"ｄａｒｎｉｔ！":                           {"ｄａｒｎｉｔ"},
		"b\u200bl\u200ba\u200bs\u200bt":     {"b\u200bl\u200ba\u200bs\u200bt"},
		"坏-蛋 坏*蛋 坏 蛋 坏。蛋":                   {"坏-蛋", "坏*蛋"},
		"8145t 81457 darnits xd4rnit":       nil, // digits for the most part; other words
	} {
		if got := met(t, list, text, true); !slices.Equal(got, want) {
			t.Errorf("%q: met %q, want %q", text, got, want)
		}
		for _, w := range met(t, list, text, false) {
			if slices.Contains(want, w) {
				t.Errorf("%q: met %q without the option", text, w)
			}
		}
	}
}

func open(t *testing.T, s Settings, list string) corpus.Filter {
	t.Helper()
	if list != "" {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "list.txt"), []byte(list), 0o600); err != nil {
			t.Fatal(err)
		}
		s.BuiltIn, s.Lists = false, []string{"list.txt"}
		make, err := s.Open(corpus.Env{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return make()
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	make, err := s.Open(corpus.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return make()
}

// 10 words with darn (1) twice and blast (3) once: 5 per 10 words = 500 per 1,000. Near "court" (within 20 bytes) a term counts half.
func TestDensityByHand(t *testing.T) {
	s := DefaultSettings()
	s.MaxPer1000Words, s.MaxPer1000Chars, s.MinDistinct, s.MinHits, s.ContextWeight, s.ContextWindow, s.Score = 499, 300, 2, 3, 0.5, 20, true
	f := open(t, s, "darn\nblast\t3\n坏蛋\t2\n~court\n")
	for _, c := range []struct {
		text    string
		score   float64
		dropped string
	}{
		{"darn one two three four darn five six seven blast", 500, "dense-words"},
		{"darn one two three four darn five six seven eight", 200, ""},
		// darn: 0.5, as "court" ends 1 byte before it. The second, 24 bytes behind "court", and blast count in full: 4.5 of 11 words.
		{"court darn one two three four darn five six seven blast", 4500.0 / 11, ""},
		// Ten characters with 坏蛋 (2) twice: 400 per 1,000, but one term only is met.
		{"坏蛋一二三坏蛋四五六", 400, ""},
	} {
		d := corpus.NewDocument(c.text, nil)
		var r corpus.Report
		f.Apply(d, &r)
		if got, _ := d.Number("toxicity"); got != c.score || r.Dropped != c.dropped {
			t.Errorf("%q: %v and dropped by %q, want %v and %q", c.text, got, r.Dropped, c.score, c.dropped)
		}
	}
}

func TestSevereTermsDrop(t *testing.T) {
	s := DefaultSettings()
	s.MaxSevere = 1
	f := open(t, s, "darn\nblast\t3\n")
	for text, want := range map[string]string{"blast " + strings.Repeat("word ", 1000): "", "blast blast " + strings.Repeat("word ", 1000): "severe"} {
		var r corpus.Report
		f.Apply(corpus.NewDocument(text, nil), &r)
		if r.Dropped != want {
			t.Errorf("%.20q: dropped by %q, want %q", text, r.Dropped, want)
		}
	}
}

func TestExplainGivesSpans(t *testing.T) {
	f := open(t, DefaultSettings(), "darn\n坏蛋\t2\n")
	r := corpus.Report{Explain: true}
	f.Apply(corpus.NewDocument("oh darn, 坏蛋", nil), &r)
	if len(r.Findings) != 3 {
		t.Fatalf("%d findings, want 3", len(r.Findings))
	}
	if got, want := r.Findings[0].Spans, []corpus.Span{{Start: 3, End: 7, Kind: "severity 1"}}; !slices.Equal(got, want) {
		t.Errorf("words: %v, want %v", got, want)
	}
	if got, want := r.Findings[1].Spans, []corpus.Span{{Start: 9, End: 15, Kind: "severity 2"}}; !slices.Equal(got, want) {
		t.Errorf("characters: %v, want %v", got, want)
	}
}

func TestBuiltInLists(t *testing.T) {
	all, err := lists(true, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := newMatcher(all, false, 200, 0.25)
	if n := len(m.trie.list) + len(m.around.list); n != len(all) {
		t.Errorf("%d entries of %d are different", n, len(all))
	}
	for text, want := range map[string]int{
		"The people of Scunthorpe and Essex assess a classic cocktail; a pussycat on a wild ass; Moby-Dick; blue tits.": 0,
		"她妈妈的手，性别，体操你来做，工业废物，杂种优势，家畜生产，无码头可停，大黄片。":                                                                      0,
		"What an asshole. Fuck this shit.": 3,
		"你他妈的傻逼，滚蛋！":                       3,
		"第五条　禁止任何单位和个人利用互联网制作、复制、传播淫秽、暴力等信息。没有特定对象的牲畜生意。": 0,
	} {
		m.find(text)
		if len(m.hits) != want {
			t.Errorf("%q: %d hits %v, want %d", text, len(m.hits), m.hits, want)
		}
	}
}

func TestListsThatCannotBe(t *testing.T) {
	for list, want := range map[string]string{"a\n": "shorter", "word\t4\n": "severity", "~word\t2\n": "severity", "ok\n\xff\xfe\n": "UTF-8",
		strings.Repeat("x", 65): "longer"} {
		if _, err := parse(strings.NewReader(list), "list"); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "list:") {
			t.Errorf("%q: got %v, want an error about %s with the line", list, err, want)
		}
	}
	s := DefaultSettings()
	s.Lists = []string{"no such file"}
	if _, err := s.Open(corpus.Env{Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a missing list: %v", err)
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	for name, change := range map[string]func(*Settings){
		"word list":          func(s *Settings) { s.BuiltIn = false },
		"max_per_1000_words": func(s *Settings) { s.MaxPer1000Words = -1 },
		"max_per_1000_chars": func(s *Settings) { s.MaxPer1000Chars = -1 },
		"min_hits":           func(s *Settings) { s.MinHits = -1 },
		"context_weight":     func(s *Settings) { s.ContextWeight = 2 },
		"context_window":     func(s *Settings) { s.ContextWindow = -1 },
		"nothing":            func(s *Settings) { s.MaxPer1000Chars, s.MaxPer1000Words = 0, 0 },
	} {
		s := DefaultSettings()
		change(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// The trie finds what looking for every term at every place finds; in bytes that are no UTF-8 it need only stay within bounds.
func FuzzFind(f *testing.F) {
	f.Add("a darn s h i t blast坏蛋 d4rn ｄａｒｎ", true)
	f.Add("heckheckles", false)
	f.Add("\xef\xbc\xef", true)
	entries, err := parse(strings.NewReader("darn\nheck*\n*blast*\n坏蛋\n坏\u86cb糕\nshits\n!heckle\n~court\n"), "list")
	if err != nil {
		f.Fatal(err)
	}
	plain, deep := newMatcher(entries, false, 30, 0.5), newMatcher(entries, true, 30, 0.5)
	f.Fuzz(func(t *testing.T, text string, disguised bool) {
		m := &plain
		if disguised {
			m = &deep
		}
		m.find(text)
		if !disguised {
			sameByBytes(t, m, text)
			sameByBytes(t, m, strings.Repeat(text, 1+200/(1+len(text))))
			m.find(text)
		}
		end := 0
		for _, h := range m.hits {
			if h.start < end || h.end <= h.start || h.end > len(text) {
				t.Fatalf("hit %+v in %q", h, text)
			}
			end = h.end
		}
		if disguised || !utf8.ValidString(text) {
			return
		}
		n := strings.Count(lowerASCII(text), "blast") + strings.Count(text, "坏蛋")
		got := 0
		for _, h := range m.hits {
			if w := lowerASCII(text[h.start:h.end]); w == "blast" || strings.HasPrefix(w, "坏蛋") {
				got++
			}
		}
		if got != n {
			t.Fatalf("%d of %d free terms met in %q", got, n, text)
		}
	})
}
