package toxic

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// sameByBytes wants what is met in a text, and the words counted, to be what looking at a byte at a time finds.
func sameByBytes(t *testing.T, m *matcher, text string) {
	t.Helper()
	m.find(text)
	hits, words, chars := slices.Clone(m.hits), m.words, m.chars
	sets := m.trie.bytes
	if sets == nil {
		t.Fatal("the list is not looked for in 64 bytes at a time")
	}
	m.trie.bytes = nil
	m.find(text)
	m.trie.bytes = sets
	if !slices.Equal(hits, m.hits) || words != m.words || chars != m.chars {
		t.Fatalf("%q: %v, %d words and %d characters; by bytes %v, %d and %d", text, hits, words, chars, m.hits, m.words, m.chars)
	}
}

func TestPlainTextIsLookedAtAsByBytes(t *testing.T) {
	entries, err := parse(strings.NewReader("darn\ndarned\nheck*\n*blast*\n*bl\n坏蛋\n!heckle\n~court\n*étoile\nl'eau\n*fée\n"), "list")
	if err != nil {
		t.Fatal(err)
	}
	m := newMatcher(entries, false, 30, 0.5)
	parts := []string{"darn", "Darned", "heck", "HECKLE", "blast", "BL", "ab", "x", "2", "word", "sand", "'", "'", " ", " ", "-", ".", "é", "étoile", "l'eau", "fée", "坏蛋", "中", "\xff", "\xc3", "\n", "court", "verylongword"}
	draw := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		var b strings.Builder
		for range draw.IntN(120) {
			b.WriteString(parts[draw.IntN(len(parts))])
			if draw.IntN(2) == 0 {
				b.WriteByte(' ')
			}
		}
		sameByBytes(t, &m, b.String())
	}
	sameByBytes(t, &m, strings.Repeat("a'", 200)+strings.Repeat("darn", 300)+" "+strings.Repeat("blast ", 3000))
}

func TestListsWithOtherBytesAreLookedForByBytes(t *testing.T) {
	entries, err := parse(strings.NewReader("*4chan\n"), "list")
	if err != nil {
		t.Fatal(err)
	}
	m := newMatcher(entries, false, 30, 0.5)
	if m.find("on 4chan, x4chan"); m.trie.bytes != nil || len(m.hits) != 2 {
		t.Errorf("%d met, want 2", len(m.hits))
	}
}
