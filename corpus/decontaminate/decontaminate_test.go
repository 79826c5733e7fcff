package decontaminate

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
)

// open makes a filter for benchmark files, given by name with their content.
func open(t testing.TB, s Decontaminate, files map[string]string, format string, fields ...string) (corpus.Filter, *Index) {
	t.Helper()
	dir := t.TempDir()
	b := Benchmark{Name: "bench", Format: format, Fields: fields}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b.Files = []string{"."}
	s.Benchmarks = []Benchmark{b}
	x, err := s.Index(corpus.Env{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return newFilter(x), x
}

func run(f corpus.Filter, text string) (corpus.Report, *corpus.Document) {
	d := corpus.NewDocument(text, nil)
	var r corpus.Report
	f.Apply(d, &r)
	return r, d
}

// words are n words that no two calls share.
func words(tag string, n int) string {
	var w []string
	for i := range n {
		w = append(w, fmt.Sprintf("%s%d", tag, i))
	}
	return strings.Join(w, " ")
}

func TestThirteenWordsAreAHit(t *testing.T) {
	f, x := open(t, DefaultDecontaminate(), map[string]string{"a.jsonl": fmt.Sprintf(`{"text":%q}`, words("w", 20))}, "")
	if x.Grams() != 8 { // 20-13+1
		t.Errorf("%d grams, want 8", x.Grams())
	}
	before, behind := words("x", 40), words("y", 40)
	w := strings.Fields(words("w", 20))
	for _, c := range []struct {
		held string
		want string
	}{
		{strings.Join(w[3:16], " "), "contaminated"},
		{strings.Join(w[3:15], " "), ""}, // 12 words
		{"W3, w4! (W5) w6 w7 — w8 w9 w10\n\nw11 \t w12... w13 w14 'w15'", "contaminated"},
		{strings.Join(w[3:9], " ") + " and " + strings.Join(w[9:16], " "), ""},
	} {
		r, _ := run(f, before+" "+c.held+" "+behind)
		if r.Dropped != c.want {
			t.Errorf("%q: dropped by %q, want %q", c.held, r.Dropped, c.want)
		}
		if c.want != "" && (r.Partner != "bench/a.jsonl#1" || r.Value != 1) {
			t.Errorf("%q: item %q, %v grams", c.held, r.Partner, r.Value)
		}
	}
	if r, _ := run(f, strings.Join(w[:13], " ")); r.Dropped == "" {
		t.Error("a gram that is the whole text is not found")
	}
	for _, text := range []string{"", " ", "...", words("w", 1)} {
		if r, _ := run(f, text); r.Dropped != "" {
			t.Errorf("%q: dropped by %q", text, r.Dropped)
		}
	}
}

func TestShortItemsAreOneGramOrNamed(t *testing.T) {
	f, x := open(t, DefaultDecontaminate(), map[string]string{
		"a.csv": "id,question,A,B,answer\n7,one two three,four five six,seven eight,A\n8,too short,a b,c d,B\n",
	}, "")
	if got := fmt.Sprint(x.Short()); got != "[bench/a.csv#8]" {
		t.Errorf("too short: %s", got)
	}
	for text, want := range map[string]string{
		"zero one two three four five six seven eight nine": "contaminated",
		"one two three a four five six b seven eight":       "contaminated", // with the choices' letters
		"one two three four five six seven nine":            "",
		"answer one two three four five six seven":          "",
	} {
		if r, _ := run(f, text); r.Dropped != want {
			t.Errorf("%q: dropped by %q, want %q", text, r.Dropped, want)
		}
	}
}

func TestChineseIsMatchedByCharacter(t *testing.T) {
	const item = "下列关于法律推理的表述，能够成立的是哪一个，请选出正确的答案并说明理由"
	f, _ := open(t, DefaultDecontaminate(), map[string]string{"a.jsonl": fmt.Sprintf(`{"q":%q}`, item)}, "")
	long := strings.Repeat("天地玄黄宇宙洪荒日月盈昃辰宿列张。", 5)
	for text, want := range map[string]string{
		long + item + long: "contaminated",
		long + "下列关于\n法律推理的表述 能够成立的是哪一个（请选出正确" + long: "contaminated", // 23 characters
		long + "下列关于法律推理的表述能够成立的是哪一" + long:           "",             // 19
		long: "",
	} {
		if r, _ := run(f, text); r.Dropped != want {
			t.Errorf("%q: dropped by %q, want %q", text, r.Dropped, want)
		}
	}
}

func TestCutTakesTheWindow(t *testing.T) {
	s := DefaultDecontaminate()
	s.Action, s.Window, s.MinPiece, s.MaxPieces = "cut", 5, 10, 3
	item := words("w", 13)
	f, _ := open(t, s, map[string]string{"a.jsonl": fmt.Sprintf(`{"q":%q}`, item)}, "")
	r, d := run(f, "甲乙丙丁戊己庚辛壬癸子丑 1234 "+item+" 5678 寅卯辰巳午未申酉戌亥子丑")
	if want := "甲乙丙丁戊己庚辛壬癸子丑\n\n寅卯辰巳午未申酉戌亥子丑"; r.Dropped != "" || strings.ReplaceAll(d.Text(), " ", "") != want {
		t.Errorf("%q (%s), want %q", d.Text(), r.Dropped, want)
	}
	long := words("x", 10)
	for n, want := range map[int]string{2: "", 3: "too-many-pieces"} {
		if r, _ := run(f, long+strings.Repeat(" "+item+" "+long, n)); r.Dropped != want {
			t.Errorf("%d hits: dropped by %q, want %q", n, r.Dropped, want)
		}
	}
	if r, _ := run(f, "short "+item+" short"); r.Dropped != "nothing-left" {
		t.Errorf("dropped by %q, want nothing-left", r.Dropped)
	}
}

func TestPaLMsRuleWantsAShare(t *testing.T) {
	s := DefaultDecontaminate()
	s.Rule = "palm"
	f, _ := open(t, s, map[string]string{"a.jsonl": fmt.Sprintf(`{"q":%q}`, words("w", 17))}, "") // 10 grams of 8 words
	w := strings.Fields(words("w", 17))
	for n, want := range map[int]string{13: "", 14: "contaminated", 17: "contaminated"} { // n-7 grams
		r, _ := run(f, "before "+strings.Join(w[:n], " ")+" behind")
		if r.Dropped != want {
			t.Errorf("%d words: dropped by %q with %v, want %q", n, r.Dropped, r.Value, want)
		}
	}
}

func TestHitsAreCountedByItem(t *testing.T) {
	f, _ := open(t, DefaultDecontaminate(), map[string]string{"a.jsonl": fmt.Sprintf("{\"q\":%q}\n{\"q\":%q}\n", words("v", 13), words("w", 14))}, "")
	r, _ := run(f, words("w", 14)+" and "+words("v", 13))
	want := "[{bench 2} {bench/a.jsonl#2 1} {bench/a.jsonl#1 1}]"
	if got := fmt.Sprint(r.Counts); got != want || r.Partner != "bench/a.jsonl#2" {
		t.Errorf("%s with %s, want %s", got, r.Partner, want)
	}
}

// A phrase that more than two documents have is not looked for; the rest of the item is.
func TestCommonPhrasesAreIgnored(t *testing.T) {
	dir := t.TempDir()
	phrase, rest := words("p", 13), words("r", 13)
	item := fmt.Sprintf(`{"q":%q}`, phrase+" "+rest)
	for most, want := range map[int]string{2: "", 3: "contaminated"} {
		s := DefaultDecontaminate()
		jsonl := filepath.Join(dir, "common.jsonl")
		line := fmt.Sprintf("{\"text\":%q}\n", "x "+phrase+" y")
		if err := os.WriteFile(jsonl, []byte(strings.Repeat(line, 3)), 0o644); err != nil {
			t.Fatal(err)
		}
		s.Common, s.CommonDocuments = []string{jsonl}, most
		f, x := open(t, s, map[string]string{"a.jsonl": item}, "")
		if r, _ := run(f, "a "+phrase+" b"); r.Dropped != want || x.Ignored() != 3-most {
			t.Errorf("in more than %d documents: dropped by %q, %d ignored; want %q", most, r.Dropped, x.Ignored(), want)
		}
		if r, _ := run(f, "a "+rest+" b"); r.Dropped == "" {
			t.Error("the rest of the item is ignored")
		}
	}
}

// A record of common phrases that cannot be used is named, not passed over.
func TestCommonRecordsThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.jsonl": `{"q":"one two three four five six seven eight"}`, "common.jsonl": "{\"text\":\"a\"}\n{\"text\":\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := DefaultDecontaminate()
	s.Benchmarks, s.Common = []Benchmark{{Name: "bench", Files: []string{"a.jsonl"}}}, []string{"common.jsonl"}
	if _, err := s.Index(corpus.Env{Dir: dir}); err == nil || !strings.Contains(err.Error(), "common.jsonl:2") {
		t.Errorf("error %v, want one that names common.jsonl:2", err)
	}
}

// The windows found while the text is cut into parts are those of the whole: a hit may lie anywhere, however long the text.
func TestHitsAcrossParts(t *testing.T) {
	f, _ := open(t, DefaultDecontaminate(), map[string]string{"a.jsonl": fmt.Sprintf(`{"q":%q}`, words("w", 13))}, "")
	for n := 990; n < 1050; n++ {
		if r, _ := run(f, words("x", n)+" "+words("w", 13)+" "+words("y", 3)); r.Value != 1 {
			t.Fatalf("behind %d words: %v hits, want 1", n, r.Value)
		}
	}
}

func TestFormats(t *testing.T) {
	for name, c := range map[string]struct {
		file, text, format string
		fields             []string
		want               string // items and short ones
	}{
		"mmlu": {"x_test.csv", "\"A question, with four choices that are\nlong enough\",one,two,three,\"four \"\"4\"\"\",A\n", "", nil,
			"1 [] 9"}, // 14 words: 2 grams; 9 of the question: 1; 18 with letters: 6
		"hellaswag": {"x.txt", "A context that is here: he\n1\na b c d\ne f g h\ni j k l\nm n o p\n", "hellaswag", nil, "1 [] 11"}, // 22 words: 10; 10 with the right ending: 1
		"json paths": {"x.jsonl", `{"id":"Q1","question":{"stem":"one two three four five","choices":[{"text":"six seven","label":"A"},{"text":"eight nine","label":"B"}]}}`, "",
			[]string{"question.stem", "question.choices.#.text"}, "1 [] 2"},
		"all texts": {"x.jsonl", `{"id":"an id with spaces that counts","label":"A","t":["one two three","four five six seven"],"n":5}`, "", nil, "1 [] 4"}, // 13 words: 1; 15 with letters: 3
	} {
		_, x := open(t, DefaultDecontaminate(), map[string]string{c.file: c.text}, c.format, c.fields...)
		if got := fmt.Sprint(len(x.items), x.Short(), x.Grams()); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestErrorsNameTheLine(t *testing.T) {
	long := strings.Repeat("x", 17<<20)
	for _, c := range []struct {
		format, text, want string
		fields             []string
	}{
		{"jsonl", "{}\n\n[1]\n", "line 3: not a JSON object", nil},
		{"jsonl", "{\"q\":\"a\"}\n{}\n", `line 2: no field "q"`, []string{"q"}},
		{"jsonl", "{}\n" + long, "line 2: longer than 16777216 bytes", nil},
		{"csv", "q,a\n\"one\ntwo\",2\nthree\n", "line 4: 1 columns", []string{"a"}},
		{"csv", "q\n", `no column "a"`, []string{"a"}},
		{"hellaswag", "c\n0\na\nb\nc\nd\nc\n0\na\n", "line 9: the last item has 3 lines", nil},
		{"hellaswag", "c\n7\na\nb\nc\nd\n", `line 2: "7"`, nil},
		{"hellaswag", "c\n" + long, "line 2: longer than", nil},
	} {
		b := Benchmark{Fields: c.fields}
		err := b.readItems(strings.NewReader(c.text), c.format, func(string, item) {})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %.30q: error %v, want %q", c.format, c.text, err, c.want)
		}
	}
}

func FuzzItems(f *testing.F) {
	f.Add("csv", "id,question,A\n1,\"q\",b\n", "a text")
	f.Add("jsonl", `{"a":["b c"],"d":{"e":"f g"}}`, "中文")
	f.Add("hellaswag", "c\n0\na\nb\nc\nd\n", "x")
	f.Fuzz(func(t *testing.T, format, file, text string) {
		s := DefaultDecontaminate()
		s.MinWords, s.Words, s.MinCharacters, s.Characters = 2, 3, 2, 3
		s.Action, s.Window, s.MinPiece = "cut", 1, 0
		b := newBuilder(&s)
		b.bench = []string{""}
		var all []string
		bench := Benchmark{}
		if err := bench.readItems(strings.NewReader(file), format, func(id string, it item) {
			it.name = "#" + id
			b.add(it)
			all = append(all, strings.Join(it.texts, " "))
		}); err != nil {
			return
		}
		indexed := len(b.items)
		x, err := b.build(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		filter := newFilter(x)
		for _, text := range append(all, text, file) {
			run(filter, text)
		}
		if indexed > 0 {
			if r, _ := run(filter, strings.Join(all, "\n")); r.Partner == "" {
				t.Fatal("items are not found in their own text")
			}
		}
	})
}
