package bpe

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/athanor-lm/athanor/tokenizer/internal/bytelevel"
)

// rankEncode is tiktoken's rule, read directly.
func rankEncode(ranks map[string]uint32, piece string) (ids []uint32) {
	parts := []string{}
	for i := range len(piece) {
		parts = append(parts, piece[i:i+1])
	}
	for {
		at, best := -1, uint32(noID)
		for i := 1; i < len(parts); i++ {
			if r, ok := ranks[parts[i-1]+parts[i]]; ok && r < best {
				at, best = i, r
			}
		}
		if at < 0 {
			break
		}
		parts[at-1] += parts[at]
		parts = slices.Delete(parts, at, at+1)
	}
	for _, p := range parts {
		ids = append(ids, ranks[p])
	}
	return ids
}

// Any list of tokens is encoded by rank, also one in an order that no training gives.
func FuzzRecoverMerges(f *testing.F) {
	f.Add(uint64(1), true, "abcabcabc")
	f.Add(uint64(2), false, "abcabccabba")
	f.Fuzz(func(t *testing.T, seed uint64, ordered bool, text string) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var tokens []Token
		ranks := map[string]uint32{}
		add := func(s string) {
			if _, ok := ranks[s]; !ok {
				ranks[s] = uint32(len(tokens))
				tokens = append(tokens, Token{s, uint32(len(tokens))})
			}
		}
		for b := range 256 {
			add(string([]byte{byte(b)}))
		}
		for range rng.IntN(40) {
			s := ""
			if ordered {
				s = tokens['a'+rng.IntN(3)].Text + tokens['a'+rng.IntN(3)].Text
				if n := len(tokens) - 256; n > 0 {
					s = tokens[256+rng.IntN(n)].Text + s[:1+rng.IntN(2)]
				}
			} else {
				for range 2 + rng.IntN(4) {
					s += string("abc"[rng.IntN(3)])
				}
			}
			add(s)
		}
		merges, err := RecoverMerges(tokens)
		if err != nil {
			t.Fatal(err)
		}
		c := Config{Vocab: map[string]uint32{}, ByteLevel: true, IgnoreMerges: true}
		spell := func(s string) string { return string(bytelevel.Append(nil, []byte(s))) }
		for _, k := range tokens {
			c.Vocab[spell(k.Text)] = k.ID
		}
		for _, p := range merges {
			c.Merges = append(c.Merges, [2]string{spell(p[0]), spell(p[1])})
		}
		m, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		piece := []byte(text)
		for i := range piece {
			piece[i] = "abc"[piece[i]%3]
		}
		if len(piece) == 0 {
			return
		}
		want := rankEncode(ranks, string(piece))
		if id, ok := ranks[string(piece)]; ok {
			want = []uint32{id}
		}
		if got := m.Append(nil, piece, 0, len(piece), m.NewState()); !slices.Equal(got, want) {
			t.Errorf("%q gives %d, want %d (merges %q)", piece, got, want, merges)
		}
	})
}
