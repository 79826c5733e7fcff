package runlog

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// screen is a terminal of a fixed width that understands what block writes: \r, \n, ESC[nA, ESC[K, ESC[J and colours.
type screen struct {
	t     testing.TB
	width int
	lines [][]rune
	y, x  int
}

func (s *screen) Write(b []byte) (int, error) {
	text := []rune(string(b))
	for i := 0; i < len(text); i++ {
		for len(s.lines) <= s.y {
			s.lines = append(s.lines, nil)
		}
		switch r := text[i]; r {
		case '\r':
			s.x = 0
		case '\n':
			s.y, s.x = s.y+1, 0
		case '\x1b':
			n, j := 0, i+2
			for ; text[j] >= '0' && text[j] <= '9' || text[j] == ';'; j++ {
				n = 10*n + int(text[j]-'0')
			}
			switch text[j] {
			case 'A':
				s.y -= n
			case 'K':
				s.lines[s.y] = s.lines[s.y][:min(s.x, len(s.lines[s.y]))]
			case 'J':
				s.lines[s.y] = s.lines[s.y][:min(s.x, len(s.lines[s.y]))]
				s.lines = s.lines[:s.y+1]
			case 'm':
			default:
				s.t.Fatalf("unknown escape %q", string(text[i:j+1]))
			}
			i = j
		default:
			line := s.lines[s.y]
			for len(line) <= s.x {
				line = append(line, ' ')
			}
			line[s.x] = r
			s.lines[s.y] = line
			if s.x++; s.x > s.width {
				s.t.Errorf("line wraps at %d columns: %q", s.width, string(line))
			}
		}
	}
	return len(b), nil
}

func (s *screen) String() string {
	var out []string
	for _, l := range s.lines {
		out = append(out, strings.TrimRight(string(l), " "))
	}
	return strings.Join(out, "\n")
}

// clock is a time that tests move.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func runDisplay(term Terminal, c *clock, show int64) *Display {
	d := NewDisplay(DisplayOptions{Terminal: term, Title: "quickstart · llama 2.1M", Steps: 1000, Now: c.now})
	recs := syntheticRun(1000)
	for i := range recs[:show] {
		c.t = c.t.Add(500 * time.Millisecond)
		recs[i].RSS = 3 << 30
		d.Update(&recs[i])
	}
	return d
}

func TestLiveBlockIsRedrawnInPlace(t *testing.T) {
	for _, width := range []int{40, 80, 200} {
		for _, colour := range []bool{false, true} {
			s := &screen{t: t, width: width}
			c := &clock{time.Unix(1e9, 0)}
			d := runDisplay(Terminal{W: s, Live: true, Color: colour, Width: func() int { return width }}, c, 600)
			d.Print("checkpoint saved, 1.2 GiB in 3.4s")
			d.Print("第二条消息")
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			got := s.String()
			lines := strings.Split(got, "\n")
			if len(lines) != 9 || !strings.HasPrefix(lines[0], "checkpoint") || !strings.HasPrefix(lines[1], "第二") {
				t.Errorf("width %d: the screen holds %d lines:\n%s", width, len(lines), got)
			}
			if os.Getenv("ATHANOR_SHOW") != "" {
				fmt.Println(got)
			}
			if width < 80 {
				continue
			}
			for _, want := range []string{"quickstart", " 600/1000", "60.0%", "3m20s left", "loss 2.", "val", "bits/byte", "lr", "grad norm", "32.0k tok/s", "MFU 62.0%", "memory 3.00 GiB"} {
				if !strings.Contains(got, want) {
					t.Errorf("width %d: the screen lacks %q:\n%s", width, want, got)
				}
			}
		}
	}
}

func TestPlainLinesAreAlignedAndRare(t *testing.T) {
	var b bytes.Buffer
	c := &clock{time.Unix(1e9, 0)}
	d := runDisplay(Terminal{W: &b}, c, 1000)
	d.Print("done")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.Trim(b.String(), "\n"), "\n")
	// 500 s at one line per 10 s, 20 validations of which some coincide, and headings.
	if len(lines) < 40 || len(lines) > 80 {
		t.Errorf("%d lines", len(lines))
	}
	if strings.ContainsAny(b.String(), "\x1b\r") {
		t.Error("escape sequences outside a terminal")
	}
	heading := ansi.StringWidth(strings.TrimRight(lines[0], " "))
	for _, l := range lines[1 : len(lines)-1] {
		if w := ansi.StringWidth(l); w > heading+2 || w < heading-2 {
			t.Errorf("line %q is %d wide, the heading %d", l, w, heading)
		}
	}
	if os.Getenv("ATHANOR_SHOW") != "" {
		fmt.Println(b.String())
	}
}

func TestSkippedAndNonFiniteStepsShow(t *testing.T) {
	var b bytes.Buffer
	d := NewDisplay(DisplayOptions{Terminal: Terminal{W: &b}, Steps: 10})
	d.Update(&Record{Step: 1, Loss: math.NaN(), GradNorm: math.Inf(1), Skipped: true})
	if !strings.Contains(b.String(), "NaN") || !strings.Contains(b.String(), "+Inf") || !strings.Contains(b.String(), "skipped") {
		t.Errorf("%s", b.String())
	}
}

func TestHistoryStaysBounded(t *testing.T) {
	var h history
	for i := range 100_000 {
		h.add(float64(i))
	}
	if len(h.values) > historyCap || h.values[0] > 500 || h.values[len(h.values)-1] < 99_000 {
		t.Errorf("%d values from %v to %v", len(h.values), h.values[0], h.values[len(h.values)-1])
	}
}

func TestSparkline(t *testing.T) {
	for _, c := range []struct {
		values []float64
		width  int
		want   string
	}{
		{nil, 5, ""}, {[]float64{1, 1}, 5, "▁▁"}, {[]float64{1, 2, 3, 4, 5, 6, 7, 8}, 8, "▁▂▃▄▅▆▇█"},
		{[]float64{0, 0, 8, 8}, 2, "▁█"}, {[]float64{0, math.NaN(), 1}, 3, "▁ █"}, {[]float64{math.Inf(1)}, 3, " "},
	} {
		if got := Sparkline(c.values, c.width); got != c.want {
			t.Errorf("Sparkline(%v, %d) = %q, want %q", c.values, c.width, got, c.want)
		}
	}
	if got := bar(0.5, 3); got != "█▌ " {
		t.Errorf("bar %q", got)
	}
}

func TestProgress(t *testing.T) {
	c := &clock{time.Unix(1e9, 0)}
	var plain bytes.Buffer
	s := &screen{t: t, width: 100}
	for _, term := range []Terminal{{W: &plain}, {W: s, Live: true, Width: func() int { return 100 }}} {
		p := NewProgress(ProgressOptions{Terminal: term, Label: "tokenize", Total: 100 << 20, Unit: ByteUnit, Now: c.now})
		for i := int64(1); i <= 50; i++ {
			c.t = c.t.Add(time.Second)
			p.Update(i<<20, "books.txt")
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	want := "tokenize  40.0 MiB/100 MiB  1.00 MiB/s   40.0%  1m00s left  books.txt\n"
	if !strings.Contains(plain.String(), want) || strings.Count(plain.String(), "\n") != 6 {
		t.Errorf("plain output:\n%s", plain.String())
	}
	if got := s.String(); !strings.HasPrefix(got, "tokenize  50.0 MiB/100 MiB  1.00 MiB/s in 50s  books.txt") || strings.Count(got, "\n") > 1 {
		t.Errorf("live output:\n%s", got)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestDisplayKeepsTheWritersError(t *testing.T) {
	d := NewDisplay(DisplayOptions{Terminal: Terminal{W: brokenPipe{}}, Steps: 2})
	d.Update(&Record{Step: 1})
	d.Update(&Record{Step: 2})
	if err := d.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Close: %v", err)
	}
}

func TestNewTerminalOfAFileIsPlain(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if term := NewTerminal(f); term.Live || term.Color {
		t.Errorf("%+v", term)
	}
}

func TestSummary(t *testing.T) {
	recs := syntheticRun(1000)
	recs[10].Skipped = true
	recs[500].RSS = 2 << 30
	totals := Summarize(recs)
	if totals.Steps != 1000 || totals.Skipped != 1 || totals.BestValStep != 1000 || math.Abs(totals.LastLoss-2.01) > 0.05 || math.Abs(totals.MFU-0.62) > 1e-9 {
		t.Errorf("%+v", totals)
	}
	var b bytes.Buffer
	term := Terminal{W: &b}
	err := RenderSummary(term, "Run quickstart is done.", []Section{totals.Section(), {Title: "文件", Rows: []Row{{Name: "检查点", Value: strings.Repeat("checkpoints/step-00001000 ", 5)}}}, {Title: "empty"}})
	if err != nil {
		t.Fatal(err)
	}
	got := b.String()
	if os.Getenv("ATHANOR_SHOW") != "" {
		fmt.Println(got)
	}
	if n := strings.Count(got, "\n"); n > 24 {
		t.Errorf("%d lines are more than a screen", n)
	}
	for _, l := range strings.Split(got, "\n") {
		if ansi.StringWidth(l) > 80 {
			t.Errorf("line wider than the terminal: %q", l)
		}
	}
	for _, want := range []string{"1000, 1 updates skipped", "16.4M in 8m20s", "peak memory       2.00 GiB", "bits/byte"} {
		if !strings.Contains(got, want) {
			t.Errorf("the summary lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "empty") {
		t.Error("an empty section has a title")
	}
	if empty := Summarize(nil); empty.Steps != 0 {
		t.Errorf("%+v", empty)
	}
}

func TestProgressLeavesOutWhatWasDoneBefore(t *testing.T) {
	var out strings.Builder
	now := time.Unix(0, 0)
	p := NewProgress(ProgressOptions{Terminal: NewTerminal(&out), Label: "encode", Total: 1000, Interval: time.Second, Now: func() time.Time { return now }})
	p.SetBefore(600)
	now = now.Add(10 * time.Second)
	p.Update(700, "")
	if got, want := out.String(), "encode  700/1.00k  10/s   70.0%  30s left\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestCommandsToCopyStayOnOneLine(t *testing.T) {
	command := "./athanor train --resume runs/a-name-that-is-long/and-another"
	var out strings.Builder
	if err := RenderSummary(Terminal{W: &out, Width: func() int { return 40 }}, "", []Section{{Rows: []Row{{Name: "go on", Value: command, Whole: true}, {Name: "text", Value: command}}}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "  go on   "+command+"\n") || strings.Count(out.String(), "\n") < 3 {
		t.Errorf("got\n%s", out.String())
	}
}
