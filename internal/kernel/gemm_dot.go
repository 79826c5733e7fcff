package kernel

import "unsafe"

// A product of few rows with weights [N,K], as in generation, reads the weights once and is bound by memory: it takes
// inner products along K straight from the weights' rows instead of packing them.

const (
	dotRows = 16  // more rows than this are packed
	dotCols = 256 // columns between two epilogues
)

// dotRun is the state of such a product.
type dotRun struct {
	f      *dotFuncs
	a      unsafe.Pointer // rows of op(A) in the computation's type, each padded with zeros to whole chunks
	lda    int            // bytes
	chunks int            // whole 64-byte chunks of a row of weights
	tail   int            // elements after them
}

// dotFuncs are the inner products of 1…4 rows with 4 rows of weights; see the assembly's declarations.
type dotFuncs [5]func(chunks, tail int, a unsafe.Pointer, lda int, w *[4]unsafe.Pointer, ahead int, c *[16]float32)

// takesDot reports whether the product in hand goes this way.
func (r *gemmRun) takesDot() bool {
	g := r.g
	return r.m <= dotRows && g.TransB && r.mk.ready(g.B.DT) && g.ColSumA == nil && dotFor(r.mk) != nil
}

// runDot computes the product.
func (r *gemmRun) runDot() {
	dt := r.g.B.DT
	per := 64 / dt.Size()
	rowBytes := (r.k + per - 1) / per * 64
	d := &r.dot
	*d = dotRun{f: dotFor(r.mk), lda: rowBytes, chunks: r.k / per, tail: r.k % per}
	r.p.finish()
	d.a = r.p.shared[0].alone(r.p, r.m*rowBytes)
	clear(unsafe.Slice((*byte)(d.a), r.m*rowBytes))
	for i := range r.m {
		dst := unsafe.Add(d.a, i*rowBytes)
		if r.a.kStride == 1 {
			packConvert(r.mk, dst, r.a.at(i, 0), r.a.dt, r.k)
			continue
		}
		for k := range r.k {
			packConvert(r.mk, unsafe.Add(dst, k*dt.Size()), r.a.at(i, k), r.a.dt, 1)
		}
	}
	grain := 1
	if r.m*r.n*r.k < minWork/4 {
		grain = r.n
	}
	r.phase = dotPhase
	r.p.post((r.n+3)/4, grain, r, nil)
	r.p.finish()
}

// dotPart computes columns [4·lo, 4·hi).
func (r *gemmRun) dotPart(worker, lo, hi int) {
	ar := &r.p.scratch[worker]
	ar.reset((dotRows + 1) * dotCols * 4)
	sums, tmp := ar.take(dotRows*dotCols*4), ar.take(dotCols*4)
	end := min(4*hi, r.n)
	for j0 := 4 * lo; j0 < end; j0 += dotCols {
		n := min(dotCols, end-j0)
		for j := 0; j < n; j += 4 {
			r.dotQuad(unsafe.Add(sums, j*4), j0+j)
		}
		r.g.epilogue(0, j0, r.m, n, sums, dotCols, tmp)
	}
}

// dotQuad computes columns [j, j+4) of all rows.
func (r *gemmRun) dotQuad(sums unsafe.Pointer, j int) {
	d := &r.dot
	var w [4]unsafe.Pointer
	for l := range w { // absent columns repeat the last one
		w[l] = r.b.at(min(j+l, r.n-1), 0)
	}
	ahead := 4 * r.b.laneStride * r.b.dt.Size()
	var c [16]float32
	for i := 0; i < r.m; i += 4 {
		rows := min(4, r.m-i)
		d.f[rows](d.chunks, d.tail, unsafe.Add(d.a, i*d.lda), d.lda, &w, ahead, &c)
		for l := range rows {
			*(*[4]float32)(unsafe.Add(sums, (i+l)*dotCols*4)) = [4]float32(c[4*l : 4*l+4])
		}
	}
}
