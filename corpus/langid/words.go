package langid

import (
	"math/bits"
	"unicode/utf8"
)

// englishWords are function words of English that no other language has often. In the declarations of human rights they are
// 41 % of the English words, 23 % of the Scots and 16 % of the Nigerian Pidgin ones, and at most 9 % of those in any of the other
// languages.
const englishWords = "the of and to that with for which this are be from have not they their his you it by has or been were " +
	"will would can if there when what who more these than other any such he she we your my our its shall should could does " +
	"into only some but is"

// wordSet is a hash table of words of up to 7 bytes, each as a number whose lowest byte is the first letter. Every word has a slot of
// its own: factor was looked for until that was so.
type wordSet struct {
	factor uint64
	slots  [1 << slotBits]uint64
}

const slotBits = 10

func newWordSet(words []string) *wordSet {
	keys := make([]uint64, len(words))
	for i, w := range words {
		for at := range len(w) {
			keys[i] |= uint64(w[at]) << (8 * at)
		}
	}
	t := &wordSet{factor: 0x9E3779B97F4A7C15}
	for !t.fill(keys) {
		t.factor = t.factor*0xD1342543DE82EF95 | 1
	}
	return t
}

// fill puts the words in; false where two want the same slot.
func (t *wordSet) fill(keys []uint64) bool {
	clear(t.slots[:])
	for _, key := range keys {
		slot := &t.slots[key*t.factor>>(64-slotBits)]
		if *slot != 0 {
			return false
		}
		*slot = key
	}
	return true
}

// has returns 1 for a word of the set, else 0: every other word is one, which no branch foretells.
func (t *wordSet) has(key uint64) int {
	differs := t.slots[key*t.factor>>(64-slotBits)] ^ key
	return 1 - int((differs|-differs)>>63)
}

// share returns the share of a text's words that are in the set. Words are runs of letters and bytes beyond ASCII.
func (t *wordSet) share(text string) (share float64, words int) {
	hits, i := 0, 0
	within := uint64(0) // 1 where the byte before i is in a word
	// 64 bytes at a time: where words begin and end are the bits of two numbers, which foretell more than a loop over bytes.
	for ; i+64+8 <= len(text); i += 64 {
		in := inWords(text[i : i+64])
		starts := in &^ (in<<1 | within)
		within = in >> 63
		words += bits.OnesCount64(starts)
		for ; starts != 0; starts &= starts - 1 {
			at := bits.TrailingZeros64(starts)
			w := load(text[i+at:])
			n := 8 * bits.TrailingZeros64(^(in >> at)) // bits of its letters
			if n+8*at == 8*64 {                        // it may go on
				n = bits.TrailingZeros64(^(asciiLetters(w)|w&high)&high) &^ 7
			}
			hits += t.has((w | 0x20*ones) & (1<<n - 1)) // of long words eight letters, which none of the set has
		}
	}
	for within != 0 && i < len(text) && inWord(text[i]) {
		i++
	}
	for i < len(text) {
		var key uint64
		n := 0
		for ; i < len(text) && inWord(text[i]); i++ {
			key |= uint64(text[i]|0x20) << (8 * min(n, 7))
			n++
		}
		if n == 0 {
			i++
			continue
		}
		words++
		hits += t.has(key)
	}
	if words == 0 {
		return 0, 0
	}
	return float64(hits) / float64(words), words
}

// inWords has a bit for each of 64 bytes that is a letter or beyond ASCII.
func inWords(text string) (in uint64) {
	for i := 0; i < 64; i += 8 {
		w := load(text[i:])
		in |= (asciiLetters(w) | w&high) >> 7 * gather >> 56 << i
	}
	return in
}

// gather brings the lowest bit of each byte, by a multiplication, to the highest byte.
const gather = 0x0102040810204080

func inWord(c byte) bool { return c >= utf8.RuneSelf || c|0x20 >= 'a' && c|0x20 <= 'z' }

// Bytes are looked at eight at a time, as one number: the upper bit of each says whether it is of a kind.
const (
	ones = 0x0101010101010101
	high = 0x80 * ones
)

// load returns the first eight bytes of a string; the compiler makes it one instruction.
func load(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// asciiLetters marks the bytes that are A to Z or a to z.
func asciiLetters(w uint64) uint64 {
	lower := (w | 0x20*ones) &^ high
	return (lower + (0x80-'a')*ones) &^ (lower + (0x7F-'z')*ones) &^ w & high
}
