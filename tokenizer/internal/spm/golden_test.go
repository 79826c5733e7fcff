package spm

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/athanor-lm/athanor/tokenizer/internal/token"
)

// goldens is what tools/oracle/sentencepiece_golden.py wrote.
type goldens struct {
	Texts  [][]byte `json:"texts"`
	Models []struct {
		Name  string `json:"name"`
		Model []byte `json:"model"`
		Rows  []struct {
			Spans   [][3]int   `json:"spans"` // id, begin, end
			Decoded []byte     `json:"decoded"`
			NBest   [][]uint32 `json:"nbest"`
		} `json:"rows"`
	} `json:"models"`
}

func readGoldens(t testing.TB) (g goldens) {
	f, err := os.Open("testdata/golden.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(z).Decode(&g); err != nil {
		t.Fatal(err)
	}
	return g
}

func ids(spans []token.Span) (out []uint32) {
	for _, s := range spans {
		out = append(out, s.ID)
	}
	return out
}

func TestModelsOfTheOriginalGiveItsResults(t *testing.T) {
	g := readGoldens(t)
	if len(g.Models) < 10 || len(g.Texts) < 50 {
		t.Fatalf("%d models, %d texts", len(g.Models), len(g.Texts))
	}
	for _, c := range g.Models {
		t.Run(c.Name, func(t *testing.T) {
			m, err := Parse(c.Model)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(m.Marshal(), c.Model) {
				t.Error("the model is written differently")
			}
			s := m.NewState()
			for round := range 2 { // the second time from the cache
				for i, text := range g.Texts {
					var want []token.Span
					for _, v := range c.Rows[i].Spans {
						want = append(want, token.Span{ID: uint32(v[0]), Lo: v[1], Hi: v[2]})
					}
					if got := m.AppendEncode(nil, text, s); !slices.Equal(got, ids(want)) {
						t.Errorf("round %d: %q: %s, want %s", round, text, m.spell(got), m.spell(ids(want)))
					}
					if got := m.AppendSpans(nil, text, s); !slices.Equal(got, want) {
						t.Errorf("%q: spans %v, want %v", text, got, want)
					}
					if got := m.AppendDecode(nil, ids(want)...); !bytes.Equal(got, c.Rows[i].Decoded) {
						t.Errorf("%q: decoded %q, want %q", text, got, c.Rows[i].Decoded)
					}
					if c.Rows[i].NBest == nil {
						continue
					}
					best, err := m.NBest(text, 6, s)
					if err != nil {
						t.Fatal(err)
					}
					for k, b := range c.Rows[i].NBest {
						if k >= len(best) || !slices.Equal(ids(best[k].Spans), b) {
							t.Errorf("%q: way %d of %d is not %s", text, k, len(best), m.spell(b))
							break
						}
					}
				}
			}
		})
	}
}

func (m *Model) spell(ids []uint32) string {
	var out []string
	for _, id := range ids {
		out = append(out, m.Piece(id).Text)
	}
	return strings.Join(out, "|")
}

// Every two unknown characters are apart, whatever their hash.
func TestUnknownCharactersAreNotJoined(t *testing.T) {
	m := newMerger([]Piece{{Text: "<unk>", Type: Unknown}, {Text: "a", Type: Normal}, {Text: "b", Type: Normal}, {Text: "ab", Score: 1, Type: Normal}})
	for i := range m.pairs.filter {
		m.pairs.filter[i] = 1<<64 - 1
	}
	if cells := m.merge([]byte("中文xyab"), &mergeState{}); len(cells) != 5 {
		t.Errorf("%d symbols, want 5", len(cells))
	}
}

// A text that is normalized and segmented in many chunks gives the ids of the
// whole, and so do the windows of texts without a place to cut.
func TestChunksDoNotMatter(t *testing.T) {
	g := readGoldens(t)
	r := rand.New(rand.NewPCG(5, 6))
	atOnce := 0
	for _, c := range g.Models {
		m, err := Parse(c.Model)
		if err != nil {
			t.Fatal(err)
		}
		s := m.NewState()
		for _, text := range [][]byte{
			longText(g.Texts, r, 200_000), letters(r, 50_000), longWords(g.Texts, r, 100_000), bytes.Repeat([]byte("a"), 50_000), bytes.Repeat([]byte(" "), 50_000),
			bytes.Repeat([]byte("▁"), 30_000), bytes.Repeat([]byte("the"), 20_000), bytes.Repeat([]byte("名前"), 10_000), bytes.Repeat([]byte{0xff}, 30_000),
		} {
			want := ids(m.AppendSpans(nil, text, s))
			for round := range 2 {
				if got := m.AppendEncode(nil, text, s); !slices.Equal(got, want) {
					t.Errorf("%s: round %d: %.40q…: %d ids in chunks, %d of the whole", c.Name, round, text, len(got), len(want))
				}
			}
			if m.bpe == nil || m.bpe.unused {
				continue
			}
			// … and those of one big merge.
			norm := m.norm.Append(nil, text)
			if m.user == nil && !slices.Equal(m.bpe.merge(norm, &s.merge), m.bpe.long(m.bpe.symbols(nil, norm, len(norm)), &mergeState{})) {
				t.Errorf("%s: %.40q…: windows merge differently", c.Name, text)
			}
		}
		if l := m.linear.Load(); l != nil && l.letters {
			atOnce++
		}
	}
	if atOnce == 0 {
		t.Error("no model cuts many letters at once")
	}
}

// While one goroutine makes linear the others go on without, to the same ids.
func TestLinearIsNotWaitedFor(t *testing.T) {
	g := readGoldens(t)
	r := rand.New(rand.NewPCG(7, 8))
	made := 0
	for _, c := range g.Models {
		m, err := Parse(c.Model)
		if err != nil {
			t.Fatal(err)
		}
		if m.bpe == nil {
			continue
		}
		m.begun.Store(true) // by somebody who is not done yet
		waiting, text := m.NewState(), append(bytes.Repeat([]byte("the"), 10_000), longWords(g.Texts, r, 50_000)...)
		want := m.AppendEncode(nil, text, waiting)
		if waiting.linear != nil {
			t.Errorf("%s: linear is used before it is there", c.Name)
		}
		m.begun.Store(false)
		encode := func() *State {
			s := m.NewState()
			if got := m.AppendEncode(nil, text, s); !slices.Equal(got, want) {
				t.Errorf("%s: %d ids with linear, %d without", c.Name, len(got), len(want))
			}
			return s
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() { encode() })
		}
		all.Wait()
		if encode().linear != nil {
			made++
		}
	}
	if made == 0 {
		t.Error("no model has long pieces cut by linear")
	}
}

func longText(texts [][]byte, r *rand.Rand, size int) (out []byte) {
	for len(out) < size {
		out = append(out, texts[r.IntN(len(texts))]...)
		if r.IntN(3) > 0 {
			out = append(out, ' ')
		}
	}
	return out
}

func letters(r *rand.Rand, n int) (out []byte) {
	for range n {
		out = append(out, "etaoinshrdlucmfwypvbgkjqxzETA"[r.IntN(29)])
	}
	return out
}

// longWords is random letters without a space for a while, and all sorts of texts between.
func longWords(texts [][]byte, r *rand.Rand, size int) (out []byte) {
	for len(out) < size {
		out = append(out, letters(r, r.IntN(1+r.IntN(2*mostLetters)))...)
		if r.IntN(4) > 0 {
			out = append(out, []string{" ", "▁", "\u0301", "é", "1", "名", "ﬁ", "\n", "\xff", "  "}[r.IntN(10)]...)
		} else {
			out = append(out, texts[r.IntN(len(texts))]...)
		}
	}
	return out
}

func TestSampling(t *testing.T) {
	g := readGoldens(t)
	for _, c := range g.Models {
		m, err := Parse(c.Model)
		if err != nil {
			t.Fatal(err)
		}
		s := m.NewState()
		text := []byte("As yet I have no name. 名前はまだ無い。")
		sample := func(o Sampling, seed uint64) []token.Span {
			spans, err := m.Sample(nil, text, o, rand.New(rand.NewPCG(seed, 1)), s)
			if err != nil {
				t.Fatalf("%s: %v", c.Name, err)
			}
			return spans
		}
		best := m.AppendSpans(nil, text, s)
		switch m.kind {
		case Unigram:
			if got := sample(Sampling{Alpha: 1e6}, 1); !slices.Equal(got, best) {
				t.Errorf("%s: with a large alpha %v, want the best way %v", c.Name, got, best)
			}
			if got := sample(Sampling{Alpha: 0.1, NBest: 1}, 1); !slices.Equal(got, best) {
				t.Errorf("%s: of the one best way: %v, want %v", c.Name, got, best)
			}
			if slices.Equal(sample(Sampling{Alpha: 0.1}, 1), sample(Sampling{Alpha: 0.1}, 2)) || slices.Equal(sample(Sampling{Alpha: 0.1, NBest: 64}, 1), sample(Sampling{Alpha: 0.1, NBest: 64}, 5)) {
				t.Errorf("%s: two seeds cut alike", c.Name)
			}
		case BPE:
			if got := sample(Sampling{}, 1); !slices.Equal(got, best) {
				t.Errorf("%s: without dropout %v, want %v", c.Name, got, best)
			}
			if len(sample(Sampling{Alpha: 1}, 1)) <= len(sample(Sampling{Alpha: 0.5}, 1)) {
				t.Errorf("%s: dropping all merges does not give the most pieces", c.Name)
			}
		default:
			if _, err := m.Sample(nil, text, Sampling{Alpha: 1}, nil, s); err == nil {
				t.Errorf("%s: no error", c.Name)
			}
			continue
		}
		if !slices.Equal(sample(Sampling{Alpha: 0.3}, 3), sample(Sampling{Alpha: 0.3}, 3)) {
			t.Errorf("%s: one seed cuts differently", c.Name)
		}
	}
}
