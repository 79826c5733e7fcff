package toxic

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// wordBytes are the bytes of ASCII that words are made of, and apostrophe what is one within.
const (
	wordBytes  = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	apostrophe = '\''
)

// byteSets returns the sets of word bytes, of those with which an entry begins that may stand within a word, and of their second ones,
// among which is the apostrophe. It returns nil where such an entry begins with other ASCII: then texts are looked at a byte at a time.
func (t *trie) byteSets() *kernel.ByteSets {
	var first, second []byte
	for _, e := range t.list {
		a, b := e.text[0], e.text[1]
		if !e.openLeft || a >= 0x80 || b >= 0x80 {
			continue
		}
		if a-'a' >= 26 || b-'a' >= 26 {
			return nil
		}
		first, second = append(first, a, upper(a)), append(second, b, upper(b))
	}
	return kernel.NewByteSets(wordBytes, string(first), string(append(second, apostrophe)))
}

// plain looks at the words that lie in the 64 bytes at i, as far as these are ASCII, where i is in no word but at its beginning. It
// returns how many bytes it is done with, perhaps none.
func (m *matcher) plain(t string, i int) int {
	w := m.windows.At(i)
	n := min(bits.TrailingZeros64(w[3]), len(t)-i, 64) // of ASCII
	if n < 3 {
		return 0
	}
	// Of second letters, only the apostrophe is no letter. At the end it may have one behind it.
	in := w[0] | w[2]&^w[0]&(w[0]<<1)&(w[0]>>1|1<<(n-1))
	// A word at the end may go on: it is left for the next time.
	n -= bits.LeadingZeros64(^(in << (64 - n)))
	if n <= 0 {
		return 0
	}
	in &= 1<<n - 1
	starts := in &^ (in << 1)
	m.words += bits.OnesCount64(starts)
	hits := len(m.hits)
	for b := starts; b != 0; b &= b - 1 {
		if at := i + bits.TrailingZeros64(b); m.trie.begins(t, at) {
			m.walk(t, at, true)
		}
	}
	for b := in &^ starts & w[1] & (w[2] >> 1); b != 0; b &= b - 1 {
		at := i + bits.TrailingZeros64(b)
		if m.trie.within.has(lowerOf[t[at]], lowerOf[t[at+1]]) {
			m.walk(t, at, false)
		}
	}
	if len(m.hits) > hits+1 {
		slices.SortStableFunc(m.hits[hits:], func(a, b hit) int { return cmp.Compare(a.start, b.start) })
	}
	return n
}
