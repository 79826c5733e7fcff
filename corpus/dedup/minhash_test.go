package dedup

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
)

// jaccard is the true similarity of two texts' sets of shingles.
func jaccard(s *shingler, a, b string) float64 {
	set := map[uint32]int{}
	for _, x := range s.text(a) {
		set[x] |= 1
	}
	for _, x := range s.text(b) {
		set[x] |= 2
	}
	both := 0
	for _, v := range set {
		both += v / 3
	}
	return float64(both) / float64(len(set))
}

// pieces cuts real documents into texts of n tokens without repeats among them.
func pieces(docs []*corpus.Document, n int, chars bool) [][]string {
	var out [][]string
	for _, d := range docs {
		tokens := strings.Fields(d.Text())
		if chars {
			tokens = strings.Split(strings.Join(tokens, ""), "")
		}
		for len(tokens) >= n {
			out = append(out, tokens[:n])
			tokens = tokens[n:]
		}
	}
	return out
}

// planted changes tokens of a text, at even distances, until the similarity is about s.
func planted(rng *rand.Rand, tokens []string, shingles int, s float64, sep string, fresh func() string) string {
	changed := slices.Clone(tokens)
	// Each change far from others exchanges 5 of n shingles: s = (n−5k)/(n+5k).
	k := int(float64(shingles)*(1-s)/(1+s)/5 + 0.5)
	for i := range k {
		at := (2*i+1)*len(tokens)/(2*k) + rng.IntN(3) - 1
		changed[min(max(at, 0), len(tokens)-1)] = fresh()
	}
	return strings.Join(changed, sep)
}

// Near-duplicates that are planted in real texts are found as often as the theory of the bands says, and nothing else is.
func TestMinHashRecall(t *testing.T) {
	for _, c := range []struct {
		name   string
		docs   []*corpus.Document
		tokens int
		sep    string
		fresh  func(rng *rand.Rand) string
	}{
		{"English", realDocs(t, 1200, "en-books/books.jsonl.gz"), 300, " ", func(rng *rand.Rand) string {
			return fmt.Sprintf("q%cx%cz%c", 'a'+rng.IntN(26), 'a'+rng.IntN(26), 'a'+rng.IntN(26))
		}},
		{"Chinese", realDocs(t, 1000, "zh-laws/laws.jsonl.gz"), 300, "", func(rng *rand.Rand) string { return string(rune(0x6000 + rng.IntN(0x2000))) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			texts := pieces(c.docs, c.tokens, c.sep == "")
			rng := rand.New(rand.NewPCG(5, 6))
			rng.Shuffle(len(texts), func(i, k int) { texts[i], texts[k] = texts[k], texts[i] })
			if len(texts) > 4500 {
				texts = texts[:4500]
			}
			levels := []float64{0.9, 0.8, 0.5}
			var docs []*corpus.Document
			sims := map[string]float64{}
			exact := newShingler(5, 5)
			for i, tokens := range texts {
				base := strings.Join(tokens, c.sep)
				docs = append(docs, doc(fmt.Sprint(i), base))
				if level := i % 4; level < 3 {
					twin := planted(rng, tokens, len(exact.text(base)), levels[level], c.sep, func() string { return c.fresh(rng) })
					id := fmt.Sprint(i, "+")
					docs = append(docs, doc(id, twin))
					sims[id] = jaccard(exact, base, twin)
				}
			}
			s := DefaultMinHash()
			s.Rule = "first"
			o := runPass(t, &s, corpus.Env{Memory: 1 << 20, Workers: 2}, [][]*corpus.Document{docs})
			var found, planted, expected, sim [3]float64
			wrong := 0
			keptFor := map[string]string{} // what stayed in place of a text
			for i, r := range o.reports {
				if r.Dropped != "" {
					keptFor[docs[i].ID] = r.Partner
				}
			}
			for i, r := range o.reports {
				id := docs[i].ID
				if name, twin := strings.CutSuffix(id, "+"); twin {
					var n int
					fmt.Sscan(name, &n)
					planted[n%4]++
					sim[n%4] += sims[id]
					expected[n%4] += 1 - math.Pow(1-math.Pow(sims[id], 8), 14)
					if r.Dropped != "" && (r.Partner == name || r.Partner == keptFor[name]) { // with its original, or both with an earlier text
						found[n%4]++
					}
				}
				if r.Dropped != "" && jaccard(exact, docs[i].Text(), text(docs, r.Partner)) < 0.3 {
					wrong++
				}
			}
			for i, level := range levels {
				recall, curve := found[i]/planted[i], expected[i]/planted[i]
				t.Logf("planted at %.1f (true mean %.3f): %.0f pairs, found %.2f %%, curve %.2f %%", level, sim[i]/planted[i], planted[i], 100*recall, 100*curve)
				if planted[i] < 1000 || math.Abs(recall-curve) > 0.02 || level == 0.9 && recall < 0.99 {
					t.Errorf("at %.1f: %.0f pairs, recall %.4f, the curve says %.4f", level, planted[i], recall, curve)
				}
			}
			t.Logf("%d of %d texts merged with unrelated ones", wrong, len(texts))
			if wrong*1000 > len(texts) {
				t.Errorf("%d of %d texts merged with unrelated ones", wrong, len(texts))
			}
		})
	}
}

func text(docs []*corpus.Document, id string) string {
	return docs[slices.IndexFunc(docs, func(d *corpus.Document) bool { return d.ID == id })].Text()
}

// nearDuplicates makes families of texts that differ in some words.
func nearDuplicates(n int) []*corpus.Document {
	rng := rand.New(rand.NewPCG(3, 4))
	var docs []*corpus.Document
	var base []string
	for i := range n {
		if i%5 == 0 {
			base = strings.Fields(randomWords(rng, 60+rng.IntN(100), 1<<20))
		}
		tokens := slices.Clone(base)
		for range rng.IntN(4) {
			tokens[rng.IntN(len(tokens))] = "x" + word(rng.IntN(1000))
		}
		d := doc(fmt.Sprint(i), strings.Join(tokens, " "))
		d.Source = fmt.Sprint(i % 3)
		docs = append(docs, d)
	}
	return docs
}

func TestMinHashOrder(t *testing.T) {
	docs := nearDuplicates(1000)
	for _, verify := range []float64{0, 0.8} {
		s := DefaultMinHash()
		s.Verify = verify
		o := sameForEveryOrder(t, &s, docs)
		if n := len(o.kept); n < 200 || n > 500 {
			t.Errorf("verify %g: %d documents stay of 200 families", verify, n)
		}
		if o.stats["clusters"] < 100 || verify > 0 && o.stats["candidates"] <= o.stats["candidates verified"] {
			t.Errorf("verify %g: figures %v", verify, o.stats)
		}
	}
}

// halfAlike makes texts of which any two are alike by about a half.
func halfAlike(n int) []*corpus.Document {
	rng := rand.New(rand.NewPCG(1, 1))
	tokens := strings.Fields(randomWords(rng, 400, 1<<20))
	var docs []*corpus.Document
	for i := range n {
		changed := slices.Clone(tokens)
		for k := range 20 {
			changed[k*20+rng.IntN(5)] = fmt.Sprint("x", word(i), "y", word(k))
		}
		docs = append(docs, doc(fmt.Sprint(i), strings.Join(changed, " ")))
	}
	return docs
}

func TestVerifyLeavesCandidatesThatDiffer(t *testing.T) {
	docs := halfAlike(400)
	sim := jaccard(newShingler(5, 5), docs[0].Text(), docs[1].Text())
	if sim < 0.4 || sim > 0.6 {
		t.Fatalf("texts of similarity %.2f, want about 0.5", sim)
	}
	s := DefaultMinHash()
	plain := runPass(t, &s, corpus.Env{}, [][]*corpus.Document{docs})
	s.Verify = 0.72
	checked := runPass(t, &s, corpus.Env{}, [][]*corpus.Document{docs})
	if len(plain.kept) > 200 || len(checked.kept) < 350 {
		t.Errorf("%d stay of 400 texts of similarity %.2f, verified %d; want few and nearly all", len(plain.kept), sim, len(checked.kept))
	}
}

func TestMinHashAgainstAnEarlierCorpus(t *testing.T) {
	docs := nearDuplicates(500)
	env := corpus.Env{Dir: t.TempDir(), Memory: 1 << 16}
	first, second := DefaultMinHash(), DefaultMinHash()
	first.Save = "bands"
	second.Against = []string{"bands"}
	old := runPass(t, &first, env, shuffled(docs[:250], 1, 4))
	now := runPass(t, &second, env, shuffled(docs, 2, 4))
	both := runPass(t, &first, env, [][]*corpus.Document{docs})
	if len(old.kept)+len(now.kept) > len(both.kept)+2 || len(now.kept) < 50 {
		t.Errorf("%d stay of the first half, %d of all against it, %d of all together", len(old.kept), len(now.kept), len(both.kept))
	}
	if now.stats["in earlier corpora"] < 250 {
		t.Errorf("figures %v, want at least 250 in earlier corpora", now.stats)
	}
	second.Bands = 13
	if _, err := tryPass(t, &second, env, nil); err == nil {
		t.Error("an index of other settings: no error")
	}
}

// With verify, an earlier corpus takes the documents that share a band with it, and not their candidates.
func TestVerifyAgainstAnEarlierCorpus(t *testing.T) {
	docs := halfAlike(400)
	env := corpus.Env{Dir: t.TempDir()}
	first, second := DefaultMinHash(), DefaultMinHash()
	first.Save = "bands"
	second.Against, second.Verify = []string{"bands"}, 1
	p, err := second.Open(env)
	if err != nil {
		t.Fatal(err)
	}
	c := p.Collector()
	var bands [][]byte
	for _, d := range docs {
		var e entry
		if err := e.parse(c.Collect(nil, d)); err != nil {
			t.Fatal(err)
		}
		bands = append(bands, e.body[:second.Bands*bandBytes])
	}
	shares := func(a, b []byte) bool {
		for k := 0; k < len(a); k += bandBytes {
			if bytes.Equal(a[k:k+bandBytes], b[k:k+bandBytes]) {
				return true
			}
		}
		return false
	}
	shared := 0
	for old := range 8 {
		runPass(t, &first, env, [][]*corpus.Document{docs[old : old+1]})
		o := runPass(t, &second, env, [][]*corpus.Document{docs[8:]})
		for i, r := range o.reports {
			want := shares(bands[8+i], bands[old])
			if want {
				shared++
			}
			if want != (r.Dropped != "") {
				t.Errorf("document %d: %q against document %d, with which it shares a band: %v", 8+i, r.Dropped, old, want)
			}
		}
	}
	if shared < 20 {
		t.Errorf("%d documents share a band with an earlier one, want some", shared)
	}
}

func TestSetsInAFile(t *testing.T) {
	for _, memory := range []int64{1 << 20, 0} {
		s, err := newSets(1000, memory, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if (s.f != nil) != (memory == 0) {
			t.Errorf("memory %d: in a file: %v", memory, s.f != nil)
		}
		for i := range uint32(990) {
			s.union(i+10, i)
		}
		for i := range uint32(1000) {
			if s.find(i) != i%10 {
				t.Errorf("memory %d: %d is in set %d, want %d", memory, i, s.find(i), i%10)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
