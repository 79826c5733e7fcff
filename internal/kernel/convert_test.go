package kernel

import (
	"math"
	"testing"
)

func TestHalfTypesRoundTripEveryPattern(t *testing.T) {
	for i := range 1 << 16 {
		if b := BF16Bits(i); b.F32() == b.F32() && b>>7&0xff != 0 && ToBF16(b.F32()) != b {
			t.Fatalf("ToBF16(%#04x.F32()) = %#04x", i, ToBF16(b.F32()))
		}
		h := F16Bits(i)
		if f := h.F32(); f == f {
			if ToF16(f) != h {
				t.Fatalf("ToF16(%#04x.F32()) = %#04x", i, ToF16(f))
			}
		} else if g := ToF16(f); g&0x7e00 != 0x7e00 {
			t.Fatalf("NaN %#04x became %#04x, want a quiet NaN", i, g)
		}
	}
}

func TestHalfTypesRoundToNearestEven(t *testing.T) {
	f := math.Float32frombits
	for _, c := range []struct {
		x  float32
		b  BF16Bits
		h  F16Bits
		is string
	}{
		{1, 0x3f80, 0x3c00, "one"},
		{f(0x3f808000), 0x3f80, 0x3c04, "bf16 tie to even, down"},
		{f(0x3f818000), 0x3f82, 0x3c0c, "bf16 tie to even, up"},
		{f(0x3f808001), 0x3f81, 0x3c04, "just above a bf16 tie"},
		{1 + 1.0/2048, 0x3f80, 0x3c00, "f16 tie down"},
		{1 + 3.0/2048, 0x3f80, 0x3c02, "f16 tie up"},
		{65519.996, 0x4780, 0x7bff, "largest f16"},
		{65520, 0x4780, 0x7c00, "f16 overflow"},
		{-1e30, 0xf14a, 0xfc00, "negative overflow"},
		{math.MaxFloat32, 0x7f80, 0x7c00, "bf16 overflow"},
		{1.0 / (1 << 24), 0x3380, 0x0001, "smallest f16 denormal"},
		{1.0 / (1 << 25), 0x3300, 0x0000, "half of it, to even"},
		{1.5 / (1 << 24), 0x33c0, 0x0002, "one and a half, to even"},
		{f(0x807fffff), 0x8000, 0x8000, "f32 denormal: zero of its sign"},
		{float32(math.Inf(1)), 0x7f80, 0x7c00, "inf"},
		{f(0xff800001), 0xffc0, 0xfe00, "signalling NaN becomes quiet"},
	} {
		if got := ToBF16(c.x); got != c.b {
			t.Errorf("ToBF16(%g) = %#04x, want %#04x (%s)", c.x, got, c.b, c.is)
		}
		if got := ToF16(c.x); got != c.h {
			t.Errorf("ToF16(%g) = %#04x, want %#04x (%s)", c.x, got, c.h, c.is)
		}
	}
}
