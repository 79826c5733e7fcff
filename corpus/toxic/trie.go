package toxic

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// trie holds the entries by their bytes. A node's children lie next to each other, in the order of their bytes; a bit for each byte says
// which there are.
type trie struct {
	nodes []node
	ends  [][]int32 // by node's end: the entries that end there
	list  []entry
	// Where walking from a character is of any use: first three bytes at the beginning of a word (hashed), first two of what may begin
	// within one, and first Chinese characters.
	begin  [1 << 9]uint64
	within pairSet
	han    [1 << 10]uint64
	inner  [256]byte // what the scan does at a byte within a word
	bytes  *kernel.ByteSets
}

// What the scan does at a byte within a word.
const (
	goOn   byte = iota // a letter or digit
	look               // one with which an entry may begin
	unsure             // anything else
)

type node struct {
	mask  [4]uint64
	below [4]uint16 // children whose bytes are in earlier words of mask
	first int32     // the first child
	end   int32     // index in ends, 0 = none
}

// pairSet is a set of two bytes in lower case.
type pairSet [1 << 10]uint64

func (p *pairSet) add(a, b byte)      { i := int(a)<<8 | int(b); p[i>>6] |= 1 << (i & 63) }
func (p *pairSet) has(a, b byte) bool { i := int(a)<<8 | int(b); return p[i>>6]>>(i&63)&1 != 0 }

// newTrie builds the trie of a list. Of entries of the same text the last one counts, in each class.
func newTrie(list []entry) *trie {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b entry) int { return cmp.Or(strings.Compare(a.text, b.text), cmp.Compare(a.class, b.class)) })
	t := &trie{ends: make([][]int32, 1)}
	for i, e := range list {
		if i+1 < len(list) && list[i+1].text == e.text && list[i+1].class == e.class {
			continue
		}
		t.list = append(t.list, e)
	}
	t.nodes = append(t.nodes, node{})
	// Breadth first: the entries from lo to hi share the first depth bytes, which lead to a node.
	type job struct{ node, lo, hi, depth int }
	for jobs := []job{{0, 0, len(t.list), 0}}; len(jobs) > 0; jobs = jobs[1:] {
		j := jobs[0]
		lo := j.lo
		var ends []int32
		for lo < j.hi && len(t.list[lo].text) == j.depth {
			ends = append(ends, int32(lo))
			lo++
		}
		if len(ends) > 0 {
			t.nodes[j.node].end = int32(len(t.ends))
			t.ends = append(t.ends, ends)
		}
		t.nodes[j.node].first = int32(len(t.nodes))
		for lo < j.hi {
			c := t.list[lo].text[j.depth]
			hi := lo
			for hi < j.hi && t.list[hi].text[j.depth] == c {
				hi++
			}
			t.nodes[j.node].mask[c>>6] |= 1 << (c & 63)
			jobs = append(jobs, job{len(t.nodes), lo, hi, j.depth + 1})
			t.nodes = append(t.nodes, node{})
			lo = hi
		}
		n := &t.nodes[j.node]
		for w := 1; w < 4; w++ {
			n.below[w] = n.below[w-1] + uint16(bits.OnesCount64(n.mask[w-1]))
		}
	}
	for c := range t.inner {
		if !wordOf[c] {
			t.inner[c] = unsure
		}
	}
	for _, e := range t.list {
		t.note(e)
	}
	t.bytes = t.byteSets()
	return t
}

func upper(c byte) byte {
	if c-'a' < 26 {
		return c &^ 0x20
	}
	return c
}

// hash3 hashes three bytes to 15 bits, the same for both cases of letters.
func hash3(a, b, c byte) uint32 {
	return (uint32(a) | uint32(b)<<8 | uint32(c)<<16 | 0x202020) * 0x9E3779B1 >> 17
}

// begins says whether walking from i may be of use, where a word begins there.
func (t *trie) begins(s string, i int) bool {
	if i+2 >= len(s) {
		return true
	}
	h := hash3(s[i], s[i+1], s[i+2])
	return t.begin[h>>6]>>(h&63)&1 != 0
}

// note enters where an entry may begin.
func (t *trie) note(e entry) {
	if e.han {
		r, _ := utf8.DecodeRuneInString(e.text)
		t.han[r>>6] |= 1 << (r & 63)
		return
	}
	for c := range 256 {
		if len(e.text) > 2 {
			c = int(e.text[2])
		}
		h := hash3(e.text[0], e.text[1], byte(c))
		t.begin[h>>6] |= 1 << (h & 63)
	}
	if e.openLeft {
		t.within.add(e.text[0], e.text[1])
		for _, c := range []byte{e.text[0], upper(e.text[0])} {
			if t.inner[c] == goOn {
				t.inner[c] = look
			}
		}
	}
}

// child returns the child of n for a byte, or 0.
func (t *trie) child(n int32, c byte) int32 {
	p := &t.nodes[n]
	w := p.mask[c>>6]
	if w>>(c&63)&1 == 0 {
		return 0
	}
	return p.first + int32(p.below[c>>6]) + int32(bits.OnesCount64(w&(1<<(c&63)-1)))
}
