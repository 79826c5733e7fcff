package dedup

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/zeebo/xxh3"
)

// lines are settings under which all equal lines count, as they stand.
func lines() Paragraphs {
	s := DefaultParagraphs()
	s.Rule, s.Normalise, s.MinChars = "first", "none", 0
	return s
}

func cut(t *testing.T, s *Paragraphs, texts ...string) []string {
	t.Helper()
	var docs []*corpus.Document
	for i, text := range texts {
		docs = append(docs, doc(fmt.Sprint(i), text))
	}
	var out []string
	o := runPass(t, s, corpus.Env{}, [][]*corpus.Document{docs})
	kept := o.kept
	for i, r := range o.reports {
		if r.Dropped != "" {
			out = append(out, "dropped: "+r.Dropped)
			continue
		}
		out = append(out, kept[0].Text())
		if kept[0].ID != fmt.Sprint(i) {
			t.Errorf("document %s in place %d", kept[0].ID, i)
		}
		kept = kept[1:]
	}
	return out
}

func TestParagraphs(t *testing.T) {
	plain := lines()
	loose := lines()
	loose.Normalise, loose.MinChars = "words", 4
	paras := lines()
	paras.Unit = "paragraph"
	share := lines()
	share.DropShare = 0.5
	filter := lines()
	filter.Bloom = 1e-6
	longest := lines()
	longest.Rule = "longest"
	for _, c := range []struct {
		name     string
		s        *Paragraphs
		in, want []string
	}{
		{"lines", &plain, []string{"a\nb\na", "b\nc", "c\nb"}, []string{"a\nb", "c", "dropped: nothing-left"}},
		{"trailing newline", &plain, []string{"a\nb\n", "b\nc\n"}, []string{"a\nb\n", "c\n"}},
		{"blank lines", &plain, []string{"a\n\nb\n\nc"}, []string{"a\n\nb\nc"}},
		{"words", &loose, []string{"One, two!\nab\nab", "ONE two\nab"}, []string{"One, two!\nab\nab", "ab"}},
		{"Chinese", &loose, []string{"今天天气很好。\n好", "今天天气很好！！\n好"}, []string{"今天天气很好。\n好", "好"}},
		{"paragraphs", &paras, []string{"a\nb\n\nc", "c\n\na\nb\n \n\nd", "a\n\nb"}, []string{"a\nb\n\nc", "d", "a\n\nb"}},
		{"share", &share, []string{"aaaa\nbb", "aaaa\ncc", "bb\ncccccc"}, []string{"aaaa\nbb", "dropped: repeated-share", "cccccc"}},
		{"Bloom", &filter, []string{"a\nb\na", "b\nc", "c\nb"}, []string{"a\nb", "c", "dropped: nothing-left"}},
		{"longest", &longest, []string{"a\nb", "a\nc\nd"}, []string{"b", "a\nc\nd"}},
	} {
		if got := cut(t, c.s, c.in...); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestParagraphsByRunsOfWords(t *testing.T) {
	s := lines()
	s.Overlap, s.Words, s.Stride, s.Normalise = 0.5, 3, 1, "words"
	in := []string{"one two three four five six seven eight", "zero two three four five six other words", "a two three b c seven eight nine", "short line", "Short, line."}
	want := []string{in[0], "dropped: nothing-left", in[2], in[3], "dropped: nothing-left"}
	if got := cut(t, &s, in...); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	s.Overlap = 0.51 // 3 of 6 runs are there
	want[1] = in[1]
	if got := cut(t, &s, in...); !slices.Equal(got, want) {
		t.Errorf("above a half: %q, want %q", got, want)
	}
}

func TestTokensAsTheyStand(t *testing.T) {
	s := newShingler(1, 1)
	s.cutAtSpaces(" One, two\n中文 a中b ")
	var want []uint64
	for _, w := range []string{"One,", "two", "中", "文", "a", "中", "b"} {
		if w[0] >= 0x80 {
			want = append(want, mix(charSeed, uint64([]rune(w)[0])))
		} else {
			want = append(want, xxh3.HashString(w))
		}
	}
	if !slices.Equal(s.tokens, want) {
		t.Errorf("%d tokens, want %d", len(s.tokens), len(want))
	}
}

func TestParagraphsOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	var docs []*corpus.Document
	for i := range 600 {
		var b strings.Builder
		for range 1 + rng.IntN(12) {
			fmt.Fprintf(&b, "%s of a line\n", word(rng.IntN(2000)))
		}
		docs = append(docs, doc(fmt.Sprint(i), b.String()))
	}
	s := DefaultParagraphs()
	s.MinChars = 5
	o := sameForEveryOrder(t, &s, docs)
	all, kept := map[string]bool{}, map[string]bool{}
	for _, d := range docs {
		for line := range strings.Lines(d.Text()) {
			all[line] = true
		}
	}
	for _, d := range o.kept {
		for line := range strings.Lines(d.Text()) {
			if kept[line] {
				t.Errorf("%q stays twice", line)
			}
			kept[line] = true
		}
	}
	if len(kept) != len(all) {
		t.Errorf("%d different lines stay of %d", len(kept), len(all))
	}
	s.Overlap, s.Words, s.Stride = 0.6, 2, 1
	sameForEveryOrder(t, &s, docs)
}

func TestParagraphsAgainstAnEarlierCorpus(t *testing.T) {
	env := corpus.Env{Dir: t.TempDir()}
	old, now := lines(), lines()
	old.Save, now.Against = "lines", []string{"lines"}
	runPass(t, &old, env, [][]*corpus.Document{{doc("1", "a\nb")}})
	o := runPass(t, &now, env, [][]*corpus.Document{{doc("2", "b\nc\nd"), doc("3", "d\na\ne")}})
	if got := o.texts(); !slices.Equal(got, []string{"2\x00c\nd", "3\x00e"}) {
		t.Errorf("%q stay", got)
	}
}

func TestParagraphSettingsAreChecked(t *testing.T) {
	for _, change := range []func(s *Paragraphs){
		func(s *Paragraphs) { s.Unit = "word" }, func(s *Paragraphs) { s.Normalise = "" }, func(s *Paragraphs) { s.MinChars = -1 },
		func(s *Paragraphs) { s.Overlap = 1.5 }, func(s *Paragraphs) { s.DropShare = -1 }, func(s *Paragraphs) { s.Words = 0 },
		func(s *Paragraphs) { s.Bloom = 0.01 }, func(s *Paragraphs) { s.Rule, s.Bloom, s.Save = "first", 0.01, "x" }, func(s *Paragraphs) { s.Rule = "" },
	} {
		s := DefaultParagraphs()
		change(&s)
		if err := s.Validate(); err == nil {
			t.Errorf("%+v: no error", s)
		}
	}
	s := lines()
	s.Bloom = 1e-9
	if _, err := tryPass(t, &s, corpus.Env{Memory: 64}, [][]*corpus.Document{{doc("1", strings.Repeat("a\n", 100))}}); err == nil || !strings.Contains(err.Error(), "Bloom") {
		t.Errorf("a filter larger than memory: error %v", err)
	}
}

// A Bloom filter gives the alarms it was made for.
func TestBloomRate(t *testing.T) {
	const n = 200_000
	b, err := newBloom(n, 0.01, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range n {
		b.add(rng.Uint64())
	}
	alarms := 0
	for range 2_000 {
		if probe := (bloom{slices.Clone(b.bits), b.k}); probe.add(rng.Uint64()) {
			alarms++
		}
	}
	if rate := float64(alarms) / 2_000; rate < 0.003 || rate > 0.02 {
		t.Errorf("false alarms at %.4f, want about 0.01", rate)
	}
}
