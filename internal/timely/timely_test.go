package timely

import (
	"testing"
	"time"
)

// failures counts what a test that must fail says.
type failures struct {
	testing.TB
	n int
}

func (f *failures) Helper()               {}
func (f *failures) Errorf(string, ...any) { f.n++ }

func TestWithin(t *testing.T) {
	for _, c := range []struct{ slow, fails, runs int }{{0, 0, 1}, {2, 0, 3}, {3, 1, 3}} {
		f, runs := &failures{TB: t}, 0
		Within(f, 20*time.Millisecond, "it", func() {
			if runs++; runs <= c.slow {
				time.Sleep(30 * time.Millisecond)
			}
		})
		if f.n != c.fails || c.slow == 3 && runs != c.runs {
			t.Errorf("slow %d times: %d runs and %d failures, want %d and %d", c.slow, runs, f.n, c.runs, c.fails)
		}
	}
}
