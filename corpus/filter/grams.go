package filter

import (
	"slices"

	"github.com/athanor-lm/athanor/corpus/segment"
)

// grams finds repeated n-grams of words. Most texts have few of them, and none that matters; the work is to know that without
// looking at every n-gram of every length:
//
//   - The characters in the most frequent n-gram are at most those of one n-gram times the count of its rarest word. Where no n-gram
//     of the text reaches the limit that way, none is counted.
//   - A word that occurs once is part of no repeated n-gram. Where runs of other words are too short or too few, nothing is looked
//     at; else the shortest n-grams within the runs are hashed, and longer ones only where a shortest one is repeated, and only if
//     these cover enough of the text.
//
// n-grams are equal when their words are: datatrove compares their words joined, which also finds "ab c" equal to "a bc".
type grams struct {
	all bool // count first occurrences too

	words    []segment.Word
	counts   []uint32 // of each word of the text, how often it occurs
	ids      []uint32
	most     uint32 // the largest count
	longest  uint32 // characters of the longest word
	seen     table
	repeated []uint32 // where shortest n-grams begin that occur more than once, in order
	isOne    []bool   // of the same, by word
}

// reset takes the words of a text and counts them.
func (g *grams) reset(words []segment.Word) {
	g.words, g.counts, g.ids = words, g.counts[:0], g.ids[:0]
	if cap(g.ids) > keepSlots && len(words) < keepSlots/4 {
		g.counts, g.ids, g.repeated, g.isOne = nil, nil, nil, nil
	}
	g.seen.reset(len(words))
	n := uint32(0)
	of := g.counts // by id, in the order of their first occurrence
	g.longest, g.most = 0, 0
	g.ids = slices.Grow(g.ids, len(words))[:len(words)]
	for i := range words {
		g.longest = max(g.longest, words[i].Runes)
		id, fresh := g.seen.at(words[i].Hash)
		if fresh {
			*id = n
			of = append(of, 0)
			n++
		}
		of[*id]++
		g.ids[i] = *id
	}
	for _, count := range of {
		g.most = max(g.most, count)
	}
	for i, id := range g.ids {
		g.ids[i] = of[id]
	}
	g.counts, g.ids = g.ids, of // by word; the other's memory serves next time
}

// runes returns the characters of all words.
func (g *grams) runes() (n int) {
	for i := range g.words {
		n += int(g.words[i].Runes)
	}
	return n
}

// hash returns the hash of the n words at i.
func (g *grams) hash(i, n int) uint64 {
	h := uint64(0)
	for _, w := range g.words[i : i+n] {
		h = h*hashStep + w.Hash
	}
	return h
}

const hashStep = 0x9e3779b97f4a7c15

// size returns the characters of the n words at i.
func (g *grams) size(i, n int) (runes int) {
	for _, w := range g.words[i : i+n] {
		runes += int(w.Runes)
	}
	return runes
}

// mayTop says whether an n-gram may make up more than limit characters.
func (g *grams) mayTop(n int, limit float64) bool {
	// A word rarer than this is part of no such n-gram.
	least := uint32(min(limit/float64(n*int(g.longest)+n-1), 1<<31))
	if g.most < least {
		return false
	}
	run := 0
	for i, count := range g.counts {
		if run++; count < least {
			run = 0
		}
		if run < n {
			continue
		}
		rarest := count
		for _, c := range g.counts[i-n+1 : i] {
			rarest = min(rarest, c)
		}
		if float64(rarest)*float64(g.size(i-n+1, n)+n-1) > limit {
			return true
		}
	}
	return false
}

// top returns where the most frequent n-gram occurs first, of several the one that occurs first, and the characters in all its
// occurrences with a blank between words.
func (g *grams) top(n int) (at, runes int) {
	g.seen.reset(len(g.words))
	best := uint32(0)
	for i := 0; i+n <= len(g.words); i++ {
		count, _ := g.seen.at(g.hash(i, n))
		*count++
		best = max(best, *count)
	}
	for i := 0; i+n <= len(g.words); i++ {
		if count, _ := g.seen.at(g.hash(i, n)); *count == best {
			return i, int(best) * (g.size(i, n) + n - 1)
		}
	}
	return 0, 0
}

// findRepeated finds the repeated ones of the shortest n-grams asked for. It returns false where the repeated n-grams of any of the
// lengths cannot have more than limit characters.
func (g *grams) findRepeated(lengths []Repeats, limit float64) bool {
	g.repeated = g.repeated[:0]
	if len(lengths) == 0 {
		return false
	}
	n := lengths[0].N
	for _, d := range lengths {
		n = min(n, d.N)
	}
	// The runs of words that occur more than once, with their characters and their n-grams.
	inRuns, candidates, run, size := 0, 0, 0, 0
	for i, count := range g.counts {
		if count > 1 {
			run++
			size += int(g.words[i].Runes)
			if i+1 < len(g.counts) {
				continue
			}
		}
		if run >= n {
			inRuns += size
			candidates += run - n + 1
		}
		run, size = 0, 0
	}
	if candidates == 0 || float64(inRuns) <= limit {
		return false
	}
	g.mark(n, candidates)
	// What they cover, each word once: longer ones cover no more.
	runes, next := 0, 0
	for _, at := range g.repeated {
		from := max(int(at), next)
		next = int(at) + n
		runes += g.size(from, next-from)
	}
	return float64(runes) > limit
}

// mark lists the n-grams that occur more than once.
func (g *grams) mark(n, candidates int) {
	g.seen.reset(candidates)
	g.isOne = append(g.isOne[:0], make([]bool, len(g.words))...)
	power := uint64(1)
	for range n {
		power *= hashStep
	}
	run, h := 0, uint64(0)
	for i, count := range g.counts {
		if count < 2 {
			run, h = 0, 0
			continue
		}
		h = h*hashStep + g.words[i].Hash
		if run++; run < n {
			continue
		}
		if run > n {
			h -= power * g.words[i-n].Hash
		}
		first, fresh := g.seen.at(h)
		if fresh {
			*first = uint32(i - n + 1)
			continue
		}
		g.isOne[*first], g.isOne[i-n+1] = true, true
	}
	for i, is := range g.isOne {
		if is {
			g.repeated = append(g.repeated, uint32(i))
		}
	}
}

// duplicates returns the characters of the words in repeated n-grams.
func (g *grams) duplicates(n int) (runes int) {
	g.each(n, func(i, n int) { runes += g.size(i, n) })
	return runes
}

// each calls f with where duplicates of n words, or pieces of them, lie: in order, without overlap.
func (g *grams) each(n int, f func(i, n int)) {
	if g.all {
		g.eachOccurrence(n, f)
		return
	}
	// datatrove's find_all_duplicate: n-grams that a duplicate covers are not remembered.
	g.seen.reset(len(g.repeated))
	next := 0
	for _, at := range g.repeated {
		i := int(at)
		if i < next {
			continue
		}
		if i+n > len(g.words) {
			break
		}
		if _, fresh := g.seen.at(g.hash(i, n)); !fresh {
			f(i, n)
			next = i + n
		}
	}
}

// eachOccurrence calls f with the words that any occurrence of a repeated n-gram covers.
func (g *grams) eachOccurrence(n int, f func(i, n int)) {
	g.seen.reset(len(g.repeated))
	for _, at := range g.repeated {
		if int(at)+n <= len(g.words) {
			count, _ := g.seen.at(g.hash(int(at), n))
			*count++
		}
	}
	covered := 0
	for _, at := range g.repeated {
		i := int(at)
		if i+n > len(g.words) {
			break
		}
		if count, _ := g.seen.at(g.hash(i, n)); *count < 2 {
			continue
		}
		f(max(i, covered), i+n-max(i, covered))
		covered = i + n
	}
}
