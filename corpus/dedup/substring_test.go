package dedup

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
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
	for folder, chars := range map[string]bool{"en-books": false, "zh-laws": true} {
		texts := pieces(realDocs(t, 300, folder), 400, chars)[:400]
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
		t.Logf("%s: %d of %d stretches found; %v", folder, found, planted, o.stats)
		if found != planted || planted == 0 {
			t.Errorf("%s: %d of %d stretches of 50 and more tokens found", folder, found, planted)
		}
	}
}
