package decontaminate

import (
	"context"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// builder collects grams.
type builder struct {
	*Index
	held  [1 << bucketBits]bucket // by the highest bits of the keys
	ends  [2]pieces[uint64]
	nears pieces[uint64]
	s     scanner
	plain []unit // of the item at hand
	texts []int  // where its texts begin in plain, and where the last ends
	other []unit
}

// holding says that an item of a kind has a gram.
type holding struct {
	key  uint64
	item uint32
	kind uint32
}

// bucketBits is how many bits of the keys what items have is dealt by at once: so few more have the same that they are sorted in the first cache.
const bucketBits = 10

// bucket is a list of what items have, in their order. It grows without being copied.
type bucket struct {
	full [][]holding
	last []holding
	n    int
}

const bucketPiece = 256 // holdings at most

func (b *bucket) add(h holding) {
	if len(b.last) == cap(b.last) {
		if b.n > 0 {
			b.full = append(b.full, b.last)
		}
		b.last = make([]holding, 0, min(max(2*cap(b.last), 16), bucketPiece))
	}
	b.last = append(b.last, h)
	b.n++
}

// pieces is a list that is gone through once: it grows without being copied.
type pieces[T any] [][]T

const pieceSize = 1 << 15

// room returns the last piece, with room for n more.
func (p *pieces[T]) room(n int) *[]T {
	last := len(*p) - 1
	if last < 0 || cap((*p)[last])-len((*p)[last]) < n {
		*p = append(*p, make([]T, 0, max(n, pieceSize)))
		last++
	}
	return &(*p)[last]
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
	return &builder{Index: x}
}

// add indexes an item: its texts one after the other, the same with letters before the choices as tests print them, and the context
// with the right ending. Where the question alone has few words, all of them are a gram of their own.
func (b *builder) add(it item) {
	b.cut(it.texts)
	question := b.plain[:b.texts[min(1, len(it.texts))]]
	k := kindOf(it.texts, len(b.plain))
	if len(b.plain) < b.kinds[k].min {
		b.short = append(b.short, it.name)
		return
	}
	id := uint32(len(b.items))
	b.items = append(b.items, indexed{name: it.name, benchmark: uint16(slices.Index(b.bench, it.benchmark))})
	b.take(k, id, b.plain, false)
	if b.settings.Rule == "palm" {
		return // the share is that of one sequence
	}
	if len(question) < b.kinds[k].max {
		b.take(k, id, question, false)
	}
	if n := len(it.texts); it.right > 0 {
		b.other = append(append(b.other[:0], question...), b.plain[b.texts[it.right]:b.texts[it.right+1]]...)
		b.take(k, id, b.other, false)
	} else if n >= 3 && n <= 27 {
		b.other = append(b.other[:0], question...)
		for i := 1; i < n; i++ {
			b.other = append(b.other, unit{hash: hashWord([]byte{'a' + byte(i-1)})}) // of no place in a text
			b.other = append(b.other, b.plain[b.texts[i]:b.texts[i+1]]...)
		}
		b.take(k, id, b.other, len(b.plain) >= b.kinds[k].max)
	}
}

// cut cuts texts into units.
func (b *builder) cut(texts []string) {
	b.plain, b.texts = b.plain[:0], append(b.texts[:0], 0)
	for _, text := range texts {
		for b.s.reset(text); b.s.at < len(text); {
			b.plain = b.s.fill(slices.Grow(b.plain, 256))
		}
		b.texts = append(b.texts, len(b.plain))
	}
}

// kindOf tells the kind of an item's grams: of characters where more than half of its units are.
func kindOf(texts []string, units int) int {
	n := 0
	for _, text := range texts {
		for _, r := range text {
			if r >= utf8.RuneSelf && isHan(r) {
				n++
			}
		}
	}
	if 2*n > units {
		return inCharacters
	}
	return inWords
}

// take adds the grams of a sequence, which is one gram where it is shorter than n; lettered leaves out those without a letter before a choice,
// which the item has already.
func (b *builder) take(k int, id uint32, units []unit, lettered bool) {
	g := &b.kinds[k]
	n := min(len(units), g.max)
	if n < g.min {
		return
	}
	g.lengths |= 1 << n
	grams := len(units) - n + 1
	ends, nears := b.ends[k].room(grams), b.nears.room(grams)
	whole, near, last := newRolling(n), newRolling(b.near), newRolling(g.min)
	letter := -n // the last
	for i := range units {
		if units[i].end == 0 {
			letter = i
		}
		whole.take(units, i)
		last.take(units, i)
		if g.min != b.near {
			near.take(units, i)
		}
		if i+1 < n || lettered && i-letter >= n {
			continue
		}
		key := gramKey(whole.hash, n)
		b.held[key>>(64-bucketBits)].add(holding{key, id, uint32(k)})
		*ends = append(*ends, last.hash)
		if g.min != b.near {
			*nears = append(*nears, near.hash)
		}
	}
}

// rolling is the hash of the last n units.
type rolling struct {
	n             int
	hash, leaving uint64
}

func newRolling(n int) rolling {
	r := rolling{n: n, leaving: 1}
	for range n {
		r.leaving *= base
	}
	return r
}

// take moves the window on to unit i.
func (r *rolling) take(units []unit, i int) {
	r.hash = r.hash*base + units[i].hash
	if i >= r.n {
		r.hash -= r.leaving * units[i-r.n].hash
	}
}

// gramKey keeps grams of different lengths apart. It is never 0, which is an empty place in the table.
func gramKey(h uint64, n int) uint64 { return mix(h+uint64(n)*wordSeed) | 1 }

// build makes the tables. It ends early, with its error, when ctx does.
func (b *builder) build(ctx context.Context) (*Index, error) {
	x := b.Index
	grams := 0
	for i := range b.held {
		grams += b.held[i].n
	}
	x.table, x.first = newTable(grams), make([]uint32, 0, grams+1)
	x.holders = make([]uint32, 0, grams)
	sorter := newSorter(grams)
	var of [2]int // grams by kind
	for i := range b.held {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b.number(sorter.byKey(&b.held[i]), &of)
		b.held[i] = bucket{}
	}
	x.first = append(x.first, uint32(len(x.holders)))
	x.table.end()
	b.blooms(len(x.table.keys), of)
	return x, ctx.Err()
}

// number gives the grams of what items have, in the order of the keys, their numbers, and counts the grams of each kind.
func (b *builder) number(held []holding, of *[2]int) {
	x := b.Index
	for i := 0; i < len(held); {
		key, kinds := held[i].key, uint32(0)
		x.table.add(key)
		x.first = append(x.first, uint32(len(x.holders)))
		for from := i; i < len(held) && held[i].key == key; i++ {
			kinds |= 1 << held[i].kind
			if item := held[i].item; i == from || item != held[i-1].item {
				x.holders = append(x.holders, item)
				x.items[item].grams++
			}
		}
		of[inWords] += int(kinds & 1)
		of[inCharacters] += int(kinds >> 1)
	}
}

// sorter sorts buckets. The keys are hashes: of as many as there are of them, the bits behind those of the bucket leave few to be sorted.
type sorter struct {
	width  int // bits
	at     []uint32
	sorted []holding
}

func newSorter(all int) *sorter {
	width := max(bits.Len(uint(all))-bucketBits, 1)
	return &sorter{width: width, at: make([]uint32, 1<<width+1)}
}

// byKey returns what a bucket holds in the order of the keys, until it is called again; items of the same key stay in theirs.
func (s *sorter) byKey(b *bucket) []holding {
	s.sorted = slices.Grow(s.sorted[:0], b.n)[:b.n]
	shift, mask := 64-bucketBits-s.width, uint64(1)<<s.width-1
	clear(s.at)
	pieces := append(b.full, b.last)
	for _, piece := range pieces {
		for i := range piece {
			s.at[piece[i].key>>shift&mask+1]++
		}
	}
	for i := 1; i < len(s.at); i++ {
		s.at[i] += s.at[i-1]
	}
	for _, piece := range pieces {
		for i := range piece {
			to := &s.at[piece[i].key>>shift&mask]
			s.sorted[*to] = piece[i]
			*to++
		}
	}
	for i := 1; i < len(s.sorted); i++ {
		for k := i; k > 0 && s.sorted[k].key < s.sorted[k-1].key; k-- {
			s.sorted[k], s.sorted[k-1] = s.sorted[k-1], s.sorted[k]
		}
	}
	return s.sorted
}

// blooms makes the filters for a number of grams, in all and of each kind.
func (b *builder) blooms(all int, of [2]int) {
	b.seen = newBloom(2 * all)
	for k := range b.kinds {
		g := &b.kinds[k]
		g.seen = newBloom(of[k])
		for _, piece := range b.ends[k] {
			for _, hash := range piece {
				g.seen.add(hash)
				if g.min == b.near {
					b.seen.add(hash)
				}
			}
		}
	}
	for _, piece := range b.nears {
		for _, hash := range piece {
			b.seen.add(hash)
		}
	}
	b.coarse = b.seen.coarser()
}
