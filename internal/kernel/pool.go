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

// Pool is a set of persistent workers, each locked to a thread. The caller of Run is worker 0.
// A Pool runs one job at a time; jobs must not call Run themselves. It also owns the scratch memory of parallel
// kernels (packing buffers), which grows to what the largest call needed and stays.
//
// Idle workers spin for spinTime, so that the kernels of a training step follow each other without a trip
// through the scheduler, and then park. Where GOMAXPROCS is lower than the number of workers they park at once.
type Pool struct {
	workers int
	busy    atomic.Bool
	closed  bool

	spin, callerSpin time.Duration // of idle workers, and of the caller

	// The job in hand: written by Run before it hands out work, read by workers after they saw workReady.
	job      Job
	n, parts int
	panicked atomic.Pointer[workerPanic]

	pending waiter   // Run waits here for the count of working workers to reach zero
	hands   []waiter // hands[w-1] is where worker w waits for work

	scratch []arena // one a worker
	shared  arena
	gemm    gemmRun // the state of the running Gemm, kept here so that a call allocates nothing
}

// spinTime is how long an idle worker burns its core before it parks: longer than the gaps between the kernels
// of a training step (a few µs), far shorter than anything a person notices. The caller of Run waits for busy workers
// much longer: when both sleep in turn on one core, the operating system sees a single runnable thread, never
// moves one of them to the idle core, and everything takes twice as long (measured on Linux).
const (
	spinTime       = 100 * time.Microsecond
	callerSpinTime = 30 * time.Millisecond
)

// The states of a waiter's word. For pending, other values do not occur: its count is separate.
const (
	waitIdle   = iota // nothing to do yet; the owner spins
	waitReady         // something to do
	waitParked        // the owner sleeps on wake
	waitClosed        // the owner ends
)

// waiter is one side of a hand-over, on a cache line of its own.
type waiter struct {
	_     [64]byte
	state atomic.Uint32
	count atomic.Int32 // pending only: workers still busy
	wake  chan struct{}
	_     [64]byte
}

// workerPanic carries a panic from a worker to the caller of Run.
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
	p := &Pool{workers: workers, hands: make([]waiter, workers-1), scratch: make([]arena, workers)}
	if procs >= workers {
		p.spin, p.callerSpin = spinTime, callerSpinTime
	}
	p.pending.wake = make(chan struct{}, 1)
	for w := 1; w < workers; w++ {
		p.hands[w-1].wake = make(chan struct{}, 1)
		go p.work(w)
	}
	return p
}

// Workers returns the number of workers, the caller included.
func (p *Pool) Workers() int { return p.workers }

// Run splits units 0..n-1 into contiguous parts of at least grain units, one part a worker, and returns when all are done.
// The partition is static: of W parts, worker w gets units [w·n/W, (w+1)·n/W). A result must not depend on the partition.
// A panic in a worker is raised again in the caller, after all workers have stopped.
func (p *Pool) Run(n, grain int, job Job) {
	if n <= 0 {
		return
	}
	if !p.busy.CompareAndSwap(false, true) {
		panic("kernel.Pool.Run: another job is running on this pool")
	}
	defer p.busy.Store(false)
	if p.closed {
		panic("kernel.Pool.Run: the pool is closed")
	}
	parts := min(p.workers, max(1, n/max(1, grain)))
	if parts == 1 {
		job.Do(0, 0, n)
		return
	}
	p.job, p.n, p.parts = job, n, parts
	p.panicked.Store(nil) // a worker's, left by a job in which the caller's own part panicked too
	p.pending.state.Store(waitIdle)
	p.pending.count.Store(int32(parts - 1))
	for w := 1; w < parts; w++ {
		p.hands[w-1].set(waitReady)
	}
	p.runOwnPart()
	p.job = nil
	if wp := p.panicked.Swap(nil); wp != nil {
		panic(fmt.Sprintf("kernel.Pool: worker %d: %v", wp.worker, wp.value))
	}
}

// runOwnPart does part 0 and waits for the others, also when part 0 panics.
func (p *Pool) runOwnPart() {
	defer p.pending.wait(p.callerSpin)
	p.job.Do(0, 0, p.n/p.parts)
}

// Close stops the workers. The Pool must not be used afterwards.
func (p *Pool) Close() {
	if p.closed {
		return
	}
	p.closed = true
	for i := range p.hands {
		p.hands[i].set(waitClosed)
	}
	for i := range p.scratch {
		p.scratch[i].free()
	}
	p.shared.free()
}

// work is the life of worker w.
func (p *Pool) work(w int) {
	runtime.LockOSThread()
	h := &p.hands[w-1]
	for h.wait(p.spin) == waitReady {
		h.state.Store(waitIdle)
		p.runPart(w)
		if p.pending.count.Add(-1) == 0 {
			p.pending.set(waitReady)
		}
	}
}

// runPart does worker w's part of the job and keeps its panic, if any, for the caller.
func (p *Pool) runPart(w int) {
	defer func() {
		if v := recover(); v != nil {
			p.panicked.CompareAndSwap(nil, &workerPanic{w, v})
		}
	}()
	p.job.Do(w, w*p.n/p.parts, (w+1)*p.n/p.parts)
}

// set puts the waiter into state s and wakes its owner if it sleeps.
func (h *waiter) set(s uint32) {
	if h.state.Swap(s) == waitParked {
		h.wake <- struct{}{}
	}
}

// wait returns the state once it is neither idle nor parked, spinning for at most spin before it sleeps.
func (h *waiter) wait(spin time.Duration) uint32 {
	if s := h.state.Load(); s != waitIdle {
		return s
	}
	if spin > 0 {
		for start := time.Now(); time.Since(start) < spin; {
			for range 16 {
				if s := h.state.Load(); s != waitIdle {
					return s
				}
				spinPause()
			}
		}
	}
	if h.state.CompareAndSwap(waitIdle, waitParked) {
		<-h.wake
	}
	return h.state.Load()
}

// arena is a piece of scratch memory that grows as needed.
type arena struct {
	buf []byte
	off int
}

// arenaAlign is the alignment of arena allocations: a page, so that packed panels sit equally in the
// caches from run to run.
const arenaAlign = 4096

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
