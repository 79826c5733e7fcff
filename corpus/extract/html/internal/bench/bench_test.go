package bench

import (
	"math"
	"testing"
)

// The values come from the authors' evaluate.py.
func TestCompareAsTheAuthorsDo(t *testing.T) {
	for _, c := range []struct {
		truth, text string
		want        Match
	}{
		{"a b c d e", "a b c d e", Match{1, 0, 0}},
		{"a b c d e", "a b c d x", Match{1.0 / 3, 1.0 / 3, 1.0 / 3}},
		{"a b", "a b", Match{1, 0, 0}},
		{"a b", "a b c d e f", Match{0, 0.75, 0.25}},
		{"", "a b c", Match{0, 1, 0}},
		{"", "", Match{}},
		{"don't stop — now_1", "don t stop now_1", Match{1, 0, 0}},
		{"a a a a a a", "a a a a", Match{1.0 / 3, 0, 2.0 / 3}},
		{"你好 世界 café x² end", "你好 世界 café x² end", Match{1, 0, 0}},
	} {
		got := Compare(c.truth, c.text)
		if math.Abs(got.TP-c.want.TP)+math.Abs(got.FP-c.want.FP)+math.Abs(got.FN-c.want.FN) > 1e-12 {
			t.Errorf("%q, %q: %v, want %v", c.truth, c.text, got, c.want)
		}
	}
}

func TestTotalLeavesEmptyTextsOut(t *testing.T) {
	got := Total([]Match{{1, 0, 0}, {0.5, 0.25, 0.25}, {0, 1, 0}})
	// Precision over all three, recall over the two with a truth.
	p, r := (1+2.0/3+0)/3, (1+2.0/3)/2
	if math.Abs(got.Precision-p) > 1e-12 || math.Abs(got.Recall-r) > 1e-12 || math.Abs(got.F1-2*p*r/(p+r)) > 1e-12 || math.Abs(got.Accuracy-1.0/3) > 1e-12 {
		t.Errorf("%v, want precision %v, recall %v", got, p, r)
	}
}
