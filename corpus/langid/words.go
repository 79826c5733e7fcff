package langid

import (
	"math/bits"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/internal/eights"
	"github.com/athanor-lm/athanor/internal/kernel"
)

// englishWords are function words of English that no other language has often. In the declarations of human rights they are
// 41 % of the English words, 23 % of the Scots and 16 % of the Nigerian Pidgin ones, and at most 9 % of those in any of the other
// languages.
const englishWords = "the of and to that with for which this are be from have not they their his you it by has or been were " +
	"will would can if there when what who more these than other any such he she we your my our its shall should could does " +
	"into only some but is"

// wordSet is a hash table of words of 2 to 7 bytes, each as a number whose lowest byte is the first letter. Every word has a slot of
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
	var masks [partBlocks]kernel.ByteMasks
	for i+64+8 <= len(text) {
		part := text[i:min(i+64*partBlocks, len(text))]
		blocks := (len(part) + 63) / 64
		letterSet.Masks(masks[:blocks], part)
		for b := 0; b+1 < blocks && i+64+8 <= len(text); b++ {
			in, next := masks[b][0]|masks[b][3], masks[b+1][0]|masks[b+1][3]
			starts := in &^ (in<<1 | within)
			within = in >> 63
			words += bits.OnesCount64(starts)
			// Not those of one letter, nor of eight and more.
			four := in & (in >> 1)
			four &= four >> 2
			for starts &= (in>>1 | next<<63) &^ (four & (four >> 4)); starts != 0; starts &= starts - 1 {
				at := bits.TrailingZeros64(starts)
				w := eights.Load(text[i+at:])
				hits += t.has((w | 0x20*eights.Ones) & keep[uint8(in>>at|next<<(64-at))])
			}
			i += 64
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

// partBlocks is how many blocks of 64 bytes are looked at in one go.
const partBlocks = 64

// letterSet are the letters of ASCII.
var letterSet = kernel.NewByteSets("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

// keep has, by which of eight bytes are in words, the bytes up to the first that is not.
var keep = func() (masks [256]uint64) {
	for in := range masks {
		masks[in] = ^uint64(0)
		if n := bits.TrailingZeros8(^uint8(in)); n < 8 {
			masks[in] = 1<<(8*n) - 1
		}
	}
	return masks
}()

func inWord(c byte) bool { return c >= utf8.RuneSelf || c|0x20 >= 'a' && c|0x20 <= 'z' }
