package kernel

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// rowJob adds to each row of dst the same row of src, or with whole the sum of all its rows.
type rowJob struct {
	dst, src Mat
	whole    bool
	pause    [2]int // of even and odd workers
}

func (j *rowJob) Do(worker, lo, hi int) {
	for range j.pause[worker%2] {
		spinPause()
	}
	for i := lo; i < hi; i++ {
		row := j.dst.RowF32(i)
		if !j.whole {
			AddTo(row, j.src.RowF32(i))
			continue
		}
		for k := range j.src.Rows {
			AddTo(row, j.src.RowF32(k))
		}
	}
}

func (j *rowJob) uses() (dst, src Use) {
	if j.whole {
		return Writes(j.dst), Reads(j.src).Whole()
	}
	return Writes(j.dst), Reads(j.src)
}

// TestStartedJobsGiveWhatJobsInOrderGive runs random jobs over views of one piece of memory, which overlap in every way.
func TestStartedJobsGiveWhatJobsInOrderGive(t *testing.T) {
	const rows, cols, jobs = 12, 4, 100
	for _, workers := range []int{1, 2, 3, 5} {
		p := NewPool(workers)
		for seed := range uint64(10) {
			rng := rand.New(rand.NewPCG(seed, uint64(workers)))
			got, want := make([]float32, 4*rows*cols), make([]float32, 4*rows*cols)
			for i := range got {
				got[i] = float32(rng.IntN(7))
				want[i] = got[i]
			}
			todo := make([]rowJob, jobs)
			for i := range todo {
				n := 1 + rng.IntN(rows)
				d := rng.IntN(4*rows - n)
				s := d
				for s < d+n && d < s+n { // a job that reads what it writes must not depend on the order of its own rows
					s = rng.IntN(4*rows - n)
				}
				view := func(mem []float32, at int) Mat { return MatF32(mem[at*cols:], n, cols) }
				whole := rng.IntN(3) == 0
				todo[i] = rowJob{view(got, d), view(got, s), whole, [2]int{rng.IntN(100), rng.IntN(100)}}
				alone := rowJob{dst: view(want, d), src: view(want, s), whole: whole}
				alone.Do(0, 0, n)
			}
			for i := range todo {
				j := &todo[i]
				dst, src := j.uses()
				p.Start(j.dst.Rows, 1+i%3, j, dst, src)
				if i%37 == 0 {
					p.WaitFor(j)
				}
			}
			p.Wait()
			if !slices.Equal(got, want) {
				t.Fatalf("%d workers, seed %d: %v, want %v", workers, seed, got, want)
			}
		}
		p.Close()
	}
}

// gateJob opens a gate in part 0, or waits for it in the others.
type gateJob struct {
	gate   *atomic.Bool
	opens  bool
	missed bool
}

func (j *gateJob) Do(worker, _, _ int) {
	if j.opens {
		if worker == 0 {
			j.gate.Store(true)
		}
		return
	}
	for start := time.Now(); worker > 0 && !j.gate.Load(); {
		if time.Since(start) > 10*time.Second {
			j.missed = true
			return
		}
		spinPause()
	}
}

func TestStartDoesNotWaitWherePartsKeepToTheirRows(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	m := MatF32(make([]float32, 64), 8, 8)
	gate := &atomic.Bool{}
	first, second := &gateJob{gate: gate}, &gateJob{gate: gate, opens: true}
	p.Start(8, 1, first, Writes(m))
	p.Start(4, 1, second, Writes(m).Of(2))
	p.Wait()
	if first.missed {
		t.Error("the second job's part 0 did not begin before the first job was done")
	}
}

func TestUsesMeet(t *testing.T) {
	m := MatF32(make([]float32, 64), 8, 8)
	narrow := m.RowsFrom(2, 8)
	for _, c := range []struct {
		name   string
		a, b   Use
		an, bn int
		want   bool
	}{
		{"reads of everything", Reads(m).Whole(), Reads(m).Whole(), 8, 8, false},
		{"the same rows", Writes(m), Writes(m), 8, 8, false},
		{"the same rows in units of two", Writes(m), Reads(m).Of(2), 8, 4, false},
		{"rows and everything", Writes(m), Reads(m).Whole(), 8, 8, true},
		{"everything and rows", Reads(m).Whole(), Writes(m), 8, 8, true},
		{"rows two further", Writes(m), Reads(narrow), 8, 6, true},
		{"rows and units that do not end with them", Writes(m), Reads(m), 8, 3, true},
		{"nothing", Writes(m), Writes(Mat{}), 8, 8, false},
		{"other memory", Writes(m), Writes(MatF32(make([]float32, 64), 8, 8)).Whole(), 8, 8, false},
	} {
		q := queued{n: c.an, parts: 2}
		q.use([]Use{c.a})
		if got := q.meets(c.bn, 2, []Use{c.b}); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestWaitRaisesThePanicOfAStartedJob(t *testing.T) {
	p := NewPool(3)
	defer p.Close()
	for _, unit := range []int{0, 299} {
		bad := &countJob{hits: make([]atomic.Int32, 300), workers: make([]atomic.Int32, 3), fail: unit}
		after := &countJob{hits: make([]atomic.Int32, 300), workers: make([]atomic.Int32, 3), fail: -1}
		p.Start(300, 1, bad)
		p.Start(300, 1, after)
		func() {
			defer func() {
				if s, ok := recover().(string); !ok || !strings.Contains(s, "unit refused") {
					t.Errorf("unit %d: recovered %v, want the job's panic", unit, s)
				}
			}()
			p.Wait()
		}()
		p.Wait()
	}
}

func TestStartAllocatesNothing(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	j := &rowJob{dst: MatF32(make([]float32, 64), 8, 8), src: MatF32(make([]float32, 64), 8, 8)}
	run := func() {
		for range 3 * queueLen {
			dst, src := j.uses()
			p.Start(8, 1, j, dst, src)
		}
		p.Wait()
	}
	if a := testing.AllocsPerRun(10, run); a != 0 {
		t.Errorf("%v allocations a run, want 0", a)
	}
}

// TestPartsMeetIsThatOfAllPairs compares any two jobs' uses, of rows that are narrow, wide, in units, whole, or fewer than the parts.
func TestPartsMeetIsThatOfAllPairs(t *testing.T) {
	mem, rng := MatF32(make([]float32, 96*8), 96, 8), rand.New(rand.NewPCG(1, 2))
	use := func() Use {
		lo := rng.IntN(96)
		u := Writes(mem.RowsFrom(lo, lo+1+rng.IntN(96-lo)))
		switch rng.IntN(4) {
		case 0:
			return u.Of(1 + rng.IntN(9))
		case 1:
			return u.Whole()
		}
		return u
	}
	met := 0
	for range 20_000 {
		a, an, b, bn := use(), 1+rng.IntN(40), use(), 1+rng.IntN(40)
		if rng.IntN(2) == 0 {
			b = a
		}
		aparts, bparts := min(an, 1+rng.IntN(9)), min(bn, 1+rng.IntN(9))
		want := false
		for v := range aparts {
			for w := range bparts {
				alo, ahi := a.part(v, an, aparts)
				blo, bhi := b.part(w, bn, bparts)
				want = want || v != w && alo < bhi && blo < ahi
			}
		}
		if got := partsMeet(&a, an, aparts, &b, bn, bparts); got != want {
			t.Fatalf("%+v, %d in %d parts, and %+v, %d in %d: %v, want %v", a, an, aparts, b, bn, bparts, got, want)
		}
		if want {
			met++
		}
	}
	if met < 5000 || met > 15_000 {
		t.Errorf("%d of 20000 meet, want neither few nor most", met)
	}
}

// BenchmarkPartsMeet is of the same rows with as many workers as large machines have.
func BenchmarkPartsMeet(b *testing.B) {
	u := Writes(MatF32(make([]float32, 4096), 512, 8))
	for b.Loop() {
		if partsMeet(&u, 512, 64, &u, 512, 64) {
			b.Fatal("the same rows meet")
		}
	}
}
