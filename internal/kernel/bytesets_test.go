package kernel

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestByteSetsAreTheSameAtEveryLevel(t *testing.T) {
	letters := "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lists := [][]string{{}, {letters}, {letters, "\t\n\v\f\r\x1c\x1d\x1e\x1f ", ",;:!?)\""}, {"\x00", "\x7f", "\x00\x7f@"}}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 7, 8, 63, 64, 65, 127, 128, 129, 640, 1000} {
		for _, sets := range lists {
			text := make([]byte, n+3)
			for i := range text {
				text[i] = byte(rng.Uint32())
				if n > 500 {
					text[i] &= 0x7f
				}
			}
			text = text[3:] // not aligned
			for _, l := range Levels() {
				SetLevelForTest(t, l)
				got := make([]ByteMasks, (n+63)/64)
				NewByteSets(sets...).Masks(got, string(text))
				for i := range 64 * len(got) {
					for j := range byteSets + 1 {
						want := i < n && (j < len(sets) && strings.IndexByte(sets[j], text[i]) >= 0 || j == byteSets && text[i] >= 0x80)
						if is := got[i/64][j]>>(i%64)&1 != 0; is != want {
							t.Fatalf("%v: set %d of %q, byte %d of %d (%#x): %v, want %v", l, j, sets, i, n, text[i:min(i+1, n)], is, want)
						}
					}
				}
			}
		}
	}
}

func TestByteWindowsAreAnywhere(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	sets := NewByteSets("abc", " ", "x")
	var w ByteWindows
	for _, n := range []int{1, 63, 64, 65, 8191, 8192, 8193, 20000} {
		b := make([]byte, n)
		for i := range b {
			b[i] = "abcx yz\xff"[rng.IntN(8)]
		}
		text := string(b)
		w.Reset(sets, text)
		for i := 0; i < n; i += 1 + rng.IntN(90) {
			if i > 100 && rng.IntN(40) == 0 {
				i -= 100 // also back
			}
			want := make([]ByteMasks, 1)
			sets.Masks(want, text[i:min(i+64, n)])
			if got := w.At(i); got != want[0] {
				t.Fatalf("window at %d of %d: %x, want %x", i, n, got, want[0])
			}
		}
	}
}

func TestByteSetsRefuseWhatEightRowsDoNotHold(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("nine rows are taken")
		}
	}()
	NewByteSets("\x01\x12\x23", "\x34\x45\x56", "\x67\x78\x0f")
}

func BenchmarkByteSets(b *testing.B) {
	s, text := NewByteSets("abcdefghijklmnopqrstuvwxyz", " \n", ".,"), strings.Repeat("some words, and more. ", 1000)
	dst := make([]ByteMasks, (len(text)+63)/64)
	for _, l := range Levels()[:min(3, len(Levels()))] {
		b.Run(l.String(), func(b *testing.B) {
			SetLevelForTest(b, l)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				s.Masks(dst, text)
			}
		})
	}
}
