package wordpiece

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Learning says what vocabulary Learn makes.
type Learning struct {
	Special       []string // the first ids
	VocabSize     int      // ids in all
	MinFrequency  int64    // a pair seen less often is not joined; at least 1
	LimitAlphabet int      // the most characters; the rarest are left out of the words
	Initial       []rune   // characters that count as the most frequent ones
	Prefix        string   // begins the pieces of a word but the first
	Progress      func(tokens int)

	order func(continued []rune) // sorts the characters inside words; nil for code points
}

// Learn makes a vocabulary of words with their counts, as Hugging Face's
// WordPieceTrainer does: that is byte-pair encoding (Sennrich et al. 2016) over
// characters, of which those inside a word carry the prefix, and the merges are
// thrown away. The most frequent adjacent pair becomes a token, over and over;
// among equals the one with the smaller ids.
//
// The reference numbers the prefixed characters in the order of a hash table
// that differs from run to run, and cuts an alphabet that is too large the same
// way; here both go by code point. Given the same numbers the result is the
// same.
func Learn(ctx context.Context, c Learning, words map[string]int64) ([]string, error) {
	l := &learner{Learning: c, ids: map[string]uint32{}, counts: map[uint64]int64{}, found: map[uint64][]uint32{}}
	for _, s := range c.Special {
		l.add(s)
	}
	l.spell(words, l.alphabet(words))
	if len(l.tokens) > c.VocabSize {
		return nil, fmt.Errorf("special tokens and characters take %d ids, the vocabulary is to have %d: make it larger or limit the alphabet to fewer than %d characters",
			len(l.tokens), c.VocabSize, l.characters)
	}
	if len(l.syms) > math.MaxUint32 {
		return nil, fmt.Errorf("the distinct words have %d characters, want at most %d; train on a sample", len(l.syms), uint32(math.MaxUint32))
	}
	err := l.run(ctx)
	return l.tokens, err
}

type learner struct {
	Learning
	tokens     []string
	ids        map[string]uint32
	characters int

	syms  []uint32 // all words, one after the other
	start []uint32 // word → its first symbol in syms
	size  []uint32 // word → its symbols now
	count []int64  // word → occurrences

	counts map[uint64]int64    // pair → occurrences
	found  map[uint64][]uint32 // pair → words it has come up in since it was last put into the heap
	heap   pairHeap
}

func (l *learner) add(token string) uint32 {
	id, ok := l.ids[token]
	if !ok {
		id = uint32(len(l.tokens))
		l.ids[token] = id
		l.tokens = append(l.tokens, token)
	}
	return id
}

// alphabet adds the characters of the words, in order, and returns those that
// count as such.
func (l *learner) alphabet(words map[string]int64) map[rune]bool {
	counts := map[rune]int64{}
	for word, n := range words {
		for _, r := range word {
			counts[r] += n
		}
	}
	for _, r := range l.Initial {
		counts[r] = math.MaxInt64
	}
	chars := make([]rune, 0, len(counts))
	for r := range counts {
		chars = append(chars, r)
	}
	slices.SortFunc(chars, func(a, b rune) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	chars = chars[:min(len(chars), l.LimitAlphabet)]
	slices.Sort(chars)
	kept := make(map[rune]bool, len(chars))
	for _, r := range chars {
		l.add(string(r))
		kept[r] = true
	}
	l.characters = len(chars)
	return kept
}

// spell writes the words in symbols. Characters that are not kept are left out,
// and what stood around them is adjacent, as in the reference.
func (l *learner) spell(words map[string]int64, kept map[rune]bool) {
	var inside []rune
	seen := map[rune]bool{}
	for word := range words {
		for i, r := range word {
			if i > 0 && kept[r] && !seen[r] {
				seen[r] = true
				inside = append(inside, r)
			}
		}
	}
	slices.Sort(inside)
	if l.order != nil {
		l.order(inside)
	}
	first, rest := map[rune]uint32{}, map[rune]uint32{}
	for r := range kept {
		first[r] = l.ids[string(r)]
	}
	for _, r := range inside {
		rest[r] = l.add(l.Prefix + string(r))
	}
	for word, n := range words {
		from := len(l.syms)
		for i, r := range word {
			switch {
			case !kept[r]:
			case i == 0:
				l.syms = append(l.syms, first[r])
			default:
				l.syms = append(l.syms, rest[r])
			}
		}
		if len(l.syms)-from < 2 { // nothing to join
			l.syms = l.syms[:from]
			continue
		}
		l.start, l.size, l.count = append(l.start, uint32(from)), append(l.size, uint32(len(l.syms)-from)), append(l.count, n)
	}
}

func (l *learner) run(ctx context.Context) error {
	for w := range l.start {
		s := l.word(uint32(w))
		for i := 1; i < len(s); i++ {
			l.raise(s[i-1], s[i], uint32(w))
		}
	}
	l.enqueue()
	for n := 0; len(l.tokens) < l.VocabSize && len(l.heap) > 0; {
		top := l.heap[0]
		if now := l.counts[top.key]; now != top.count {
			if top.count = now; now > 0 {
				heap.Fix(&l.heap, 0)
			} else {
				heap.Pop(&l.heap)
			}
			continue
		}
		if top.count < l.MinFrequency {
			break
		}
		heap.Pop(&l.heap)
		l.join(top)
		if n++; n%64 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if l.Progress != nil {
				l.Progress(len(l.tokens))
			}
		}
	}
	if l.Progress != nil {
		l.Progress(len(l.tokens))
	}
	return nil
}

func (l *learner) word(w uint32) []uint32 { return l.syms[l.start[w] : l.start[w]+l.size[w]] }

func pair(a, b uint32) uint64 { return uint64(a)<<32 | uint64(b) }

func (l *learner) raise(a, b, w uint32) {
	key := pair(a, b)
	l.counts[key] += l.count[w]
	if list := l.found[key]; len(list) == 0 || list[len(list)-1] != w {
		l.found[key] = append(list, w)
	}
}

func (l *learner) drop(a, b, w uint32) { l.counts[pair(a, b)] -= l.count[w] }

// enqueue puts the pairs that came up into the heap.
func (l *learner) enqueue() {
	for key, words := range l.found {
		if n := l.counts[key]; n > 0 {
			heap.Push(&l.heap, &heapPair{n, key, words})
		}
	}
	l.found = map[uint64][]uint32{} // clearing would go over the largest that it ever was
}

// join makes a token of a pair in the words that it came up in. The count of
// the pair stays: should two tokens that spell the same bring it up again, the
// reference adds to it.
func (l *learner) join(p *heapPair) {
	a, b := uint32(p.key>>32), uint32(p.key)
	id := l.add(l.tokens[a] + strings.TrimPrefix(l.tokens[b], l.Prefix))
	for _, w := range p.words {
		s, k := l.word(w), 0
		for i := 0; i < len(s); i++ {
			if s[i] != a || i+1 == len(s) || s[i+1] != b {
				s[k] = s[i]
				k++
				continue
			}
			if k > 0 {
				l.drop(s[k-1], a, w)
				l.raise(s[k-1], id, w)
			}
			if i+2 < len(s) {
				l.drop(b, s[i+2], w)
				l.raise(id, s[i+2], w)
			}
			s[k] = id
			k++
			i++
		}
		l.size[w] = uint32(k)
	}
	l.enqueue()
}

// heapPair is a pair with the count it had and the words it came up in.
type heapPair struct {
	count int64
	key   uint64
	words []uint32
}

// pairHeap has the most frequent pair on top, of equals that with smaller ids.
type pairHeap []*heapPair

func (h pairHeap) Len() int      { return len(h) }
func (h pairHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h pairHeap) Less(i, j int) bool {
	return h[i].count > h[j].count || h[i].count == h[j].count && h[i].key < h[j].key
}
func (h *pairHeap) Push(x any) { *h = append(*h, x.(*heapPair)) }
func (h *pairHeap) Pop() any {
	s := *h
	p := s[len(s)-1]
	*h = s[:len(s)-1]
	return p
}
