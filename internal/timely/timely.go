// Package timely bounds in tests the time of work that once took the square of its size, on machines that other work may stop for
// seconds.
package timely

import (
	"testing"
	"time"
)

// Within fails the test where do takes longer than limit each of three times. What it says of the work fills in the message.
func Within(tb testing.TB, limit time.Duration, work string, do func()) {
	tb.Helper()
	var took [3]time.Duration
	for i := range took {
		start := time.Now()
		do()
		if took[i] = time.Since(start); took[i] <= limit {
			return
		}
	}
	tb.Errorf("%s took %v, want at most %v", work, took, limit)
}
