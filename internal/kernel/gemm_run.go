package kernel

import "unsafe"

// How Gemm blocks a product. The smaller operand is packed once for all workers, or where it is small by each for itself: B in blocks of columns
// that fit the shared cache, or all of A. The workers then form a grid over C, and each packs blocks of the other operand into its
// L2. Groups of B panels fit L2, too; a strip of A meets all of a group before the epilogue. Sums run over the whole of K (up to maxKC) in
// registers, so that C is written once and the epilogue meets its rows hot. The order of a sum depends only on K.
const (
	maxKC       = 4096      // summed elements of one pass; a longer K goes through partial sums in f32
	directKC    = 1024      // the same where C itself holds the partial sums: panels of A and B then fit L2 by the dozen
	sharedBytes = 8 << 20   // packed B of one block: a share of L3
	blockBytes  = 384 << 10 // packed A of one worker's block, and again packed B of one group: shares of L2
	maxGroup    = 8         // B panels between two epilogues: rows of 256 elements
	minWork     = 1 << 19   // multiply-adds below which waking a worker does not pay
	ownBytes    = 512 << 10 // a shared operand up to which each worker packs a copy of its own, a share of L2
	packColumns = 16        // packing an element of A costs about as much as this many columns' multiply-adds
)

// gemmRun is a phase of a Gemm, a Job of the pool.
type gemmRun struct {
	p     *Pool
	g     *GemmArgs
	mk    *microKernel
	a, b  operand
	phase gemmPhase

	m, n, k int
	wm, wn  int // the grid of workers over rows and columns
	kc      int // summed elements of a pass
	nc      int // columns of a shared block of B, a multiple of nr
	mc      int // rows of a block of A, at most
	group   int // B panels of a group
	direct  bool
	sharedA bool // the shared operand is A, not B
	dot     dotRun

	ownBytes       int            // of a worker's own copy of the shared operand; 0: it is packed once
	n0, n1, k0, k1 int            // the block and pass in hand
	shared         unsafe.Pointer // packed columns [n0, n1) of B, or all rows of A
	part           unsafe.Pointer // partial sums [m, nc] where K takes several passes and C cannot hold them

	sharedBytes, partBytes int
}

type gemmPhase uint8

const (
	packPhase gemmPhase = iota
	tilePhase
	dotPhase
)

// Gemm computes g.C on the pool. It panics where shapes or types do not fit.
func Gemm(p *Pool, g *GemmArgs) {
	StartGemm(p, g)
	p.Wait()
}

// StartGemm is Gemm that returns without waiting (see Pool.Start). What g describes must stay as it is until Pool.Wait; g itself is copied.
func StartGemm(p *Pool, g *GemmArgs) {
	p.enter()
	defer p.leave()
	r := &p.gemm
	r.start(p, g)
	if r.takesDot() {
		r.runDot()
	} else {
		r.runTiles()
	}
	r.g = nil
}

// runTiles hands out the product block by block.
func (r *gemmRun) runTiles() {
	r.plan()
	for r.n0 = 0; r.n0 < r.n; r.n0 += r.nc {
		r.n1 = min(r.n0+r.nc, r.n)
		for r.k0 = 0; ; r.k0 = r.k1 {
			r.k1 = min(r.k0+r.kc, r.k)
			if r.ownBytes == 0 {
				p := r.p
				r.shared = p.shared[p.turn].alone(p, r.sharedBytes) // while it is packed, others may still read what was packed before
				p.turn = 1 - p.turn
				units := r.panels()
				if r.sharedA {
					units = r.panelsOf(r.m)
				}
				r.hand(packPhase, units, r.packGrain(units))
			}
			r.hand(tilePhase, r.wm*r.wn, 1)
			if r.k1 == r.k {
				break
			}
		}
	}
}

// Do is the part of one worker in the phase at hand.
func (r *gemmRun) Do(worker, lo, hi int) {
	switch r.phase {
	case packPhase:
		r.packShared(worker, lo, hi)
		return
	case dotPhase:
		r.dotPart(worker, lo, hi)
		return
	}
	for u := lo; u < hi; u++ {
		r.cell(worker, u/r.wn, u%r.wn)
	}
}

// start checks g and views its operands.
func (r *gemmRun) start(p *Pool, g *GemmArgs) {
	m, n, k := g.check()
	*r = gemmRun{p: p, g: g, mk: microFor(g.Compute), m: m, n: n, k: k}
	r.a, r.b = lanesOf(g.A), lanesOfT(g.B)
	if g.TransA {
		r.a = lanesOfT(g.A)
	}
	if g.TransB {
		r.b = lanesOf(g.B)
	}
}

// plan chooses the blocks.
func (r *gemmRun) plan() {
	p, g, mk := r.p, r.g, r.mk
	m, n, k := r.m, r.n, r.k
	r.direct = g.C.DT == F32 && g.plain()

	longest := maxKC
	if r.direct {
		longest = directKC
	}
	passes := max(1, (k+longest-1)/longest)
	r.kc = (max(k, 1)/passes + 63) &^ 63
	panelB := mk.panelBytesB(r.kc)
	r.nc = min(max(1, sharedBytes/panelB)*mk.nr, (n+mk.nr-1)/mk.nr*mk.nr)
	r.group = min(max(1, blockBytes/panelB), maxGroup)
	r.mc = max(1, blockBytes/mk.panelBytesA(r.kc)) * mk.mr
	r.chooseGrid(p.workers)

	r.chooseShared(p.workers)

	partBytes, sharedBytes := 0, r.nc/mk.nr*panelB
	if passes > 1 && !r.direct {
		partBytes = m * r.nc * 4
	}
	if r.sharedA {
		sharedBytes = r.panelsOf(m) * mk.panelBytesA(r.kc)
	}
	if r.packsOwn(sharedBytes) {
		r.ownBytes, sharedBytes = sharedBytes, 0
	}
	r.sharedBytes, r.partBytes = sharedBytes, partBytes
	r.part = p.part.alone(p, partBytes)
}

// chooseShared decides whether workers share packed A instead of B. Writing what others read, and reading it back, is
// dearer than packing into one's own L2, so the smaller operand is shared; unless the columns do not split evenly.
func (r *gemmRun) chooseShared(workers int) {
	panels := (r.n + r.mk.nr - 1) / r.mk.nr
	wn := min(workers, panels)
	if r.wm*r.wn == 1 {
		wn = 1
	}
	cell := func(wm, wn int) int { return (r.m + wm - 1) / wm * ((panels + wn - 1) / wn) }
	if r.m >= r.n || r.panelsOf(r.m)*r.mk.panelBytesA(r.kc) > sharedBytes || cell(1, wn)*32 > cell(r.wm, r.wn)*33 {
		return
	}
	r.sharedA, r.wm, r.wn, r.nc = true, 1, wn, panels*r.mk.nr
}

// packsOwn reports whether each worker packs all of the shared operand for itself: where that is a small part of its work. A line that another core has
// read costs its next writer several times what packing it does, up to fifteen times at bad times of the machine.
func (r *gemmRun) packsOwn(sharedBytes int) bool {
	own := r.m / r.wm
	if r.sharedA {
		own = r.n / r.wn
	}
	return r.wm*r.wn > 1 && sharedBytes <= ownBytes && own >= 4*packColumns
}

// plain reports whether the epilogue is no more than a store or an accumulation.
func (g *GemmArgs) plain() bool {
	return (g.Alpha == 0 || g.Alpha == 1) && g.Bias == nil && g.Act == NoAct && g.Drop.P == 0 && g.Residual.IsNil()
}

// chooseGrid splits workers over rows and columns so that the largest cell, with the packing of its rows, is
// the least work.
func (r *gemmRun) chooseGrid(workers int) {
	r.wm, r.wn = 1, 1
	if r.m*r.n*max(r.k, 1) < minWork {
		return
	}
	panels := (min(r.nc, r.n) + r.mk.nr - 1) / r.mk.nr
	best := 0
	for wm := 1; wm <= workers; wm++ {
		wn := workers / wm
		if wm > r.m || wn > panels {
			continue
		}
		rows := (r.m + wm - 1) / wm
		cols := (panels + wn - 1) / wn * r.mk.nr
		if cost := rows * (cols + packColumns); best == 0 || cost < best {
			best, r.wm, r.wn = cost, wm, wn
		}
	}
}

// panels returns the B panels of the block in hand.
func (r *gemmRun) panels() int { return (r.n1 - r.n0 + r.mk.nr - 1) / r.mk.nr }

// packGrain returns the panels, of units, that a worker packs at least.
func (r *gemmRun) packGrain(units int) int {
	if r.wm*r.wn == 1 {
		return units
	}
	return max(1, 16<<10/(r.mk.nr*(r.k1-r.k0+1)))
}

// scratchBytes is what a worker needs: room to convert in, its packed block, a group of tiles.
func (r *gemmRun) scratchBytes() int {
	block := (r.mc/r.mk.mr + 1) * r.mk.panelBytesA(r.kc)
	if r.sharedA {
		block = r.group * r.mk.panelBytesB(r.kc)
	}
	return packTmpBytes + block + r.mk.mr*r.group*r.mk.nr*4 + int(unsafe.Sizeof(tileAhead{})) + r.ownBytes + 256
}

// packShared packs panels [lo, hi) of the operand that workers share.
func (r *gemmRun) packShared(worker, lo, hi int) {
	ar := &r.p.scratch[worker]
	ar.reset(r.scratchBytes())
	tmp := ar.take(packTmpBytes)
	if r.sharedA {
		r.packRowsOfA(r.shared, 0, r.m, lo, hi, tmp, true)
	} else {
		r.packColumnsOfB(unsafe.Add(r.shared, lo*r.mk.panelBytesB(r.k1-r.k0)), lo, hi, tmp)
	}
}

// packColumnsOfB packs panels [lo, hi) of the block in hand to dst.
func (r *gemmRun) packColumnsOfB(dst unsafe.Pointer, lo, hi int, tmp unsafe.Pointer) {
	mk := r.mk
	size := mk.panelBytesB(r.k1 - r.k0)
	for k := r.k0; k < r.k1; k += packRun(&r.b) {
		for i := lo; i < hi; i++ {
			j := r.n0 + i*mk.nr
			to := unsafe.Add(dst, (i-lo)*size+mk.panelBytesB(k-r.k0))
			mk.packB(to, &r.b, j, min(mk.nr, r.n1-j), k, min(packRun(&r.b), r.k1-k), tmp)
		}
	}
}

// packRowsOfA packs panels [lo, hi) of rows [row0, row0+rows) into the place of panel 0 and on, and adds up the rows
// where sums are wanted.
func (r *gemmRun) packRowsOfA(panel0 unsafe.Pointer, row0, rows, lo, hi int, tmp unsafe.Pointer, sums bool) {
	mk, np := r.mk, r.panelsOf(rows)
	size := mk.panelBytesA(r.k1 - r.k0)
	for k := r.k0; k < r.k1; k += packRun(&r.a) {
		n := min(packRun(&r.a), r.k1-k)
		for i := lo; i < hi; i++ {
			from, to := row0+share(i, np, rows), row0+share(i+1, np, rows)
			dst := unsafe.Add(panel0, i*size+mk.panelBytesA(k-r.k0))
			if sums && r.g.ColSumA != nil {
				mk.packASum(dst, &r.a, from, to-from, k, n, tmp, r.g.ColSumA[from:to])
			} else {
				mk.packA(dst, &r.a, from, to-from, k, n, tmp)
			}
		}
	}
}

// packRun returns how many summed elements are packed of a panel before the next one has its turn: all where k runs
// along the rows of storage; few where lanes do, since the panels then share cache lines, and rows of equal distance the
// same few sets of the first cache. The packing kernels fetch as many rows ahead.
func packRun(o *operand) int {
	if o.kStride == 1 {
		return maxKC
	}
	return 32
}

// share returns where part i of n starts when size is split evenly.
func share(i, n, size int) int { return i * size / n }

// panelsOf returns the A panels of some rows.
func (r *gemmRun) panelsOf(rows int) int { return (rows + r.mk.mr - 1) / r.mk.mr }

// gemmBlock is what a worker multiplies at a time: rows [lo, hi) with the panels from a on, and its scratch.
type gemmBlock struct {
	lo, hi        int
	a, tmp, tiles unsafe.Pointer
	ahead         *tileAhead
}

// cell computes the worker's cell (im, in) of the grid.
func (r *gemmRun) cell(worker, im, in int) {
	mk, ar := r.mk, &r.p.scratch[worker]
	ar.reset(r.scratchBytes())
	b := gemmBlock{tmp: ar.take(packTmpBytes), tiles: ar.take(mk.mr * r.group * mk.nr * 4), ahead: (*tileAhead)(ar.take(int(unsafe.Sizeof(tileAhead{}))))}
	shared := r.shared
	panels, size := r.panels(), mk.panelBytesB(r.k1-r.k0)
	p0, p1 := share(in, r.wn, panels), share(in+1, r.wn, panels)
	if r.ownBytes > 0 {
		shared = ar.take(r.ownBytes)
		if r.sharedA {
			r.packRowsOfA(shared, 0, r.m, 0, r.panelsOf(r.m), b.tmp, in == 0)
		} else {
			r.packColumnsOfB(unsafe.Add(shared, p0*size), p0, p1, b.tmp)
		}
	}
	own := unsafe.Pointer(&ar.buf[ar.off])
	if r.sharedA {
		b.a, b.hi = shared, r.m
		for q0 := p0; q0 < p1; q0 += r.group {
			q1 := min(q0+r.group, p1)
			r.packColumnsOfB(own, q0, q1, b.tmp)
			r.multiply(&b, own, q0, q1)
		}
	} else {
		lo, hi := share(im, r.wm, r.m), share(im+1, r.wm, r.m)
		blocks := (hi - lo + r.mc - 1) / r.mc
		for i := range blocks {
			b.a, b.lo, b.hi = own, lo+share(i, blocks, hi-lo), lo+share(i+1, blocks, hi-lo)
			rows := b.hi - b.lo
			r.packRowsOfA(own, b.lo, rows, 0, r.panelsOf(rows), b.tmp, in == 0 && r.n0 == 0)
			for q0 := p0; q0 < p1; q0 += r.group {
				r.multiply(&b, unsafe.Add(shared, q0*size), q0, min(q0+r.group, p1))
			}
		}
	}
}

// multiply computes the rows of b × panels [q0, q1), which are packed at bp.
func (r *gemmRun) multiply(b *gemmBlock, bp unsafe.Pointer, q0, q1 int) {
	rows := b.hi - b.lo
	np, size := r.panelsOf(rows), r.mk.panelBytesA(r.k1-r.k0)
	for i := range np {
		lo, hi := share(i, np, rows), share(i+1, np, rows)
		r.strip(b, unsafe.Add(b.a, i*size), bp, b.lo+lo, hi-lo, q0, q1)
	}
}

// strip computes rows [i0, i0+m) × panels [q0, q1) and applies the epilogue when the sums are complete.
func (r *gemmRun) strip(b *gemmBlock, a, bp unsafe.Pointer, i0, m, q0, q1 int) {
	mk, g := r.mk, r.g
	steps := mk.steps(r.k1 - r.k0)
	size := steps * mk.bs * 4
	c, ldc, acc := b.tiles, r.group*mk.nr, false
	j0 := r.n0 + q0*mk.nr
	switch {
	case r.direct:
		c, ldc, acc = g.C.at(i0, j0), g.C.Stride, g.Accumulate || r.k0 > 0
	case r.part != nil:
		c, ldc, acc = unsafe.Add(r.part, (i0*r.nc+j0-r.n0)*4), r.nc, r.k0 > 0
	}
	finished := !r.direct && r.k1 == r.k
	for q := q0; q < q1; q++ {
		n, cq := min(mk.nr, r.n1-r.n0-q*mk.nr), unsafe.Add(c, (q-q0)*mk.nr*4)
		var ahead *tileAhead
		if finished {
			ahead = g.ahead(b.ahead, mk, i0, r.n0+q*mk.nr, m, n, steps)
		} else {
			ahead = rowsAhead(b.ahead, mk, cq, ldc*4, m, n, steps)
		}
		mk.tileAhead(steps, a, unsafe.Add(bp, (q-q0)*size), cq, ldc, m, n, acc, ahead)
	}
	if finished {
		g.epilogue(i0, j0, m, min(r.n1, r.n0+q1*mk.nr)-j0, c, ldc, b.tmp)
	}
}

// sumLanes adds to dst[l] the sum over k of lane lane0+l, in order of k.
func sumLanes(dst []float32, src *operand, lane0, k0, k int) {
	if src.kStride == 1 {
		for l := range dst {
			var s float32
			for i := range k {
				s += loadFloat(src.at(lane0+l, k0+i), src.dt)
			}
			dst[l] += s
		}
		return
	}
	sumColumns(dst, src.at(lane0, k0), src.kStride*src.dt.Size(), k, src.dt)
}

// sumColumnsGeneric adds to dst the sum of k rows of len(dst) elements, rowBytes apart, in order.
func sumColumnsGeneric(dst []float32, src unsafe.Pointer, rowBytes, k int, dt DType) {
	const width = 16
	for j := 0; j < len(dst); j += width {
		var sums [width]float32
		n := min(width, len(dst)-j)
		for i := range k {
			row := unsafe.Add(src, i*rowBytes+j*dt.Size())
			for l := range n {
				sums[l] += loadFloat(unsafe.Add(row, l*dt.Size()), dt)
			}
		}
		for l := range n {
			dst[j+l] += sums[l]
		}
	}
}
