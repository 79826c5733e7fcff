package kernel

import (
	"math"
	"testing"
)

// The known answers are those of the Random123 distribution (kat_vectors, philox4x32 10).
func TestPhiloxMatchesItsKnownAnswers(t *testing.T) {
	for _, c := range []struct {
		ctr  [4]uint32
		key  uint64
		want [4]uint32
	}{
		{[4]uint32{}, 0, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, math.MaxUint64, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := philox(c.ctr, c.key); got != c.want {
			t.Errorf("philox(%x, %x) = %x, want %x", c.ctr, c.key, got, c.want)
		}
	}
}

func TestDropRowIsAFunctionOfTheIndex(t *testing.T) {
	forLevels(t, func(t *testing.T) {
		d := Drop{P: 0.25, Key: 42, Counter: 9}
		src := make([]float32, 4099)
		for i := range src {
			src[i] = float32(i + 1)
		}
		whole := make([]float32, len(src))
		DropRow(whole, src, d, 1<<33+5)
		kept := 0
		for i, v := range whole {
			if v != 0 {
				kept++
				if v != src[i]*float32(1/(1-0.25)) {
					t.Fatalf("element %d: %v", i, v)
				}
			}
		}
		if f := float64(kept) / float64(len(src)); math.Abs(f-0.75) > 0.03 {
			t.Errorf("kept %v, want about 0.75", f)
		}
		for _, cut := range []int{1, 2, 3, 17, 1000} { // in pieces: the same mask
			parts := append([]float32(nil), src...)
			DropRow(parts[:cut], parts[:cut], d, 1<<33+5)
			DropRow(parts[cut:], parts[cut:], d, 1<<33+5+uint64(cut))
			for i := range parts {
				if parts[i] != whole[i] {
					t.Fatalf("cut at %d: element %d is %v, want %v", cut, i, parts[i], whole[i])
				}
			}
		}
		DropRow(whole, src, Drop{P: 1}, 0)
		for i, v := range whole {
			if v != 0 {
				t.Fatalf("P 1: element %d kept", i)
			}
		}
	})
}

func TestDropRowMatchesItsTwin(t *testing.T) {
	src := make([]float32, 1000)
	for i := range src {
		src[i] = float32(i) - 500.5
	}
	forLevels(t, func(t *testing.T) {
		for _, index := range []uint64{0, 1, 7, 64, 1<<34 - 256, 1<<40 + 3} { // the fourth wraps the lowest word
			d := Drop{P: 0.4, Key: 0x123456789abcdef, Counter: 0xfedcba987654321}
			got, want := make([]float32, len(src)), make([]float32, len(src))
			DropRow(got, src, d, index)
			threshold, scale := d.limits()
			dropRowGeneric(want, src, &d, index, uint32(threshold), scale)
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("index %d: element %d is %v, want %v", index, i, got[i], want[i])
				}
			}
		}
	})
}

func BenchmarkDropRow(b *testing.B) {
	x := make([]float32, 1024)
	b.SetBytes(4096)
	for b.Loop() {
		DropRow(x, x, Drop{P: 0.1, Key: 1}, 0)
	}
}
