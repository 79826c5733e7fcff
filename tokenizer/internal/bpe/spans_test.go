package bpe

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/tokenizer/internal/token"
)

func model(t testing.TB, c Config, tokens ...string) *Model {
	t.Helper()
	c.Vocab = map[string]uint32{}
	for id, s := range tokens {
		c.Vocab[s] = uint32(id)
	}
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// What the reference (tokenizers 0.23.3) gives for the same models and pieces.
func TestUnknownCharacters(t *testing.T) {
	merges := [][2]string{{"a", "b"}}
	tokens := []string{"a", "b", "ab", "<unk>", "<0xC3>", "<0xA9>", "<0xE4>", "##b", "b</w>", "ab</w>", "##c"}
	for _, c := range []struct {
		name  string
		c     Config
		piece string
		want  [][3]int // id, and from where to where
	}{
		{"left out", Config{Merges: merges}, "axb", [][3]int{{2, 0, 2}}},
		{"unk", Config{Merges: merges, UnkToken: "<unk>"}, "axyb", [][3]int{{0, 0, 1}, {3, 1, 2}, {3, 2, 3}, {1, 3, 4}}},
		{"fused", Config{Merges: merges, UnkToken: "<unk>", FuseUnk: true}, "ax中b", [][3]int{{0, 0, 1}, {3, 1, 5}, {1, 5, 6}}},
		{"fallback", Config{Merges: merges, UnkToken: "<unk>", ByteFallback: true}, "aéb", [][3]int{{0, 0, 1}, {4, 1, 2}, {5, 2, 3}, {1, 3, 4}}},
		{"fallback with a byte missing", Config{Merges: merges, UnkToken: "<unk>", ByteFallback: true}, "a中b", [][3]int{{0, 0, 1}, {3, 1, 4}, {1, 4, 5}}},
		// The bytes of é overtake the unknown x, which waits to be fused.
		{"overtaken", Config{Merges: merges, UnkToken: "<unk>", ByteFallback: true}, "xéa", [][3]int{{4, 0, 1}, {5, 1, 2}, {3, 2, 3}, {0, 3, 4}}},
		{"whole", Config{Merges: merges, IgnoreMerges: true}, "<unk>", [][3]int{{3, 0, 5}}},
		{"prefix", Config{Merges: [][2]string{{"a", "##b"}}, ContinuingSubwordPrefix: "##"}, "abc", [][3]int{{2, 0, 2}, {10, 2, 3}}},
		{"suffix", Config{Merges: [][2]string{{"a", "b</w>"}}, EndOfWordSuffix: "</w>"}, "bab", [][3]int{{1, 0, 1}, {9, 1, 3}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := model(t, c.c, tokens...)
			s := m.NewState()
			var want []token.Span
			var ids []uint32
			for _, w := range c.want {
				want = append(want, token.Span{ID: uint32(w[0]), Lo: w[1], Hi: w[2]})
				ids = append(ids, uint32(w[0]))
			}
			if got := m.AppendSpans(nil, []byte(c.piece), s); !slices.Equal(got, want) {
				t.Errorf("%q gives spans %d, want %d", c.piece, got, want)
			}
			if got := m.Append(nil, []byte(c.piece), 0, len(c.piece), s); !slices.Equal(got, ids) {
				t.Errorf("%q gives %d, want %d", c.piece, got, ids)
			}
		})
	}
}

// Of all configurations, the ids of Append and of AppendSpans are the same,
// whichever road they take, and the same as those of the definition.
func FuzzCharacters(f *testing.F) {
	f.Add(uint64(1), uint8(0), "abcab中é!")
	f.Add(uint64(5), uint8(15), "中中abab!é!?中b")
	f.Fuzz(func(t *testing.T, seed uint64, flags uint8, piece string) {
		rng := rand.New(rand.NewPCG(seed, 0))
		tokens := []string{"a", "b", "中", "é", "<unk>", "<0x21>"}
		c := Config{FuseUnk: flags&1 != 0, ByteFallback: flags&2 != 0, IgnoreMerges: flags&4 != 0}
		if flags&8 != 0 {
			c.UnkToken = "<unk>"
		}
		for range rng.IntN(20) {
			p := [2]string{tokens[rng.IntN(len(tokens))], tokens[rng.IntN(len(tokens))]}
			if strings.Contains(p[0]+p[1], "<") && rng.IntN(20) != 0 || slices.Contains(c.Merges, p) {
				continue
			}
			c.Merges = append(c.Merges, p)
			if !slices.Contains(tokens, p[0]+p[1]) {
				tokens = append(tokens, p[0]+p[1])
			}
		}
		m := model(t, c, tokens...)
		if piece == "" {
			return
		}
		s := m.NewState()
		s.sym.cut(m, []byte(piece))
		want := mergeByDefinition(m, slices.Clone(s.sym.ids))
		if id, ok := m.c.Vocab[piece]; ok && c.IgnoreMerges {
			want = []uint32{id}
		}
		if got := m.Append(nil, []byte(piece), 0, len(piece), s); !slices.Equal(got, want) {
			t.Errorf("%q gives %d, want %d (%v, linear %v)", piece, got, want, c, m.linear != nil)
		}
		var ids []uint32
		for _, sp := range m.AppendSpans(nil, []byte(piece), s) {
			ids = append(ids, sp.ID)
		}
		if !slices.Equal(ids, want) {
			t.Errorf("%q gives spans of %d, want %d", piece, ids, want)
		}
	})
}

func TestDropout(t *testing.T) {
	m := randomModel(t, rand.New(rand.NewPCG(1, 1)), 60, true)
	piece := []byte(strings.Repeat("abcabccab", 5))
	at := func(p float64, seed uint64) []uint32 {
		s := m.NewState()
		s.SetDropout(p, rand.New(rand.NewPCG(seed, 0)))
		return m.Append(nil, piece, 0, len(piece), s)
	}
	plain := m.Append(nil, piece, 0, len(piece), m.NewState())
	if got := at(0, 1); !slices.Equal(got, plain) {
		t.Errorf("dropout 0 gives %d, want %d", got, plain)
	}
	if got := at(1, 1); len(got) != len(piece) {
		t.Errorf("dropout 1 gives %d ids, want %d", len(got), len(piece))
	}
	if !slices.Equal(at(0.3, 1), at(0.3, 1)) {
		t.Error("the same seed gives other ids")
	}
	more, differ := 0, false
	for seed := range uint64(50) {
		got := at(0.3, seed)
		more += len(got)
		differ = differ || !slices.Equal(got, at(0.3, 0))
	}
	if !differ || more <= 50*len(plain) || more >= 50*len(piece) {
		t.Errorf("dropout 0.3 gives %d ids in 50 encodings, without it %d", more, 50*len(plain))
	}
}
