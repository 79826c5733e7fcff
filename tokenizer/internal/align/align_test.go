package align

import (
	"slices"
	"testing"
)

func TestRewritingKeepsTrack(t *testing.T) {
	var x Text
	x.Reset([]byte("a中\xffb"), 10, true)
	if want := []Range{{10, 11}, {11, 14}, {11, 14}, {11, 14}, {14, 15}, {15, 16}}; !slices.Equal(x.Src, want) {
		t.Fatalf("%v, want %v", x.Src, want)
	}
	x.Begin()
	x.Insert('<') // from nowhere: where the text begins
	x.Put('é')    // in place of a
	x.Insert('!') // from where a is
	x.Keep(3)
	x.Drop(1)
	x.InsertBytes([]byte("xy"))
	x.Change([]byte("z"), 0)
	x.Done()
	want := []Range{{10, 10}, {10, 11}, {10, 11}, {10, 11}, {11, 14}, {11, 14}, {11, 14}, {14, 15}, {14, 15}, {15, 16}}
	if string(x.B) != "<é!中xyz" || !slices.Equal(x.Src, want) {
		t.Errorf("%q %v, want %v", x.B, x.Src, want)
	}
}

// A change that takes the place of several characters, and one at the end of a
// slice of another text.
func TestSlicesAreRewrittenApart(t *testing.T) {
	var whole, part Text
	whole.Reset([]byte("abcdef"), 0, true)
	part.Slice(&whole, 2, 6)
	if part.Base() != 2 {
		t.Errorf("begins at %d, want 2", part.Base())
	}
	for range 3 { // the buffers take turns
		part.Begin()
		part.Change([]byte("x"), -1)
		part.Keep(len(part.Rest()))
		part.Done()
	}
	if string(part.B) != "x" || part.Src[0] != (Range{2, 3}) || string(whole.B) != "abcdef" || len(whole.Src) != 6 || whole.Src[2] != (Range{2, 3}) {
		t.Errorf("%q %v of %q %v", part.B, part.Src, whole.B, whole.Src)
	}
}
