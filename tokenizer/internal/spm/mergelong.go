package spm

import "bytes"

// mergeState is the working memory of merging.
type mergeState struct {
	cells, next, pair []cell // of a window, the one after it, two symbols
	done              []cell // the result
	heap              []candidate
	right, left       []int32
	last              [2]uint32            // the symbols joined last
	seen              []byte               // a window's text …
	seenCells         []cell               // … and what it became
	seenPair          [2]cell              // the symbols of apart's last question …
	seenApart         bool                 // … and its answer
	parts             map[uint32][2]uint32 // unused piece → the symbols it was last seen made of
	drop              func() bool          // leaves a join out at random; nil: none is
}

// merge joins what can be joined in text and returns the symbols left, valid
// until the next call.
//
// Long texts are merged in windows. Let u be a symbol the text up to some point
// ends with after merging, v one the text from there on begins with. If merging
// uv leaves u and v, then merging the whole text never joins across the point:
// up to the first join that does, both sides evolve as they do alone, the parts
// u and v as in uv alone, in the same order, so that join would happen in uv
// too. So windows overlap, and the next one begins at a boundary of the last
// where that holds.
func (m *merger) merge(text []byte, st *mergeState) []cell {
	st.done = st.done[:0]
	if st.drop != nil { // what is left out depends on the whole
		st.done = m.long(m.symbols(st.done, text, len(text)), st)
		return st.done
	}
	size := shortText
	st.cells = m.window(st.cells, text, size, st)
	for pos := 0; ; {
		used := bytesOf(st.cells)
		if pos+used == len(text) {
			st.done = append(st.done, st.cells...)
			return st.done
		}
		k, at := m.boundary(text[pos:], used, size, st)
		if k == 0 {
			size *= 2
			st.cells = m.window(st.cells, text[pos:], size, st)
			continue
		}
		st.done = append(st.done, st.cells[:k]...)
		pos += at
		st.cells, st.next = st.next, st.cells
	}
}

// boundary looks for a place to end the window st.cells, the first used bytes
// of text, and puts the window that begins there into st.next. It returns the
// number of symbols and bytes before the place, 0 if it finds none.
func (m *merger) boundary(text []byte, used, size int, st *mergeState) (k, at int) {
	const tries = 8
	at, tried := used, 0
	for k := len(st.cells) - 1; k > 0 && tried < tries; k-- {
		if at -= int(st.cells[k].size); at > used/4*3 {
			continue
		}
		tried++
		st.next = m.window(st.next, text[at:], size, st)
		if m.apart(text, at, st.cells[k-1], st.next[0], st) {
			return k, at
		}
	}
	return 0, 0
}

// window merges the first size characters of text. In texts that repeat one
// character it is the same again and again.
func (m *merger) window(cells []cell, text []byte, size int, st *mergeState) []cell {
	if size > shortText {
		return m.long(m.symbols(cells[:0], text, size), st)
	}
	if len(st.seen) > 0 && bytes.HasPrefix(text, st.seen) {
		return append(cells[:0], st.seenCells...)
	}
	cells = m.symbols(cells[:0], text, size)
	full := len(cells) == size
	cells, _ = m.short(cells)
	if st.seen = st.seen[:0]; full {
		st.seen = append(st.seen, text[:bytesOf(cells)]...)
		st.seenCells = append(st.seenCells[:0], cells...)
	}
	return cells
}

// apart tells whether merging leaves the symbols u, which ends at text[at], and
// v, which begins there, as they are.
func (m *merger) apart(text []byte, at int, u, v cell, st *mergeState) bool {
	if st.seenPair == [2]cell{u, v} && u.symbol != noSymbol && v.symbol != noSymbol {
		return st.seenApart
	}
	both := text[at-int(u.size) : at+int(v.size)]
	st.pair = m.symbols(st.pair[:0], both, len(both))
	if len(st.pair) <= shortText {
		st.pair, _ = m.short(st.pair)
	} else {
		st.pair = m.long(st.pair, st)
	}
	st.seenPair, st.seenApart = [2]cell{u, v}, len(st.pair) == 2 && st.pair[0].size == u.size
	return st.seenApart
}

func bytesOf(cells []cell) (n int) {
	for _, c := range cells {
		n += int(c.size)
	}
	return n
}

// candidate is a join waiting in the heap: key orders by rank, then position.
type candidate struct {
	key    uint64
	symbol uint32
	size   int32 // bytes of the result, to tell when a side has changed since
}

// long is short for any number of symbols, in n log n: symbols are linked,
// candidates sit in a heap. Unless st.parts is nil, it gathers there how unused
// pieces were made.
func (m *merger) long(cells []cell, st *mergeState) []cell {
	n := len(cells)
	st.heap, st.right, st.left = st.heap[:0], st.right[:0], st.left[:0]
	for i := range n {
		st.right = append(st.right, int32(i+1))
		st.left = append(st.left, int32(i-1))
		if i+1 < n {
			m.propose(cells, i, i+1, st) // in order of position, but not of rank
		}
	}
	for len(st.heap) > 0 {
		c := st.pop()
		at := int(uint32(c.key))
		right := int(st.right[at])
		if cells[at].size == 0 || right == n || cells[at].size+cells[right].size != c.size {
			continue
		}
		if st.drop != nil && st.drop() {
			continue
		}
		st.last = [2]uint32{cells[at].symbol, cells[right].symbol}
		cells[at], cells[right].size = cell{c.symbol, c.size}, 0
		after := st.right[right]
		st.right[at] = after
		if int(after) < n {
			st.left[after] = int32(at)
		}
		if before := int(st.left[at]); before >= 0 {
			m.propose(cells, before, at, st)
		}
		if int(after) < n {
			m.propose(cells, at, int(after), st)
		}
	}
	k := 0
	for i := 0; i < n; i = int(st.right[i]) {
		cells[k] = cells[i]
		k++
	}
	return cells[:k]
}

// propose puts the join of two neighbours into the heap, if there is one.
func (m *merger) propose(cells []cell, at, right int, st *mergeState) {
	j := m.pairs.get(cells[at].symbol, cells[right].symbol)
	if j.rank == noSymbol {
		return
	}
	if st.parts != nil && m.out[j.symbol] == noSymbol {
		st.parts[j.symbol] = [2]uint32{cells[at].symbol, cells[right].symbol}
	}
	st.heap = append(st.heap, candidate{uint64(j.rank)<<32 | uint64(at), j.symbol, cells[at].size + cells[right].size})
	h := st.heap
	for i := len(h) - 1; i > 0; {
		p := (i - 1) / 2
		if h[p].key <= h[i].key {
			break
		}
		h[i], h[p] = h[p], h[i]
		i = p
	}
}

func (st *mergeState) pop() candidate {
	h := st.heap
	top, n := h[0], len(h)-1
	h[0] = h[n]
	h = h[:n]
	st.heap = h
	for i := 0; ; {
		c := 2*i + 1
		if c >= n {
			return top
		}
		if c+1 < n && h[c+1].key < h[c].key {
			c++
		}
		if h[i].key <= h[c].key {
			return top
		}
		h[i], h[c] = h[c], h[i]
		i = c
	}
}

// maxDepth is how deep the parts of unused pieces are looked for.
const maxDepth = 100

// split appends the symbols that stand for an unused piece: those it was last
// seen made of, or theirs. visit sees their symbols in order.
func (m *merger) split(symbol uint32, size int32, st *mergeState, depth int, visit func(symbol uint32, size int32)) {
	if p, ok := st.parts[symbol]; ok && m.out[symbol] == noSymbol && depth <= maxDepth {
		m.split(p[0], m.sizes[p[0]], st, depth+1, visit)
		m.split(p[1], m.sizes[p[1]], st, depth+1, visit)
		return
	}
	visit(symbol, size)
}
