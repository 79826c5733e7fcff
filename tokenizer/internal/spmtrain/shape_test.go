package spmtrain

import (
	"math/rand/v2"
	"testing"
)

func testShape(f func(*shape)) *shape {
	s := newShape(16)
	if f != nil {
		f(s)
	}
	return s
}

func TestValidPieces(t *testing.T) {
	for _, c := range []struct {
		piece string
		opt   func(*shape)
		want  bool
	}{
		{"▁the", nil, true},
		{"the▁", nil, false},
		{"▁", nil, true},
		{"▁▁", nil, false},
		{"▁▁", func(s *shape) { s.spaceOnly = true }, true},
		{"▁▁a", func(s *shape) { s.spaceOnly = true }, false},
		{"▁▁a", func(s *shape) { s.acrossSpace = true }, true},
		{"in▁the", nil, false},
		{"in▁the", func(s *shape) { s.acrossSpace = true }, true},
		{"in▁", func(s *shape) { s.acrossSpace = true }, false},
		{"the▁", func(s *shape) { s.suffix = true }, true},
		{"▁the", func(s *shape) { s.suffix = true }, false},
		{"F1", nil, false},
		{"F1", func(s *shape) { s.acrossNumbers = true }, true},
		{"F1", func(s *shape) { s.acrossScripts = true }, true},
		{"123", nil, true},
		{"123", func(s *shape) { s.splitDigits = true }, false},
		{"▁1", func(s *shape) { s.splitDigits = true }, false},
		{"１", func(s *shape) { s.splitDigits = true }, true},
		{"東京タワー", nil, true},
		{"東京tower", nil, false},
		{"e\u0301te", nil, true},
		{"\u0301te", nil, true},
		{"a▅", nil, false},
		{"a b", nil, false},
		{"a\x1f", nil, false},
		{"", nil, false},
		{"abcdefghijklmnop", nil, true},
		{"abcdefghijklmnopq", nil, false},
	} {
		if got := testShape(c.opt).valid([]rune(c.piece)); got != c.want {
			t.Errorf("valid(%q) is %v, want %v", c.piece, got, c.want)
		}
	}
}

// A cut inside a valid piece would lose the piece.
func TestCutsAreNeverInsidePieces(t *testing.T) {
	alphabet := []rune("▁▁▁aB中あー1９,“é\u0301\u200d▅\x1f\x00")
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200000 {
		s := testShape(nil)
		s.acrossSpace, s.acrossScripts, s.acrossNumbers = rng.IntN(2) == 0, rng.IntN(4) == 0, rng.IntN(2) == 0
		s.splitDigits, s.suffix, s.spaceOnly = rng.IntN(4) == 0, rng.IntN(2) == 0, rng.IntN(2) == 0
		piece := make([]rune, 1+rng.IntN(5))
		for i := range piece {
			piece[i] = alphabet[rng.IntN(len(alphabet))]
		}
		if !s.valid(piece) {
			continue
		}
		for i := 1; i < len(piece); i++ {
			if s.cuts(piece[i-1], piece[i]) {
				t.Fatalf("the valid piece %q is cut at %d", string(piece), i)
			}
		}
	}
}
