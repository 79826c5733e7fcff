package dataset

import "testing"

func TestTailCut(t *testing.T) {
	for _, tc := range []struct {
		text     string
		fraction float64
		want     int
	}{
		{"0123456789", 0.1, 9},
		{"法律条文", 0.5, 6},
		{"法律条文", 0.4, 9}, // 7.2 lies within a character
		{"a", 0.1, 1},    // too short: whole in train
		{"法", 0.9, 3},
		{"", 0.1, 0},
	} {
		if got := tailCut([]byte(tc.text), tc.fraction); got != tc.want {
			t.Errorf("%q, the last %g: cut at %d, want %d", tc.text, tc.fraction, got, tc.want)
		}
	}
}
