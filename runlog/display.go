package runlog

import (
	"fmt"
	"math"
	"strings"
	"time"
)

var nan = math.NaN()

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// DisplayOptions configures a Display.
type DisplayOptions struct {
	Terminal Terminal
	Title    string        // shown in the live block's first line, e.g. the run's name and model
	Steps    int64         // total steps of the run
	First    int64         // step the session starts from, for the estimate of time left; 0 for a new run
	Interval time.Duration // least time between plain lines; 0 = 10 s. The live block is redrawn at most 10 times a second
	Now      func() time.Time
}

// Display shows a training run: on a terminal a block of lines redrawn in place, elsewhere a plain line at an
// interval. Errors of the writer are kept for Close, since a closed pipe must not stop the training.
// Not safe for use from several goroutines.
type Display struct {
	o       DisplayOptions
	b       block
	start   time.Time
	shown   time.Time // last draw or line
	last    Record
	val     *Validation
	valStep int64
	bestVal float64
	losses  history
	headed  int // plain lines since the last heading
	width   int // of the step column
}

// NewDisplay starts a display; its clock for the time left starts now.
func NewDisplay(o DisplayOptions) *Display {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Interval == 0 {
		o.Interval = 10 * time.Second
	}
	d := &Display{o: o, start: o.Now(), bestVal: math.Inf(1), width: len(fmt.Sprint(o.Steps))}
	d.b.term = &d.o.Terminal
	return d
}

// Update tells the display of a finished step. Rendering happens only when something is due, so it may be
// called every step.
func (d *Display) Update(r *Record) {
	d.last = *r
	d.losses.add(r.Loss)
	if r.Val != nil {
		v := *r.Val
		d.val, d.valStep = &v, r.Step
		d.bestVal = min(d.bestVal, v.Loss)
	}
	now := d.o.Now()
	if d.o.Terminal.Live {
		if now.Sub(d.shown) >= 100*time.Millisecond || r.Val != nil || r.Step == d.o.Steps {
			d.shown = now
			d.b.draw(d.block(now))
		}
		return
	}
	if d.shown.IsZero() || now.Sub(d.shown) >= d.o.Interval || r.Val != nil || r.Step == d.o.Steps {
		d.shown = now
		d.line(now)
	}
}

// Print shows a message (a checkpoint was saved, a sample, a warning) above the live block or as plain lines.
func (d *Display) Print(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !d.o.Terminal.Live {
		d.b.write(strings.TrimSuffix(text, "\n") + "\n")
		return
	}
	d.b.print(text)
	if d.last.Step > 0 {
		d.b.draw(d.block(d.o.Now()))
	}
}

// Close draws the last state, leaves it standing and returns the first error of the writer.
func (d *Display) Close() error {
	if d.last.Step > 0 && d.o.Terminal.Live {
		d.b.draw(d.block(d.o.Now()))
		d.b.lines = 0
	}
	return d.b.err
}

// left estimates the time until the last step from this session's speed; false before it is known.
func (d *Display) left(now time.Time) (time.Duration, bool) {
	done := d.last.Step - d.o.First
	if done <= 0 {
		return 0, false
	}
	perStep := now.Sub(d.start).Seconds() / float64(done)
	return Seconds(perStep * float64(max(0, d.o.Steps-d.last.Step))), true
}

// block renders the live block.
func (d *Display) block(now time.Time) []string {
	t := &d.o.Terminal
	width := min(t.columns(), 100)
	r := &d.last
	label := func(s string) string { return t.paint(styleDim, s) }

	left := "…"
	if dur, ok := d.left(now); ok {
		left = Duration(dur)
	}
	steps := fmt.Sprintf("%*d/%d", d.width, r.Step, d.o.Steps)
	fraction := float64(r.Step) / float64(max(1, d.o.Steps))
	tail := fmt.Sprintf("%s  %5.1f%%  %s gone, %s left", steps, 100*fraction, Duration(Seconds(r.Elapsed)), left)
	barWidth := max(8, width-len([]rune(tail))-6)
	lines := []string{
		"  " + t.paint(styleBar, bar(fraction, barWidth)) + "  " + tail,
		"  " + label("loss ") + t.paint(styleTrain, fixed(d.losses.recent())) + "  " + t.paint(styleTrain, Sparkline(d.losses.values, max(10, width-18))),
	}
	if d.o.Title != "" {
		lines = append([]string{"  " + t.paint(styleBold, d.o.Title)}, lines...)
	}
	if v := d.val; v != nil {
		s := label("val  ") + t.paint(styleVal, fixed(v.Loss)) + label("  ppl ") + perplexity(v.Perplexity)
		if v.BitsPerByte != 0 {
			s += label("  bits/byte ") + fmt.Sprintf("%.4f", v.BitsPerByte)
		}
		s += label(fmt.Sprintf("  at step %d, best %s", d.valStep, fixed(d.bestVal)))
		lines = append(lines, "  "+s)
	}
	s := label("lr   ") + fmt.Sprintf("%.3e", r.LR) + label("  grad norm ") + gradNorm(r.GradNorm)
	if r.LossScale != 0 {
		s += label("  loss scale ") + Count(r.LossScale)
	}
	if r.Skipped {
		s += t.paint(styleWarn, "  update skipped")
	}
	lines = append(lines, "  "+s)
	s = label("rate ") + Count(r.TokensPerSec) + label(" tok/s")
	if r.MFU != 0 {
		s += label("  MFU ") + Percent(r.MFU)
	}
	s += label("  seen ") + Count(float64(r.Tokens)) + label(" tok")
	if r.RSS != 0 {
		s += label("  memory ") + Bytes(r.RSS)
	}
	return append(lines, "  "+s)
}

// line writes a plain line, and a heading before the first and then every 40.
func (d *Display) line(now time.Time) {
	r := &d.last
	var s strings.Builder
	if d.headed%40 == 0 {
		fmt.Fprintf(&s, "%*s  %8s  %8s  %8s  %9s  %9s  %9s  %6s  %9s  %8s  %8s\n", 2*d.width+1, "step", "loss", "val", "bits/B",
			"grad norm", "lr", "tok/s", "MFU", "memory", "elapsed", "left")
	}
	d.headed++
	val, bpb, mfu, mem, left := "-", "-", "-", "-", "-"
	if r.Val != nil {
		val = fixed(r.Val.Loss)
		if r.Val.BitsPerByte != 0 {
			bpb = fmt.Sprintf("%.4f", r.Val.BitsPerByte)
		}
	}
	if r.MFU != 0 {
		mfu = Percent(r.MFU)
	}
	if r.RSS != 0 {
		mem = Bytes(r.RSS)
	}
	if dur, ok := d.left(now); ok {
		left = Duration(dur)
	}
	fmt.Fprintf(&s, "%*d/%d  %8s  %8s  %8s  %9s  %9.3e  %9s  %6s  %9s  %8s  %8s", d.width, r.Step, d.o.Steps, fixed(r.Loss), val, bpb,
		gradNorm(r.GradNorm), r.LR, Count(r.TokensPerSec), mfu, mem, Duration(Seconds(r.Elapsed)), left)
	if r.Skipped {
		s.WriteString("  update skipped")
	}
	s.WriteByte('\n')
	d.b.write(s.String())
}

func gradNorm(v float64) string {
	if v != 0 && finite(v) && (math.Abs(v) < 1e-3 || math.Abs(v) >= 1e5) {
		return fmt.Sprintf("%.2e", v)
	}
	return fmt.Sprintf("%.4f", v)
}

func perplexity(v float64) string {
	if v >= 10000 {
		return Count(v)
	}
	return fmt.Sprintf("%.2f", v)
}

// history keeps a curve in bounded memory: when full, neighbours are averaged.
type history struct {
	values []float64
	each   int // values averaged into one
	sum    float64
	n      int
	ema    float64
}

const historyCap = 512

func (h *history) add(v float64) {
	if !finite(v) {
		return
	}
	if h.values == nil {
		h.values, h.each, h.ema = make([]float64, 0, historyCap), 1, v
	}
	h.ema += 0.1 * (v - h.ema)
	h.sum += v
	if h.n++; h.n < h.each {
		return
	}
	if len(h.values) == historyCap {
		for i := range historyCap / 2 {
			h.values[i] = (h.values[2*i] + h.values[2*i+1]) / 2
		}
		h.values = h.values[:historyCap/2]
		h.each *= 2
	}
	h.values = append(h.values, h.sum/float64(h.n))
	h.sum, h.n = 0, 0
}

// recent is the loss smoothed over about ten steps.
func (h *history) recent() float64 {
	if h.values == nil {
		return nan
	}
	return h.ema
}
