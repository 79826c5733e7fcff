package spmtrain

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// piece is a string of the corpus: a stretch of symbols of a cellText.
type piece struct{ at, n int32 }

// seed is a candidate: the suffixes with ranks lo to hi begin with it.
type seed struct {
	lo, hi int32
	n      int32 // characters
	score  float32
}

// suffixes is the suffix array of a cellText, and what belongs to it.
type suffixes struct {
	ct   *cellText
	sa   []int32
	plcp []int32 // position → symbols its suffix shares with the one before it in sa
	from int32   // the suffixes before this rank begin with the end of a cell
}

func newSuffixes(ctx context.Context, ct *cellText) (*suffixes, error) {
	sa, err := suffixArray(ctx, ct.syms, len(ct.chars))
	if err != nil {
		return nil, err
	}
	s := &suffixes{ct: ct, sa: sa}
	for s.from < int32(len(s.sa)) && ct.chars[ct.syms[s.sa[s.from]]] == 0 {
		s.from++
	}
	s.commonPrefixes()
	return s, ctx.Err()
}

// commonPrefixes fills plcp (Kärkkäinen, Manzini, Puglisi 2009: Permuted
// Longest-Common-Prefix Array). What comes after the end of a cell does not
// count.
func (s *suffixes) commonPrefixes() {
	syms, chars := s.ct.syms, s.ct.chars
	s.plcp = make([]int32, len(syms))
	for i, p := range s.sa { // for now: the suffix before p's in sa
		if i == 0 {
			s.plcp[p] = -1
		} else {
			s.plcp[p] = s.sa[i-1]
		}
	}
	h := int32(0)
	for p := range int32(len(syms)) {
		q := s.plcp[p]
		if q < 0 {
			s.plcp[p], h = 0, 0
			continue
		}
		ended := int32(0)
		for syms[p+h] == syms[q+h] {
			if chars[syms[p+h]] == 0 {
				ended = 1
				break
			}
			h++
		}
		s.plcp[p] = h + ended
		h = max(h-1, 0)
	}
}

// interval is a run of suffixes, from lo on, whose first depth symbols are equal.
type interval struct {
	lo, depth int32
	count     int64 // occurrences
}

// seeds finds the strings that may be pieces, occur at least twice, go on with
// different bytes, and are the longest such strings of their occurrences: the
// intervals of equal prefixes in the suffix array (Abouelhoda et al. 2004). The
// best limit of them by occurrences × length are returned, best first.
//
// These are the original's, with one exception. It ends sentences with a zero
// byte and counts a string that ends sentences once more, if the next sentences
// in the file begin with different bytes. They do not where a space is put
// before each; elsewhere its candidates depend on the order of the lines.
func (s *suffixes) seeds(ctx context.Context, sh *shape, limit int) ([]seed, error) {
	cellAt := s.ct.cellIndex()
	var found []seed
	stack := []interval{{lo: s.from}}
	text := make([]rune, 0, sh.maxLen)
	n := int32(len(s.sa))
	for i := s.from + 1; i <= n; i++ {
		if i&(1<<20-1) == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		shared := int32(0)
		if i < n {
			shared = s.plcp[s.sa[i]]
		}
		cur := interval{i - 1, shared, s.ct.cells[cellAt[s.sa[i-1]]].count}
		for stack[len(stack)-1].depth > shared {
			top := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			cur.lo, cur.count = top.lo, top.count+cur.count
			if s.seedable(top.lo, i-1, top.depth, cur.count, sh, text) {
				found = append(found, seed{top.lo, i - 1, top.depth, float32(cur.count) * float32(top.depth)})
			}
		}
		if top := &stack[len(stack)-1]; top.depth == shared {
			top.count += cur.count
		} else {
			stack = append(stack, cur)
		}
	}
	s.sortSeeds(found)
	return found[:min(limit, len(found))], ctx.Err()
}

// seedable tells whether the first depth symbols of the suffixes lo to hi are a
// candidate. They are not where every occurrence goes on with the same byte.
func (s *suffixes) seedable(lo, hi, depth int32, count int64, sh *shape, text []rune) bool {
	if depth < 2 || int(depth) > sh.maxLen || count < 2 {
		return false
	}
	ct, at := s.ct, s.sa[lo]
	if ct.chars[ct.syms[at+depth-1]] == 0 { // reaches beyond its cell
		return false
	}
	if ct.lead[ct.syms[at+depth]] == ct.lead[ct.syms[s.sa[hi]+depth]] {
		return false
	}
	for _, c := range ct.syms[at : at+depth] {
		text = append(text, ct.chars[c])
	}
	return sh.valid(text)
}

// sortSeeds puts the highest score first, then the most bytes, then the order
// of the bytes, which among strings of one length is that of their ranks.
func (s *suffixes) sortSeeds(found []seed) {
	size := func(x seed) (bytes int) {
		for _, c := range s.ct.syms[s.sa[x.lo] : s.sa[x.lo]+x.n] {
			bytes += runeBytes(s.ct.chars[c])
		}
		return bytes
	}
	slices.SortFunc(found, func(x, y seed) int {
		if x.score != y.score {
			return cmp.Compare(y.score, x.score)
		}
		return cmp.Or(cmp.Compare(size(y), size(x)), cmp.Compare(x.lo, y.lo))
	})
}

func runeBytes(r rune) int {
	switch {
	case r < 0x80:
		return 1
	case r < 0x800:
		return 2
	case r < 0x10000:
		return 3
	}
	return 4
}

// cellIndex returns position → cell.
func (ct *cellText) cellIndex() []int32 {
	at := make([]int32, len(ct.syms))
	for k, c := range ct.cells {
		for p := c.at; p <= c.at+c.n; p++ {
			at[p] = int32(k)
		}
	}
	return at
}

// logProbs turns counts into log probabilities.
func logProbs(counts []float32) {
	sum := 0.0
	for _, n := range counts {
		sum += float64(n)
	}
	logSum := math.Log(sum)
	for i, n := range counts {
		counts[i] = float32(math.Log(float64(n)) - logSum)
	}
}
