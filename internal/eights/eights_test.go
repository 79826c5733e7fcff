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
