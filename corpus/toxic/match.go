package toxic

import (
	"cmp"
	"slices"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// hit is an entry met in a text.
type hit struct {
	start, end int
	entry      int32
	weight     float64
}

// matcher meets terms in texts. It holds memory for one goroutine.
type matcher struct {
	trie     *trie // the terms
	around   *trie // exceptions and contexts: looked for only around terms
	disguise bool  // look behind disguises as well
	window   int   // bytes around a term in which a context lowers its weight
	lowered  float64

	windows      kernel.ByteWindows
	words, chars int // Latin words and Chinese characters of the text
	hits         []hit
}

func newMatcher(list []entry, disguise bool, window int, lowered float64) matcher {
	var terms, others []entry
	for _, e := range list {
		if e.class == term {
			terms = append(terms, e)
		} else {
			others = append(others, e)
		}
	}
	return matcher{trie: newTrie(terms), around: newTrie(others), disguise: disguise, window: window, lowered: lowered}
}

// lowerOf is ASCII's lower case by byte; wordOf says which bytes words of alphabetic scripts are made of: ASCII letters and digits, and the
// two-byte characters from U+00C0 on (Latin, Greek, Cyrillic, Hebrew, Arabic).
var lowerOf, wordOf = func() (low [256]byte, word [256]bool) {
	for c := range 256 {
		b := byte(c)
		low[c] = b
		if b-'A' < 26 {
			low[c] = b | 0x20
		}
		word[c] = b|0x20-'a' < 26 || b-'0' < 10 || b >= 0xC3 && b <= 0xDF
	}
	return low, word
}()

// find fills the matcher with what the text, valid UTF-8, holds: terms with their weights, none within an exception, none overlapping another.
func (m *matcher) find(t string) {
	m.words, m.chars = 0, 0
	m.hits = m.hits[:0]
	fast := m.trie.bytes != nil && !m.disguise
	if fast {
		m.windows.Reset(m.trie.bytes, t)
	}
	for i := 0; i < len(t); {
		c := t[i]
		if fast && c < 0x80 {
			if n := m.plain(t, i); n > 0 {
				i += n
				continue
			}
		}
		switch {
		case wordOf[c]:
			i = m.word(t, i)
		case c < 0x80:
			if m.disguise && isDisguise(c) {
				m.behindDisguise(t, i)
			}
			i++
		case c >= 0xE3 && c <= 0xEF && i+2 < len(t):
			r := rune(c&0x0F)<<12 | rune(t[i+1]&0x3F)<<6 | rune(t[i+2]&0x3F)
			if isHan(r) {
				m.chars++
				if m.trie.han[r>>6]>>(r&63)&1 != 0 {
					m.walk(t, i, true)
					if m.disguise {
						m.splitHan(t, i)
					}
				}
			} else if m.trie.begins(t, i) {
				m.walk(t, i, true)
			}
			if m.disguise && isFullWidth(t, i) {
				m.behindDisguise(t, i)
			}
			i += 3
		default:
			if c >= 0xF0 && m.trie.begins(t, i) {
				m.walk(t, i, true)
			}
			i++
		}
	}
	if len(m.hits) > 0 {
		m.settle(t)
	}
}

// word looks at the word that begins at i, and returns its end.
func (m *matcher) word(t string, i int) int {
	m.words++
	if m.trie.begins(t, i) {
		m.walk(t, i, true)
	}
	if m.disguise {
		m.behindDisguise(t, i)
	}
	inner := &m.trie.inner
	for j := i + 1; ; j++ {
		for j < len(t) && inner[t[j]] == goOn {
			j++
		}
		if j >= len(t) || inner[t[j]] == unsure && !inWord(t, j) {
			return j
		}
		if inner[t[j]] == look && j+1 < len(t) && m.trie.within.has(lowerOf[t[j]], lowerOf[t[j+1]]) {
			m.walk(t, j, false)
		}
	}
}

// inWord says whether the byte at j, which is neither letter nor digit, goes on with the word before it: as the second byte of a letter, or
// as an apostrophe within.
func inWord(t string, j int) bool {
	c := t[j]
	return c&0xC0 == 0x80 && t[j-1] >= 0xC3 && t[j-1] <= 0xDF || c == '\'' && j+1 < len(t) && wordOf[t[j+1]]
}

// walk goes down the trie from i on, and keeps what ends on the way. begins says that a word begins at i.
func (m *matcher) walk(t string, i int, begins bool) {
	n := int32(0)
	for j := i; j < len(t); j++ {
		if n = m.trie.child(n, lowerOf[t[j]]); n == 0 {
			return
		}
		if end := m.trie.nodes[n].end; end != 0 {
			m.keep(t, i, j+1, end, begins)
		}
	}
}

// keep files the terms that end at a node, where their boundaries are kept.
func (m *matcher) keep(t string, start, end int, at int32, begins bool) {
	for _, e := range m.trie.ends[at] {
		if m.trie.list[e].fits(t, end, begins) {
			m.hits = append(m.hits, hit{start: start, end: end, entry: e})
		}
	}
}

// fits says whether an entry that ends at end has the boundaries it needs.
func (e *entry) fits(t string, end int, begins bool) bool {
	return (begins || e.openLeft) && (e.openEnd || end == len(t) || !wordOf[t[end]])
}

// settle leaves the first and longest of terms that overlap, none within an exception, and gives each its weight.
func (m *matcher) settle(t string) {
	slices.SortFunc(m.hits, func(a, b hit) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end)) })
	kept := m.hits[:0]
	last := 0
	for _, h := range m.hits {
		if h.start < last {
			continue
		}
		excepted, near := m.surroundings(t, h)
		if excepted {
			continue
		}
		h.weight = float64(m.trie.list[h.entry].severity)
		if near {
			h.weight *= m.lowered
		}
		last = h.end
		kept = append(kept, h)
	}
	m.hits = kept
}

// maxEntry bounds the length of an entry, in bytes.
const maxEntry = 64

// surroundings says whether an exception covers a hit, and whether a context stands near it.
func (m *matcher) surroundings(t string, h hit) (excepted, near bool) {
	for i := max(0, h.start-max(m.window, maxEntry)); i < min(len(t), h.end+m.window); i++ {
		begins := i == 0 || !wordOf[t[i-1]]
		n := int32(0)
		for j := i; j < len(t); j++ {
			if n = m.around.child(n, lowerOf[t[j]]); n == 0 {
				break
			}
			for _, x := range m.around.ends[m.around.nodes[n].end] {
				e := &m.around.list[x]
				switch {
				case !e.fits(t, j+1, begins):
				case e.class == exception:
					if i <= h.start && j+1 >= h.end {
						return true, false
					}
				case i <= h.end+m.window && j+1 >= h.start-m.window:
					near = true
				}
			}
		}
	}
	return false, near
}
