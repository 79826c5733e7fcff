package decontaminate

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus"
)

// hit is a gram of an item in a document.
type hit struct {
	gram       uint32
	start, end int32
}

type filter struct {
	x     *Index
	s     scanner
	units []unit // the last longestGram of the part before, then the part at hand
	hits  []hit
	items map[uint32]int // the items a document holds, with their grams in it
	grams map[uint32]bool
	names []uint32
}

// carry is how many units are kept of the part before.
const carry = longestGram

func newFilter(x *Index) *filter {
	return &filter{x: x, units: make([]unit, 0, carry+1024), items: map[uint32]int{}, grams: map[uint32]bool{}}
}

// Apply drops documents by the rules "contaminated" (the value is the number of n-grams, or by PaLM's rule the largest share of an
// item's), "too-many-pieces" and "nothing-left".
func (f *filter) Apply(d *corpus.Document, r *corpus.Report) {
	f.scan(d.Text())
	value, limit := float64(len(f.hits)), 0.0
	if f.x.settings.Rule == "palm" {
		value, limit = f.keepShares(), f.x.settings.Share
	}
	if r.Explain {
		f.explain(r, value, limit)
	}
	if len(f.hits) == 0 {
		return
	}
	f.report(r)
	if f.x.settings.Action == "cut" {
		f.cut(d, r)
		return
	}
	r.Drop("contaminated", value, limit)
}

// scan finds all grams of the index in a text.
func (f *filter) scan(text string) {
	f.hits = f.hits[:0]
	s := &f.s
	s.reset(text)
	f.units = f.units[:carry]
	clear(f.units)
	window := uint64(0)
	for s.at < len(text) {
		copy(f.units[:carry], f.units[len(f.units)-carry:])
		f.units = s.fill(f.units[:carry])
		window = f.slide(window)
	}
}

// slide moves the window over the part at hand; what it holds at the end is the result.
func (f *filter) slide(window uint64) uint64 {
	x := f.x
	entering := f.units[carry:]
	old := f.units[carry-x.near:]
	old = old[:len(entering)]
	for i := range entering {
		window = window*base + entering[i].hash - x.leaving*old[i].hash
		if x.coarse.has(window) && x.seen.has(window) {
			f.lookup(carry + i)
		}
	}
	return window
}

// lookup takes the longest gram of the index that ends with unit i.
func (f *filter) lookup(i int) {
	var found hit
	ok := false
	h, power := uint64(0), uint64(1)
	var may [2]bool
	for n := 1; n <= max(f.x.kinds[inWords].max, f.x.kinds[inCharacters].max); n++ {
		u := &f.units[i-n+1]
		if u.end == 0 {
			break // before the text
		}
		h += u.hash * power
		power *= base
		for which := range f.x.kinds {
			k := &f.x.kinds[which]
			if n == k.min {
				may[which] = k.seen.has(h)
			}
			if !may[which] || k.lengths>>n&1 == 0 {
				continue
			}
			if g, is := f.x.table.get(gramKey(h, n)); is && !(f.x.ignored != nil && f.x.ignored[g]) {
				found, ok = hit{g, u.start, f.units[i].end}, true
			}
		}
		if n >= f.x.kinds[inWords].min && n >= f.x.kinds[inCharacters].min && !may[inWords] && !may[inCharacters] {
			break
		}
	}
	if ok {
		f.hits = append(f.hits, found)
	}
}

// keepShares leaves the hits of items of which the document holds enough, and returns the largest share.
func (f *filter) keepShares() (largest float64) {
	if len(f.hits) == 0 {
		return 0
	}
	clear(f.items)
	clear(f.grams)
	for _, h := range f.hits {
		if !f.grams[h.gram] {
			f.grams[h.gram] = true
			for _, it := range f.x.holdersOf(h.gram) {
				f.items[it]++
			}
		}
	}
	for it, n := range f.items {
		share := float64(n) / float64(f.x.items[it].grams)
		largest = max(largest, share)
		if share < f.x.settings.Share {
			delete(f.items, it)
		}
	}
	f.hits = slices.DeleteFunc(f.hits, func(h hit) bool {
		return !slices.ContainsFunc(f.x.holdersOf(h.gram), func(it uint32) bool { return f.items[it] > 0 })
	})
	return largest
}

func (x *Index) holdersOf(gram uint32) []uint32 { return x.holders[x.first[gram]:x.first[gram+1]] }

// report names the item with the most grams, and counts items by benchmark and each by its name. Of items that share a gram the
// first counts: benchmarks repeat themselves.
func (f *filter) report(r *corpus.Report) {
	palm := f.x.settings.Rule == "palm"
	if !palm {
		clear(f.items)
		for _, h := range f.hits {
			f.items[f.x.holdersOf(h.gram)[0]]++
		}
	}
	f.names = f.names[:0]
	for it := range f.items {
		f.names = append(f.names, it)
	}
	slices.SortFunc(f.names, func(a, b uint32) int {
		return cmp.Or(-cmp.Compare(f.items[a], f.items[b]), cmp.Compare(a, b))
	})
	r.Partner = f.x.items[f.names[0]].name
	for _, it := range f.names {
		r.Add(f.x.bench[f.x.items[it].benchmark], 1)
	}
	for _, it := range f.names {
		r.Add(f.x.items[it].name, 1)
	}
}

// cut removes the hits with the window around them; what is left is joined by blank lines.
func (f *filter) cut(d *corpus.Document, r *corpus.Report) {
	s, text := &f.x.settings, d.Text()
	slices.SortFunc(f.hits, func(a, b hit) int { return cmp.Compare(a.start, b.start) })
	var left []byte
	at, pieces, removed := 0, 0, 0
	take := func(to int) {
		if to <= at {
			return
		}
		pieces++
		piece := text[at:to]
		if utf8.RuneCountInString(piece) < s.MinPiece {
			removed += len(piece)
			return
		}
		if len(left) > 0 {
			left = append(left, "\n\n"...)
		}
		left = append(left, piece...)
	}
	for _, h := range f.hits {
		start := back(text, int(h.start), s.Window)
		end := ahead(text, int(h.end), s.Window)
		take(start)
		if end > at {
			removed += end - max(at, start)
			at = end
		}
	}
	take(len(text))
	switch {
	case pieces > s.MaxPieces:
		r.Drop("too-many-pieces", float64(pieces), float64(s.MaxPieces))
	case len(left) == 0:
		r.Drop("nothing-left", float64(len(text)), 0)
	default:
		r.Add("bytes cut", int64(removed))
		d.SetText(string(left))
	}
}

// back returns the place n characters before at, or the beginning.
func back(text string, at, n int) int {
	for ; n > 0 && at > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(text[:at])
		at -= size
	}
	return at
}

// ahead returns the place n characters behind at, or the end.
func ahead(text string, at, n int) int {
	for ; n > 0 && at < len(text); n-- {
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return at
}

// explain shows the grams found, each with the first item that has it.
func (f *filter) explain(r *corpus.Report, value, limit float64) {
	found := corpus.Finding{Rule: "contaminated", Value: value, Limit: "no n-gram of a benchmark", Failed: len(f.hits) > 0}
	if limit > 0 {
		found.Limit = "share of an item's n-grams below the limit"
	}
	for _, h := range f.hits[:min(len(f.hits), 300)] {
		found.Spans = append(found.Spans, corpus.Span{Start: int(h.start), End: int(h.end), Kind: f.x.items[f.x.holdersOf(h.gram)[0]].name})
	}
	r.Find(found)
}
