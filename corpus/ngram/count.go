package ngram

import (
	"bytes"
	"fmt"
	"io"

	"github.com/athanor-lm/athanor/corpus/internal/extsort"
)

// Records hold n-grams as numbers of 3 bytes, big-endian, so that they sort. In suffix order an n-gram begins with its last word and
// ends with its first; in context order its last word stands at the end, and the others before it in suffix order.
const wordBytes = 3

func putWord(b []byte, w uint32) {
	b[0], b[1], b[2] = byte(w>>16), byte(w>>8), byte(w)
}

func getWord(b []byte) uint32 { return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]) }

// countBytes is the room for a count behind an n-gram, big-endian; the top bit marks one that is pruned.
const countBytes = 6

const prunedBit = 1 << (8*countBytes - 1)

func putCount(b []byte, n uint64) {
	for i := range countBytes {
		b[i] = byte(n >> (8 * (countBytes - 1 - i)))
	}
}

func getCount(b []byte) (n uint64) {
	for _, c := range b[:countBytes] {
		n = n<<8 | uint64(c)
	}
	return n
}

// addSentence adds the longest n-gram that ends with each word and with </s>: what reaches beyond <s> is filled with <s>.
func (t *trainer) addSentence(words []uint32) error {
	n := t.Order
	key := t.key[:n*wordBytes]
	for i := range len(words) + 1 {
		w := uint32(end)
		if i < len(words) {
			w = words[i]
		}
		putWord(key, w)
		for k := 1; k < n; k++ {
			w = begin
			if i-k >= 0 {
				w = words[i-k]
			}
			putWord(key[k*wordBytes:], w)
		}
		if err := t.grams.Add(key); err != nil {
			return err
		}
	}
	return nil
}

// node is an n-gram on the path from a last word to the longest n-gram that ends with it.
type node struct {
	adjusted uint64
	raw      uint64 // occurrences, which pruning goes by
}

// orderStats are the counts of counts of an order.
type orderStats struct {
	n    [5]uint64 // n-grams with adjusted count 1..4
	kept uint64    // n-grams that are not pruned
	all  uint64
}

// adjuster turns the longest n-grams, in suffix order, into all n-grams with their adjusted counts, as KenLM does: an n-gram's count is
// its number of different longer n-grams, which follow each other in this order; the longest, and those that begin with <s>, have
// the number of their occurrences.
type adjuster struct {
	t     *trainer
	last  []byte // the n-gram before, in suffix order
	depth int    // its length, from <s> on
	path  []node
	out   []*extsort.Sorter // by order, from 2 on: in context order
	rec   []byte
}

// adjust reads t.grams and fills t.stats, t.unigrams and the sorters it returns.
func (t *trainer) adjust() ([]*extsort.Sorter, error) {
	a := &adjuster{t: t, last: make([]byte, t.Order*wordBytes), path: make([]node, t.Order+1), rec: make([]byte, t.Order*wordBytes+countBytes)}
	t.stats = make([]orderStats, t.Order+1)
	t.unigrams = make([]uint64, t.vocab.len())
	a.out = make([]*extsort.Sorter, t.Order+1)
	for n := 2; n <= t.Order; n++ {
		s, err := t.sorter(n*wordBytes + countBytes)
		if err != nil {
			return nil, err
		}
		a.out[n] = s
	}
	r, err := t.grams.Sort()
	if err != nil {
		return nil, err
	}
	key := make([]byte, t.Order*wordBytes)
	run := uint64(0)
	for {
		rec, err := r.Next()
		if err != nil && err != io.EOF {
			return nil, err
		}
		if run > 0 && err == nil && bytes.Equal(rec, key) {
			run++
			continue
		}
		if run > 0 {
			if err := a.add(key, run); err != nil {
				return nil, err
			}
		}
		if err == io.EOF {
			break
		}
		copy(key, rec)
		run = 1
	}
	return a.out, a.closeTo(0)
}

// add takes the next n-gram and the number of its occurrences.
func (a *adjuster) add(key []byte, count uint64) error {
	n := a.t.Order
	depth := n
	for k := range n {
		if getWord(key[k*wordBytes:]) == begin {
			depth = k + 1
			break
		}
	}
	same := 0
	for same < min(depth, a.depth) && bytes.Equal(key[same*wordBytes:(same+1)*wordBytes], a.last[same*wordBytes:(same+1)*wordBytes]) {
		same++
	}
	if err := a.closeTo(same); err != nil {
		return err
	}
	if same > 0 {
		a.path[same].adjusted++
	}
	for k := 1; k <= same; k++ {
		a.path[k].raw += count
	}
	for k := same + 1; k < depth; k++ {
		a.path[k] = node{1, count}
	}
	a.path[depth] = node{count, count}
	copy(a.last, key)
	a.depth = depth
	return nil
}

// closeTo gives out the n-grams of the path that are longer than depth: no more of the text's belong to them.
func (a *adjuster) closeTo(depth int) error {
	for k := a.depth; k > depth; k-- {
		c := a.path[k]
		pruned := k > 1 && c.raw <= a.t.threshold(k)
		s := &a.t.stats[k]
		s.all++
		if !pruned {
			s.kept++
		}
		if c.adjusted < uint64(len(s.n)) {
			s.n[c.adjusted]++
		}
		if k == 1 {
			a.t.unigrams[getWord(a.last)] = c.adjusted
			continue
		}
		rec := a.rec[:k*wordBytes+countBytes]
		copy(rec, a.last[wordBytes:k*wordBytes])
		copy(rec[(k-1)*wordBytes:], a.last[:wordBytes])
		if pruned {
			c.adjusted |= prunedBit
		}
		putCount(rec[k*wordBytes:], c.adjusted)
		if err := a.out[k].Add(rec); err != nil {
			return err
		}
	}
	a.depth = depth
	return nil
}

// discounts are D₁, D₂ and D₃₊ of equation 26 of Chen and Goodman. Small or artificial texts may not have them: then they are ½, 1 and
// 1½, as with KenLM's --discount_fallback.
func discounts(s *orderStats) (d [4]float64, fallback bool) {
	n := s.n
	if n[1] > 0 && n[2] > 0 && n[3] > 0 {
		y := float64(n[1]) / (float64(n[1]) + 2*float64(n[2]))
		for i := 1; i <= 3; i++ {
			d[i] = float64(i) - float64(i+1)*y*float64(n[i+1])/float64(n[i])
			fallback = fallback || d[i] < 0 || d[i] > float64(i)
		}
		if !fallback {
			return d, false
		}
	}
	return [4]float64{0, 0.5, 1, 1.5}, true
}

// sorter returns one that shares the memory with the others of its pass.
func (t *trainer) sorter(size int) (*extsort.Sorter, error) {
	s, err := extsort.New(extsort.Options{Size: size, Memory: max(1<<20, t.Memory/int64(2*t.Order)), Dir: t.Dir, Workers: t.Workers, Compress: true})
	if err != nil {
		return nil, fmt.Errorf("ngram: %w", err)
	}
	t.open = append(t.open, s)
	return s, nil
}
