package kernel

import (
	"fmt"
	"unsafe"
)

// DecodeArgs describes attention of new tokens against a cache of keys and values: generation (N = 1) and prompts (N > 1).
// Token n of sequence b stands at position Past[b]+n, attends to the positions up to its own (the last Window of
// them where Window > 0), and is rotated by row Past[b]+n of the rope tables. The call appends its keys and values to the caches.
// The caller owns the struct; in steady state a run allocates nothing.
type DecodeArgs struct {
	B, N, H, K, D int // B sequences, N new tokens each

	QKV Mat // [B·N, (H+2K)·D], not rotated; F32, BF16 or F16
	Out Mat // [B·N, H·D], F32, BF16 or F16

	// One matrix [positions, K·D] a sequence, F32, BF16 or F16. Keys are cached rotated. Rows Past[b] … Past[b]+N−1
	// are written.
	KCache, VCache []Mat
	Past           []int32 // [B] tokens already cached
	Valid          []int32 // [B] or nil: the first Valid[b] ≤ N tokens of sequence b are real; the rest is padding: not cached, output 0
	Window         int     // positions a token sees, its own included; 0: all

	Cos, Sin []float32 // rope tables [positions, D/2]; nil: no rotation
	Scale    float32   // of q·k, positive
	Compute  DType     // as in AttnArgs

	job decodeJob
}

// AttentionDecode appends to the caches and computes a.Out.
func AttentionDecode(p *Pool, a *DecodeArgs) {
	a.check()
	a.job.a, a.job.p = a, p
	p.Run(a.B*a.K, 1, &a.job)
}

// check panics where sizes do not fit each other.
func (a *DecodeArgs) check() {
	const op = "AttentionDecode"
	if a.B < 1 || a.N < 1 || a.K < 1 || a.D < 1 || a.H < a.K || a.H%a.K != 0 {
		panic(fmt.Sprintf("kernel.%s: B %d, N %d, H %d, K %d, D %d: want all positive and H a multiple of K", op, a.B, a.N, a.H, a.K, a.D))
	}
	if q := a.QKV; q.IsNil() || q.Rows != a.B*a.N || q.Cols != (a.H+2*a.K)*a.D {
		panic(fmt.Sprintf("kernel.%s: QKV [%d,%d], want [%d,%d]", op, q.Rows, q.Cols, a.B*a.N, (a.H+2*a.K)*a.D))
	}
	if o := a.Out; o.IsNil() || o.Rows != a.B*a.N || o.Cols != a.H*a.D {
		panic(fmt.Sprintf("kernel.%s: Out [%d,%d], want [%d,%d]", op, o.Rows, o.Cols, a.B*a.N, a.H*a.D))
	}
	if len(a.KCache) < a.B || len(a.VCache) < a.B || len(a.Past) < a.B || a.Valid != nil && len(a.Valid) < a.B {
		panic(fmt.Sprintf("kernel.%s: %d key caches, %d value caches, %d past, %d valid for %d sequences",
			op, len(a.KCache), len(a.VCache), len(a.Past), len(a.Valid), a.B))
	}
	for b := range a.B {
		past, n := int(a.Past[b]), a.valid(b)
		for _, c := range [2]Mat{a.KCache[b], a.VCache[b]} {
			if past < 0 || n < 0 || n > a.N || c.Rows < past+n || c.Cols != a.K*a.D {
				panic(fmt.Sprintf("kernel.%s: sequence %d: %d cached and %d of %d new tokens into a cache of [%d,%d], want %d columns", op, b, past, n, a.N, c.Rows, c.Cols, a.K*a.D))
			}
		}
		if a.Cos != nil && len(a.Cos) < (past+n)*a.D/2 {
			panic(fmt.Sprintf("kernel.%s: sequence %d: position %d beyond the rope tables of %d", op, b, past+n-1, len(a.Cos)*2/a.D))
		}
	}
	checkRope(op, a.D, a.Cos, a.Sin)
	checkScale(op, a.Scale)
}

// valid returns the number of real new tokens of sequence b.
func (a *DecodeArgs) valid(b int) int {
	if a.Valid == nil {
		return a.N
	}
	return int(a.Valid[b])
}

// decodeJob runs one unit for each (sequence, kv head).
type decodeJob struct {
	a *DecodeArgs
	p *Pool
}

// Do computes units [lo, hi).
func (j *decodeJob) Do(worker, lo, hi int) {
	a := j.a
	longest := 0
	for b := range a.B {
		longest = max(longest, int(a.Past[b])+a.N)
	}
	ar := &j.p.scratch[worker]
	ar.reset(4 * (longest + 3*a.D))
	buf := unsafe.Slice((*float32)(ar.take(4*(longest+3*a.D))), longest+3*a.D)
	for u := lo; u < hi; u++ {
		r := decodeRows{a: a, b: u / a.K, kv: u % a.K, q: buf[:a.D], o: buf[a.D : 2*a.D], x: buf[2*a.D : 3*a.D], p: buf[3*a.D:]}
		r.append()
		r.attend()
	}
}

// decodeRows handles one unit a query at a time.
type decodeRows struct {
	a       *DecodeArgs
	b, kv   int
	q, o, x []float32 // [D]
	p       []float32 // [positions]
}

// append rotates the new keys and writes keys and values to the caches.
func (r *decodeRows) append() {
	a := r.a
	past := int(a.Past[r.b])
	k := a.QKV.ColsFrom((a.H+r.kv)*a.D, (a.H+r.kv+1)*a.D)
	v := a.QKV.ColsFrom((a.H+a.K+r.kv)*a.D, (a.H+a.K+r.kv+1)*a.D)
	for n := range a.valid(r.b) {
		LoadF32(r.x, k, r.b*a.N+n)
		r.rope(r.x, past+n)
		StoreF32(a.KCache[r.b].ColsFrom(r.kv*a.D, (r.kv+1)*a.D), past+n, r.x)
		CopyRow(a.VCache[r.b].ColsFrom(r.kv*a.D, (r.kv+1)*a.D), past+n, v, r.b*a.N+n)
	}
}

func (r *decodeRows) rope(x []float32, position int) {
	if a := r.a; a.Cos != nil {
		at := position * a.D / 2
		RotateHalf(x, x, a.Cos[at:at+a.D/2], a.Sin[at:at+a.D/2], false)
	}
}

// attend computes the outputs of the unit's query heads.
func (r *decodeRows) attend() {
	a := r.a
	group := a.H / a.K
	keys := a.KCache[r.b].ColsFrom(r.kv*a.D, (r.kv+1)*a.D)
	values := a.VCache[r.b].ColsFrom(r.kv*a.D, (r.kv+1)*a.D)
	for n := range a.N {
		row := r.b*a.N + n
		for h := r.kv * group; h < (r.kv+1)*group; h++ {
			clear(r.o)
			if n < a.valid(r.b) {
				hi := int(a.Past[r.b]) + n + 1
				lo := 0
				if a.Window > 0 {
					lo = max(0, hi-a.Window)
				}
				LoadF32(r.q, a.QKV.ColsFrom(h*a.D, (h+1)*a.D), row)
				r.rope(r.q, hi-1)
				r.one(keys, values, lo, hi)
			}
			StoreF32(a.Out.ColsFrom(h*a.D, (h+1)*a.D), row, r.o)
		}
	}
}

// one attends with the query r.q to positions [lo, hi), into r.o.
func (r *decodeRows) one(keys, values Mat, lo, hi int) {
	p := r.p[:hi-lo]
	roundTo(r.a.Compute, r.q)
	for t := lo; t < hi; t++ {
		LoadF32(r.x, keys, t)
		roundTo(r.a.Compute, r.x)
		p[t-lo] = Dot(r.q, r.x) * r.a.Scale
	}
	sum := ExpShiftSum(p, p, MaxOf(p))
	roundTo(r.a.Compute, p)
	for t := lo; t < hi; t++ {
		LoadF32(r.x, values, t)
		roundTo(r.a.Compute, r.x)
		Axpy(r.o, p[t-lo], r.x)
	}
	Scale(r.o, r.o, 1/sum)
}

// roundTo rounds x to bfloat16 in place where compute asks for it.
func roundTo(compute DType, x []float32) {
	if compute == BF16 {
		for i, v := range x {
			x[i] = ToBF16(v).F32()
		}
	}
}
