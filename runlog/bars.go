package runlog

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Bar is one bar of a chart.
type Bar struct {
	Name  string
	Value float64 // its length; at least 0
	Label string  // shown behind it
	Mark  bool    // in the colour that stands out
}

// RenderBars prints horizontal bars under a title, the longest as long as fits into half of the line.
func RenderBars(t Terminal, title string, bars []Bar) error {
	name, longest := 0, 0.0
	for _, b := range bars {
		name, longest = max(name, ansi.StringWidth(b.Name)), max(longest, b.Value)
	}
	width := max(10, min(t.columns(), 100)/2)
	var s strings.Builder
	if title != "" {
		s.WriteString(t.paint(styleBar, title) + "\n")
	}
	for _, b := range bars {
		style := styleDim
		if b.Mark {
			style = styleVal
		}
		fraction := 0.0
		if longest > 0 {
			fraction = b.Value / longest
		}
		pad := strings.Repeat(" ", name-ansi.StringWidth(b.Name))
		fmt.Fprintf(&s, "  %s%s   %s %s\n", b.Name, pad, t.paint(style, strings.TrimRight(bar(fraction, width), " ")), b.Label)
	}
	if _, err := io.WriteString(t.W, s.String()); err != nil {
		return fmt.Errorf("runlog: print bars: %w", err)
	}
	return nil
}
