package filter_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/filter"
)

// apply opens settings and judges one text; it returns the report, all rules explained, and the text that is left.
func apply(t *testing.T, s corpus.FilterSettings, text string) (*corpus.Report, string) {
	t.Helper()
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	open, err := s.Open(corpus.Env{})
	if err != nil {
		t.Fatal(err)
	}
	f := open()
	var brief corpus.Report
	short := corpus.NewDocument(text, nil)
	f.Apply(short, &brief)
	r := &corpus.Report{Explain: true}
	d := corpus.NewDocument(text, nil)
	f.Apply(d, r)
	if brief.Dropped != r.Dropped || brief.Value != r.Value || brief.Limit != r.Limit || short.Text() != d.Text() {
		t.Errorf("dropped by %q (%v, limit %v) without explanation, by %q (%v, limit %v) with", brief.Dropped, brief.Value, brief.Limit, r.Dropped, r.Value, r.Limit)
	}
	if len(brief.Findings) > 0 {
		t.Errorf("findings that nobody asked for: %v", brief.Findings)
	}
	return r, d.Text()
}

// want checks the value of a rule, whether it failed, and what its spans hold, joined by |.
func want(t *testing.T, r *corpus.Report, text, rule string, value float64, failed bool, spans string) {
	t.Helper()
	for _, f := range r.Findings {
		if f.Rule != rule {
			continue
		}
		var found []string
		for _, s := range f.Spans {
			found = append(found, text[s.Start:s.End])
		}
		if math.Abs(f.Value-value) > 1e-12 || f.Failed != failed || strings.Join(found, "|") != spans {
			t.Errorf("%s of %.60q: %v, failed %v, %q; want %v, %v, %q", rule, text, f.Value, f.Failed, strings.Join(found, "|"), value, failed, spans)
		}
		return
	}
	t.Errorf("%s of %.60q: no finding, want %v", rule, text, value)
}

func TestGopherQuality(t *testing.T) {
	s := filter.DefaultGopherQuality()
	text := "The cat sat.\n- 42 # ...\n• and"
	r, _ := apply(t, &s, text)
	// Tokens: The cat sat . - 42 # ... • and: 10, with letters 4. More than punctuation: The cat sat 42 • and.
	want(t, r, text, "short-doc", 6, true, "")
	want(t, r, text, "long-doc", 6, false, "")
	want(t, r, text, "below-avg-threshold", (3+3+3+2+1+3)/6., true, "")
	want(t, r, text, "above-avg-threshold", (3+3+3+2+1+3)/6., false, "")
	want(t, r, text, "too-many-hashes", 1./10, false, "#")
	want(t, r, text, "too-many-ellipsis", 1./10, false, "...")
	want(t, r, text, "too-many-bullets", 2./3, false, "- 42 # ...|• and")
	want(t, r, text, "too-many-end-ellipsis", 1./3, true, "- 42 # ...")
	want(t, r, text, "below-alpha-threshold", 4./10, true, ".|-|42|#|...|•")
	want(t, r, text, "too-few-stop-words", 1, true, "and") // The is not the
	if r.Dropped != "short-doc" || r.Value != 6 || r.Limit != 50 {
		t.Errorf("dropped by %s, %v against %v", r.Dropped, r.Value, r.Limit)
	}
	s.Words = "fields" // The cat sat. - 42 # ... • and: 9
	r, _ = apply(t, &s, text)
	want(t, r, text, "short-doc", 9, true, "")
	want(t, r, text, "below-avg-threshold", (3+3+4+1+2+1+3+1+3)/9., true, "")
	want(t, r, text, "below-alpha-threshold", 4./9, true, "-|42|#|...|•")
}

func TestGopherQualityKeepsProse(t *testing.T) {
	s := filter.DefaultGopherQuality()
	text := strings.Repeat("It was the best of times, it was the worst of times. ", 10)
	r, _ := apply(t, &s, text)
	if r.Dropped != "" {
		t.Errorf("dropped by %s: %v", r.Dropped, r.Findings)
	}
	want(t, r, text, "short-doc", 120, false, "")
	want(t, r, text, "too-few-stop-words", 2, false, strings.TrimSuffix(strings.Repeat("the|of|the|of|", 10), "|"))
	s.MaxWords = 119
	if r, _ = apply(t, &s, text); r.Dropped != "long-doc" {
		t.Errorf("dropped by %q, want long-doc", r.Dropped)
	}
}

func TestGopherRepetition(t *testing.T) {
	s := filter.DefaultGopherRepetition()
	text := "one\none\n\ntwo three\n\nfour\n\ntwo three\n"
	r, _ := apply(t, &s, text)
	// 36 characters; paragraphs: one\none, two three, four, two three. Lines: one one "two three" four "two three" and an empty one.
	want(t, r, text, "dup-para-frac", 1./4, false, "two three|two three")
	want(t, r, text, "dup-para-char-frac", 9./36, true, "two three|two three")
	want(t, r, text, "dup-line-frac", 2./6, true, "one|one|two three|two three")
	want(t, r, text, "dup-line-char-frac", 12./36, true, "one|one|two three|two three")
	// Words: one one two three four two three. Twice: two three.
	want(t, r, text, "top-2-gram", 18./36, true, "two three|two three")
	want(t, r, text, "top-3-gram", 11./36, true, "one\none\n\ntwo") // each occurs once: the first one
	if r.Dropped != "dup-para-char-frac" {
		t.Errorf("dropped by %s", r.Dropped)
	}
	s.Count = "all"
	r, _ = apply(t, &s, text)
	want(t, r, text, "dup-para-frac", 2./4, true, "two three|two three")
	want(t, r, text, "dup-line-char-frac", 24./36, true, "one|one|two three|two three")
	want(t, r, text, "top-2-gram", 18./26, true, "two three|two three")
	if r, _ := apply(t, &s, ""); r.Dropped != "empty" {
		t.Errorf("the empty text is dropped by %q", r.Dropped)
	}
}

func TestDuplicateNGrams(t *testing.T) {
	// Words are of one letter, so that the characters counted are words.
	text := "a b c d e f x a b c d e g y a b c d e f z"
	whole := float64(len(text))
	s := filter.GopherRepetition{Words: "words", Count: "later", MaxDuplicateLines: -1, MaxDuplicateParagraphs: -1, MaxDuplicateLineChars: -1, MaxDuplicateParagraphChars: -1,
		DuplicateNGrams: []filter.Repeats{{N: 5, MaxChars: 0.2}, {N: 6, MaxChars: 0.2}}}
	r, _ := apply(t, &s, text)
	want(t, r, text, "duplicated-5-n-grams", 10/whole, true, "a b c d e|a b c d e")
	want(t, r, text, "duplicated-6-n-grams", 6/whole, false, "a b c d e f")
	s.Count = "all"
	r, _ = apply(t, &s, text)
	// b c d e f occurs twice as well: its f is covered, what overlaps once.
	want(t, r, text, "duplicated-5-n-grams", 17./21, true, "a b c d e|f|a b c d e|a b c d e|f")
	want(t, r, text, "duplicated-6-n-grams", 12./21, true, "a b c d e f|a b c d e f")

	text = "a a a a a a a"
	s = filter.GopherRepetition{Words: "words", Count: "later", MaxDuplicateLines: -1, MaxDuplicateParagraphs: -1, MaxDuplicateLineChars: -1, MaxDuplicateParagraphChars: -1,
		DuplicateNGrams: []filter.Repeats{{N: 2, MaxChars: 0.4}}}
	r, _ = apply(t, &s, text)
	want(t, r, text, "duplicated-2-n-grams", 6./13, true, "a a|a a|a a") // at words 1, 3 and 5
}

func TestC4(t *testing.T) {
	s := filter.DefaultC4()
	text := strings.Join([]string{
		"A first line that stays.[1][edit]  ",
		"Navigation | Home | About",
		"Too short.",
		"This one trails off...",
		"Please enable JavaScript to go on.",
		"We use cookies to serve you \"better.\"",
		"Two sentences here. And another one!",
		"Is this the last line? It is.",
		strings.Repeat("x", 1001) + " is a long word.",
	}, "\n")
	r, left := apply(t, &s, text)
	if want := "A first line that stays.\nTwo sentences here. And another one!\nIs this the last line? It is."; left != want || r.Dropped != "" {
		t.Errorf("left is %q, dropped by %q; want %q", left, r.Dropped, want)
	}
	counts := map[string]int64{}
	for _, c := range r.Counts {
		counts[c.Kind] = c.N
	}
	for kind, n := range map[string]int64{"line without terminal mark": 2, "line of too few words": 1, "line on javascript": 1, "line on policies": 1, "line with a too long word": 1} {
		if counts[kind] != n {
			t.Errorf("%s: %d, want %d", kind, counts[kind], n)
		}
	}
	want(t, r, text, "too-few-sentences", 5, false, strings.Join(append(strings.Split(text, "\n")[1:6], strings.Split(text, "\n")[8]), "|"))

	for _, c := range []struct{ text, rule, left string }{
		{"A line with Lorem Ipsum in it.\nfunction() { return of }.", "lorem-ipsum", ""},
		{"function f() { return of }.\nA line with Lorem Ipsum in it.", "curly-bracket", ""},
		{"Lorem ipsum { without a mark at the end", "too-few-sentences", ""},
		{"One two three. Four. Five. Six.", "too-few-sentences", ""},
		{"One two three. Four. Five. Six. Seven.", "", "One two three. Four. Five. Six. Seven."},
		{"One two coo\u212aie policy. A. B. C. D. E.", "too-few-sentences", ""}, // the kelvin sign is a k
		{"", "too-few-sentences", ""},
	} {
		r, left := apply(t, &s, c.text)
		if r.Dropped != c.rule || c.rule == "" && left != c.left {
			t.Errorf("%q: dropped by %q, left %q; want %q, %q", c.text, r.Dropped, left, c.rule, c.left)
		}
	}
	s.By, s.CurlyBracket = "sentence", false
	r, left = apply(t, &s, "The first one stays. no mark { Short one. Third one is good! A fourth one? The fifth one here. And a sixth one.")
	if want := "The first one stays. no mark { Short one. Third one is good! A fourth one? The fifth one here. And a sixth one."; r.Dropped != "" || left != want {
		t.Errorf("by sentence: dropped by %q, left %q, want %q", r.Dropped, left, want)
	}
	r, left = apply(t, &s, "The first one stays. Not two. And a third one. Here is a fourth. The fifth one here. And a sixth one. no mark")
	if want := "The first one stays. And a third one. Here is a fourth. The fifth one here. And a sixth one."; r.Dropped != "" || left != want {
		t.Errorf("by sentence: dropped by %q, left %q, want %q", r.Dropped, left, want)
	}
}

func TestFineWeb(t *testing.T) {
	s := filter.DefaultFineWeb()
	text := "A line that ends with a mark.\n\n  \nmenu\nmenu\nhome\n"
	r, _ := apply(t, &s, text)
	// Lines: the first, menu, menu, home. Newlines: 6; words: 8 + 3. Characters other than newlines: 29 + 2 + 12.
	want(t, r, text, "line-punct-ratio", 1./4, false, "menu|menu|home")
	want(t, r, text, "short-line-ratio", 4./4, true, "A line that ends with a mark.|menu|menu|home")
	want(t, r, text, "char-dup-ratio", 4./43, true, "menu|menu")
	want(t, r, text, "list-ratio", 6./11, true, "")
	if r.Dropped != "short-line-ratio" {
		t.Errorf("dropped by %s", r.Dropped)
	}
	if r, _ := apply(t, &s, "\n \u3000\n"); r.Dropped != "empty" {
		t.Errorf("a text of white space is dropped by %q", r.Dropped)
	}
	text = "no mark at all, but long enough to be no short line\n" + strings.Repeat("this one has neither and is long as well, see\n", 1)
	if r, _ := apply(t, &s, text); r.Dropped != "line-punct-ratio" {
		t.Errorf("a text without marks is dropped by %q", r.Dropped)
	}
	s.KeepWithoutMarks = true
	if r, _ := apply(t, &s, text); r.Dropped != "" {
		t.Errorf("a text without marks is dropped by %q where it may stay", r.Dropped)
	}
	s.Marks = []string{"see"}
	r, _ = apply(t, &s, text)
	want(t, r, text, "line-punct-ratio", 1./2, false, "no mark at all, but long enough to be no short line")
	if r, _ := apply(t, &s, "这是一个足够长的句子，用来检查句号是否算作行尾的标点符号，看来是算的。"); r.Dropped != "" {
		t.Errorf("a Chinese sentence is dropped by %q", r.Dropped)
	}
}

func TestLimitsBelowZeroSwitchRulesOff(t *testing.T) {
	q := filter.GopherQuality{Words: "words", MaxWords: -1, MaxMeanWordLength: -1, MaxHashesPerWord: -1, MaxEllipsesPerWord: -1, MaxBulletLines: -1, MaxEllipsisLines: -1}
	r := filter.GopherRepetition{Words: "words", Count: "later", MaxDuplicateParagraphs: -1, MaxDuplicateParagraphChars: -1, MaxDuplicateLines: -1, MaxDuplicateLineChars: -1,
		TopNGrams: []filter.Repeats{{N: 2, MaxChars: -1}}, DuplicateNGrams: []filter.Repeats{{N: 5, MaxChars: -1}}}
	w := filter.FineWeb{Words: "words", MaxShortLines: -1, MaxDuplicateLineChars: -1, MaxNewlinesPerWord: -1}
	for _, s := range []corpus.FilterSettings{&q, &r, &w} {
		if report, _ := apply(t, s, "# ...\n# ...\n# ...\n\n# ..."); report.Dropped != "" || slices.ContainsFunc(report.Findings, func(f corpus.Finding) bool { return f.Rule != "empty" }) {
			t.Errorf("%T: dropped by %q, %v", s, report.Dropped, report.Findings)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	q, r, c, w := filter.DefaultGopherQuality(), filter.DefaultGopherRepetition(), filter.DefaultC4(), filter.DefaultFineWeb()
	bad := map[string]corpus.FilterSettings{}
	q1, q2, q3, q4 := q, q, q, q
	q1.Words, q2.MaxBulletLines, q3.MinStopWords, q4.MaxWords = "tokens", 90, 9, 10
	bad[`words: "tokens"`], bad["max_bullet_lines: 90"], bad["min_stop_words: 9 of a list of 8 words"], bad["min_words: 50 is above max_words, 10"] = &q1, &q2, &q3, &q4
	r1, r2 := r, r
	r1.Count, r2.DuplicateNGrams = "some", []filter.Repeats{{N: 0, MaxChars: 2}}
	bad[`count: "some"`], bad["n: 0 words, want 1 to 100"] = &r1, &r2
	c.By, w.MaxShortLines = "word", math.NaN()
	bad[`by: "word"`], bad["max_short_lines: NaN"] = &c, &w
	for text, s := range bad {
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, want one with %s", err, text)
		}
	}
}
