package bpe

import "math/rand/v2"

// shortPiece is the number of symbols up to which looking at every pair again
// after each merge is faster than a heap.
const shortPiece = 48

// joined is a merge that was done, with its parts.
type joined struct {
	merge
	left, right uint32
}

// mergeAll merges ids in place and returns how many are left, and the last
// merge.
func (m *Model) mergeAll(ids []uint32, st *longState) (int, joined) {
	if len(ids) <= shortPiece {
		return m.mergeShort(ids)
	}
	return m.mergeLong(ids, st)
}

// mergeShort is mergeAll for up to shortPiece ids.
func (m *Model) mergeShort(ids []uint32) (n int, last joined) {
	var buf [shortPiece]merge
	n = len(ids)
	if n < 2 {
		return n, last
	}
	pairs := buf[:n-1] // pairs[i] is the merge of ids[i], ids[i+1]
	for i := range pairs {
		pairs[i] = m.merges.get(ids[i], ids[i+1])
	}
	for {
		at, best := 0, uint32(noID)
		for i := range pairs {
			if pairs[i].rank < best {
				at, best = i, pairs[i].rank
			}
		}
		if best == noID {
			return n, last
		}
		last = joined{pairs[at], ids[at], ids[at+1]}
		ids[at] = pairs[at].id
		copy(ids[at+1:n], ids[at+2:n])
		copy(pairs[at:], pairs[at+1:])
		n--
		pairs = pairs[:n-1]
		if at > 0 {
			pairs[at-1] = m.merges.get(ids[at-1], ids[at])
		}
		if at < n-1 {
			pairs[at] = m.merges.get(ids[at], ids[at+1])
		}
	}
}

// longState is the working memory of mergeLong.
type longState struct {
	heap       []candidate
	next, prev []int32
	skipped    []candidate // left out by dropout until another merge is done

	dropout float64
	rng     *rand.Rand
}

// candidate is a merge waiting in the heap, ordered by rank, then position.
type candidate struct {
	rank uint32
	at   int32
	pair uint64
	id   uint32
}

func (c candidate) before(d candidate) bool {
	return c.rank < d.rank || c.rank == d.rank && c.at < d.at
}

// mergeLong is mergeShort in n log n: symbols are linked, candidates sit in a
// heap, and a candidate whose pair has changed since is dropped. It leaves in
// st.next where the symbols of each token end.
func (m *Model) mergeLong(ids []uint32, st *longState) (left int, last joined) {
	n := len(ids)
	st.heap, st.next, st.prev = st.heap[:0], st.next[:0], st.prev[:0]
	for i := range n {
		st.next = append(st.next, int32(i+1))
		st.prev = append(st.prev, int32(i-1))
		if i+1 < n {
			st.add(m, ids, int32(i), int32(i+1))
		}
	}
	for i := len(st.heap)/2 - 1; i >= 0; i-- {
		st.down(i)
	}
	const gone = noID
	st.skipped = st.skipped[:0]
	for len(st.heap) > 0 {
		c := st.pop()
		if st.dropout > 0 {
			if st.rng.Float64() < st.dropout {
				st.skipped = append(st.skipped, c)
				continue
			}
			for _, c := range st.skipped {
				st.heap = append(st.heap, c)
				st.up(len(st.heap) - 1)
			}
			st.skipped = st.skipped[:0]
		}
		right := st.next[c.at]
		if ids[c.at] == gone || int(right) == n || pairKey(ids[c.at], ids[right]) != c.pair {
			continue
		}
		last = joined{merge{c.rank, c.id}, ids[c.at], ids[right]}
		ids[c.at], ids[right] = c.id, gone
		after := st.next[right]
		st.next[c.at] = after
		if int(after) < n {
			st.prev[after] = c.at
			if st.add(m, ids, c.at, after) {
				st.up(len(st.heap) - 1)
			}
		}
		if before := st.prev[c.at]; before >= 0 {
			if st.add(m, ids, before, c.at) {
				st.up(len(st.heap) - 1)
			}
		}
	}
	k := 0
	for i := 0; i < n; i = int(st.next[i]) {
		ids[k] = ids[i]
		k++
	}
	return k, last
}

func (st *longState) add(m *Model, ids []uint32, at, right int32) bool {
	g := m.merges.get(ids[at], ids[right])
	if g.rank == noID {
		return false
	}
	st.heap = append(st.heap, candidate{g.rank, at, pairKey(ids[at], ids[right]), g.id})
	return true
}

func (st *longState) up(i int) {
	for h := st.heap; i > 0; {
		p := (i - 1) / 2
		if !h[i].before(h[p]) {
			return
		}
		h[i], h[p] = h[p], h[i]
		i = p
	}
}

func (st *longState) down(i int) {
	for h := st.heap; ; {
		c := 2*i + 1
		if c >= len(h) {
			return
		}
		if c+1 < len(h) && h[c+1].before(h[c]) {
			c++
		}
		if !h[c].before(h[i]) {
			return
		}
		h[i], h[c] = h[c], h[i]
		i = c
	}
}

func (st *longState) pop() candidate {
	top := st.heap[0]
	n := len(st.heap) - 1
	st.heap[0] = st.heap[n]
	st.heap = st.heap[:n]
	st.down(0)
	return top
}
