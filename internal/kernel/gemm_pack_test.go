package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// TestPackingFloatsEqualsPackingTheirBF16 packs float32s, and the same numbers rounded before, and wants the same words.
func TestPackingFloatsEqualsPackingTheirBF16(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	mk := microFor(BF16)
	tmp := Pages(packTmpBytes)
	defer FreePages(tmp)
	for range 200 {
		lanes, k := 1+rng.IntN(mk.nr), 1+rng.IntN(150)
		stride := max(lanes, k) + rng.IntN(5)
		floats := make([]float32, stride*max(lanes, k))
		for i := range floats {
			floats[i] = float32(rng.NormFloat64())
		}
		floats[0], floats[rng.IntN(len(floats))] = float32(math.NaN()), float32(math.Inf(1))
		halves := make([]BF16Bits, len(floats))
		F32ToBF16(halves, floats)
		for _, strides := range [][2]int{{stride, 1}, {1, stride}} {
			pack := func(p unsafe.Pointer, dt DType) []uint32 {
				src := operand{ptr: p, dt: dt, laneStride: strides[0], kStride: strides[1]}
				words := make([]uint32, mk.panelBytesB(k)/4+64)
				mk.packB(unsafe.Pointer(&words[0]), &src, 0, lanes, 0, k, unsafe.Pointer(&tmp[0]))
				return words
			}
			got, want := pack(unsafe.Pointer(&floats[0]), F32), pack(unsafe.Pointer(&halves[0]), BF16)
			for i := range mk.steps(k) {
				for l := range lanes {
					if g, w := got[i*mk.bs+l], want[i*mk.bs+l]; g != w {
						t.Fatalf("%d lanes of %d, strides %v: step %d, lane %d is %08x, want %08x", lanes, k, strides, i, l, g, w)
					}
				}
			}
		}
	}
}
