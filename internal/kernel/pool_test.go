package kernel

import (
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// countJob counts how often each unit is handled and by whom.
type countJob struct {
	hits    []atomic.Int32
	workers []atomic.Int32
	fail    int // the unit that panics, or -1
}

func (j *countJob) Do(w, lo, hi int) {
	j.workers[w].Add(1)
	for i := lo; i < hi; i++ {
		j.hits[i].Add(1)
		if i == j.fail {
			panic("unit refused")
		}
	}
}

func TestPoolHandlesEachUnitOnce(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 5} {
		p := NewPool(workers)
		for _, n := range []int{0, 1, 2, 3, 7, 100} {
			for _, grain := range []int{0, 1, 3, 64} {
				j := &countJob{hits: make([]atomic.Int32, n), workers: make([]atomic.Int32, workers), fail: -1}
				p.Run(n, grain, j)
				for i := range j.hits {
					if j.hits[i].Load() != 1 {
						t.Fatalf("workers %d n %d grain %d: unit %d handled %d times", workers, n, grain, i, j.hits[i].Load())
					}
				}
				parts := 0
				for i := range j.workers {
					parts += int(j.workers[i].Load())
				}
				if n > 0 && parts > max(1, n/max(1, grain)) {
					t.Errorf("n %d grain %d: %d parts", n, grain, parts)
				}
			}
		}
		p.Close()
	}
}

func TestPoolRaisesAPanicInTheCallerAndSurvives(t *testing.T) {
	p := NewPool(3)
	defer p.Close()
	for _, unit := range []int{0, 299} { // the caller's part, and the last worker's
		j := &countJob{hits: make([]atomic.Int32, 300), workers: make([]atomic.Int32, 3), fail: unit}
		func() {
			defer func() {
				v := recover()
				if s, ok := v.(string); !ok || !strings.Contains(s, "unit refused") {
					t.Errorf("unit %d: recovered %v, want the job's panic", unit, v)
				}
			}()
			p.Run(300, 1, j)
		}()
	}
	j := &countJob{hits: make([]atomic.Int32, 9), workers: make([]atomic.Int32, 3), fail: -1}
	p.Run(9, 1, j)
	if j.hits[8].Load() != 1 {
		t.Error("the pool does not work after a panic")
	}
}

// refusal panics in every part.
type refusal struct{}

func (refusal) Do(worker, lo, hi int) { panic("part refused") }

func TestPoolForgetsPanicsThatNobodySaw(t *testing.T) {
	p := NewPool(3)
	defer p.Close()
	func() {
		defer func() {
			if v := recover(); v != "part refused" {
				t.Errorf("recovered %v, want the caller's own panic", v)
			}
		}()
		p.Run(300, 1, refusal{})
	}()
	p.Run(9, 1, &countJob{hits: make([]atomic.Int32, 9), workers: make([]atomic.Int32, 3), fail: -1})
}

func TestPoolFinishesWithFewerProcsThanWorkers(t *testing.T) {
	old := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(old)
	p := NewPool(4)
	defer p.Close()
	j := &countJob{hits: make([]atomic.Int32, 8), workers: make([]atomic.Int32, 4), fail: -1}
	for range 200 {
		p.Run(8, 1, j)
	}
	if got := j.hits[7].Load(); got != 200 {
		t.Errorf("unit 7 handled %d times, want 200", got)
	}
}

func TestPoolWakesParkedWorkers(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	j := &countJob{hits: make([]atomic.Int32, 2), workers: make([]atomic.Int32, 2), fail: -1}
	for range 5 {
		time.Sleep(2 * time.Millisecond)
		p.Run(2, 1, j)
	}
	if got := j.hits[1].Load(); got != 5 {
		t.Errorf("unit 1 handled %d times, want 5", got)
	}
}

func TestPoolRunAllocatesNothing(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	j := &countJob{hits: make([]atomic.Int32, 8), workers: make([]atomic.Int32, 2), fail: -1}
	if a := testing.AllocsPerRun(100, func() { p.Run(8, 1, j) }); a != 0 {
		t.Errorf("%v allocations a run, want 0", a)
	}
}

func BenchmarkPoolRun(b *testing.B) {
	p := NewPool(2)
	defer p.Close()
	j := &countJob{hits: make([]atomic.Int32, 2), workers: make([]atomic.Int32, 2), fail: -1}
	for b.Loop() {
		p.Run(2, 1, j)
	}
}
