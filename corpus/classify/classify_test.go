package classify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/internal/modelfile"
)

func features(o Options, text string) map[uint32]float32 {
	m := map[uint32]float32{}
	for _, f := range newExtractor(o).extract(text) {
		m[f.Index] = f.Value
	}
	return m
}

func count32(o Options, text string) int { return len(features(o, text)) }

// The numbers of different n-grams are counted by hand.
func TestFeaturesAreNGrams(t *testing.T) {
	o := DefaultOptions()
	chars := Options{Bits: 20, Characters: 3, Everywhere: true}
	for _, c := range []struct {
		o    Options
		text string
		n    int
	}{
		{o, "", 0},
		{o, "one two one", 4},                  // one, two; one two, two one
		{o, "One, TWO", 5},                     // one , two; one,  ,two
		{o, "中文字", 6},                          // 3 + 2 + 1
		{o, "中文字符串", 14},                       // 5 + 4 + 3 + 2
		{o, "中文 a 字", 5},                       // 中 文 中文; a; 字
		{o, "中文，字", 5},                         // 中 文 中文; ，; 字
		{o, "1999 2024", 2},                    // 0000; 0000 0000
		{o, "ＡＢ ab", 2},                        // ab; ab ab
		{chars, "ab  c", 9},                    // a b _ c; ab b_ _c; ab_ b_c
		{Options{Bits: 20, Words: 1}, "中文", 2}, // each a word
	} {
		if got := count32(c.o, c.text); got != c.n {
			t.Errorf("%q: %d features, want %d", c.text, got, c.n)
		}
	}
	var values []float32
	for _, f := range newExtractor(Options{Bits: 20, Words: 1}).extract("b a a") {
		values = append(values, f.Value)
	}
	c := 1 + math.Ln2 // of "a"
	n := math.Sqrt(1 + c*c)
	if len(values) != 2 || math.Abs(float64(values[0])-1/n) > 1e-6 || math.Abs(float64(values[1])-c/n) > 1e-6 {
		t.Errorf("values %v, want %v and %v", values, 1/n, c/n)
	}
}

func TestLongDocumentsAreCutAtACharacter(t *testing.T) {
	o := DefaultOptions()
	o.MaxBytes = 10
	if a, b := features(o, "中文字符串"), features(o, "中文字"); fmt.Sprint(a) != fmt.Sprint(b) {
		t.Error("10 bytes are not the 3 characters that fit")
	}
	e := newExtractor(DefaultOptions())
	var long strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&long, "%s ", strings.Repeat(string(rune('a'+i%26)), 1+i/26%40))
	}
	first := fmt.Sprint(e.extract(long.String()))
	e.extract("something else")
	if again := fmt.Sprint(e.extract(long.String())); again != first {
		t.Error("a second extraction differs from the first")
	}
}

// toy gives documents of two or three labels that differ in some words.
func toy(labels, n int) iter.Seq2[Example, error] {
	return func(yield func(Example, error) bool) {
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range n {
			l := i % labels
			var b strings.Builder
			for range 30 {
				if rng.IntN(8) == 0 {
					fmt.Fprintf(&b, "mark%c%c ", 'p'+l, 'a'+rng.IntN(20))
				} else {
					fmt.Fprintf(&b, "w%c%c ", 'a'+rng.IntN(26), 'a'+rng.IntN(26))
				}
			}
			if !yield(Example{b.String(), fmt.Sprint("label", l)}, nil) {
				return
			}
		}
	}
}

func TestTraining(t *testing.T) {
	for _, labels := range []int{2, 3} {
		cfg := DefaultConfig()
		cfg.Options.Bits = 16
		m, err := Train(context.Background(), cfg, toy(labels, 1500))
		if err != nil {
			t.Fatal(err)
		}
		test := m.Training().Test
		if test.Accuracy < 0.95 || test.AUC < 0.99 || test.Documents < 100 {
			t.Errorf("%d labels: %+v", labels, test)
		}
		again, err := Train(context.Background(), cfg, toy(labels, 1500))
		if err != nil {
			t.Fatal(err)
		}
		a := encoded(t, m)
		if !bytes.Equal(a, encoded(t, again)) {
			t.Errorf("%d labels: a second training gives other bytes", labels)
		}
		read, err := Parse(a)
		if err != nil {
			t.Fatal(err)
		}
		const text = "markqa wab markqb"
		if p, q := m.NewScorer().Score(text), read.NewScorer().Score(text); fmt.Sprint(p) != fmt.Sprint(q) || p[1] < 0.5 {
			t.Errorf("%d labels: probabilities %v, from the file %v", labels, p, q)
		}
	}
}

// Where the labels cannot be told apart, calibrated probabilities are their frequencies, whatever the weighing.
func TestCalibrationGivesFrequencies(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Options.Bits, cfg.Epochs = 12, 3
	seq := func(yield func(Example, error) bool) {
		for i := range 4000 {
			l := "b"
			if i%10 == 0 {
				l = "a"
			}
			if !yield(Example{fmt.Sprintf("the same words %d", i), l}, nil) {
				return
			}
		}
	}
	m, err := Train(context.Background(), cfg, seq)
	if err != nil {
		t.Fatal(err)
	}
	if p := m.NewScorer().Score("the same words 77"); math.Abs(p[0]-0.1) > 0.05 {
		t.Errorf("p(a) = %v, want 0.1", p[0])
	}
}

func TestTrainingRefuses(t *testing.T) {
	for name, cfg := range map[string]func(*Config){
		"one label": func(*Config) {},
		"epochs":    func(c *Config) { c.Epochs = 0 },
		"bits":      func(c *Config) { c.Options.Bits = 40 },
		"memory":    func(c *Config) { c.Memory = 100 },
		"shares":    func(c *Config) { c.Validation, c.Test = 0.5, 0.5 },
	} {
		c := DefaultConfig()
		cfg(&c)
		if _, err := Train(context.Background(), c, toy(1, 50)); err == nil {
			t.Errorf("%s: trained", name)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Train(ctx, DefaultConfig(), toy(2, 50)); err == nil {
		t.Error("cancelled: trained")
	}
}

// Until the memory is used up, no more than that is taken: what is held is not copied to grow.
func TestTrainingStaysWithinItsMemory(t *testing.T) {
	texts := make([]Example, 64)
	for i := range texts {
		var b strings.Builder
		for w := range 2000 {
			fmt.Fprintf(&b, "%c%c%c ", 'a'+i%26, 'a'+w%45, 'a'+w/45) // letters, and what stands behind z
		}
		texts[i] = Example{Text: b.String(), Label: fmt.Sprint(i % 3)}
	}
	cfg := DefaultConfig()
	cfg.Options.Bits, cfg.Memory = 16, 64<<20
	var before, now runtime.MemStats
	documents := 0
	runtime.ReadMemStats(&before)
	_, err := Train(t.Context(), cfg, func(yield func(Example, error) bool) {
		for ; documents < 5000 && yield(texts[documents%len(texts)], nil); documents++ {
		}
	})
	runtime.ReadMemStats(&now)
	if err == nil || !strings.Contains(err.Error(), "67108864") {
		t.Fatalf("%d documents: %v, want that they do not fit in 67108864 bytes", documents, err)
	}
	if took := now.TotalAlloc - before.TotalAlloc; took > uint64(cfg.Memory) {
		t.Errorf("%d bytes were taken in all, want at most %d", took, cfg.Memory)
	}
	if each := 8 * 3999; documents < int(cfg.Memory)/each*85/100 {
		t.Errorf("%d documents of %d bytes fit, want most of %d", documents, each, int(cfg.Memory)/each)
	}
}

// A part is held in pieces, and long documents in ones of their own.
func TestSetGivesBackWhatItTook(t *testing.T) {
	var s set
	var want [][]feature
	for i, n := range []int{0, 3, pieceFeatures, 1, pieceFeatures + 5, 0, 7} {
		x := make([]feature, n)
		for j := range x {
			x[j] = feature{uint32(i), float32(j)}
		}
		for range pieceRecords / 4 {
			s.add(x[:min(n, 9)], i)
			want = append(want, x[:min(n, 9)])
		}
		s.add(x, 100+i)
		want = append(want, x)
	}
	for i, x := range want {
		if !slices.Equal(s.of(i), x) {
			t.Fatalf("document %d has %d features, want %d", i, len(s.of(i)), len(x))
		}
	}
	if s.n != len(want) || s.label(s.n-1) != 106 || s.labels()[0] != 0 || len(s.labels()) != s.n {
		t.Errorf("%d documents, want %d", s.n, len(want))
	}
}

// Four documents worked by hand: of label 1 with 0.9 and 0.4, of label 0 with 0.6 and 0.2 for label 1.
func TestMetricsByHand(t *testing.T) {
	m := Measure([]string{"no", "yes"}, [][]float64{{0.1, 0.9}, {0.6, 0.4}, {0.4, 0.6}, {0.8, 0.2}}, []int{1, 1, 0, 0})
	near := func(name string, got, want float64) {
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s %v, want %v", name, got, want)
		}
	}
	near("accuracy", m.Accuracy, 0.5)
	near("F1", m.MacroF1, 0.5)
	near("AUC", m.AUC, 0.75) // 3 of 4 pairs in order
	near("log loss", m.LogLoss, -(math.Log(0.9)+math.Log(0.4)+math.Log(0.4)+math.Log(0.8))/4)
	near("calibration error", m.CalibrationError, (0.1+1.2+0.2)/4) // bins 9: .9 right; 6: .6 and .6 wrong; 8: .8 right
	if fmt.Sprint(m.Confusion) != "[[1 1] [1 1]]" {
		t.Errorf("confusion %v", m.Confusion)
	}
	ties := Measure([]string{"a", "b"}, [][]float64{{0.5, 0.5}, {0.5, 0.5}}, []int{0, 1})
	near("AUC of ties", ties.AUC, 0.5)
}

func TestFilter(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Options.Bits = 14
	m, err := Train(context.Background(), cfg, toy(2, 600))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := m.Save(filepath.Join(dir, "m.cls")); err != nil {
		t.Fatal(err)
	}
	half := 0.5
	s := DefaultClassify()
	s.Model, s.Min, s.LabelAttr = "m.cls", &half, "kind"
	open, err := s.Open(corpus.Env{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	f := open()
	for text, want := range map[string]string{"markqa markqb markqc": "", "markpa markpb markpc": "score-below"} {
		d := corpus.NewDocument(text, nil)
		r := corpus.Report{Explain: true}
		f.Apply(d, &r)
		p, ok := d.Number("label1")
		kind, _ := d.String("kind")
		if r.Dropped != want || !ok || (p >= 0.5) != (want == "") || (kind == "label1") != (want == "") || len(r.Findings) != 1 {
			t.Errorf("%q: %q, %v, %q, %+v", text, r.Dropped, p, kind, r.Findings)
		}
	}
	s.Label = "nobody"
	if _, err := s.Open(corpus.Env{Dir: dir}); err == nil || !strings.Contains(err.Error(), "label0, label1") {
		t.Errorf("an unknown label: %v", err)
	}
	if _, err := Load(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func small(t testing.TB) []byte {
	cfg := DefaultConfig()
	cfg.Options.Bits, cfg.Epochs = 10, 1
	m, err := Train(context.Background(), cfg, toy(2, 60))
	if err != nil {
		t.Fatal(err)
	}
	return encoded(t, m)
}

// encoded is the model's file.
func encoded(t testing.TB, m *Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := modelfile.Write(&b, magic, &m.head, m.writeWeights); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDamagedFilesAreRefused(t *testing.T) {
	data := small(t)
	for _, at := range []int{0, 8, 11, 20, len(data) / 2, len(data) - 1} {
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
}

func FuzzParse(f *testing.F) {
	data := small(f)
	f.Add(data, "a text")
	f.Add(data[:40], "")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		m, err := Parse(modelfile.Seal(data)) // so that fuzzing gets behind the checksum
		if err != nil {
			return
		}
		for _, p := range m.NewScorer().Score(text) {
			if p < 0 || p > 1 {
				t.Fatalf("probability %v", p)
			}
		}
	})
}
