package fasttext

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/internal/realdata"
)

// tolerance is how far a probability may be from fastText's.
const tolerance = 1e-4

// readGzipped decodes a gzipped JSON file.
func readGzipped(t testing.TB, path string, into any) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(z).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// want is a prediction as the golden files have it: [label, probability].
type want struct {
	Label       string
	Probability float32
}

func (w *want) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&w.Label, &w.Probability})
}

// same compares the best predictions with all that fastText made: the probabilities in order, and that of each label.
func same(t *testing.T, text string, got []Prediction, wanted []want) {
	t.Helper()
	of := map[string]float32{}
	for _, w := range wanted {
		of[w.Label] = w.Probability
	}
	for i, g := range got {
		w := want{"none", 2 * epsilon} // what is left out below epsilon may be there by a rounding
		if i < len(wanted) {
			w = wanted[i]
		}
		// Labels of the same probability may change places.
		p, ok := of[g.Label]
		if !ok {
			p = 2 * epsilon
		}
		if math.Abs(float64(g.Probability-w.Probability)) > tolerance || math.Abs(float64(g.Probability-p)) > tolerance {
			t.Errorf("%.40q: label %d: %s %v, want %s %v", text, i, g.Label, g.Probability, w.Label, w.Probability)
			return
		}
	}
}

func TestEveryKindOfModelPredictsAsFastTextDoes(t *testing.T) {
	var golden map[string][][2]json.RawMessage // [text, labels]
	readGzipped(t, "testdata/golden.json.gz", &golden)
	for name, cases := range golden {
		t.Run(name, func(t *testing.T) {
			m, err := Load(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			p := m.NewPredictor()
			for range 2 { // the second time from the cache
				for _, c := range cases {
					var text string
					var labels []want
					if err := json.Unmarshal(c[0], &text); err != nil {
						t.Fatal(err)
					}
					if err := json.Unmarshal(c[1], &labels); err != nil {
						t.Fatal(err)
					}
					for k := range 14 {
						got := p.Predict(nil, text, k)
						if enough := min(k, len(labels)-1); len(got) < enough || len(got) > k {
							t.Errorf("%.40q: %d labels, want %d", text, len(got), min(k, len(labels)))
						}
						same(t, text, got, labels)
					}
				}
			}
		})
	}
}

func TestLid176PredictsAsFastTextDoes(t *testing.T) {
	m, err := Load(realdata.Path(t, "checkpoints/fasttext-lid176/lid.176.ftz"))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Labels()) != 176 || m.Dim() != 16 {
		t.Errorf("%d labels, %d columns", len(m.Labels()), m.Dim())
	}
	texts := map[string][]rune{}
	documents, _ := realdata.Documents(t, "corpora/multilingual-udhr/udhr2.jsonl.gz", 0)
	for _, d := range documents {
		texts[d.ID] = []rune(d.Text)
	}
	var cases [][4]json.RawMessage
	readGzipped(t, "testdata/lid176.json.gz", &cases)
	p, agree := m.NewPredictor(), 0
	for _, c := range cases {
		var id string
		var a, b int
		var labels []want
		for i, into := range []any{&id, &a, &b, &labels} {
			if err := json.Unmarshal(c[i], into); err != nil {
				t.Fatal(err)
			}
		}
		got := p.Predict(nil, string(texts[id][a:b]), 3)
		if len(got) > 0 && got[0].Label == labels[0].Label {
			agree++
		}
		same(t, id, got, labels)
	}
	if agree < len(cases)-2 { // the best two may be as good as equal
		t.Errorf("%d of %d best labels are fastText's", agree, len(cases))
	}
}

func TestMalformedModelsAreRefused(t *testing.T) {
	good, err := os.ReadFile("testdata/hs-pruned.ftz")
	if err != nil {
		t.Fatal(err)
	}
	put := func(at int, v uint32) []byte {
		b := bytes.Clone(good)
		binary.LittleEndian.PutUint32(b[at:], v)
		return b
	}
	for _, c := range []struct {
		name, want string
		file       []byte
	}{
		{"empty", "truncated", nil},
		{"something else", "starts with", []byte("PK\x03\x04something else altogether, which is long enough for a header")},
		{"version", "format version 13", put(4, 13)},
		{"word vectors", "predict no labels", put(8+7*4, 1)},
		{"width", "dim 0", put(8, 0)},
		{"other width than the matrix", "want rows of 9", put(8, 9)},
		{"loss", "loss 5", put(8+6*4, 5)},
		{"buckets", "want 0..", put(8+8*4, 1<<30)},
		{"dictionary", "dictionary of 2000000000 entries", put(64, 2_000_000_000)},
		{"half", "bytes left", good[:len(good)/2]},
	} {
		_, err := Read(bytes.NewReader(c.file), int64(len(c.file)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	for n := 0; n < len(good); n += 1 + n/30 {
		if _, err := Read(bytes.NewReader(good[:n]), int64(n)); err == nil {
			t.Fatalf("the first %d of %d bytes passed", n, len(good))
		}
	}
	if _, err := Load("testdata/none.bin"); err == nil || !strings.Contains(err.Error(), "testdata/none.bin") {
		t.Error(err)
	}
}

func TestPredictingAllocatesNothing(t *testing.T) {
	for _, name := range []string{"hs-pruned.ftz", "softmax.bin"} {
		m, err := Load(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		p := m.NewPredictor()
		var out []Prediction
		if n := testing.AllocsPerRun(10, func() { out = p.Predict(out[:0], "alle Menschen sind frei und gleich", 2) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"hs-pruned.ftz", "softmax-words.ftz"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint16(8), uint32(7))
		f.Add(b[:len(b)/3], uint16(64), uint32(1))
	}
	f.Fuzz(func(t *testing.T, file []byte, at uint16, value uint32) {
		if int(at)+4 <= len(file) {
			file = bytes.Clone(file)
			binary.LittleEndian.PutUint32(file[at:], value)
		}
		m, err := Read(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		if limit := int64(len(file))*256 + 1<<27; m.Bytes() > limit {
			t.Fatalf("a file of %d bytes took %d", len(file), m.Bytes())
		}
		if m.dim < 1<<10 {
			m.NewPredictor().Predict(nil, "alle Menschen 人人生而自由 __label__x </s>", 3)
		}
	})
}

func BenchmarkPredict(b *testing.B) {
	m, err := Load(realdata.Path(b, "checkpoints/fasttext-lid176/lid.176.ftz"))
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ name, corpus string }{{"english", "en-books/books"}, {"chinese", "zh-laws/laws"}} {
		documents, size := realdata.Documents(b, "corpora/"+c.corpus+".jsonl.gz", 4<<20)
		b.Run(c.name, func(b *testing.B) {
			p := m.NewPredictor()
			var out []Prediction
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				for _, d := range documents {
					out = p.Predict(out[:0], d.Text, 1)
				}
			}
		})
	}
}
