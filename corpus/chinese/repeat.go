package chinese

// repeats finds how much of a text repeated n-grams of characters make up. Characters are the text's letters: Han, Latin and
// others, and digits, without punctuation and white space. Two n-grams are taken for equal when 32 bits of their hash are and
// the others lead to the same place in a table: of a million different n-grams about one or two are mistaken.
type repeats struct {
	seen []slot
}

type slot struct {
	tag   uint32 // 0 = empty
	count uint32
}

const base = 0x9E3779B97F4A7C15

// each calls f with the hash of every n-gram; where f returns true, the next n-gram considered begins behind this one.
func each(letters []rune, n int, f func(at int, key uint64) (skip bool)) {
	if len(letters) < n {
		return
	}
	top := uint64(1) // base^n
	for range n {
		top *= base
	}
	h := uint64(0)
	next := 0
	for i, c := range letters {
		h = h*base + uint64(c)
		if i >= n {
			h -= top * uint64(letters[i-n])
		}
		if at := i - n + 1; at >= next {
			k := h ^ h>>29
			k = k * 0xBF58476D1CE4E5B9
			if f(at, k^k>>32) {
				next = at + n
			}
		}
	}
}

// reset makes room for so many n-grams.
func (r *repeats) reset(n int) {
	size := 64
	for size < 2*n {
		size *= 2
	}
	if cap(r.seen) < size || cap(r.seen) > 64*size && cap(r.seen) > 1<<16 {
		r.seen = make([]slot, size)
		return
	}
	r.seen = r.seen[:size]
	clear(r.seen)
}

// at returns the slot of a key and its tag.
func (r *repeats) at(key uint64) (*slot, uint32) {
	tag, mask := uint32(key>>32)|1, uint64(len(r.seen)-1)
	for i := key & mask; ; i = (i + 1) & mask {
		if s := &r.seen[i]; s.tag == tag || s.tag == 0 {
			return s, tag
		}
	}
}

// top returns the share of the characters that the most frequent n-gram has: its count times n, where it occurs at least twice.
// Occurrences that overlap count each, as in Gopher's rule for words, but not for more than all characters.
func (r *repeats) top(letters []rune, n int) float64 {
	r.reset(len(letters))
	most := uint32(0)
	each(letters, n, func(_ int, key uint64) bool {
		s, tag := r.at(key)
		s.tag = tag
		s.count++
		most = max(most, s.count)
		return false
	})
	if most < 2 {
		return 0
	}
	return min(1, float64(most)*float64(n)/float64(len(letters)))
}

// duplicates returns the share of the characters in n-grams that occurred before, going through the text once and passing over
// what is found, as Gopher's rule for words does in datatrove.
func (r *repeats) duplicates(letters []rune, n int) float64 {
	r.reset(len(letters))
	found := 0
	each(letters, n, func(_ int, key uint64) bool {
		s, tag := r.at(key)
		if s.tag == tag {
			found += n
			return true
		}
		s.tag = tag
		return false
	})
	return share(found, len(letters))
}
