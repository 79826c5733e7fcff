package piececache

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// What was put comes back, whatever else was put, or is gone; it is never wrong.
func TestCacheIsAMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	c, want := New(), map[string][]uint32{}
	hits := 0
	for n := range 100_000 {
		piece := fmt.Sprintf("%s%d", strings.Repeat("x", 60*rng.IntN(3)), rng.IntN(500+n/100))
		if n%3 == 0 {
			piece = fmt.Sprint(rng.IntN(60_000))
		}
		text := []byte("<" + piece + ">")
		got, ok := c.Append([]uint32{7}, text, 1, 1+len(piece))
		if ok {
			hits++
			if ids := want[piece]; !slices.Equal(got[1:], ids) {
				t.Fatalf("%q gives %d, want %d", piece, got[1:], ids)
			}
			continue
		}
		if len(got) != 1 {
			t.Fatalf("a miss gives %d", got)
		}
		if want[piece] == nil {
			ids := make([]uint32, rng.IntN(5))
			for i := range ids {
				ids[i] = rng.Uint32()
			}
			want[piece] = ids
		}
		c.Put(text, 1, 1+len(piece), want[piece])
	}
	if hits < 30_000 {
		t.Errorf("only %d of 100,000 pieces were found", hits)
	}
}

// Zero bytes count: "a" is not "a\x00".
func TestCacheTellsZeroBytesApart(t *testing.T) {
	c := New()
	c.Put([]byte("a\x00"), 0, 2, []uint32{1})
	if _, ok := c.Append(nil, []byte("a"), 0, 1); ok {
		t.Error("a was never put")
	}
	c.Put([]byte("a"), 0, 1, []uint32{2, 3})
	if got, ok := c.Append(nil, []byte("a\x00b"), 0, 2); !ok || !slices.Equal(got, []uint32{1}) {
		t.Errorf("got %d, %v, want 1", got, ok)
	}
}
