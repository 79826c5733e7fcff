package pipeline

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/athanor-lm/athanor/corpus"
)

func init() { kinds["test-slow"] = settings(func() testSlow { return testSlow{} }) }

// testSlow is testCopies with a merge that takes its time.
type testSlow struct{ testCopies }

const slowMerge = 3 * time.Second

func (s *testSlow) Open(corpus.Env) (corpus.Pass, error) { return s, nil }
func (s *testSlow) Merge(ctx context.Context, m corpus.Merge) error {
	time.Sleep(slowMerge)
	return s.testCopies.Merge(ctx, m)
}

func TestRanksWaitForOneThatIsAlive(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	r := testRecipe(t, dir, "steps:\n- use: test-slow\n")
	var ranks sync.WaitGroup
	for rank := range 2 {
		p := open(t, r)
		ranks.Go(func() {
			if _, err := p.RunRank(t.Context(), Share{Rank: rank, World: 2, Wait: slowMerge * 2 / 3}); err != nil {
				t.Errorf("rank %d: %v", rank, err)
			}
		})
	}
	ranks.Wait()
}

func TestRanksDoNotWaitForOneThatIsDead(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	r := testRecipe(t, dir, "steps:\n- use: test-short\n")
	p := open(t, r)
	if err := p.prepare(); err != nil {
		t.Fatal(err)
	}
	p.live(Share{Rank: 1, World: 2, Wait: time.Hour})() // and died
	began := time.Now()
	_, err := p.RunRank(t.Context(), Share{Rank: 0, World: 2, Wait: 200 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "of rank 1), and heard nothing of that rank") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("it gave up after %v, want 200ms at least", took)
	}
}
