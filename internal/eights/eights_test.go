package eights

import (
	"encoding/binary"
	"testing"
)

func TestLoad(t *testing.T) {
	const text = "\x01eight\xffbytes\x80"
	for i := range len(text) - 7 {
		if got, want := Load(text[i:]), binary.LittleEndian.Uint64([]byte(text[i:])); got != want {
			t.Errorf("at %d: %#x, want %#x", i, got, want)
		}
	}
}

// No byte's answer depends on its neighbours.
func TestTopBitsTellTheKind(t *testing.T) {
	for b := range byte(0x80) {
		for _, beside := range []uint64{0, 1, 0x30, 0x7F} {
			low := beside*Ones&^(0xFF<<24) | uint64(b)<<24
			top := func(x uint64) bool { return x>>31&1 == 1 }
			for _, r := range [][2]byte{{'a', 'z'}, {'0', '9'}, {0, 0x7F}, {b, b}, {1, 1}} {
				if got, want := top(Within(low, r[0], r[1])), r[0] <= b && b <= r[1]; got != want {
					t.Errorf("%#x in %#x within %#x..%#x: %v, want %v", b, low, r[0], r[1], got, want)
				}
			}
			for _, c := range []byte{0, '|', 0x7F, b} {
				if got, want := top(Except(low, c)), b != c; got != want {
					t.Errorf("%#x in %#x except %#x: %v, want %v", b, low, c, got, want)
				}
			}
		}
	}
}
