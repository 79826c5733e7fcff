package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMinimaIsTheSameAtEveryLevel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(n int) []uint32 {
		v := make([]uint32, n+3)[3:] // not aligned
		for i := range v {
			v[i] = rng.Uint32()
		}
		return v
	}
	for _, n := range []int{0, 1, 7, 8, 15, 16, 31, 32, 64, 100, 112, 200, 9000} {
		for _, values := range []int{0, 1, 2, 77} {
			sig, mul, add, xs := draw(n), draw(n), draw(n), draw(values)
			want := slices.Clone(sig)
			for i := range want {
				for _, x := range xs {
					want[i] = min(want[i], mul[i]*x+add[i])
				}
			}
			for _, l := range Levels() {
				t.Run("", func(t *testing.T) {
					SetLevelForTest(t, l)
					got := slices.Clone(sig)
					Minima(got, mul, add, xs)
					if !slices.Equal(got, want) {
						t.Errorf("%v: %d permutations of %d values: other minima", l, n, values)
					}
				})
			}
		}
	}
}

func BenchmarkMinima(b *testing.B) {
	for _, l := range Levels()[:min(3, len(Levels()))] {
		b.Run(l.String(), func(b *testing.B) {
			SetLevelForTest(b, l)
			sig, xs := make([]uint32, 112), make([]uint32, 1024)
			for i := range xs {
				xs[i] = uint32(i) * 2654435769
			}
			b.SetBytes(int64(4 * len(xs)))
			for b.Loop() {
				Minima(sig, sig, sig, xs)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(xs)), "ns/shingle")
		})
	}
}
