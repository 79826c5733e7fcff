package ngram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/internal/modelfile"
)

func texts(lang string, list ...string) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for _, t := range list {
			if !yield(Document{t, lang}, nil) {
				return
			}
		}
	}
}

func config(t testing.TB, order int, unit string) Config {
	c := DefaultConfig()
	c.Order, c.Unit, c.HeldOut, c.Dir, c.Memory = order, unit, 0, t.TempDir(), 16<<20
	return c
}

func train(t testing.TB, c Config, list ...string) *Model {
	t.Helper()
	m, err := Train(context.Background(), c, texts("", list...))
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(c.Dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	return m
}

func scorer(t testing.TB, m *Model) *Scorer {
	t.Helper()
	s, err := m.NewScorer(nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Two sentences worked by hand, with discounts ½, 1, 1½ as there are too few words for their own.
//
// Pairs: <s> a 2; a b, a c, b </s>, c </s> 1. Different words on the left: a 1, b 1, c 1, </s> 2, in sum 5. γ() = (3·½ + 1)/5 = ½, the
// vocabulary a b c </s> <unk> has 5 words: p(a) = ½/5 + ½/5 = 0.2, p(</s>) = 1/5 + ½/5 = 0.3, p(<unk>) = ½/5 = 0.1.
// γ(<s>) = 1/2: p(a|<s>) = (2−1)/2 + ½·0.2 = 0.6. γ(a) = 2·½/2: p(b|a) = ½/2 + ½·0.2 = 0.35. γ(b) = ½: p(</s>|b) = ½ + ½·0.3 = 0.65.
func TestKneserNeyByHand(t *testing.T) {
	m := train(t, config(t, 2, Words), "a b\n\na c")
	for text, want := range map[string]float64{
		"a b":    0.6 * 0.35 * 0.65,
		"a a":    0.6 * (0.5 * 0.2) * (0.5 * 0.3),
		"b":      (0.5 * 0.2) * 0.65,
		"a x":    0.6 * (0.5 * 0.1) * 0.3,
		"a b\nb": 0.6 * 0.35 * 0.65 * (0.5 * 0.2) * 0.65,
	} {
		s := scorer(t, m).Score(text)
		if math.Abs(s.Log-math.Log10(want)) > 3e-4*float64(s.Words) {
			t.Errorf("%q: 10^%v, want 10^%v", text, s.Log, math.Log10(want))
		}
	}
	s := scorer(t, m).Score("a x")
	if s.Words != 3 || s.Unknown != 1 || math.Abs(s.Perplexity()-math.Pow(0.6*0.05*0.3, -1.0/3)) > 0.01 {
		t.Errorf("%+v, perplexity %v", s, s.Perplexity())
	}
	if !m.head.Fallback {
		t.Error("the discounts count as the text's own")
	}
}

// golden is a file of tools/oracle/ngram_kenlm.py.
type golden struct {
	Unit    string
	Lines   []string
	Trained int
	Models  []struct {
		Order int
		Prune []int
		Grams []uint64
		Log10 []float64
	}
}

func readGolden(t testing.TB, name string) (g golden) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// The probabilities are KenLM's: of each line to the steps of 16 bits, the perplexity of all of them to 1e-4.
func TestKenLM(t *testing.T) {
	for _, name := range []string{"english", "chinese"} {
		g := readGolden(t, name)
		for _, want := range g.Models {
			c := config(t, want.Order, g.Unit)
			c.Prune = want.Prune
			m := train(t, c, g.Lines[:g.Trained]...)
			if got := append([]uint64{uint64(m.head.Vocab)}, m.head.Grams...); fmt.Sprint(got) != fmt.Sprint(want.Grams) {
				t.Errorf("%s, order %d, pruned %v: %v n-grams, want %v", name, want.Order, want.Prune, got, want.Grams)
			}
			s := scorer(t, m)
			var ours, theirs float64
			var words int64
			for i, log := range want.Log10 {
				got := s.Score(g.Lines[len(g.Lines)-len(want.Log10)+i])
				if math.Abs(got.Log-log) > 2e-4*float64(got.Words)*2 {
					t.Errorf("%s, order %d, line %d: %v, want %v", name, want.Order, i, got.Log, log)
				}
				ours, theirs, words = ours+got.Log, theirs+log, words+got.Words
			}
			p, q := math.Pow(10, -ours/float64(words)), math.Pow(10, -theirs/float64(words))
			if math.Abs(p/q-1) > 1e-4 {
				t.Errorf("%s, order %d, pruned %v: perplexity %v, want %v", name, want.Order, want.Prune, p, q)
			}
		}
	}
}

// Behind every context the probabilities of all words sum to 1, also where n-grams were pruned.
func TestProbabilitiesSumToOne(t *testing.T) {
	g := readGolden(t, "english")
	c := config(t, 3, g.Unit)
	c.Prune = []int{1}
	m := train(t, c, g.Lines[:600]...)
	s := scorer(t, m)
	for _, context := range [][]uint32{{}, {5}, {17, 23}, {3, 4}, {unknown, 9}} {
		sum := 0.0
		log := func(words ...uint32) float64 {
			s.ids, s.reach = append(s.ids[:0], begin), append(s.reach[:0], 0)
			for i, w := range words {
				s.ids, s.reach = append(s.ids, w), append(s.reach, uint8(min(i+1, maxOrder-1)))
			}
			return s.log()
		}
		before := log(context...)
		for w := range uint32(m.vocab.len()) {
			if w != begin {
				sum += math.Pow(10, log(append(context[:len(context):len(context)], w)...)-before)
			}
		}
		if math.Abs(sum-1) > 1e-3 {
			t.Errorf("behind %v: %v", context, sum)
		}
	}
}

// Sorting on disk, in memory, and with more workers gives the same bytes.
func TestTrainingDoesNotDependOnMemory(t *testing.T) {
	g := readGolden(t, "english")
	var want []byte
	for i, workers := range []int{1, 3} {
		c := config(t, 5, g.Unit)
		c.Workers, c.Memory = workers, int64(1+i*(1<<30))
		got := encoded(t, train(t, c, g.Lines...))
		if i == 0 {
			want = got
		} else if !bytes.Equal(got, want) {
			t.Error("the models differ")
		}
	}
}

func TestUnits(t *testing.T) {
	cut := func(unit string, fold bool, text string) (n []int) {
		c, err := newCutter(unit, fold, nil)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[uint64]int{}
		c.eachSentence(text, func(units []uint64) {
			for _, u := range units {
				if seen[u] == 0 {
					seen[u] = len(seen) + 1
				}
				n = append(n, seen[u])
			}
			n = append(n, 0)
		})
		return n
	}
	for _, c := range []struct {
		unit string
		fold bool
		text string
		want string
	}{
		{Words, false, "The the, the\n \n12 the", "[1 2 3 2 0 4 2 0]"},
		{Words, true, "The the 12 34", "[1 1 2 2 0]"},
		{Words, false, "中文a文", "[1 2 3 2 0]"},
		{Characters, false, " a  b\tA \r\n中文", "[1 2 3 2 4 0 5 6 0]"},
		{Characters, true, "aA19", "[1 1 2 2 0]"},
	} {
		if got := fmt.Sprint(cut(c.unit, c.fold, c.text)); got != c.want {
			t.Errorf("%s of %q: %s, want %s", c.unit, c.text, got, c.want)
		}
	}
	if got := string(appendFolded(nil, "AÉ9中\xff")); got != "aé0中\xff" {
		t.Errorf("folded to %q", got)
	}
}

func TestFilterAndBuckets(t *testing.T) {
	g := readGolden(t, "english")
	c := config(t, 3, g.Unit)
	c.HeldOut = 0.1
	m, err := Train(context.Background(), c, texts("en", g.Lines...))
	if err != nil {
		t.Fatal(err)
	}
	if m.head.HeldOut == nil || m.head.HeldOut.Perplexity() < 10 || len(m.Buckets()) != 2 {
		t.Fatalf("held out %+v, buckets %v", m.head.HeldOut, m.Buckets())
	}
	dir := t.TempDir()
	if err := m.Save(filepath.Join(dir, "m.ngram")); err != nil {
		t.Fatal(err)
	}
	s := DefaultPerplexity()
	s.Model, s.Drop = "m.ngram", []string{Tail}
	open, err := s.Open(corpus.Env{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	f := open()
	counts := map[string]int{}
	for _, line := range g.Lines {
		d := corpus.NewDocument(line, nil)
		d.Lang = "en"
		var r corpus.Report
		f.Apply(d, &r)
		b, _ := d.String("perplexity_bucket")
		counts[b]++
		if p, ok := d.Number("perplexity"); !ok || p <= 1 || (r.Dropped == "tail") != (b == Tail) {
			t.Fatalf("%q: %v, %s, dropped by %q", line, p, b, r.Dropped)
		}
	}
	if counts[Head] < 500 || counts[Tail] == 0 || counts[Middle] == 0 {
		t.Errorf("buckets %v", counts)
	}
	empty := corpus.NewDocument(" \n", nil)
	r := corpus.Report{Explain: true}
	if f.Apply(empty, &r); r.Dropped != "" || len(empty.Attrs) > 0 {
		t.Errorf("a text without words: %+v", r)
	}
	odd := corpus.NewDocument(strings.Join(g.Lines[:30], "\n")+"\nxx yy zz ww\n", nil)
	r.Reset()
	if f.Apply(odd, &r); len(r.Findings) != 1 || len(r.Findings[0].Spans) == 0 {
		t.Errorf("findings %+v", r.Findings)
	}
}

func tiny(t testing.TB) []byte {
	return encoded(t, train(t, config(t, 3, Words), "a b c", "a b d", "b c d"))
}

// encoded is the model's file.
func encoded(t testing.TB, m *Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := modelfile.Write(&b, magic, &m.head, m.writeTables); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A model may be as large as memory: saving takes little beside it.
func TestSaveStreams(t *testing.T) {
	m := train(t, config(t, 3, Words), "a b c")
	const size = 32 << 20
	m.grams[0], m.head.Slots[0] = make([]byte, size), size/8
	path := filepath.Join(t.TempDir(), "m")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > size/8 {
		t.Errorf("saving a model of %d bytes took %d", size, took)
	}
	if _, err := Load(path); err != nil {
		t.Error(err)
	}
}

// A sample without enough texts leaves the buckets that there are.
func TestBucketsOfNothing(t *testing.T) {
	m := train(t, config(t, 3, Words), "a b c", "a b d", "b c d")
	s, err := m.NewScorer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := m.SetBuckets(s, []Document{{Text: "a b"}, {Text: "b c"}, {Text: "c d"}}); n != 3 || len(m.Buckets()) != 1 {
		t.Fatalf("%d documents, buckets %v", n, m.Buckets())
	}
	want := m.Buckets()[""]
	if n := m.SetBuckets(s, []Document{{Text: "a b"}, {Text: " \n"}, {}}); n != 1 || m.Buckets()[""] != want {
		t.Errorf("%d documents, buckets %v, want %v still", n, m.Buckets(), want)
	}
}

func TestDamagedFilesAreRefused(t *testing.T) {
	data := tiny(t)
	for at := 0; at < len(data); at += 7 {
		bad := bytes.Clone(data)
		bad[at] ^= 1
		if _, err := Parse(bad); err == nil {
			t.Errorf("a bit flipped in byte %d: read", at)
		}
	}
	for _, n := range []int{0, 7, 12, 100, len(data) - 1} {
		if _, err := Parse(data[:n]); err == nil {
			t.Errorf("cut at %d: read", n)
		}
	}
	if m, err := Parse(data); err != nil {
		t.Error(err)
	} else if !bytes.Equal(encoded(t, m), data) {
		t.Error("writing what was read gives other bytes")
	}
}

func FuzzParse(f *testing.F) {
	data := tiny(f)
	f.Add(data, "a b e")
	f.Add(data[:60], "")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		m, err := Parse(modelfile.Seal(data)) // so that fuzzing gets behind the checksum
		if err != nil || m.head.Unit == Tokens {
			return
		}
		s, err := m.NewScorer(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Score(text); math.IsNaN(got.Log) {
			t.Fatal("the score is not a number")
		}
	})
}

// What a training put on disk is gone when it ends, and lies in one directory with a name that tells until then.
func TestTrainingCleansUp(t *testing.T) {
	c := config(t, 3, Words)
	c.Memory = 1
	broken := errors.New("broken")
	for _, want := range []error{nil, broken} {
		_, err := Train(context.Background(), c, func(yield func(Document, error) bool) {
			for i := range 50_000 {
				if !yield(Document{Text: fmt.Sprintf("a %d b %d", i, i*i)}, nil) {
					return
				}
			}
			if left, err := filepath.Glob(filepath.Join(c.Dir, "athanor-ngram-*", "*")); err != nil || len(left) == 0 {
				t.Errorf("%v, %v, want sorted runs on disk", left, err)
			}
			if want != nil {
				yield(Document{}, want)
			}
		})
		if !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
		if left, err := os.ReadDir(c.Dir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

func TestTrainingRefuses(t *testing.T) {
	for name, set := range map[string]func(*Config){
		"order":     func(c *Config) { c.Order = 9 },
		"unit":      func(c *Config) { c.Unit = "line" },
		"tokenizer": func(c *Config) { c.Unit = Tokens },
		"prune":     func(c *Config) { c.Prune = []int{2, 1} },
		"held out":  func(c *Config) { c.HeldOut = 1 },
	} {
		c := config(t, 3, Words)
		set(&c)
		if _, err := Train(context.Background(), c, texts("", "a b")); err == nil {
			t.Errorf("%s: trained", name)
		}
	}
	if _, err := Train(context.Background(), config(t, 3, Words), texts("", " \n")); err == nil {
		t.Error("trained on nothing")
	}
}
