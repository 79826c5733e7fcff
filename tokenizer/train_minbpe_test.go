package tokenizer

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/athanor-lm/athanor/internal/realdata"
	"github.com/athanor-lm/athanor/tokenizer/internal/bytelevel"
)

// minbpe (github.com/karpathy/minbpe) is training by the book in a hundred
// lines. Its published example is 256 merges of sotu.txt. Train gives the same,
// but that of equally frequent pairs minbpe takes the one it met first in the
// text: a merge may come earlier or later only among such.
func TestMergesAreMinbpesUpToTies(t *testing.T) {
	text, model := realdata.Bytes(t, "tokenizers/minbpe/sotu.txt"), realdata.Bytes(t, "tokenizers/minbpe/tok512.model")
	lines := bytes.Split(bytes.TrimSpace(model), []byte("\n"))
	var want [][2]int
	for _, line := range lines[3:] {
		var m [2]int
		if _, err := fmt.Sscan(string(line), &m[0], &m[1]); err != nil {
			t.Fatal(err)
		}
		want = append(want, m)
	}
	cfg := TrainConfig{VocabSize: 512, Regex: string(lines[1]), Special: []string{}, MinFrequency: 1}
	tok := trained(t, cfg, [][]byte{text})
	got := mergesOf(t, tok)
	if len(want) != 256 || len(got) != 256 {
		t.Fatalf("%d merges, and %d in the model, want 256", len(got), len(want))
	}
	all := pieces(t, cfg, text)
	a, b := replay(t, got, all), replay(t, want, all)
	differ := 0
	for k := range a {
		if a[k].count != b[k].count {
			t.Errorf("merge %d occurs %d times, minbpe's %d times", k, a[k].count, b[k].count)
		}
		if a[k].token != b[k].token {
			differ++
			if !slices.ContainsFunc(b, func(m replayed) bool { return m == a[k] }) {
				t.Errorf("merge %d makes %q, which minbpe does not make", k, a[k].token)
			}
		}
	}
	if differ != 22 {
		t.Errorf("%d merges stand elsewhere, want the 22 of 11 ties", differ)
	}
}

// mergesOf are the merges of a tokenizer without special tokens, by minbpe's
// ids: bytes stand for themselves.
func mergesOf(t *testing.T, tok *Tokenizer) (out [][2]int) {
	t.Helper()
	_, m, _, err := tok.parsed()
	if err != nil {
		t.Fatal(err)
	}
	merges, err := parseMerges(m.Merges)
	if err != nil {
		t.Fatal(err)
	}
	id := func(token string) int {
		n, _ := tok.ID(token)
		if r := []rune(token); len(r) == 1 {
			b, _ := bytelevel.Byte(r[0])
			n = uint32(b)
		}
		return int(n)
	}
	for _, p := range merges {
		out = append(out, [2]int{id(p[0]), id(p[1])})
	}
	return out
}

// replayed is what a merge made, of how many pairs.
type replayed struct {
	token string
	count int64
}

// replay applies merges to pieces, and wants each to be of the most frequent
// pair there is.
func replay(t *testing.T, merges [][2]int, pieces []string) (out []replayed) {
	t.Helper()
	counts := map[string]int64{}
	for _, p := range pieces {
		counts[p]++
	}
	type word struct {
		symbols []int
		n       int64
	}
	var words []word
	for p, n := range counts {
		w := word{n: n}
		for _, b := range []byte(p) {
			w.symbols = append(w.symbols, int(b))
		}
		words = append(words, w)
	}
	tokens := make([]string, 256)
	for b := range tokens {
		tokens[b] = string([]byte{byte(b)})
	}
	pairs := make([]int64, 512*512)
	for _, m := range merges {
		clear(pairs)
		for _, w := range words {
			for i, s := 1, w.symbols; i < len(s); i++ {
				pairs[s[i-1]<<9|s[i]] += w.n
			}
		}
		n := pairs[m[0]<<9|m[1]]
		if most := slices.Max(pairs); n != most {
			t.Fatalf("%q and %q occur %d times, another pair %d times", tokens[m[0]], tokens[m[1]], n, most)
		}
		for p := range words {
			k, s := 0, words[p].symbols
			for i := 0; i < len(s); i++ {
				if s[k] = s[i]; i+1 < len(s) && s[i] == m[0] && s[i+1] == m[1] {
					s[k] = len(tokens)
					i++
				}
				k++
			}
			words[p].symbols = s[:k]
		}
		tokens = append(tokens, tokens[m[0]]+tokens[m[1]])
		out = append(out, replayed{tokens[len(tokens)-1], n})
	}
	return out
}
