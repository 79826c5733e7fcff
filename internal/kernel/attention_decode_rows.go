package kernel

import "unsafe"

// decodeChunk is the number of positions whose keys or values are read once for all query heads that share them.
const decodeChunk = 64

// decodeJob runs one unit for each (sequence, kv head): it appends, and attends where asked to.
type decodeJob struct {
	a      *DecodeArgs
	p      *Pool
	fn     *attnFuncs
	attend bool
	work   []decodeWork
}

func (j *decodeJob) run(p *Pool, a *DecodeArgs, attend bool) {
	j.a, j.p, j.attend = a, p, attend
	j.fn = attnFuncsFor(microFor(attnCompute(a.Compute)))
	if len(j.work) < p.Workers() {
		j.work = make([]decodeWork, p.Workers())
	}
	p.Run(a.B*a.K, 1, j)
}

// Do computes units [lo, hi).
func (j *decodeJob) Do(worker, lo, hi int) {
	a, w := j.a, &j.work[worker]
	longest := 0
	for b := range a.B {
		longest = max(longest, int(a.Past[b])+a.N)
	}
	group := a.H / a.K
	n := a.D + group*(2*a.D+longest)
	ar := &j.p.scratch[worker]
	ar.reset(4*n + 2*group*a.D + 64)
	buf := unsafe.Slice((*float32)(ar.take(4*n)), n)
	*w = decodeWork{j: j, a: a, x: buf[:a.D], q: buf[a.D:][:group*a.D], o: buf[a.D*(1+group):][:group*a.D], p: buf[a.D*(1+2*group):],
		half: unsafe.Slice((*BF16Bits)(ar.take(2*group*a.D)), group*a.D)}
	for u := lo; u < hi; u++ {
		w.b, w.kv = u/a.K, u%a.K
		w.append()
		if j.attend {
			w.attend()
		}
	}
}

// decodeWork is the state of one worker, which handles a token at a time: all query heads of a kv head together, so
// that keys and values are read once.
type decodeWork struct {
	j     *decodeJob
	a     *DecodeArgs
	b, kv int
	q, o  []float32  // [group, D]
	half  []BF16Bits // q in bf16
	x     []float32  // [D]
	p     []float32  // [group, positions]
	dot   dotArgs
	sum   sumArgs
	_     [128]byte // the next worker writes in cache lines of its own
}

// cached returns the first n positions of a kv head of a cache.
func (a *DecodeArgs) cached(m Mat, kv, n int) Mat {
	return m.ColsFrom(kv*a.D, (kv+1)*a.D).RowsFrom(0, n)
}

// append rotates the new keys and writes keys and values to the caches.
func (w *decodeWork) append() {
	a := w.a
	past := int(a.Past[w.b])
	k := a.QKV.ColsFrom((a.H+w.kv)*a.D, (a.H+w.kv+1)*a.D)
	v := a.QKV.ColsFrom((a.H+a.K+w.kv)*a.D, (a.H+a.K+w.kv+1)*a.D)
	n := a.valid(w.b)
	keys, values := a.cached(a.KCache[w.b], w.kv, past+n), a.cached(a.VCache[w.b], w.kv, past+n)
	for i := range n {
		LoadF32(w.x, k, w.b*a.N+i)
		w.rope(w.x, past+i)
		StoreF32(keys, past+i, w.x)
		CopyRow(values, past+i, v, w.b*a.N+i)
	}
}

func (w *decodeWork) rope(x []float32, position int) {
	if a := w.a; a.Cos != nil {
		at := position * a.D / 2
		RotateHalf(x, x, a.Cos[at:at+a.D/2], a.Sin[at:at+a.D/2], false)
	}
}

// attend computes the outputs of the unit's query heads.
func (w *decodeWork) attend() {
	a := w.a
	group := a.H / a.K
	for n := range a.N {
		row := w.b*a.N + n
		clear(w.o)
		if n < a.valid(w.b) {
			position := int(a.Past[w.b]) + n
			for g := range group {
				h, q := w.kv*group+g, w.q[g*a.D:][:a.D]
				LoadF32(q, a.QKV.ColsFrom(h*a.D, (h+1)*a.D), row)
				w.rope(q, position)
			}
			w.token(a.first(position), position+1)
		}
		for g := range group {
			h := w.kv*group + g
			StoreF32(a.Out.ColsFrom(h*a.D, (h+1)*a.D), row, w.o[g*a.D:][:a.D])
		}
	}
}

// first is the first position that a token sees.
func (a *DecodeArgs) first(position int) int {
	if a.Window > 0 {
		return max(0, position+1-a.Window)
	}
	return 0
}

// token attends with the queries w.q to positions [lo, hi), into w.o.
func (w *decodeWork) token(lo, hi int) {
	a, group, n := w.a, w.a.H/w.a.K, hi-lo
	if a.Compute == BF16 {
		F32ToBF16(w.half, w.q)
		BF16ToF32(w.q, w.half)
	}
	keys, values := a.cached(a.KCache[w.b], w.kv, hi), a.cached(a.VCache[w.b], w.kv, hi)
	for t := lo; t < hi; t += decodeChunk {
		end := min(hi, t+decodeChunk)
		for g := range group {
			w.scores(w.p[g*n+t-lo:][:end-t], keys.RowsFrom(t, end), g)
		}
	}
	for g := range group {
		p := w.p[g*n:][:n]
		Scale(p, p, a.Scale)
		Scale(p, p, 1/ExpShiftSum(p, p, MaxOf(p)))
	}
	for t := lo; t < hi; t += decodeChunk {
		end := min(hi, t+decodeChunk)
		for g := range group {
			w.weigh(w.o[g*a.D:][:a.D], w.p[g*n+t-lo:][:end-t], values.RowsFrom(t, end))
		}
	}
}

// scores sets dst to the products of query g with the rows of keys.
func (w *decodeWork) scores(dst []float32, keys Mat, g int) {
	fn, d := w.j.fn, w.a.D
	q := w.q[g*d:][:d]
	w.dot = dotArgs{dst: &dst[0], a: keys.Ptr, lda: keys.Stride * keys.DT.Size(), n: len(dst), cols: d}
	switch {
	case keys.DT == F32 && fn.dots != nil:
		w.dot.b = unsafe.Pointer(&q[0])
		fn.dots(&w.dot)
	case keys.DT == BF16 && w.a.Compute == BF16 && fn.dotsBF16 != nil:
		w.dot.b = unsafe.Pointer(&w.half[g*d])
		fn.dotsBF16(&w.dot)
	default:
		for i := range dst {
			LoadF32(w.x, keys, i)
			dst[i] = Dot(w.x, q)
		}
	}
}

// weigh adds the rows of values times p to o.
func (w *decodeWork) weigh(o, p []float32, values Mat) {
	fn := w.j.fn
	w.sum = sumArgs{dst: &o[0], src: values.Ptr, weights: &p[0], ld: values.Stride * values.DT.Size(), n: len(p), cols: len(o)}
	switch {
	case values.DT == F32 && fn.weighted != nil:
		fn.weighted(&w.sum)
	case values.DT == BF16 && fn.weightedBF16 != nil:
		fn.weightedBF16(&w.sum)
	default:
		for i, v := range p {
			LoadF32(w.x, values, i)
			Axpy(o, v, w.x)
		}
	}
}

// promptJob attends with many new tokens, in the tiles of training's forward pass.
type promptJob struct {
	args                    AttnArgs
	positions, keyLo, keyHi []int32
	lse                     []float32
}

func (j *promptJob) run(p *Pool, a *DecodeArgs) {
	a.one.run(p, a, false)
	n := a.B * a.N
	if len(j.positions) < n || len(j.lse) < n*a.H {
		j.positions, j.keyLo, j.keyHi, j.lse = make([]int32, n), make([]int32, n), make([]int32, n), make([]float32, n*a.H)
	}
	clear(j.positions)
	clear(j.keyLo)
	clear(j.keyHi) // padding sees nothing
	for b := range a.B {
		for i := range a.valid(b) {
			position := int(a.Past[b]) + i
			at := b*a.N + i
			j.positions[at], j.keyLo[at], j.keyHi[at] = int32(position), int32(a.first(position)), int32(position+1)
		}
	}
	x := &j.args
	x.B, x.T, x.H, x.K, x.D = a.B, a.N, a.H, a.K, a.D
	x.QKV, x.Out, x.LSE, x.KeyLo, x.KeyHi = a.QKV, a.Out, j.lse, j.keyLo, j.keyHi
	x.Cos, x.Sin, x.Positions, x.Scale, x.Compute = a.Cos, a.Sin, j.positions, a.Scale, a.Compute
	x.job.cache = a
	x.job.run(p, x, false)
}
