package spmtrain

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSuffixArrayIsSorted(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 2000 {
		n, k := rng.IntN(60), 1+rng.IntN(5)
		text := make([]int32, n)
		for i := range text {
			text[i] = int32(rng.IntN(k))
		}
		if round%3 == 0 && n > 0 { // periodic text recurses deepest
			period := 1 + rng.IntN(4)
			for i := period; i < n; i++ {
				text[i] = text[i-period]
			}
		}
		want := make([]int32, n)
		for i := range want {
			want[i] = int32(i)
		}
		slices.SortFunc(want, func(a, b int32) int { return slices.Compare(text[a:], text[b:]) })
		if got, err := suffixArray(context.Background(), text, k); err != nil || !slices.Equal(got, want) {
			t.Fatalf("suffix array of %v is %v (error %v), want %v", text, got, err, want)
		}
	}
}
