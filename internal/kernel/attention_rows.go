package kernel

import (
	"math"
	"unsafe"
)

// attnJob runs one unit for each (row b, kv head): a unit owns its kv head's keys, values and their gradients
// and all query heads that share them, so that no sum crosses units.
type attnJob struct {
	a        *AttnArgs
	backward bool
	p        *Pool
}

func (j *attnJob) run(p *Pool, a *AttnArgs, backward bool) {
	j.a, j.p, j.backward = a, p, backward
	p.Run(a.B*a.K, 1, j)
}

// Do computes units [lo, hi).
func (j *attnJob) Do(worker, lo, hi int) {
	a := j.a
	need := 4*a.T*a.D + 2*a.T + 4*a.D
	ar := &j.p.scratch[worker]
	ar.reset(4 * need)
	buf := unsafe.Slice((*float32)(ar.take(4*need)), need)
	var r attnRows
	for u := lo; u < hi; u++ {
		r.init(a, buf, u/a.K, u%a.K)
		r.load()
		if j.backward {
			r.backward()
		} else {
			r.forward()
		}
	}
}

// attnRows handles one unit a query at a time.
type attnRows struct {
	a            *AttnArgs
	b, kv        int
	k, v, dk, dv []float32 // [T, D]
	p, ds        []float32 // [T]
	q, o, do, dq []float32 // [D]
}

func (r *attnRows) init(a *AttnArgs, buf []float32, b, kv int) {
	*r = attnRows{a: a, b: b, kv: kv}
	take := func(n int) []float32 {
		s := buf[:n:n]
		buf = buf[n:]
		return s
	}
	n := a.T * a.D
	r.k, r.v, r.dk, r.dv = take(n), take(n), take(n), take(n)
	r.p, r.ds = take(a.T), take(a.T)
	r.q, r.o, r.do, r.dq = take(a.D), take(a.D), take(a.D), take(a.D)
}

// rope turns x by the angles of row b·T+t.
func (a *AttnArgs) rope(x []float32, row int, inverse bool) {
	if a.Cos == nil {
		return
	}
	h := a.D / 2
	at := int(a.Positions[row]) * h
	RotateHalf(x, x, a.Cos[at:at+h], a.Sin[at:at+h], inverse)
}

func (r *attnRows) load() {
	a := r.a
	kcols := a.QKV.ColsFrom((a.H+r.kv)*a.D, (a.H+r.kv+1)*a.D)
	vcols := a.QKV.ColsFrom((a.H+a.K+r.kv)*a.D, (a.H+a.K+r.kv+1)*a.D)
	for t := range a.T {
		row := r.b*a.T + t
		k, v := r.k[t*a.D:][:a.D], r.v[t*a.D:][:a.D]
		LoadF32(k, kcols, row)
		LoadF32(v, vcols, row)
		a.rope(k, row, false)
		roundTo(a.Compute, k)
		roundTo(a.Compute, v)
	}
}

// scores fills p[lo:hi] with the scaled scores of query row of head h.
func (r *attnRows) scores(h, row, lo, hi int) {
	a := r.a
	LoadF32(r.q, a.QKV.ColsFrom(h*a.D, (h+1)*a.D), row)
	a.rope(r.q, row, false)
	roundTo(a.Compute, r.q)
	for t := lo; t < hi; t++ {
		r.p[t] = a.Scale * Dot(r.q, r.k[t*a.D:][:a.D])
	}
}

func (r *attnRows) forward() {
	a := r.a
	for h := r.kv * a.H / a.K; h < (r.kv+1)*a.H/a.K; h++ {
		for t := range a.T {
			row := r.b*a.T + t
			lo, hi := int(a.KeyLo[row]), int(a.KeyHi[row])
			out := a.Out.ColsFrom(h*a.D, (h+1)*a.D)
			clear(r.o)
			lse := float32(math.Inf(-1))
			if lo < hi {
				r.scores(h, row, lo, hi)
				lse = LogSumExp(r.p[lo:hi])
				SoftmaxRow(r.p[lo:hi], r.p[lo:hi])
				DropRow(r.p[lo:hi], r.p[lo:hi], a.Drop, a.index(r.b, h, t, lo))
				roundTo(a.Compute, r.p[lo:hi])
				for t := lo; t < hi; t++ {
					Axpy(r.o, r.p[t], r.v[t*a.D:][:a.D])
				}
			}
			a.LSE[(r.b*a.H+h)*a.T+t] = lse
			StoreF32(out, row, r.o)
		}
	}
}

// index is the dropout index of an element of the probabilities.
func (a *AttnArgs) index(b, h, t, key int) uint64 {
	return (uint64(b*a.H+h)*uint64(a.T)+uint64(t))*uint64(a.T) + uint64(key)
}

func (r *attnRows) backward() {
	a := r.a
	clear(r.dk)
	clear(r.dv)
	for h := r.kv * a.H / a.K; h < (r.kv+1)*a.H/a.K; h++ {
		for t := range a.T {
			r.backwardQuery(h, t)
		}
	}
	kcols := a.DQKV.ColsFrom((a.H+r.kv)*a.D, (a.H+r.kv+1)*a.D)
	vcols := a.DQKV.ColsFrom((a.H+a.K+r.kv)*a.D, (a.H+a.K+r.kv+1)*a.D)
	for t := range a.T {
		row := r.b*a.T + t
		a.rope(r.dk[t*a.D:][:a.D], row, true)
		StoreF32(kcols, row, r.dk[t*a.D:][:a.D])
		StoreF32(vcols, row, r.dv[t*a.D:][:a.D])
	}
}

func (r *attnRows) backwardQuery(h, t int) {
	a := r.a
	row := r.b*a.T + t
	lo, hi := int(a.KeyLo[row]), int(a.KeyHi[row])
	clear(r.dq)
	if lo < hi {
		cols := func(m Mat) Mat { return m.ColsFrom(h*a.D, (h+1)*a.D) }
		LoadF32(r.o, cols(a.Out), row)
		LoadF32(r.do, cols(a.DOut), row)
		delta := Dot(r.o, r.do)
		roundTo(a.Compute, r.do)
		r.scores(h, row, lo, hi)
		ExpShiftSum(r.p[lo:hi], r.p[lo:hi], a.LSE[(r.b*a.H+h)*a.T+t])
		for key := lo; key < hi; key++ {
			r.ds[key] = Dot(r.do, r.v[key*a.D:][:a.D])
		}
		DropRow(r.ds[lo:hi], r.ds[lo:hi], a.Drop, a.index(r.b, h, t, lo))
		for key := lo; key < hi; key++ {
			r.ds[key] = a.Scale * r.p[key] * (r.ds[key] - delta)
		}
		DropRow(r.p[lo:hi], r.p[lo:hi], a.Drop, a.index(r.b, h, t, lo))
		roundTo(a.Compute, r.p[lo:hi])
		roundTo(a.Compute, r.ds[lo:hi])
		for key := lo; key < hi; key++ {
			Axpy(r.dv[key*a.D:][:a.D], r.p[key], r.do)
			Axpy(r.dk[key*a.D:][:a.D], r.ds[key], r.q)
			Axpy(r.dq, r.ds[key], r.k[key*a.D:][:a.D])
		}
		a.rope(r.dq, row, true)
	}
	StoreF32(a.DQKV.ColsFrom(h*a.D, (h+1)*a.D), row, r.dq)
}
