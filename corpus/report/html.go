package report

import (
	_ "embed" // the page
	"fmt"
	"html/template"
	"io"

	"github.com/athanor-lm/athanor/corpus/pipeline"
	"github.com/athanor-lm/athanor/runlog"
)

//go:embed page.gohtml
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"bytes": runlog.Bytes,
	"count": count,
	"rate":  func(r float64) string { return fmt.Sprintf("%.0f MB/s", r/1e6) },
	"short": func(n int64) string { return runlog.Count(float64(n)) },
	"pct":   percent,
	"num":   number,
	"width": func(share float64) template.CSS {
		return template.CSS(fmt.Sprintf("width:%.2f%%", 100*min(max(share, 0), 1)))
	},
}).Parse(pageText))

// WriteHTML writes the page of a run. Timings may be nil.
func WriteHTML(w io.Writer, s *pipeline.Summary, t *pipeline.Timings) error {
	if err := page.Execute(w, newView(s, t)); err != nil {
		return fmt.Errorf("report: write the page: %w", err)
	}
	return nil
}

// percent shows a share: few digits, but never a 0 that is none.
func percent(share float64) string {
	switch p := 100 * share; {
	case p == 0:
		return "0 %"
	case p < 0.01:
		return "< 0.01 %"
	case p < 1:
		return fmt.Sprintf("%.2f %%", p)
	case p > 99.9 && p < 100:
		return fmt.Sprintf("%.2f %%", p)
	default:
		return fmt.Sprintf("%.1f %%", p)
	}
}

// number shows a measured value in at most four digits.
func number(v float64) string {
	if v == float64(int64(v)) && v < 1e15 && v > -1e15 {
		return grouped(int64(v))
	}
	return fmt.Sprintf("%.4g", v)
}

// count shows a number of things.
func count(n any) (string, error) {
	switch n := n.(type) {
	case int:
		return grouped(int64(n)), nil
	case int64:
		return grouped(n), nil
	}
	return "", fmt.Errorf("a count is %T, want int or int64", n)
}

// grouped writes thousands apart: 1,234,567.
func grouped(n int64) string {
	if n < 0 {
		return "−" + grouped(-n)
	}
	digits := fmt.Sprint(n)
	out := make([]byte, 0, len(digits)+len(digits)/3)
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out = append(out, ',')
		}
		out = append(out, digits[i])
	}
	return string(out)
}

// ratio is a share of a whole that may be nothing.
func ratio(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
