package normalize

import (
	"math/rand/v2"
	"testing"
)

func TestEightsSayWhatBytesSay(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const signs = "aZ ~!09\t\n\r\x00\x1f\x7f\x80\xff\xa0\x89\x8a"
	for range 20000 {
		b := make([]byte, rng.IntN(30))
		for i := range b {
			if b[i] = 'x'; rng.IntN(6) == 0 {
				b[i] = signs[rng.IntN(len(signs))]
			}
		}
		plain := 0
		for plain < len(b) && (b[plain] >= ' ' && b[plain] < 0x7F || b[plain] == '\n' || b[plain] == '\t') {
			plain++
		}
		if got := plainASCII(string(b)); got != plain {
			t.Fatalf("%q: %d plain bytes, want %d", b, got, plain)
		}
		run := 0
		for run < len(b) && !(isBlank(b[run]) && run+1 < len(b) && isBlank(b[run+1])) {
			run++
		}
		if got := untilRun(b); got != run {
			t.Fatalf("%q: a run at %d, want %d", b, got, run)
		}
	}
}
