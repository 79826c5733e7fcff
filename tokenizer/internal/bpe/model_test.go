package bpe

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/tokenizer/internal/bytelevel"
)

// randomModel has all bytes and up to n merges of tokens over a few letters.
// If not ordered, parts may have higher ranks than what they make, and several
// merges make the same token.
func randomModel(t testing.TB, rng *rand.Rand, n int, ordered bool) *Model {
	t.Helper()
	c := Config{Vocab: map[string]uint32{}, ByteLevel: true}
	for b := range 256 {
		c.Vocab[string(bytelevel.Rune(byte(b)))] = uint32(b)
	}
	tokens := []string{"a", "b", "c", string(bytelevel.Rune(0xe4)), string(bytelevel.Rune(0xb8))}
	seen := map[[2]string]bool{}
	for range n {
		p := [2]string{tokens[rng.IntN(len(tokens))], tokens[rng.IntN(len(tokens))]}
		if _, made := c.Vocab[p[0]+p[1]]; seen[p] || made && ordered || len(p[0])+len(p[1]) > 24 {
			continue
		}
		seen[p] = true
		c.Merges = append(c.Merges, p)
		if _, ok := c.Vocab[p[0]+p[1]]; !ok {
			c.Vocab[p[0]+p[1]] = uint32(len(c.Vocab))
			tokens = append(tokens, p[0]+p[1])
		}
	}
	if !ordered {
		rng.Shuffle(len(c.Merges), func(i, j int) { c.Merges[i], c.Merges[j] = c.Merges[j], c.Merges[i] })
	}
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mergeByDefinition(m *Model, ids []uint32) []uint32 {
	for {
		at, best := -1, merge{rank: noID}
		for i := 1; i < len(ids); i++ {
			if g := m.merges.get(ids[i-1], ids[i]); g.rank < best.rank {
				at, best = i, g
			}
		}
		if at < 0 {
			return ids
		}
		ids[at-1] = best.id
		ids = slices.Delete(ids, at, at+1)
	}
}

// All methods agree with a direct reading of the definition.
func FuzzMerge(f *testing.F) {
	f.Add(uint64(1), true, []byte("abcabcbacabaabbccabca\xe4\xb8\xe4\xb8c"))
	f.Add(uint64(2), false, []byte(strings.Repeat("a", 80)))
	f.Fuzz(func(t *testing.T, seed uint64, ordered bool, piece []byte) {
		rng := rand.New(rand.NewPCG(seed, 0))
		m := randomModel(t, rng, 1+rng.IntN(60), ordered)
		piece = slices.Clone(piece)
		for i := range piece { // most bytes become letters that merge
			if piece[i] > 5 {
				piece[i] = "aabbc\xe4\xb8"[piece[i]%7]
			}
		}
		ids := make([]uint32, len(piece))
		for i, b := range piece {
			ids[i] = m.byteIDs[b]
		}
		want := mergeByDefinition(m, slices.Clone(ids))
		long := slices.Clone(ids)
		n, _ := m.mergeLong(long, &longState{})
		if long = long[:n]; !slices.Equal(long, want) {
			t.Errorf("%q with the heap %d, want %d", piece, long, want)
		}
		if len(ids) <= shortPiece {
			n, _ := m.mergeShort(ids)
			if ids = ids[:n]; !slices.Equal(ids, want) {
				t.Errorf("%q without the heap %d, want %d", piece, ids, want)
			}
		}
		if m.linear == nil {
			if ordered && len(m.c.Merges) > 0 {
				t.Errorf("no linear encoding of %v", m.c.Merges)
			}
		} else if got, n := m.linear.encode(nil, piece, new(walkState)); n != len(piece) || !slices.Equal(got, want) {
			t.Errorf("%q by compatible tokens %d up to byte %d, want %d", piece, got, n, want)
		}
		if len(piece) > 0 {
			s := m.NewState()
			for range 2 { // the second time from the cache
				if got := m.Append(nil, piece, 0, len(piece), s); !slices.Equal(got, want) {
					t.Errorf("%q gives %d, want %d", piece, got, want)
				}
			}
		}
	})
}
