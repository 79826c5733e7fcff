package decontaminate

import "slices"

// builder collects grams.
type builder struct {
	*Index
	grams []gram
	pairs []holder // in the order of the items
	lasts [2]int   // by kind, how many grams there are
	buf   []unit
}

// holder is an item that has a gram.
type holder struct{ gram, item uint32 }

// gram is an n-gram on its way into the index.
type gram struct {
	near    uint64 // hash of its last near units
	last    uint64 // hash of its last min units
	item    uint32 // the one that had it last
	holders uint32 // items that have it
	kinds   uint8  // bit k: items of kind k have it
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
	x.table = newTable(0)
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
	b.take(k, id, plain)
	if b.settings.Rule == "palm" {
		return // the share is that of one sequence
	}
	if len(question) < b.kinds[k].max {
		b.take(k, id, question)
	}
	if n := len(it.texts); it.right > 0 {
		b.take(k, id, append(question, b.units(nil, it.texts, it.right, it.right+1)...))
	} else if n >= 3 && n <= 27 {
		for i := range it.texts {
			if i > 0 {
				lettered = b.units(lettered, []string{string(rune('A' + i - 1))}, 0, 1)
			}
			lettered = b.units(lettered, it.texts, i, i+1)
		}
		b.take(k, id, lettered)
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

// take adds the grams of a sequence, which is one gram where it is shorter than n.
func (b *builder) take(k int, id uint32, units []unit) {
	g := &b.kinds[k]
	n := min(len(units), g.max)
	if n < g.min {
		return
	}
	g.lengths |= 1 << n
	whole, near, last := newRolling(n), newRolling(b.near), newRolling(g.min)
	for i := range units {
		whole.take(units, i)
		near.take(units, i)
		last.take(units, i)
		if i+1 >= n {
			b.hold(k, id, gramKey(whole.hash, n), near.hash, last.hash)
		}
	}
}

// hold adds a gram of an item.
func (b *builder) hold(k int, id uint32, key, near, last uint64) {
	s := b.table.find(key)
	if s.key == 0 {
		if 2*len(b.grams) >= len(b.table.slots) {
			b.table.grow()
			s = b.table.find(key)
		}
		*s = slot{key, uint32(len(b.grams))}
		b.grams = append(b.grams, gram{near: near, last: last})
	}
	g := &b.grams[s.value]
	if g.kinds>>k&1 == 0 {
		g.kinds |= 1 << k
		b.lasts[k]++
	}
	if g.holders > 0 && g.item == id {
		return
	}
	g.item = id
	g.holders++
	b.items[id].grams++
	b.pairs = append(b.pairs, holder{s.value, id})
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

// build makes the tables.
func (b *builder) build() *Index {
	x := b.Index
	x.seen = newBloom(2 * len(b.grams))
	x.first = make([]uint32, 1, len(b.grams)+1)
	for k := range x.kinds {
		x.kinds[k].seen = newBloom(b.lasts[k])
	}
	for i := range b.grams {
		g := &b.grams[i]
		x.seen.add(g.near)
		for k := range x.kinds {
			if g.kinds>>k&1 != 0 {
				x.kinds[k].seen.add(g.last)
			}
		}
		x.first = append(x.first, x.first[i]+g.holders)
		g.item = x.first[i] // where the next holder goes
	}
	x.holders = make([]uint32, len(b.pairs))
	for _, h := range b.pairs {
		g := &b.grams[h.gram]
		x.holders[g.item] = h.item
		g.item++
	}
	return x
}
