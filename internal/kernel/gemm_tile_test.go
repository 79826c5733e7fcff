package kernel

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// TestTileFetchingAheadGivesTheSameBits runs every tile that can fetch with and without, also from addresses that are nobody's.
func TestTileFetchingAheadGivesTheSameBits(t *testing.T) {
	forLevels(t, func(t *testing.T) {
		for _, mk := range []*microKernel{microFor(BF16), microFor(F32)} {
			if !mk.fetches {
				continue
			}
			for m := 1; m <= mk.mr; m++ {
				for _, steps := range []int{4 * m, 4*m + 3, 4*m + 9} {
					t.Run(fmt.Sprintf("%v_m%d_steps%d", mk.compute, m, steps), func(t *testing.T) { checkTileAhead(t, mk, m, steps) })
				}
			}
		}
	})
}

func checkTileAhead(t *testing.T, mk *microKernel, m, steps int) {
	const size = 1 << 15
	rng := rand.New(rand.NewPCG(uint64(m), uint64(steps)))
	var ar arena
	ar.reset(4 * size)
	defer ar.free()
	a, b := ar.take(size), ar.take(size)
	for _, p := range []unsafe.Pointer{a, b} {
		for i := range size / 4 { // as float32s or as pairs of bf16
			*(*float32)(unsafe.Add(p, 4*i)) = float32(rng.NormFloat64())
		}
	}
	n := 1 + rng.IntN(mk.nr)
	c := [2][]byte{unsafe.Slice((*byte)(ar.take(size)), size), unsafe.Slice((*byte)(ar.take(size)), size)}
	ahead := tileAhead{ptr: [4]uintptr{uintptr(unsafe.Pointer(&c[0][0])), uintptr(a) + 64, 0, ^uintptr(63)}, stride: [4]int{mk.nr * 4, 64, 4096, 64}}
	for i, h := range []*tileAhead{nil, &ahead} {
		clear(c[i])
		for _, acc := range []bool{false, true} {
			mk.tileAhead(steps, a, b, unsafe.Pointer(&c[i][0]), mk.nr, m, n, acc, h)
		}
	}
	if !bytes.Equal(c[0], c[1]) {
		t.Error("the sums differ")
	}
	if s := unsafe.Slice((*float32)(unsafe.Pointer(&c[1][0])), n); s[0] == 0 || s[n-1] == 0 {
		t.Errorf("sums %v, want none of 0", s)
	}
}
