package kernel

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"
)

// Job is a piece of parallel work. Do handles the units [lo, hi) of the job; worker is the index of the
// calling worker, 0 ≤ worker < Pool.Workers, for per-worker scratch. A Job is a pointer to a struct that its
// owner keeps, so that running it allocates nothing.
type Job interface {
	Do(worker, lo, hi int)
}

// Pool is a set of persistent workers, each locked to a thread. The caller of Run and Start is worker 0.
// Jobs must not call Run or Start themselves. The Pool also owns the scratch memory of parallel
// kernels (packing buffers), which grows to what the largest call needed and stays.
//
// Jobs are numbered and stand in a queue, which the other workers take them from as soon as they are handed out, while the caller does its own
// parts only when it must wait. So a worker that is late in one job may be early in the next, and nobody waits at each for the slower one.
//
// Idle workers spin for spinTime, so that the kernels of a training step follow each other without a trip
// through the scheduler, and then park. Where GOMAXPROCS is lower than the number of workers they park at once.
type Pool struct {
	workers int
	busy    atomic.Bool
	closed  bool

	spin, callerSpin time.Duration // of idle workers, and of the caller

	queue    [queueLen]queued // job i stands in slot i % queueLen, until it is waited for
	finished uint64           // jobs that all workers have done
	own      uint64           // jobs whose part 0 the caller has done
	panicked atomic.Pointer[workerPanic]

	_      [64]byte
	posted atomic.Uint64 // jobs handed out
	_      [64]byte

	hands []hand // one a worker; of worker 0 only to sleep

	scratch []arena  // one a worker
	shared  [2]arena // packed operands, in turn
	turn    int
	part    arena   // partial sums
	gemm    gemmRun // the Gemm that is being handed out
}

// spinTime is how long an idle worker burns its core before it parks: longer than the gaps between the kernels
// of a training step (a few µs), far shorter than anything a person notices. The caller waits for busy workers
// much longer: when both sleep in turn on one core, the operating system sees a single runnable thread, never
// moves one of them to the idle core, and everything takes twice as long (measured on Linux).
const (
	spinTime       = 100 * time.Microsecond
	callerSpinTime = 30 * time.Millisecond
	queueLen       = 16
)

// queued is a job that was handed out.
type queued struct {
	job      Job
	n, parts int
	uses     [maxUses]Use // those that write come first
	used     int
	writes   int

	gemm gemmRun // a Gemm's job, and its arguments
	args GemmArgs
}

// hand is a worker's side of hand-overs, on cache lines of its own.
type hand struct {
	_      [64]byte
	done   atomic.Uint64 // jobs done
	_      [64]byte
	asleep atomic.Bool
	wake   chan struct{}
}

// workerPanic carries a panic from a worker to the caller.
type workerPanic struct {
	worker int
	value  any
}

// NewPool starts workers-1 goroutines (the caller is the remaining worker). workers < 1 means GOMAXPROCS.
func NewPool(workers int) *Pool {
	procs := runtime.GOMAXPROCS(0)
	if workers < 1 {
		workers = procs
	}
	p := &Pool{workers: workers, hands: make([]hand, workers), scratch: make([]arena, workers)}
	if procs >= workers {
		p.spin, p.callerSpin = spinTime, callerSpinTime
	}
	for w := range p.hands {
		p.hands[w].wake = make(chan struct{}, 1)
		if w > 0 {
			go p.work(w)
		}
	}
	return p
}

// Workers returns the number of workers, the caller included.
func (p *Pool) Workers() int { return p.workers }

// Run splits units 0..n-1 into contiguous parts of at least grain units, one part a worker, and returns when all are done, and all jobs
// before. The partition is static: of W parts, worker w gets units [w·n/W, (w+1)·n/W). A result must not depend on the partition.
// A panic in a worker is raised again in the caller, after all workers have stopped.
func (p *Pool) Run(n, grain int, job Job) {
	p.enter()
	defer p.leave()
	p.finish()
	if n > 0 {
		p.post(n, grain, job, nil)
		p.finish()
	}
}

// enter and leave enclose what only one goroutine may do, and no job.
func (p *Pool) enter() {
	if !p.busy.CompareAndSwap(false, true) {
		panic("kernel.Pool: another job is running on this pool")
	}
	if p.closed {
		p.busy.Store(false)
		panic("kernel.Pool: the pool is closed")
	}
}

func (p *Pool) leave() { p.busy.Store(false) }

// post puts a job into the queue, where there is room, and wakes the workers.
func (p *Pool) post(n, grain int, job Job, uses []Use) {
	parts := min(p.workers, max(1, n/max(1, grain)))
	i := p.posted.Load()
	if parts == 1 && p.finished == i { // not worth waking anybody
		job.Do(0, 0, n)
		return
	}
	q := &p.queue[i%queueLen]
	q.job, q.n, q.parts = job, n, parts
	q.use(uses)
	p.posted.Store(i + 1)
	for w := 1; w < p.workers; w++ {
		p.hands[w].rouse()
	}
}

// finish does the caller's parts of all jobs in the queue and waits for the others, also when a part panics.
func (p *Pool) finish() {
	posted := p.posted.Load()
	if p.finished == posted {
		return
	}
	p.runOwnParts(posted)
	p.await(posted)
	if wp := p.panicked.Swap(nil); wp != nil {
		panic(fmt.Sprintf("kernel.Pool: worker %d: %v", wp.worker, wp.value))
	}
}

// runOwnParts does the caller's parts of the jobs before until. Where one panics, all jobs are over, and it is that panic that is raised.
func (p *Pool) runOwnParts(until uint64) {
	defer func() {
		if p.own < until {
			p.own = p.posted.Load()
			p.await(p.own)
			p.panicked.Store(nil)
		}
	}()
	for p.own < until {
		q := &p.queue[p.own%queueLen]
		q.job.Do(0, 0, q.n/q.parts)
		p.own++
	}
}

// await waits for the other workers' parts of the jobs before until, and takes these out of the queue.
func (p *Pool) await(until uint64) {
	for w := 1; w < p.workers; w++ {
		p.hands[0].wait(&p.hands[w].done, until, p.callerSpin)
	}
	for ; p.finished < until; p.finished++ {
		p.queue[p.finished%queueLen].job = nil
	}
}

// Close stops the workers. The Pool must not be used afterwards.
func (p *Pool) Close() {
	if p.closed {
		return
	}
	p.finish()
	p.closed = true
	p.posted.Add(1)
	for w := 1; w < p.workers; w++ {
		p.hands[w].rouse()
		p.hands[0].wait(&p.hands[w].done, p.posted.Load(), 0)
	}
	for i := range p.scratch {
		p.scratch[i].free()
	}
	p.shared[0].free()
	p.shared[1].free()
	p.part.free()
}

// work is the life of worker w.
func (p *Pool) work(w int) {
	runtime.LockOSThread()
	h := &p.hands[w]
	for i := uint64(0); ; i++ {
		h.wait(&p.posted, i+1, p.spin)
		q := &p.queue[i%queueLen]
		closed := q.job == nil
		if !closed && w < q.parts {
			p.runPart(q, w)
		}
		h.done.Store(i + 1)
		p.hands[0].rouse()
		if closed {
			return
		}
	}
}

// runPart does worker w's part of a job and keeps its panic, if any, for the caller.
func (p *Pool) runPart(q *queued, w int) {
	defer func() {
		if v := recover(); v != nil {
			p.panicked.CompareAndSwap(nil, &workerPanic{w, v})
		}
	}()
	q.job.Do(w, w*q.n/q.parts, (w+1)*q.n/q.parts)
}

// rouse wakes the hand's owner if it sleeps.
func (h *hand) rouse() {
	if h.asleep.Load() && h.asleep.CompareAndSwap(true, false) {
		h.wake <- struct{}{}
	}
}

// wait returns once count is at least so much, spinning for at most spin before it sleeps. Whoever counts rouses the hand.
func (h *hand) wait(count *atomic.Uint64, least uint64, spin time.Duration) {
	if count.Load() >= least {
		return
	}
	if spin > 0 {
		for start := time.Now(); time.Since(start) < spin; {
			for range 16 {
				if count.Load() >= least {
					return
				}
				spinPause()
			}
		}
	}
	for count.Load() < least {
		h.asleep.Store(true)
		if count.Load() >= least && h.asleep.CompareAndSwap(true, false) {
			return
		}
		<-h.wake // somebody took the flag, or will
	}
}

// arena is a piece of scratch memory that grows as needed.
type arena struct {
	buf []byte
	off int
}

// arenaAlign is the alignment of arena allocations: a page, so that packed panels sit equally in the
// caches from run to run.
const arenaAlign = 4096

// alone returns size bytes, the arena's only ones; where they must be moved, all jobs are waited for.
func (a *arena) alone(p *Pool, size int) unsafe.Pointer {
	if size == 0 {
		return nil
	}
	if len(a.buf) < size+arenaAlign {
		p.finish()
	}
	a.reset(size)
	return a.take(size)
}

// reset makes the arena empty with room for size bytes, not cleared.
func (a *arena) reset(size int) {
	a.off = 0
	size += arenaAlign
	if len(a.buf) < size {
		FreePages(a.buf)
		a.buf = Pages(size)
	}
	a.off = int(-uintptr(unsafe.Pointer(&a.buf[0])) & (arenaAlign - 1))
}

// free gives the memory back.
func (a *arena) free() {
	FreePages(a.buf)
	*a = arena{}
}

// take returns the next size bytes; their address is a multiple of 64 (the first of arenaAlign).
func (a *arena) take(size int) unsafe.Pointer {
	if a.off+size > len(a.buf) {
		panic(fmt.Sprintf("kernel: scratch of %d bytes, want %d", len(a.buf), a.off+size))
	}
	ptr := unsafe.Pointer(&a.buf[a.off])
	a.off += (size + 63) &^ 63
	return ptr
}
