package runlog

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// block is a group of lines at the bottom of a terminal that is redrawn in place.
type block struct {
	term  *Terminal
	lines int // drawn and still standing
	err   error
}

// draw replaces the block. Lines are cut to the width, since a wrapped line could not be taken back.
func (b *block) draw(lines []string) {
	width := b.term.columns()
	var s strings.Builder
	b.rewind(&s)
	for _, l := range lines {
		s.WriteString(ansi.Truncate(l, width-1, "…"))
		s.WriteString("\x1b[K\n")
	}
	s.WriteString("\x1b[J")
	b.write(s.String())
	b.lines = len(lines)
}

// print writes text above the block; draw must follow.
func (b *block) print(text string) {
	var s strings.Builder
	b.rewind(&s)
	s.WriteString("\x1b[J")
	s.WriteString(text)
	if !strings.HasSuffix(text, "\n") {
		s.WriteByte('\n')
	}
	b.write(s.String())
	b.lines = 0
}

// rewind moves the cursor to the block's first column and line.
func (b *block) rewind(s *strings.Builder) {
	if b.lines > 0 {
		fmt.Fprintf(s, "\x1b[%dA", b.lines)
	}
	s.WriteByte('\r')
}

// write keeps the first error: a display that cannot be written to must not stop the work it displays.
func (b *block) write(s string) {
	if b.err == nil {
		_, b.err = io.WriteString(b.term.W, s)
	}
}

// blocks of an eighth, for bars and sparklines.
var eighths = []rune(" ▏▎▍▌▋▊▉█")

// bar renders a fraction as width columns.
func bar(fraction float64, width int) string {
	n := int(min(1, max(0, fraction)) * float64(8*width))
	s := strings.Repeat("█", n/8)
	if n/8 < width {
		s += string(eighths[n%8]) + strings.Repeat(" ", width-n/8-1)
	}
	return s
}

var ticks = []rune("▁▂▃▄▅▆▇█")

// Sparkline draws values, oldest first, in at most width columns, each the mean of an equal share of them.
// NaN and infinities leave a gap.
func Sparkline(values []float64, width int) string {
	n := min(width, len(values))
	if n <= 0 {
		return ""
	}
	means := make([]float64, n)
	lo, hi := 0.0, 0.0
	any := false
	for i := range means {
		part := values[i*len(values)/n : (i+1)*len(values)/n]
		sum, count := 0.0, 0
		for _, v := range part {
			if finite(v) {
				sum += v
				count++
			}
		}
		if count == 0 {
			means[i] = nan
			continue
		}
		m := sum / float64(count)
		means[i] = m
		if !any {
			lo, hi, any = m, m, true
		}
		lo, hi = min(lo, m), max(hi, m)
	}
	s := make([]rune, n)
	for i, m := range means {
		switch {
		case !finite(m):
			s[i] = ' '
		case hi == lo:
			s[i] = ticks[0]
		default:
			s[i] = ticks[min(len(ticks)-1, int((m-lo)/(hi-lo)*float64(len(ticks))))]
		}
	}
	return string(s)
}
