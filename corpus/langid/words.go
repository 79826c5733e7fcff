package langid

import "unicode/utf8"

// englishWords are function words of English that no other language has often. In the declarations of human rights they are
// 41 % of the English words, 23 % of the Scots and 16 % of the Nigerian Pidgin ones, and at most 9 % of those in any of the other
// languages.
const englishWords = "the of and to that with for which this are be from have not they their his you it by has or been were " +
	"will would can if there when what who more these than other any such he she we your my our its shall should could does " +
	"into only some but is"

// wordSet is a hash table of words of up to 8 bytes, each as a number.
type wordSet [256]uint64

func newWordSet(words []string) *wordSet {
	t := new(wordSet)
	for _, w := range words {
		var key uint64
		for i := range len(w) {
			key = key<<8 | uint64(w[i])
		}
		at := slot(key)
		for t[at] != 0 {
			at = (at + 1) % uint64(len(t))
		}
		t[at] = key
	}
	return t
}

func slot(key uint64) uint64 { return key * 0x9E3779B97F4A7C15 >> 56 }

func (t *wordSet) has(key uint64) bool {
	for at := slot(key); t[at] != 0; at = (at + 1) % uint64(len(t)) {
		if t[at] == key {
			return true
		}
	}
	return false
}

// share returns the share of a text's words that are in the set. Words are runs of letters and bytes beyond ASCII.
func (t *wordSet) share(text string) (share float64, words int) {
	hits := 0
	for i := 0; i < len(text); {
		var key uint64
		n := 0
		for ; i < len(text); i++ {
			c := text[i]
			if c < utf8.RuneSelf {
				if c |= 0x20; c < 'a' || c > 'z' {
					break
				}
			}
			key = key<<8 | uint64(c)
			n++
		}
		if n == 0 {
			i++
			continue
		}
		words++
		if n <= 8 && t.has(key) {
			hits++
		}
	}
	if words == 0 {
		return 0, 0
	}
	return float64(hits) / float64(words), words
}
