package bpe

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// Texts that repeat themselves are cut as the merges cut them, whatever stands
// before, between and after, and whatever the working memory has seen.
func TestRepeatedText(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	letters := func(n int) (b []byte) {
		for range n {
			b = append(b, "aabbc\xe4\xb8"[rng.IntN(7)])
		}
		return b
	}
	walked, jumped := 0, 0
	for range 300 {
		m := randomModel(t, rng, 1+rng.IntN(60), true)
		if m.linear == nil {
			continue
		}
		walked++
		var st walkState
		for range 10 {
			var piece []byte
			for range 1 + rng.IntN(3) {
				piece = append(append(piece, letters(rng.IntN(10))...), bytes.Repeat(letters(1+rng.IntN(4)), rng.IntN(80))...)
			}
			piece = append(piece, letters(rng.IntN(10))...)
			want := make([]uint32, len(piece))
			for i, b := range piece {
				want[i] = m.byteIDs[b]
			}
			n, _ := m.mergeLong(want, &longState{})
			want = want[:n]
			before := append(make([]uint32, 0, 1+rng.IntN(9)), 7)
			got, end := m.linear.encode(before, piece, &st)
			if end != len(piece) || !slices.Equal(got[1:], want) {
				t.Fatalf("%q: %v to byte %d, want %v", piece, got[1:], end, want)
			}
			if len(piece) > 0 && repeated(piece, 1) > m.linear.deepest {
				jumped++
			}
		}
	}
	if walked < 100 || jumped < 10 {
		t.Errorf("%d models and %d long runs of one byte, want more", walked, jumped)
	}
}

// What the first bytes give at once is what going byte by byte gives.
func TestLongest(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	for range 50 {
		m := randomModel(t, rng, 60, true)
		l := m.linear
		if l == nil {
			continue
		}
		for range 200 {
			text := make([]byte, rng.IntN(9))
			for i := range text {
				text[i] = "abc\xe4\xb8\x00"[rng.IntN(6)]
			}
			if got, want := l.trie.longest(text), l.trie.walk(text, l.trie.units[0], 0); got != want {
				t.Fatalf("longest token of %q: %d, want %d", text, got, want)
			}
		}
	}
}
