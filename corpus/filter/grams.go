package filter

import (
	"math/bits"

	"github.com/athanor-lm/athanor/corpus/segment"
)

// grams finds repeated n-grams of words. Most texts have few of them, and none that matters; the work is to know that from one look
// at each word, without a table of all words or n-grams:
//
//   - The characters in the most frequent n-gram are at most those of one n-gram times the count of its rarest word. Words are counted
//     by a part of their hash, so that counts are too high where words share it. Where no n-gram of the text reaches the limit that
//     way, none is counted.
//   - The shortest of the n-grams that may repeat set bits by their hash, as in a Bloom filter. One that finds its bits set may have
//     occurred before. Where these cover too little of the text, nothing else is looked at: longer ones cover no more. Else those
//     whose bits others have are compared, and longer ones are looked for only where a shortest one is repeated.
//
// n-grams are equal when their words are: datatrove compares their words joined, which also finds "ab c" equal to "a bc".
type grams struct {
	all bool // count first occurrences too

	words    []segment.Word
	counts   [1 << countBits]uint32 // of the words by the upper bits of their hash
	most     uint32                 // the largest count
	mostSize uint64                 // at most the characters that any word and a blank behind each of its occurrences have
	longest  uint32                 // characters of the longest word
	once     []uint64               // the bits of the shortest n-grams, in the number that the upper bits of their hash choose
	again    []uint64               // of those that found their bits set
	shift    uint                   // of a hash, to the upper bits
	seen     table
	likely   []gram   // shortest n-grams that share their bits, in order
	repeated []uint32 // where shortest n-grams begin that occur more than once, in order
}

// gram is an n-gram by its place and its hash.
type gram struct {
	at   uint32
	hash uint64
}

// countBits is how many bits of a hash words are counted by.
const countBits = 11

// bitsPerGram is about how many bits there are for each n-gram. About one n-gram in 500 is taken for repeated that is not.
const bitsPerGram = 16

// reset takes the words of a text and counts them.
func (g *grams) reset(words []segment.Word) {
	g.words, g.longest, g.most, g.mostSize = words, 0, 0, 0
	if cap(g.likely) > keepSlots && len(words) < keepSlots/4 {
		g.once, g.again, g.likely, g.repeated = nil, nil, nil, nil
	}
	clear(g.counts[:])
	most, mostSize, longest := uint32(0), uint64(0), uint32(0)
	for i := range words {
		w := &words[i]
		c := &g.counts[w.Hash>>(64-countBits)]
		*c++
		most, longest = max(most, *c), max(longest, w.Runes)
		mostSize = max(mostSize, uint64(*c)*uint64(w.Runes+1))
	}
	g.most, g.mostSize, g.longest = most, mostSize, longest
}

// count returns how often the word at i occurs at most.
func (g *grams) count(i int) uint32 { return g.counts[g.words[i].Hash>>(64-countBits)] }

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

// mayTop says whether an n-gram makes up more than a limit of all characters: the most frequent one, perhaps. Only n-grams whose rarest
// word is frequent enough are counted.
func (g *grams) mayTop(n int, limit float64, whole int) bool {
	// A word rarer than least is part of no such n-gram. Products round other than shares do.
	enough := limit * float64(whole) * (1 - 1e-9)
	least := uint32(min(enough/float64(n*int(g.longest)+n-1), 1<<31))
	if g.most < least || float64(n)*float64(g.mostSize) <= enough {
		return false
	}
	run, counting := 0, false
	for i := range g.words {
		count := g.count(i)
		if run++; count < least {
			run = 0
		}
		if run < n {
			continue
		}
		rarest, size := count, int(g.words[i].Runes)+n-1
		for j := i - n + 1; j < i; j++ {
			rarest, size = min(rarest, g.count(j)), size+int(g.words[j].Runes)
		}
		if share(int(rarest)*size, whole) <= limit {
			continue
		}
		if !counting {
			counting = true
			g.seen.reset(len(g.words) - i)
		}
		exact, _ := g.seen.at(g.hash(i-n+1, n))
		if *exact++; share(int(*exact)*size, whole) > limit {
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

// findRepeated finds the repeated ones of the shortest n-grams asked for. It returns a number of characters that the duplicates of none
// of the lengths exceed. Where that is no larger share of all than limit, it may have found nothing.
func (g *grams) findRepeated(lengths []Repeats, limit float64, whole int) (most int) {
	g.repeated = g.repeated[:0]
	if len(lengths) == 0 {
		return 0
	}
	n := lengths[0].N
	for _, d := range lengths {
		n = min(n, d.N)
	}
	most, any := g.mark(n)
	if !any || !g.all && share(most, whole) <= limit {
		return most
	}
	g.gather(n)
	return g.compare(n)
}

// mark sets the bits of all n-grams. It returns the characters, what overlaps once, of those that find theirs set, and whether any do.
func (g *grams) mark(n int) (covered int, any bool) {
	size := 1
	for 64*size < bitsPerGram*len(g.words) {
		size *= 2
	}
	g.shift = uint(64 - bits.TrailingZeros(uint(size)))
	g.once, g.again = zeros(g.once, size), zeros(g.again, size)
	if len(g.words) < n {
		return 0, false
	}
	r := roll{power: power(n)}
	for i := range n - 1 {
		r.next(g.words, i, n)
	}
	next := 0 // behind the last one that did
	leaving, power, h := uint64(0), r.power, r.hash
	words, once := g.words, g.once
	for i := n - 1; i < len(words); i++ {
		h = h*hashStep + words[i].Hash - power*leaving
		leaving = words[i-n+1].Hash
		at, own := g.bits(h)
		if had := once[at]; had&own != own {
			once[at] = had | own
			continue
		}
		g.again[at] |= own
		from := max(i-n+1, next)
		next = i + 1
		covered += g.size(from, next-from)
	}
	return covered, next > 0
}

// bits returns the bits of an n-gram with a hash: three of one number.
func (g *grams) bits(h uint64) (at int, own uint64) {
	return int(h >> g.shift), 1<<(h&63) | 1<<(h>>6&63) | 1<<(h>>12&63)
}

// gather lists the n-grams that share their bits with others.
func (g *grams) gather(n int) {
	g.likely = g.likely[:0]
	r := roll{power: power(n)}
	for i := range g.words {
		h := r.next(g.words, i, n)
		if i+1 < n {
			continue
		}
		if at, own := g.bits(h); g.again[at]&own == own {
			g.likely = append(g.likely, gram{uint32(i + 1 - n), h})
		}
	}
}

// compare lists the n-grams that occur more than once, and returns the characters of those that count, what overlaps once.
func (g *grams) compare(n int) (covered int) {
	g.seen.reset(len(g.likely))
	for _, l := range g.likely {
		count, _ := g.seen.at(l.hash)
		*count++
	}
	next := 0
	for _, l := range g.likely {
		count, _ := g.seen.at(l.hash)
		if *count == 1 {
			continue
		}
		g.repeated = append(g.repeated, l.at)
		if *count&metBefore == 0 {
			*count |= metBefore
			if !g.all {
				continue
			}
		}
		from := max(int(l.at), next)
		next = int(l.at) + n
		covered += g.size(from, next-from)
	}
	return covered
}

// metBefore marks the count of an n-gram that was come by.
const metBefore = 1 << 31

// roll is the hash of n words as it moves along a text.
type roll struct{ hash, power uint64 }

// next takes in the word at i and returns the hash of the n words up to it, of fewer at the beginning.
func (r *roll) next(words []segment.Word, i, n int) uint64 {
	add := words[i].Hash
	if i >= n {
		add -= r.power * words[i-n].Hash
	}
	r.hash = r.hash*hashStep + add
	return r.hash
}

// power returns hashStep to the power of n.
func power(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= hashStep
	}
	return p
}

// zeros returns n zeros, in the memory of s where that has room.
func zeros(s []uint64, n int) []uint64 {
	if cap(s) < n {
		return make([]uint64, n)
	}
	s = s[:n]
	clear(s)
	return s
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
