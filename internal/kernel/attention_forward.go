package kernel

import (
	"math"
	"unsafe"
)

// forward computes every splits-th query panel of the unit's query heads, from the given one.
func (w *attnWork) forward(split int) {
	a, nr := w.a, w.mk.nr
	for h := w.kv * a.H / a.K; h < (w.kv+1)*a.H/a.K; h++ {
		for q := split * nr; q < a.T; q += w.j.splits * nr {
			w.forwardPanel(h, q)
		}
	}
}

// forwardPanel computes the outputs of the queries of head h from position q.
func (w *attnWork) forwardPanel(h, q int) {
	a, mk, p := w.a, w.mk, &w.panels[0]
	p.see(w, q)
	n := min(mk.nr, a.T-q)
	w.prefetch(&a.Out, h, q, n)
	w.packQueries(w.qB, w.rotated(&a.QKV, h, q, n))
	for i := range w.m {
		w.m[i], w.l[i] = float32(math.Inf(-1)), 0
	}
	block := w.j.keyTiles * mk.mr
	first := p.lo / mk.mr * mk.mr
	for k := first; k < p.hi; k += block {
		keys := min(block, p.hi-k)
		w.scores(k, keys)
		w.softmax(h, q, k, keys)
		if k > first {
			w.lane = laneArgs{src: w.o, factor: &w.al, rows: a.D, nr: mk.nr}
			w.j.fn.scaleLanes(&w.lane)
		}
		at := mk.panelBytesA(k)
		for d := 0; d < a.D; d += mk.mr {
			mk.tile(mk.steps(keys), unsafe.Add(w.tA, at), w.pB, unsafe.Add(w.o, d*mk.nr*4), mk.nr, min(mk.mr, a.D-d), mk.nr, k > first)
			at += mk.panelBytesA(w.keys)
		}
	}
	w.finish(h, q, n, first < p.hi)
}

// scores computes Sᵀ of the panel in qB for keys [k, k+keys).
func (w *attnWork) scores(k, keys int) {
	mk, d := w.mk, w.a.D
	for t := 0; t < keys; t += mk.mr {
		kA := unsafe.Add(w.kA, (k+t)/mk.mr*mk.panelBytesA(d))
		mk.tile(mk.steps(d), kA, w.qB, unsafe.Add(w.s, t*mk.nr*4), mk.nr, min(mk.mr, keys-t), mk.nr, false)
	}
}

// softmax turns the scores of a key block into unnormalised probabilities, a B panel at w.pB, and moves the running
// maximum and sum on.
func (w *attnWork) softmax(h, q, k, keys int) {
	mk, p := w.mk, &w.panels[0]
	w.soft = softArgs{nr: mk.nr, s: w.s, out: w.s, rows: keys, key: k, keyLo: &p.keyLo, keyHi: &p.keyHi, m: &w.m, l: &w.l, alpha: &w.al,
		scale: w.a.Scale * log2e, masked: k < p.allLo || k+keys > p.allHi}
	if mk.pair && w.a.Drop.P == 0 && w.j.fn.softmaxPair != nil {
		if keys%2 != 0 { // the odd last key's partner is beyond every query's interval
			w.soft.rows, w.soft.masked = keys+1, true
		}
		w.soft.out = w.pB
		w.j.fn.softmaxPair(&w.soft)
		return
	}
	w.j.fn.softmax(&w.soft)
	if w.a.Drop.P != 0 {
		w.drop(w.s, h, q, k, keys)
	}
	w.panelOf(w.pB, w.s, keys)
}

// panelOf makes a B panel of rows × nr numbers whose lanes are columns.
func (w *attnWork) panelOf(dst, src unsafe.Pointer, rows int) {
	mk := w.mk
	from := operand{ptr: src, dt: F32, laneStride: 1, kStride: mk.nr}
	mk.packB(dst, &from, 0, mk.nr, 0, rows, w.tmp)
}

// drop applies dropout to x, [keys, nr] of head h, queries from q and keys from k.
func (w *attnWork) drop(x unsafe.Pointer, h, q, k, keys int) {
	a, nr := w.a, w.mk.nr
	s := unsafe.Slice((*float32)(x), keys*nr)
	row := w.drow[:keys]
	for i := range min(nr, a.T-q) {
		for j := range row {
			row[j] = s[j*nr+i]
		}
		DropRow(row, row, a.Drop, (uint64(w.b*a.H+h)*uint64(a.T)+uint64(q+i))*uint64(a.T)+uint64(k))
		for j := range row {
			s[j*nr+i] = row[j]
		}
	}
}

// finish normalises Oᵀ and writes it and the log-sum-exp; with nothing seen the outputs are 0.
func (w *attnWork) finish(h, q, n int, seen bool) {
	a, nr := w.a, w.mk.nr
	if !seen {
		clear(unsafe.Slice((*float32)(w.o), a.D*nr))
	}
	lse := a.LSE[(w.b*a.H+h)*a.T+q:][:n]
	vec().log(w.al[:nr], w.l[:nr])
	for i := range lse {
		lse[i] = w.m[i]*math.Ln2 + w.al[i] // −Inf where nothing is seen
	}
	for i, l := range w.l[:nr] {
		w.al[i] = 0
		if l != 0 { // also a NaN must reach the output
			w.al[i] = 1 / l
		}
	}
	w.unlane(&a.Out, h, q, n, w.o, &w.al, false)
}

// unlane writes n queries of [D, nr] numbers, each lane times its factor, as rows from position q of a column block of m.
func (w *attnWork) unlane(m *Mat, block, q, n int, src unsafe.Pointer, factor *[attnMaxLanes]float32, unrope bool) {
	dst, fn := w.head(m, block, q, n), w.j.fn
	w.lane = laneArgs{dst: dst.Ptr, src: src, factor: factor, ld: dst.Stride * dst.DT.Size(), rows: w.a.D, n: n, nr: w.mk.nr}
	plain := !unrope || w.a.Cos == nil
	switch {
	case plain && dst.DT == F32:
		fn.transpose(&w.lane)
	case plain && dst.DT == BF16 && fn.transposeBF16 != nil:
		fn.transposeBF16(&w.lane)
	default:
		d := (w.a.D + 15) &^ 15
		w.lane.dst, w.lane.ld = w.rows, d*4
		fn.transpose(&w.lane)
		w.store(m, block, q, n, w.rows, d, 1, unrope)
	}
}
