package kernel

import "unsafe"

// backward computes the gradients of the unit's keys, values and queries (Dao et al. 2022, algorithm 4, transposed): with
// P = exp(S − LSE) and δ = Σ dO·O of a query,
//
//	dV = Pᵀ·dO   dP = dO·Vᵀ   dS = P∘(dP − δ)   dQ = Scale·dS·K   dK = Scale·dSᵀ·Q
func (w *attnWork) backward() {
	a := w.a
	w.prefetch(&a.DQKV, a.H+w.kv, 0, a.T)
	w.prefetch(&a.DQKV, a.H+a.K+w.kv, 0, a.T)
	clear(unsafe.Slice((*float32)(w.dk), a.T*w.ldd))
	clear(unsafe.Slice((*float32)(w.dv), a.T*w.ldd))
	for h := w.kv * a.H / a.K; h < (w.kv+1)*a.H/a.K; h++ {
		for q := 0; q < a.T; q += attnBlockPanels * w.mk.nr {
			w.backwardBlock(h, q, min(attnBlockPanels*w.mk.nr, a.T-q))
		}
	}
	w.store(&a.DQKV, a.H+w.kv, 0, a.T, w.dk, w.ldd, a.Scale, true)
	w.store(&a.DQKV, a.H+a.K+w.kv, 0, a.T, w.dv, w.ldd, 1, false)
}

// backwardBlock adds what n queries of head h from position q give to dK and dV, and writes their dQ.
func (w *attnWork) backwardBlock(h, q, n int) {
	a, mk := w.a, w.mk
	rows, do := w.rotated(&a.QKV, h, q, n), w.head(&a.DOut, h, q, n)
	w.prefetch(&a.DQKV, h, q, n)
	w.packQueries(w.qB, rows)
	w.packQueryDims(w.qT, rows)
	w.packQueries(w.doB, do)
	w.packQueryDims(w.doT, do)
	w.loadStatistics(h, q, n)
	panels := (n + mk.nr - 1) / mk.nr
	lo, hi := a.T, 0
	for i := range panels {
		p := &w.panels[i]
		p.see(w, q+i*mk.nr)
		lo, hi = min(lo, p.lo), max(hi, p.hi)
		w.seen[i] = false
	}
	block := w.j.keyTiles * mk.mr
	for k := lo / mk.mr * mk.mr; k < hi; k += block {
		end := min(k+block, hi)
		for t := 0; k+t*mk.mr < end; t++ {
			w.backwardTile(h, q, n, k, t)
		}
		w.addToQueries(k, end, panels)
	}
	for i := range w.al {
		w.al[i] = a.Scale
	}
	for i := range panels {
		o := unsafe.Add(w.o, i*w.panelOut())
		if !w.seen[i] {
			clear(unsafe.Slice((*float32)(o), a.D*mk.nr))
		}
		w.unlane(&a.DQKV, h, q+i*mk.nr, min(mk.nr, n-i*mk.nr), o, &w.al, true)
	}
}

// panelOut is the size in bytes of a panel's dQᵀ.
func (w *attnWork) panelOut() int { return (w.a.D + 15) &^ 15 * w.mk.nr * 4 }

// loadStatistics reads the log-sum-exp and computes δ of n queries; what lies beyond them is 0.
func (w *attnWork) loadStatistics(h, q, n int) {
	a := w.a
	out, do := w.head(&a.Out, h, q, n), w.head(&a.DOut, h, q, n)
	clear(w.lse2[n:])
	clear(w.delta[n:])
	for i, v := range a.LSE[(w.b*a.H+h)*a.T+q:][:n] {
		w.lse2[i] = v * log2e
	}
	w.rowDots(w.delta[:n], out, do)
}

// rowDots sets dst[i] to the inner product of rows i of x and y.
func (w *attnWork) rowDots(dst []float32, x, y Mat) {
	f := w.j.fn.dots
	if x.DT == BF16 {
		f = w.j.fn.dotsBF16
	}
	if f != nil && x.DT == y.DT && x.DT != F16 {
		size := x.DT.Size()
		w.dot = dotArgs{dst: &dst[0], a: x.Ptr, b: y.Ptr, lda: x.Stride * size, ldb: y.Stride * size, n: len(dst), cols: x.Cols}
		f(&w.dot)
		return
	}
	d := x.Cols
	xs, ys := unsafe.Slice((*float32)(w.tmp), d), unsafe.Slice((*float32)(unsafe.Add(w.tmp, d*4)), d)
	for i := range dst {
		LoadF32(xs, x, i)
		LoadF32(ys, y, i)
		dst[i] = Dot(xs, ys)
	}
}

// backwardTile computes P and dS of tile t of the key block from k for all panels that see it, and adds to dV and dK.
func (w *attnWork) backwardTile(h, q, n, k, t int) {
	a, mk := w.a, w.mk
	key := k + t*mk.mr
	keys := min(mk.mr, a.T-key)
	first, last := -1, -1
	for i := range (n + mk.nr - 1) / mk.nr {
		if p := &w.panels[i]; key < p.hi && key+keys > p.lo {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return
	}
	seg, tile := mk.panelBytesA(mk.nr), mk.panelBytesA(attnBlockPanels*mk.nr)
	for i := first; i <= last; i++ {
		pA, dsA := unsafe.Add(w.pA, t*tile+i*seg), unsafe.Add(w.dsA, t*tile+i*seg)
		if p := &w.panels[i]; key >= p.hi || key+keys <= p.lo {
			clear(unsafe.Slice((*byte)(pA), seg))
			clear(unsafe.Slice((*byte)(dsA), seg))
			continue
		}
		dsB := unsafe.Add(w.pB, i*mk.panelBytesB(w.j.keyTiles*mk.mr+1)+mk.panelBytesB(t*mk.mr))
		w.gradients(h, q+i*mk.nr, i, key, keys, pA, dsA, dsB)
	}
	from, steps := first*mk.nr, mk.steps(min(n, (last+1)*mk.nr)-first*mk.nr)
	b := mk.panelBytesB(from)
	for d := 0; d < a.D; d += mk.nr {
		at := (key*w.ldd + d) * 4
		mk.tile(steps, unsafe.Add(w.pA, t*tile+first*seg), unsafe.Add(w.doT, b), unsafe.Add(w.dv, at), w.ldd, keys, mk.nr, true)
		mk.tile(steps, unsafe.Add(w.dsA, t*tile+first*seg), unsafe.Add(w.qT, b), unsafe.Add(w.dk, at), w.ldd, keys, mk.nr, true)
		b += mk.panelBytesB(n)
	}
}

// gradients computes P and dS of panel i for a tile of keys, as segments of A panels (lanes keys, summed over queries)
// and dS as a segment of a B panel (lanes queries, summed over keys).
func (w *attnWork) gradients(h, q, i, key, keys int, pA, dsA, dsB unsafe.Pointer) {
	a, mk, p := w.a, w.mk, &w.panels[i]
	tile := (key / mk.mr) * mk.panelBytesA(a.D)
	mk.tile(mk.steps(a.D), unsafe.Add(w.kA, tile), unsafe.Add(w.qB, i*mk.panelBytesB(a.D)), w.s, mk.nr, keys, mk.nr, false)
	mk.tile(mk.steps(a.D), unsafe.Add(w.vA, tile), unsafe.Add(w.doB, i*mk.panelBytesB(a.D)), w.dp, mk.nr, keys, mk.nr, false)
	g := &w.grad
	*g = gradArgs{nr: mk.nr, s: w.s, dp: w.dp, rows: keys, key: key, keyLo: &p.keyLo, keyHi: &p.keyHi,
		lse2: unsafe.Pointer(&w.lse2[i*mk.nr]), delta: unsafe.Pointer(&w.delta[i*mk.nr]), scale: a.Scale * log2e,
		masked: key < p.allLo || key+keys > p.allHi, pA: pA, dsA: dsA, dsB: dsB}
	if mk.pair && a.Drop.P == 0 && w.j.fn.gradPair != nil {
		if keys%2 != 0 {
			g.rows, g.masked = keys+1, true
		}
		w.j.fn.gradPair(g)
		return
	}
	f := unsafe.Slice((*float32)(w.factor), keys*mk.nr)
	ps, ds := unsafe.Slice((*float32)(w.s), keys*mk.nr), unsafe.Slice((*float32)(w.dp), keys*mk.nr)
	if a.Drop.P != 0 {
		Fill(f, 1)
		w.drop(w.factor, h, q, key, keys)
		Mul(ds, ds, f)
	}
	w.j.fn.grad(g)
	if a.Drop.P != 0 {
		Mul(ps, ps, f)
	}
	for _, x := range [2]struct{ dst, src unsafe.Pointer }{{pA, w.s}, {dsA, w.dp}} {
		from := operand{ptr: x.src, dt: F32, laneStride: mk.nr, kStride: 1}
		mk.packA(x.dst, &from, 0, keys, 0, mk.nr, w.tmp)
	}
	w.panelOf(dsB, w.dp, keys)
}

// addToQueries adds what keys [k, end) give to dQ of all panels.
func (w *attnWork) addToQueries(k, end, panels int) {
	a, mk := w.a, w.mk
	for i := range panels {
		p := &w.panels[i]
		from, to := max(k, p.lo/mk.mr*mk.mr), min(end, p.hi)
		if from >= to {
			continue
		}
		b := unsafe.Add(w.pB, i*mk.panelBytesB(w.j.keyTiles*mk.mr+1)+mk.panelBytesB(from-k))
		at := mk.panelBytesA(from)
		for d := 0; d < a.D; d += mk.mr {
			c := unsafe.Add(w.o, i*w.panelOut()+d*mk.nr*4)
			mk.tile(mk.steps(to-from), unsafe.Add(w.tA, at), b, c, mk.nr, min(mk.mr, a.D-d), mk.nr, w.seen[i])
			at += mk.panelBytesA(a.T)
		}
		w.seen[i] = true
	}
}
