package langid

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// shareByBytes is share, a byte at a time.
func shareByBytes(set map[string]bool, text string) (share float64, words int) {
	hits := 0
	word := []byte{}
	for i := 0; i <= len(text); i++ {
		if i < len(text) && inWord(text[i]) {
			c := text[i]
			if c < utf8.RuneSelf {
				c |= 0x20
			}
			word = append(word, c)
			continue
		}
		if len(word) > 0 {
			words++
			if set[string(word)] {
				hits++
			}
		}
		word = word[:0]
	}
	if words == 0 {
		return 0, 0
	}
	return float64(hits) / float64(words), words
}

func TestEightsSayWhatBytesSay(t *testing.T) {
	list := strings.Fields(englishWords)
	set, table := map[string]bool{}, newWordSet(list)
	for _, w := range list {
		set[w] = true
	}
	others := []string{"t", "THE", "Not", "shoul", "shoulder", "internationale", "é", "the\xff", "\xffthe", "中文", "...", " ", "\n", "@[`{", "1", "of1", "abcdefgh", "ABCDEFGHI"}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		var b strings.Builder
		for range rng.IntN(12) {
			if rng.IntN(2) == 0 {
				b.WriteString(list[rng.IntN(len(list))])
			} else {
				b.WriteString(others[rng.IntN(len(others))])
			}
			if rng.IntN(4) > 0 {
				b.WriteByte(' ')
			}
		}
		text := b.String()
		share, words := table.share(text)
		if wantShare, wantWords := shareByBytes(set, text); share != wantShare || words != wantWords {
			t.Fatalf("%q: %v of %d words, want %v of %d", text, share, words, wantShare, wantWords)
		}
		letters := 0
		for i := range len(text) {
			if text[i] < utf8.RuneSelf && inWord(text[i]) {
				letters++
			}
		}
		if n := count(text); n.ascii != letters {
			t.Fatalf("%q: %d letters, want %d", text, n.ascii, letters)
		}
	}
}
