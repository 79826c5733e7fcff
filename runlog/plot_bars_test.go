package runlog

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

func TestGroupedBarsAreWellFormedInAnyScript(t *testing.T) {
	g := GroupedBars{Title: "字节 / 词元 <a & b>", YLabel: "bytes a token", Groups: []string{"English", "法律"}, Format: "%.2f",
		Series: []BarSeries{{"gpt2", []float64{4.1, 1.25}}, {"通用", []float64{3.9, 0}}, {"法", []float64{2, 5.5}}}}
	var b strings.Builder
	if err := g.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	d := xml.NewDecoder(strings.NewReader(b.String()))
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := token.(xml.CharData); ok {
			text.Write(c)
		}
	}
	for _, want := range []string{g.Title, "bytes a token", "English", "法律", "gpt2", "通用", "4.10", "5.50", "0.00"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in the chart", want)
		}
	}
	g.Series[0].Values = g.Series[0].Values[:1]
	if err := g.WriteSVG(&b); err == nil || !strings.Contains(err.Error(), "gpt2 has 1 values") {
		t.Errorf("a value is missing: %v", err)
	}
}
