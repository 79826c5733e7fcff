package dedup

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/internal/timely"
)

// plainSubstring cuts by comparing every run of n words with all earlier ones, in the order in which the rule prefers documents.
func plainSubstring(s *Substring, docs []*corpus.Document) map[string]string {
	type first struct{ doc, pos int }
	order := slices.Clone(docs)
	slices.SortStableFunc(order, func(a, b *corpus.Document) int {
		return cmp.Or(cmp.Compare(string(s.appendHead(nil, a)[:headBytes]), string(s.appendHead(nil, b)[:headBytes])))
	})
	seen := map[string][]first{}
	out := map[string]string{}
	for i, d := range order {
		words := strings.Fields(d.Text())
		cut := make([]bool, len(words))
		for p := 0; p+s.Tokens <= len(words); p++ {
			run := strings.Join(words[p:p+s.Tokens], " ")
			if slices.ContainsFunc(seen[run], func(f first) bool { return f.doc != i || f.pos+s.Tokens <= p }) {
				for k := range s.Tokens {
					cut[p+k] = true
				}
			}
			seen[run] = append(seen[run], first{i, p})
		}
		var rest []string
		for k, w := range words {
			if !cut[k] {
				rest = append(rest, w)
			}
		}
		out[d.ID] = strings.Join(rest, " ")
	}
	return out
}

// patchwork makes documents out of pieces that repeat.
func patchwork(n int) []*corpus.Document {
	rng := rand.New(rand.NewPCG(11, 12))
	var pieces []string
	for range 2 * n {
		pieces = append(pieces, randomWords(rng, 1+rng.IntN(40), 1<<30))
	}
	period := randomWords(rng, 7, 1<<30)
	var docs []*corpus.Document
	for i := range n {
		var parts []string
		for range 1 + rng.IntN(8) {
			parts = append(parts, pieces[rng.IntN(len(pieces))])
		}
		if i%17 == 0 {
			parts = append(parts, strings.Repeat(period+" ", 1+rng.IntN(5)))
		}
		d := doc(fmt.Sprint(i), strings.Join(parts, " "))
		docs = append(docs, d)
	}
	return docs
}

func TestSubstringFindsWhatComparingAllFinds(t *testing.T) {
	for _, length := range []int{8, 9, 20} {
		docs := patchwork(500)
		for _, rule := range []string{"longest", "first"} {
			s := DefaultSubstring()
			s.Tokens, s.Rule = length, rule
			o := runPass(t, &s, corpus.Env{}, [][]*corpus.Document{docs[:123], nil, docs[123:]})
			want := plainSubstring(&s, docs)
			got := map[string]string{}
			for _, d := range o.kept {
				got[d.ID] = strings.Join(strings.Fields(d.Text()), " ")
			}
			wrong := 0
			for id, w := range want {
				if got[id] != w {
					wrong++
					if wrong == 1 {
						t.Logf("document %s: %q, want %q", id, got[id], w)
					}
				}
			}
			if wrong > 0 || o.stats["tokens to be cut"] < 1000 {
				t.Errorf("%d tokens, keep %s: %d of %d documents differ, %v", length, rule, wrong, len(docs), o.stats)
			}
		}
	}
}

// Against an earlier corpus, what stays of a later one is what stays of it behind the earlier one.
func TestSubstringAgainstAnEarlierCorpus(t *testing.T) {
	docs := patchwork(500)
	old, now := docs[:300], docs[300:]
	env := corpus.Env{Dir: t.TempDir(), Memory: 1 << 16}
	for _, length := range []int{8, 20} {
		first, half, second := DefaultSubstring(), DefaultSubstring(), DefaultSubstring()
		for _, s := range []*Substring{&first, &half, &second} {
			s.Tokens, s.Rule = length, "first"
		}
		first.Save, half.Save, second.Against = "old", "more", []string{"old", "more"}
		runPass(t, &first, env, shuffled(old[:200], 1, 4))
		runPass(t, &half, env, shuffled(old[200:], 1, 4))
		o := runPass(t, &second, env, [][]*corpus.Document{now[:50], nil, now[50:]})
		got := map[string]string{}
		for _, d := range o.kept {
			got[d.ID] = strings.Join(strings.Fields(d.Text()), " ")
		}
		want, alone, cut := plainSubstring(&second, docs), plainSubstring(&second, now), 0
		for _, d := range now {
			if got[d.ID] != want[d.ID] {
				t.Errorf("%d tokens, document %s: %q, want %q", length, d.ID, got[d.ID], want[d.ID])
			}
			if want[d.ID] != alone[d.ID] {
				cut++
			}
		}
		if cut < 50 {
			t.Errorf("%d tokens: %d documents have to do with the earlier corpus, want many", length, cut)
		}
		second.Rule = "longest"
		sameAgainst := func(seed uint64) []string { return runPass(t, &second, env, shuffled(now, seed, 5)).texts() }
		if !slices.Equal(sameAgainst(1), sameAgainst(2)) {
			t.Errorf("%d tokens: another order of the input, another outcome", length)
		}
		second.Tokens++
		if _, err := tryPass(t, &second, env, nil); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("tokens: %d", length)) {
			t.Errorf("an index of other settings: error %v", err)
		}
	}
	exact := DefaultExact()
	exact.Against = []string{"old"}
	if _, err := tryPass(t, &exact, env, nil); err == nil || !strings.Contains(err.Error(), "not that of an index of this kind") {
		t.Errorf("an index of another step: error %v", err)
	}
}

// A long text that an earlier corpus has is compared with it once, not from every anchor.
func TestSubstringAgainstItself(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	docs := []*corpus.Document{doc("long", randomWords(rng, 300_000, 1<<30))}
	env := corpus.Env{Dir: t.TempDir()}
	first, second := DefaultSubstring(), DefaultSubstring()
	first.Save, second.Against = "old", []string{"old"}
	if o := runPass(t, &first, env, [][]*corpus.Document{docs}); len(o.kept) != 1 {
		t.Errorf("the document is a copy of itself: %+v", o.reports)
	}
	timely.Within(t, 20*time.Second, "the comparison", func() {
		if o := runPass(t, &second, env, [][]*corpus.Document{docs}); len(o.kept) != 0 || o.reports[0].Dropped != "nothing-left" {
			t.Errorf("the copy stays: %+v", o.reports)
		}
	})
}

func TestSubstringOrder(t *testing.T) {
	s := DefaultSubstring()
	s.Tokens = 12
	sameForEveryOrder(t, &s, patchwork(400))
}

func TestSubstringCutsTheText(t *testing.T) {
	s := DefaultSubstring()
	s.Tokens, s.Rule = 8, "first"
	run := func(texts ...string) []string {
		var docs []*corpus.Document
		for i, text := range texts {
			docs = append(docs, doc(fmt.Sprint(i), text))
		}
		var out []string
		for _, d := range runPass(t, &s, corpus.Env{}, [][]*corpus.Document{docs}).kept {
			out = append(out, d.Text())
		}
		return out
	}
	for _, c := range []struct{ in, want []string }{
		{[]string{"a b c d e f g h", "x a  b\nc d e f g h y"}, []string{"a b c d e f g h", "x \ny"}},
		{[]string{"a b c d e f g h", "x a b c d e f g y"}, []string{"a b c d e f g h", "x a b c d e f g y"}},
		{[]string{"春眠不觉晓处处闻啼鸟", "诗：春眠不觉晓处处闻啼鸟。好"}, []string{"春眠不觉晓处处闻啼鸟", "诗：。好"}},
		{[]string{"a b c d e f g h", "a b c d e f g h"}, []string{"a b c d e f g h"}},
		{[]string{strings.Repeat("a ", 30)}, []string{strings.Repeat("a ", 8)}},
	} {
		if got := run(c.in...); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
	s.DropShare = 0.7
	if got := run("a b c d e f g h", "x a b c d e f g h y"); len(got) != 1 {
		t.Errorf("%q stay, want the first", got)
	}
}

// Stretches of real documents that are planted in others are found and cut, and nothing of them stays.
func TestSubstringPlantedInRealDocuments(t *testing.T) {
	for name, chars := range map[string]bool{"en-books/books.jsonl.gz": false, "zh-laws/laws.jsonl.gz": true} {
		texts := pieces(realDocs(t, 300, name), 400, chars)[:400]
		sep := map[bool]string{false: " ", true: ""}[chars]
		var docs []*corpus.Document
		for i, tokens := range texts {
			if i%2 == 1 {
				tokens = slices.Concat(tokens[:200], texts[i-1][100:100+30+i%60], tokens[200:])
			}
			docs = append(docs, doc(fmt.Sprint(i), strings.Join(tokens, sep)))
		}
		s := DefaultSubstring()
		s.Rule = "first"
		o := runPass(t, &s, corpus.Env{Memory: 1 << 20}, [][]*corpus.Document{docs})
		found, planted := 0, 0
		for i, r := range o.reports {
			if i%2 == 0 {
				continue
			}
			cut := int64(0)
			for _, c := range r.Counts {
				if c.Kind == "tokens cut" {
					cut = c.N
				}
			}
			// Signs that meet others at the ends become parts of their tokens.
			n := int64(-2)
			eachToken(strings.Join(texts[i-1][100:100+30+i%60], sep), func(_, _ int) { n++ })
			if n >= 50 {
				planted++
				if cut >= n {
					found++
				}
			}
		}
		t.Logf("%s: %d of %d stretches found; %v", name, found, planted, o.stats)
		if found != planted || planted == 0 {
			t.Errorf("%s: %d of %d stretches of 50 and more tokens found", name, found, planted)
		}
	}
}
