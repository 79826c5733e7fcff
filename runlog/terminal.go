package runlog

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Terminal describes where output for people goes.
type Terminal struct {
	W     io.Writer
	Live  bool       // a terminal that can redraw lines; otherwise output is plain lines
	Color bool       // SGR colours are welcome
	Width func() int // columns now; nil means 80
}

// NewTerminal looks at w: a terminal is live unless TERM is "dumb", and coloured unless NO_COLOR is set
// (no-color.org). Anything else gets plain lines without colours.
func NewTerminal(w io.Writer) Terminal {
	t := Terminal{W: w}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return t
	}
	t.Live = true
	t.Color = os.Getenv("NO_COLOR") == ""
	t.Width = func() int {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w
		}
		return 80
	}
	return t
}

func (t *Terminal) columns() int {
	if t.Width == nil {
		return 80
	}
	return max(20, t.Width())
}

// The few colours in use, by role.
const (
	styleDim   = "2"
	styleBold  = "1"
	styleBar   = "36" // cyan
	styleTrain = "33" // yellow
	styleVal   = "32" // green
	styleWarn  = "31" // red
)

// paint wraps s in an SGR style where colours are welcome.
func (t *Terminal) paint(style, s string) string {
	if !t.Color || s == "" {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}
