package decontaminate

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/read"
)

// Index holds the n-grams of benchmarks' items. It does not change and serves any number of goroutines.
type Index struct {
	settings Decontaminate
	items    []indexed
	short    []string
	kinds    [2]kind
	// A document's window of near units is looked up in seen before longer ones that end there: with nearly all of a text's
	// windows that is all that happens.
	near    int
	leaving uint64 // base^near: what a unit counts when it leaves the window
	seen    bloom
	coarse  bloom // the same in a quarter of the memory, so that it stays in the cache
	table   table
	// The items of gram g are holders[first[g]:first[g+1]].
	first   []uint32
	holders []uint32
	bench   []string
	ignored []bool // by gram: it is a common phrase; nil = none is
}

// indexed is an item as the index knows it.
type indexed struct {
	name      string
	benchmark uint16 // index in Index.bench
	grams     uint32 // distinct ones
}

// kind is a kind of grams: of items in words, or in characters.
type kind struct {
	min, max int
	lengths  uint64 // bit n: there are n-grams
	seen     bloom  // of their last min units
}

const (
	inWords = iota
	inCharacters
)

// base is that of the grams' polynomial hashes modulo 2^64: the hash of units u₁…uₙ is Σ uᵢ·base^(n-i).
const base = 0x9FB21C651E98DF25

// bloom is a filter of hashes: three bits each in one word of 64. A few hashes in a hundred
// pass by chance.
type bloom struct {
	words []uint64
	shift uint
}

func newBloom(n int) bloom {
	size := bits.Len(uint(n / 8)) // 8 bits a hash at least, of which many are the same
	return bloom{make([]uint64, 1<<size), uint(64 - size)}
}

func (b *bloom) at(hash uint64) (word, mask uint64) {
	hash *= wordPrime
	return hash >> b.shift, 1<<(hash&63) | 1<<(hash>>6&63) | 1<<(hash>>12&63)
}

func (b *bloom) add(hash uint64) {
	word, mask := b.at(hash)
	b.words[word] |= mask
}

func (b *bloom) has(hash uint64) bool {
	word, mask := b.at(hash)
	return b.words[word]&mask == mask
}

// coarser returns a filter a quarter as large, which lets through all that b does.
func (b *bloom) coarser() bloom {
	if len(b.words) < 4 {
		return *b
	}
	c := bloom{make([]uint64, len(b.words)/4), b.shift + 2}
	for i, word := range b.words {
		c.words[i/4] |= word
	}
	return c
}

// table numbers keys, which are hashes, in their order: those whose highest bits are b have the numbers from begin[b] to begin[b+1].
type table struct {
	keys  []uint64
	begin []uint32
	shift uint
}

func newTable(n int) table {
	size := max(4, bits.Len(uint(n))-2) // two to four keys in a line of the cache
	return table{make([]uint64, 0, n), make([]uint32, 0, 1<<size+1), uint(64 - size)}
}

// add adds a key, greater than all before; behind the last comes end.
func (t *table) add(key uint64) {
	for uint64(len(t.begin)) <= key>>t.shift {
		t.begin = append(t.begin, uint32(len(t.keys)))
	}
	t.keys = append(t.keys, key)
}

func (t *table) end() {
	for len(t.begin) < cap(t.begin) {
		t.begin = append(t.begin, uint32(len(t.keys)))
	}
}

func (t *table) get(key uint64) (uint32, bool) {
	at := key >> t.shift
	for i := t.begin[at]; i < t.begin[at+1]; i++ {
		if t.keys[i] == key {
			return i, true
		}
	}
	return 0, false
}

// Filter returns a filter for one goroutine.
func (x *Index) Filter() corpus.Filter { return newFilter(x) }

// Items returns the number of items of each benchmark that are indexed.
func (x *Index) Items() map[string]int {
	n := map[string]int{}
	for _, it := range x.items {
		n[x.bench[it.benchmark]]++
	}
	return n
}

// Short names the items that have too few words or characters to be found.
func (x *Index) Short() []string { return x.short }

// Grams returns the number of different n-grams.
func (x *Index) Grams() int { return len(x.first) - 1 }

// Ignored returns the number of n-grams that are not looked for, as common phrases.
func (x *Index) Ignored() (n int) {
	for _, is := range x.ignored {
		if is {
			n++
		}
	}
	return n
}

// String sums the index up for people.
func (x *Index) String() string {
	return fmt.Sprintf("%d items, %d too short, %d n-grams, %d of them ignored", len(x.items), len(x.short), x.Grams(), x.Ignored())
}

// ignoreCommon finds the grams that are in more than most documents of some files.
func (x *Index) ignoreCommon(env corpus.Env, files []string, most int) error {
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = env.Path(f)
	}
	var bad error
	c, err := read.Open(paths, read.Options{OnBad: func(b read.Bad) { bad = cmp.Or(bad, errors.New(b.String())) }})
	if err != nil {
		return err
	}
	f := newFilter(x)
	documents := make([]int, x.Grams())
	for d, err := range c.Documents(env.Opening()) {
		if err = cmp.Or(err, bad); err != nil {
			return err
		}
		f.scan(string(d.Text))
		clear(f.grams)
		for _, h := range f.hits {
			if !f.grams[h.gram] {
				f.grams[h.gram] = true
				documents[h.gram]++
			}
		}
	}
	if bad != nil {
		return bad
	}
	x.ignored = make([]bool, len(documents))
	for g, n := range documents {
		x.ignored[g] = n > most
	}
	return nil
}
