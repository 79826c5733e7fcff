package kernel

// Job is a piece of parallel work. Do handles the units [lo, hi) of the job; worker is the index of the
// calling worker, 0 ≤ worker < Pool.Workers, for per-worker scratch. A Job is a pointer to a struct that its
// owner keeps, so that running it allocates nothing.
type Job interface {
	Do(worker, lo, hi int)
}

// Pool is a set of persistent workers, each locked to a thread. The caller of Run is worker 0.
// A Pool runs one job at a time; jobs must not call Run themselves.
type Pool struct {
	workers int
}

// NewPool starts workers-1 goroutines (the caller is the remaining worker). workers < 1 means GOMAXPROCS.
func NewPool(workers int) *Pool { panic("unimplemented") }

// Workers returns the number of workers, the caller included.
func (p *Pool) Workers() int { return p.workers }

// Run splits units 0..n-1 into contiguous parts of at least grain units, one part a worker, and returns when all are done.
// The partition is static: worker w gets units [w·n/W, (w+1)·n/W). A result must not depend on the partition.
func (p *Pool) Run(n, grain int, job Job) { panic("unimplemented") }

// Close stops the workers. The Pool must not be used afterwards.
func (p *Pool) Close() { panic("unimplemented") }
