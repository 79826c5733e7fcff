package kernel

import "unsafe"

// The tile form of attention. Scores are computed transposed, Sᵀ = K·Qᵀ, so that the queries of a panel lie across the
// lanes of vectors: the softmax's maxima and sums run down the lanes without a horizontal step, and the
// probabilities come out in the layout of a B panel, ready for Oᵀ += Vᵀ·Pᵀ. A query panel is nr queries of a head, a key
// tile mr keys, a key block several tiles.

const (
	attnBlockKeys   = 224 // keys whose scores are held at once, rounded down to tiles: 28 KiB of scores at AVX-512
	attnBlockPanels = 4   // backward: query panels that are summed over at once
	attnMaxLanes    = 32  // the widest panel
)

// attnJob runs units of one (row b, kv head) each: a unit owns its kv head's keys, values and their gradients
// and all query heads that share them, so that no sum crosses units. Where forward has too few of them, splits units
// share a kv head and deal its query panels among them.
type attnJob struct {
	a        *AttnArgs
	p        *Pool
	mk       *microKernel
	fn       *attnFuncs
	cache    *DecodeArgs // where the keys and values are, nil: in a.QKV
	backward bool
	splits   int
	maxKeys  int // of any row
	keyTiles int // tiles of a key block
	work     []attnWork
}

func (j *attnJob) run(p *Pool, a *AttnArgs, backward bool) {
	j.a, j.p, j.backward, j.splits, j.maxKeys = a, p, backward, 1, a.T
	if c := j.cache; c != nil {
		j.maxKeys = 0
		for b := range c.B {
			j.maxKeys = max(j.maxKeys, int(c.Past[b])+c.valid(b))
		}
	}
	j.mk = microFor(attnCompute(a.Compute))
	j.fn = attnFuncsFor(j.mk)
	j.keyTiles = max(1, attnBlockKeys/j.mk.mr)
	units := a.B * a.K
	if w := p.Workers(); !backward && units%w != 0 && units < 4*w {
		j.splits = min(4*w, (a.T+j.mk.nr-1)/j.mk.nr)
	}
	if len(j.work) < p.Workers() {
		j.work = make([]attnWork, p.Workers())
	}
	if j.cache != nil {
		p.Run(units*j.splits, 1, j)
		return
	}
	lse := Mat{Ptr: unsafe.Pointer(&a.LSE[0]), DT: F32, Rows: a.B, Cols: a.H * a.T, Stride: a.H * a.T}
	if backward {
		p.Start(units, 1, j, Reads(a.QKV).Of(a.T), Reads(a.Out).Of(a.T), Reads(lse), Reads(a.DOut).Of(a.T), Writes(a.DQKV).Of(a.T))
		return
	}
	p.Start(units*j.splits, 1, j, Reads(a.QKV).Of(a.T), Writes(a.Out).Of(a.T), Writes(lse))
}

// attnCompute is the type operands are packed in.
func attnCompute(c DType) DType {
	if c == BF16 {
		return BF16
	}
	return F32
}

// Do computes units [lo, hi).
func (j *attnJob) Do(worker, lo, hi int) {
	w := &j.work[worker]
	w.plan(j, &j.p.scratch[worker])
	loaded := -1
	for u := lo; u < hi; u++ {
		if kv := u / j.splits; kv != loaded {
			w.b, w.kv, loaded = kv/j.a.K, kv%j.a.K, kv
			w.load()
		}
		if j.backward {
			w.backward()
		} else {
			w.forward(u % j.splits)
		}
	}
}

// attnWork is the state of one worker: where its buffers lie in the pool's scratch, and the unit in hand.
type attnWork struct {
	j     *attnJob
	a     *AttnArgs
	mk    *microKernel
	b, kv int
	keys  int // of the row

	tmp    unsafe.Pointer // for packing
	rot    unsafe.Pointer // rotated rows in the computation type, [max(T, query block), D]
	kA, vA unsafe.Pointer // A panels, lanes are keys: all tiles of K and (backward) V
	tA     unsafe.Pointer // A panels, lanes are dimensions, summed over keys: Vᵀ (forward) or Kᵀ (backward)
	qB     unsafe.Pointer // B panels, lanes are queries: Q
	s      unsafe.Pointer // scores and then probabilities, [keys, nr]
	pB     unsafe.Pointer // B panel, lanes are queries, summed over keys: P (forward), dS of each panel (backward)
	o      unsafe.Pointer // Oᵀ, or dQᵀ of each panel: [D rounded up to 16, nr]
	rows   unsafe.Pointer // finished rows, [nr, D rounded up to 16]

	// Backward only.
	doB      unsafe.Pointer                          // as qB: dO
	qT, doT  unsafe.Pointer                          // B panels, lanes are dimensions, summed over the queries of a block
	dp       unsafe.Pointer                          // as s: dP and then dS of a tile
	pA, dsA  unsafe.Pointer                          // A panels, lanes are keys, summed over the queries of a block, one a tile: P, dS
	factor   unsafe.Pointer                          // dropout factors of a tile, [mr, nr]
	dk, dv   unsafe.Pointer                          // [T, ldd]
	ldd      int                                     // D rounded up to nr
	lse2     [attnBlockPanels * attnMaxLanes]float32 // base-2 log of the sum of exp
	delta    [attnBlockPanels * attnMaxLanes]float32 // Σ dO·O
	seen     [attnBlockPanels]bool                   // dQ of a panel holds something
	panels   [attnBlockPanels]attnPanel
	drow     [attnBlockKeys]float32
	soft     softArgs
	lane     laneArgs
	row      rowArgs
	dot      dotArgs
	grad     gradArgs
	m, l, al [attnMaxLanes]float32
	_        [128]byte // the next worker writes in cache lines of its own
}

// attnPanel is what nr queries see.
type attnPanel struct {
	keyLo, keyHi [attnMaxLanes]int32 // of each query; 0, 0 where it sees nothing or does not exist
	lo, hi       int                 // keys that some query sees lie in [lo, hi)
	allLo, allHi int                 // keys in [allLo, allHi) are seen by every query
}

// plan lays the buffers out.
func (w *attnWork) plan(j *attnJob, ar *arena) {
	a, mk := j.a, j.mk
	w.j, w.a, w.mk = j, a, mk
	up := func(n, to int) int { return (n + to - 1) / to * to }
	keyTiles, dimTilesA, dimTilesB := (j.maxKeys+mk.mr-1)/mk.mr, (a.D+mk.mr-1)/mk.mr, (a.D+mk.nr-1)/mk.nr
	block, lanes := j.keyTiles*mk.mr+1, mk.nr*4
	queries, panels := mk.nr, 1
	if j.backward {
		queries, panels = attnBlockPanels*mk.nr, attnBlockPanels
	}
	w.ldd = up(a.D, mk.nr)
	buffers := [...]struct {
		at   *unsafe.Pointer
		size int
		both bool // needed forward too
	}{
		{&w.tmp, packTmpBytes, true},
		{&w.rot, max(a.T, queries) * a.D * 4, true},
		{&w.kA, keyTiles * mk.panelBytesA(a.D), true},
		{&w.vA, keyTiles * mk.panelBytesA(a.D), false},
		{&w.tA, dimTilesA * mk.panelBytesA(j.maxKeys), true},
		{&w.qB, panels * mk.panelBytesB(a.D), true},
		{&w.s, block * lanes, true},
		{&w.pB, panels * mk.panelBytesB(block), true},
		{&w.o, panels * up(a.D, 16) * lanes, true},
		{&w.rows, up(a.D, 16) * lanes, true},
		{&w.doB, panels * mk.panelBytesB(a.D), false},
		{&w.qT, dimTilesB * mk.panelBytesB(queries), false},
		{&w.doT, dimTilesB * mk.panelBytesB(queries), false},
		{&w.dp, block * lanes, false},
		{&w.pA, j.keyTiles * mk.panelBytesA(queries), false},
		{&w.dsA, j.keyTiles * mk.panelBytesA(queries), false},
		{&w.factor, block * lanes, false},
		{&w.dk, a.T * w.ldd * 4, false},
		{&w.dv, a.T * w.ldd * 4, false},
	}
	total := 0
	for i := range buffers {
		if buffers[i].both || j.backward {
			total += up(buffers[i].size, 64)
		}
	}
	ar.reset(total)
	for i := range buffers {
		if buffers[i].both || j.backward {
			*buffers[i].at = ar.take(buffers[i].size)
		}
	}
}

// load packs the unit's keys and values.
func (w *attnWork) load() {
	a := w.a
	var k, v Mat
	if c := w.j.cache; c != nil {
		w.keys = int(c.Past[w.b]) + c.valid(w.b)
		k, v = c.cached(c.KCache[w.b], w.kv, w.keys), c.cached(c.VCache[w.b], w.kv, w.keys)
	} else {
		w.keys = a.T
		k, v = w.rotated(&a.QKV, a.H+w.kv, 0, a.T), w.head(&a.QKV, a.H+a.K+w.kv, 0, a.T)
	}
	w.packLanes(w.kA, k)
	if w.j.backward {
		w.packLanes(w.vA, v)
		w.packDims(w.tA, k)
	} else {
		w.packDims(w.tA, v)
	}
}

// packLanes packs A panels whose lanes are the rows of m.
func (w *attnWork) packLanes(dst unsafe.Pointer, m Mat) {
	src, mk := lanesOf(m), w.mk
	for r := 0; r < m.Rows; r += mk.mr {
		mk.packA(dst, &src, r, min(mk.mr, m.Rows-r), 0, m.Cols, w.tmp)
		dst = unsafe.Add(dst, mk.panelBytesA(m.Cols))
	}
}

// packDims packs A panels whose lanes are the columns of m.
func (w *attnWork) packDims(dst unsafe.Pointer, m Mat) {
	src, mk := lanesOfT(m), w.mk
	for d := 0; d < m.Cols; d += mk.mr {
		mk.packA(dst, &src, d, min(mk.mr, m.Cols-d), 0, m.Rows, w.tmp)
		dst = unsafe.Add(dst, mk.panelBytesA(m.Rows))
	}
}

// packQueries packs B panels whose lanes are the rows of m.
func (w *attnWork) packQueries(dst unsafe.Pointer, m Mat) {
	src, mk := lanesOf(m), w.mk
	for r := 0; r < m.Rows; r += mk.nr {
		mk.packB(dst, &src, r, min(mk.nr, m.Rows-r), 0, m.Cols, w.tmp)
		dst = unsafe.Add(dst, mk.panelBytesB(m.Cols))
	}
}

// packQueryDims packs B panels whose lanes are the columns of m.
func (w *attnWork) packQueryDims(dst unsafe.Pointer, m Mat) {
	src, mk := lanesOfT(m), w.mk
	for d := 0; d < m.Cols; d += mk.nr {
		mk.packB(dst, &src, d, min(mk.nr, m.Cols-d), 0, m.Rows, w.tmp)
		dst = unsafe.Add(dst, mk.panelBytesB(m.Rows))
	}
}

// prefetch asks for n rows from position t of a column block of m, which are about to be written.
func (w *attnWork) prefetch(m *Mat, block, t, n int) {
	rows, size := w.head(m, block, t, n), m.DT.Size()
	prefetchRows(rows.Ptr, rows.Stride*size, n, rows.Cols*size)
}

// head returns n rows from position t of a column block of D.
func (w *attnWork) head(m *Mat, block, t, n int) Mat {
	at := (w.b*w.a.T+t)*m.Stride + block*w.a.D
	return Mat{Ptr: unsafe.Add(m.Ptr, at*m.DT.Size()), DT: m.DT, Rows: n, Cols: w.a.D, Stride: m.Stride}
}

// rotated returns n rows from position t of a column block with rope applied: in w.rot and the type that is packed, or
// in place where there is no rope.
func (w *attnWork) rotated(m *Mat, block, t, n int) Mat {
	a, src := w.a, w.head(m, block, t, n)
	if a.Cos == nil {
		return src
	}
	dt := F32
	if w.mk.pair {
		dt = BF16
	}
	dst := Mat{Ptr: w.rot, DT: dt, Rows: n, Cols: a.D, Stride: a.D}
	w.turn(dst, src, w.b*a.T+t, 1, false)
	return dst
}

// turn sets the rows of dst to those of src times scale, rotated by the positions of rows row and on of the batch, back
// where inverse.
func (w *attnWork) turn(dst, src Mat, row int, scale float32, inverse bool) {
	a, fn := w.a, w.j.fn
	var f func(*rowArgs)
	switch {
	case src.DT == F32 && dst.DT == F32:
		f = fn.rotate
	case src.DT == F32 && dst.DT == BF16:
		f = fn.rotateToBF16
	case src.DT == BF16 && dst.DT == BF16:
		f = fn.rotateBF16
	}
	if f != nil {
		w.row = rowArgs{dst: dst.Ptr, src: src.Ptr, ld: dst.Stride * dst.DT.Size(), stride: src.Stride * src.DT.Size(), n: dst.Rows, cols: a.D,
			scale: scale, turn: scale, cos: &a.Cos[0], sin: &a.Sin[0], positions: &a.Positions[row]}
		if inverse {
			w.row.turn = -scale
		}
		f(&w.row)
		return
	}
	x := unsafe.Slice((*float32)(w.tmp), a.D)
	for i := range dst.Rows {
		LoadF32(x, src, i)
		if scale != 1 {
			Scale(x, x, scale)
		}
		cos, sin := a.angles(row + i)
		RotateHalf(x, x, cos, sin, inverse)
		StoreF32(dst, i, x)
	}
}

// angles returns the rope table rows of row b·T+t.
func (a *AttnArgs) angles(row int) (cos, sin []float32) {
	h := a.D / 2
	at := int(a.Positions[row]) * h
	return a.Cos[at : at+h], a.Sin[at : at+h]
}

// see sets what the queries from position q of the unit's row see.
func (p *attnPanel) see(w *attnWork, q int) {
	a, nr := w.a, w.mk.nr
	n := min(nr, a.T-q)
	lo, hi := a.KeyLo[w.b*a.T+q:][:n], a.KeyHi[w.b*a.T+q:][:n]
	first, last, allLo, allHi := int32(w.keys), int32(0), int32(0), int32(w.keys)
	for i, l := range lo {
		h := hi[i]
		if l < h {
			first, last = min(first, l), max(last, h)
		} else {
			l, h = 0, 0
		}
		p.keyLo[i], p.keyHi[i] = l, h
		allLo, allHi = max(allLo, l), min(allHi, h)
	}
	for i := n; i < nr; i++ {
		p.keyLo[i], p.keyHi[i], allHi = 0, 0, 0
	}
	p.lo, p.hi, p.allLo, p.allHi = int(first), int(last), int(allLo), int(allHi)
}

// store writes n finished rows, of stride floats each, times scale, to rows from position t of a column block of m,
// rotated back where unrope.
func (w *attnWork) store(m *Mat, block, t, n int, src unsafe.Pointer, stride int, scale float32, unrope bool) {
	a, dst := w.a, w.head(m, block, t, n)
	if (!unrope || a.Cos == nil) && dst.DT == BF16 && w.j.fn.rowsBF16 != nil {
		w.row = rowArgs{dst: dst.Ptr, src: src, ld: dst.Stride * 2, stride: stride * 4, n: n, cols: a.D, scale: scale}
		w.j.fn.rowsBF16(&w.row)
		return
	}
	from := Mat{Ptr: src, DT: F32, Rows: n, Cols: a.D, Stride: stride}
	if unrope && a.Cos != nil {
		w.turn(dst, from, w.b*a.T+t, scale, true)
		return
	}
	for i := range n {
		row := from.RowF32(i)
		if scale != 1 {
			Scale(row, row, scale)
		}
		StoreF32(dst, i, row)
	}
}
