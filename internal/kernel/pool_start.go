package kernel

import "unsafe"

// maxUses is the most memory a job may be said to use.
const maxUses = 10

// Use is a piece of memory that a job reads or writes. Where all but part w of the job leave alone the rows that belong to it, rows is their number and
// units [lo, hi) of n touch rows from lo·rows/n up to hi·rows/n, both rounded outwards; else rows is 1.
type Use struct {
	at, end uintptr // no pointers: the memory may lie outside the Go heap, and is only compared
	stride  uintptr
	rows    int
	write   bool
}

// Reads says that a job reads m, each part only its share of the rows.
func Reads(m Mat) Use { return useOf(m, 1, false) }

// Writes says that a job writes m, and may read it, each part only its share of the rows.
func Writes(m Mat) Use { return useOf(m, 1, true) }

// Of gives the use's rows to units of so many.
func (u Use) Of(rows int) Use {
	u.rows, u.stride = (u.rows+rows-1)/rows, u.stride*uintptr(rows)
	return u
}

// Whole says that any part may touch any row.
func (u Use) Whole() Use {
	u.rows, u.stride = min(u.rows, 1), u.end-u.at
	return u
}

func useOf(m Mat, rows int, write bool) Use {
	if m.IsNil() || m.Rows == 0 {
		return Use{}
	}
	size := m.DT.Size()
	at := uintptr(m.Ptr)
	return Use{at: at, end: at + uintptr(((m.Rows-1)*m.Stride+m.Cols)*size), stride: uintptr(m.Stride * size), rows: m.Rows, write: write}
}

// Start is Run that returns without waiting. uses must name all memory that the job writes, and all that it reads of what other started jobs write: where
// it shares some with a job that was started before, and parts of different workers would touch the same rows, one of them writing, Start waits for
// all jobs first. job and what it points to must stay as they are until Wait.
func (p *Pool) Start(n, grain int, job Job, uses ...Use) {
	if n <= 0 {
		return
	}
	p.enter()
	defer p.leave()
	p.start(n, grain, job, uses)
}

func (p *Pool) start(n, grain int, job Job, uses []Use) {
	if len(uses) > maxUses {
		panic("kernel.Pool.Start: too many uses")
	}
	p.makeRoom()
	parts := min(p.workers, max(1, n/max(1, grain)))
	for i := p.finished; i < p.posted.Load(); i++ {
		if p.queue[i%queueLen].meets(n, parts, uses) {
			p.finish()
			break
		}
	}
	p.post(n, grain, job, uses)
}

// makeRoom waits until there is an empty slot in the queue.
func (p *Pool) makeRoom() {
	if p.posted.Load()-p.finished < queueLen {
		return
	}
	p.runOwnParts(p.finished + 1)
	p.await(p.finished + 1)
}

// Wait returns when all jobs are done.
func (p *Pool) Wait() {
	p.enter()
	defer p.leave()
	p.finish()
}

// WaitFor returns when no worker needs the job any more, so that it may be changed.
func (p *Pool) WaitFor(job Job) {
	for i := p.finished; i < p.posted.Load(); i++ {
		if p.queue[i%queueLen].job == job {
			p.Wait()
			return
		}
	}
}

// meets reports whether a job must wait for q.
func (q *queued) meets(n, parts int, uses []Use) bool {
	for i := range uses {
		b, against := &uses[i], q.used
		if !b.write {
			against = q.writes
		}
		for j := range q.uses[:against] {
			if a := &q.uses[j]; a.at < b.end && b.at < a.end && partsMeet(a, q.n, q.parts, b, n, parts) {
				return true
			}
		}
	}
	return false
}

// use notes the uses of a job.
func (q *queued) use(uses []Use) {
	q.used, q.writes = 0, 0
	for i := range uses {
		u := &uses[i]
		if u.at == u.end {
			continue
		}
		q.uses[q.used] = *u
		if u.write {
			q.uses[q.used], q.uses[q.writes] = q.uses[q.writes], *u
			q.writes++
		}
		q.used++
	}
}

// partsMeet reports whether parts of different workers touch the same bytes. Parts lie in order: those of b that meet one of a's follow each other, and
// later ones of a meet no earlier ones, so that each is looked at once.
func partsMeet(a *Use, an, aparts int, b *Use, bn, bparts int) bool {
	w := 0
	for v := range aparts {
		alo, ahi := a.part(v, an, aparts)
		for ; w < bparts; w++ {
			blo, bhi := b.part(w, bn, bparts)
			if blo >= ahi {
				break
			}
			if alo < bhi && v != w {
				return true
			}
		}
		w = max(0, w-1)
	}
	return false
}

// part returns the bytes that part w of a job of n units touches.
func (u *Use) part(w, n, parts int) (lo, hi uintptr) {
	first, last := w*n/parts, (w+1)*n/parts
	lo = u.at + uintptr(first*u.rows/n)*u.stride
	hi = u.at + uintptr((last*u.rows+n-1)/n)*u.stride
	return lo, min(hi, u.end)
}

// memory is the use of n bytes at p.
func memory(p unsafe.Pointer, n int, write bool) Use {
	return Use{at: uintptr(p), end: uintptr(p) + uintptr(n), stride: uintptr(n), rows: 1, write: write}
}
