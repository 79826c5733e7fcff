package runlog

import (
	"strings"
	"testing"
)

func TestBarsAreAsLongAsTheirValues(t *testing.T) {
	var out strings.Builder
	err := RenderBars(Terminal{W: &out, Width: func() int { return 40 }}, "bits", []Bar{
		{Name: "gzip", Value: 2, Label: "2.0"}, {Name: "模型", Value: 1, Label: "1.0", Mark: true}, {Name: "none", Label: "0"},
	})
	want := "bits\n  gzip   ████████████████████ 2.0\n  模型   ██████████ 1.0\n  none    0\n"
	if err != nil || out.String() != want {
		t.Errorf("%v\n%q, want\n%q", err, out.String(), want)
	}
}
