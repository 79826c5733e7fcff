package spmtrain

import "context"

// suffixArray returns the start positions of the suffixes of t in lexicographic
// order, by induced sorting (Nong, Zhang, Chan: Two Efficient Algorithms for
// Linear Time Suffix Array Construction, 2011). Symbols are in [0, k).
func suffixArray(ctx context.Context, t []int32, k int) ([]int32, error) {
	n := len(t)
	sa := make([]int32, n)
	if n == 0 {
		return sa, nil
	}
	s := sorter{t: t, sa: sa, small: make([]bool, n), first: make([]int32, k+1), mid: make([]int32, k+1), bound: make([]int32, k+1)}
	s.classify()
	lms, rank := s.leftmost()
	s.induce(lms)
	if len(lms) > 0 {
		if err := s.sortLeftmost(ctx, lms, rank); err != nil {
			return nil, err
		}
		s.induce(lms)
	}
	return sa, ctx.Err()
}

// sorter is the state of one level of the recursion.
type sorter struct {
	t, sa []int32
	small []bool  // the suffix is smaller than the next one (type S)
	first []int32 // symbol → where its suffixes begin in sa …
	mid   []int32 // … and where those of type S do
	bound []int32 // scratch: a moving copy of first or mid
}

// classify finds each suffix's type and each symbol's place.
func (s *sorter) classify() {
	t, k := s.t, len(s.first)-1
	for i := len(t) - 2; i >= 0; i-- {
		s.small[i] = t[i] < t[i+1] || t[i] == t[i+1] && s.small[i+1]
	}
	for i, c := range t {
		s.first[c+1]++
		if !s.small[i] {
			s.mid[c]++
		}
	}
	for c := 0; c < k; c++ {
		s.first[c+1] += s.first[c]
		s.mid[c] += s.first[c]
	}
}

// leftmost returns the positions that begin an S run after an L suffix (LMS),
// and position → its index among them, or -1.
func (s *sorter) leftmost() (lms, rank []int32) {
	rank = make([]int32, len(s.t))
	for i := range rank {
		rank[i] = -1
		if i > 0 && s.small[i] && !s.small[i-1] {
			rank[i] = int32(len(lms))
			lms = append(lms, int32(i))
		}
	}
	return lms, rank
}

// induce sorts all suffixes from the order of the LMS suffixes given.
func (s *sorter) induce(lms []int32) {
	t, sa, small := s.t, s.sa, s.small
	for i := range sa {
		sa[i] = -1
	}
	copy(s.bound, s.mid)
	for _, p := range lms {
		c := t[p]
		sa[s.bound[c]] = p
		s.bound[c]++
	}
	copy(s.bound, s.first)
	last := int32(len(t) - 1)
	c := t[last]
	sa[s.bound[c]] = last
	s.bound[c]++
	for _, p := range sa { // reads what it has just written
		if p >= 1 && !small[p-1] {
			c := t[p-1]
			sa[s.bound[c]] = p - 1
			s.bound[c]++
		}
	}
	copy(s.bound, s.first)
	for i := len(sa) - 1; i >= 0; i-- {
		if p := sa[i]; p >= 1 && small[p-1] {
			c := t[p-1]
			s.bound[c+1]--
			sa[s.bound[c+1]] = p - 1
		}
	}
}

// sortLeftmost puts lms in the order of its suffixes: equal LMS substrings get
// equal names, and the names' suffix array is the order.
func (s *sorter) sortLeftmost(ctx context.Context, lms, rank []int32) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m := len(lms)
	sorted := make([]int32, 0, m)
	for _, p := range s.sa {
		if rank[p] >= 0 {
			sorted = append(sorted, p)
		}
	}
	names := make([]int32, m)
	name := int32(0)
	for i := 1; i < m; i++ {
		if !s.sameSubstring(sorted[i-1], sorted[i], lms, rank) {
			name++
		}
		names[rank[sorted[i]]] = name
	}
	order, err := suffixArray(ctx, names, int(name)+1)
	if err != nil {
		return err
	}
	for i, o := range order {
		sorted[i] = lms[o]
	}
	copy(lms, sorted)
	return nil
}

// sameSubstring tells whether the LMS substrings at a and b are equal.
func (s *sorter) sameSubstring(a, b int32, lms, rank []int32) bool {
	n := int32(len(s.t))
	end := func(p int32) int32 {
		if r := rank[p] + 1; int(r) < len(lms) {
			return lms[r]
		}
		return n
	}
	ea, eb := end(a), end(b)
	if ea-a != eb-b {
		return false
	}
	for a < ea && s.t[a] == s.t[b] {
		a, b = a+1, b+1
	}
	return a != n && b != n && s.t[a] == s.t[b]
}
