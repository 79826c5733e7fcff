package decontaminate

import (
	"context"
	"fmt"
	"math/bits"
	"slices"

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

// builder collects grams.
type builder struct {
	*Index
	pairs [2][]pair // of words, of characters
	buf   []unit
}

// pair is a gram, and an item that has it.
type pair struct {
	key  uint64 // of the whole gram, its length mixed in
	near uint64 // hash of its last near units
	last uint64 // hash of its last min units
	item uint32
}

func newBuilder(s *Decontaminate) *builder {
	x := &Index{settings: *s}
	x.kinds[inWords] = kind{min: s.MinWords, max: s.Words}
	x.kinds[inCharacters] = kind{min: s.MinCharacters, max: s.Characters}
	if s.Rule == "palm" {
		x.kinds[inWords].max, x.kinds[inCharacters].max = s.MinWords, s.MinCharacters
	}
	x.near = min(s.MinWords, s.MinCharacters)
	x.leaving = 1
	for range x.near {
		x.leaving *= base
	}
	for _, b := range s.Benchmarks {
		x.bench = append(x.bench, b.Name)
	}
	return &builder{Index: x, buf: make([]unit, 0, 1<<12)}
}

// add indexes an item: its texts one after the other, the same with letters before the choices as tests print them, and the context
// with the right ending. Where the question alone has few words, all of them are a gram of their own.
func (b *builder) add(it item) {
	var plain, lettered []unit
	question := b.units(nil, it.texts, 0, 1)
	plain = b.units(nil, it.texts, 0, len(it.texts))
	k := kindOf(it.texts, len(plain))
	if len(plain) < b.kinds[k].min {
		b.short = append(b.short, it.name)
		return
	}
	id := uint32(len(b.items))
	b.items = append(b.items, indexed{name: it.name, benchmark: uint16(slices.Index(b.bench, it.benchmark))})
	b.grams(k, id, plain)
	if b.settings.Rule == "palm" {
		return // the share is that of one sequence
	}
	if len(question) < b.kinds[k].max {
		b.grams(k, id, question)
	}
	if n := len(it.texts); it.right > 0 {
		b.grams(k, id, append(question, b.units(nil, it.texts, it.right, it.right+1)...))
	} else if n >= 3 && n <= 27 {
		for i := range it.texts {
			if i > 0 {
				lettered = b.units(lettered, []string{string(rune('A' + i - 1))}, 0, 1)
			}
			lettered = b.units(lettered, it.texts, i, i+1)
		}
		b.grams(k, id, lettered)
	}
}

// units appends the units of texts[from:to].
func (b *builder) units(dst []unit, texts []string, from, to int) []unit {
	for _, text := range texts[min(from, len(texts)):min(to, len(texts))] {
		for s := (scanner{text: text}); s.at < len(s.text); {
			b.buf = s.fill(b.buf[:0])
			dst = append(dst, b.buf...)
		}
	}
	return dst
}

// kindOf tells the kind of an item's grams: of characters where more than half of its units are.
func kindOf(texts []string, units int) int {
	n := 0
	for _, text := range texts {
		for _, r := range text {
			if isHan(r) {
				n++
			}
		}
	}
	if 2*n > units {
		return inCharacters
	}
	return inWords
}

// grams adds the grams of a sequence, which is one gram where it is shorter than n.
func (b *builder) grams(k int, id uint32, units []unit) {
	g := &b.kinds[k]
	n := min(len(units), g.max)
	if n < g.min {
		return
	}
	g.lengths |= 1 << n
	for i := n; i <= len(units); i++ {
		b.pairs[k] = append(b.pairs[k], pair{gramKey(hashUnits(units[i-n:i]), n), hashUnits(units[i-b.near : i]), hashUnits(units[i-g.min : i]), id})
	}
}

func hashUnits(units []unit) (h uint64) {
	for _, u := range units {
		h = h*base + u.hash
	}
	return h
}

// gramKey keeps grams of different lengths apart. It is never 0, which is an empty place in the table.
func gramKey(h uint64, n int) uint64 { return mix(h+uint64(n)*wordSeed) | 1 }

// build makes the tables.
func (b *builder) build() *Index {
	x := b.Index
	x.seen = newBloom(len(b.pairs[0]) + len(b.pairs[1]))
	for k := range b.pairs {
		x.kinds[k].seen = newBloom(len(b.pairs[k]))
		for _, p := range b.pairs[k] {
			x.seen.add(p.near)
			x.kinds[k].seen.add(p.last)
		}
	}
	all := append(b.pairs[0], b.pairs[1]...)
	slices.SortFunc(all, func(a, b pair) int {
		if a.key != b.key {
			return cmpUint(a.key, b.key)
		}
		return cmpUint(uint64(a.item), uint64(b.item))
	})
	all = slices.CompactFunc(all, func(a, b pair) bool { return a.key == b.key && a.item == b.item })
	x.table = newTable(len(all))
	for i, p := range all {
		if i == 0 || all[i-1].key != p.key {
			x.table.add(p.key, uint32(len(x.first)))
			x.first = append(x.first, uint32(len(x.holders)))
		}
		x.holders = append(x.holders, p.item)
		x.items[p.item].grams++
	}
	x.first = append(x.first, uint32(len(x.holders)))
	return x
}

func cmpUint(a, b uint64) int {
	if a < b {
		return -1
	}
	return 1
}

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

// table maps keys to numbers: open addressing with linear probing, at most half full.
type table struct {
	slots []slot
	shift uint
}

type slot struct {
	key   uint64 // 0 = empty
	value uint32
}

func newTable(n int) table {
	size := max(4, bits.Len(uint(2*n)))
	return table{make([]slot, 1<<size), uint(64 - size)}
}

func (t *table) add(key uint64, value uint32) {
	at := key >> t.shift
	for t.slots[at].key != 0 {
		at = (at + 1) & uint64(len(t.slots)-1)
	}
	t.slots[at] = slot{key, value}
}

func (t *table) get(key uint64) (uint32, bool) {
	for at := key >> t.shift; ; at = (at + 1) & uint64(len(t.slots)-1) {
		switch s := &t.slots[at]; s.key {
		case key:
			return s.value, true
		case 0:
			return 0, false
		}
	}
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
	c, err := read.Open(paths, read.Options{})
	if err != nil {
		return err
	}
	f := newFilter(x)
	documents := make([]int, x.Grams())
	for d, err := range c.Documents(context.Background()) {
		if err != nil {
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
	x.ignored = make([]bool, len(documents))
	for g, n := range documents {
		x.ignored[g] = n > most
	}
	return nil
}
