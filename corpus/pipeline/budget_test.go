package pipeline

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestBudgetHoldsItsLimitAndLetsLargeBatchesGoAlone(t *testing.T) {
	b := newBudget(100)
	var used, most atomic.Int64
	var group sync.WaitGroup
	for _, n := range []int64{30, 30, 30, 60, 250, 10, 90, 250, 30} {
		for range 20 {
			group.Go(func() {
				b.take(n)
				now := used.Add(n)
				if now > 100 && now != 250 {
					t.Errorf("%d under way, want up to 100 or one of 250", now)
				}
				most.Store(max(most.Load(), now))
				used.Add(-n)
				b.give(n)
			})
		}
	}
	group.Wait()
	if b.used != 0 || most.Load() == 0 {
		t.Errorf("%d left in use, at most %d were", b.used, most.Load())
	}
}
