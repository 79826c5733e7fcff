package runlog

import (
	"fmt"
	"strings"
	"time"
)

// ProgressOptions configures a Progress.
type ProgressOptions struct {
	Terminal Terminal
	Label    string                 // what is going on: "tokenize"
	Total    int64                  // units of the whole work; 0 = unknown
	Unit     func(n float64) string // renders an amount; nil = Count
	Interval time.Duration          // least time between plain lines; 0 = 10 s
	Now      func() time.Time
}

// Progress shows how far long work has come, with rate and time left: one line redrawn on a terminal, plain
// lines at an interval elsewhere. Not safe for use from several goroutines.
type Progress struct {
	o            ProgressOptions
	b            block
	start, shown time.Time
	done, before int64 // units; those before the clock started are among both
	detail       string
}

// NewProgress starts the clock.
func NewProgress(o ProgressOptions) *Progress {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Unit == nil {
		o.Unit = Count
	}
	if o.Interval == 0 {
		o.Interval = 10 * time.Second
	}
	p := &Progress{o: o, start: o.Now()}
	p.shown = p.start
	p.b.term = &p.o.Terminal
	return p
}

// ByteUnit renders sizes; for ProgressOptions.Unit.
func ByteUnit(n float64) string { return Bytes(int64(n)) }

// Update says that done units are finished; detail (may be empty) is shown at the end of the line.
func (p *Progress) Update(done int64, detail string) {
	p.done, p.detail = done, detail
	now := p.o.Now()
	due := p.o.Interval
	if p.o.Terminal.Live {
		due = 100 * time.Millisecond
	}
	if now.Sub(p.shown) < due {
		return
	}
	p.shown = now
	p.show(now)
}

// SetBefore says how many of the units that are done were done before the clock started: rate and time left leave
// them out.
func (p *Progress) SetBefore(before int64) { p.before = before }

// SetTotal changes the total once it is known better.
func (p *Progress) SetTotal(total int64) { p.o.Total = total }

// Print writes a message above the line.
func (p *Progress) Print(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if p.o.Terminal.Live {
		p.b.print(text)
		p.show(p.o.Now())
		return
	}
	p.b.write(strings.TrimSuffix(text, "\n") + "\n")
}

// Close shows the last state with the total time and returns the first error of the writer.
func (p *Progress) Close() error {
	now := p.o.Now()
	text := p.head(now) + " in " + Duration(now.Sub(p.start))
	if p.detail != "" {
		text += "  " + p.detail
	}
	if p.o.Terminal.Live {
		p.b.draw([]string{text})
		p.b.lines = 0
	} else {
		p.b.write(text + "\n")
	}
	return p.b.err
}

// head renders label, amount and rate.
func (p *Progress) head(now time.Time) string {
	s := p.o.Label + "  " + p.o.Unit(float64(p.done))
	if p.o.Total > 0 && p.done != p.o.Total {
		s += "/" + p.o.Unit(float64(p.o.Total))
	}
	if secs, done := now.Sub(p.start).Seconds(), p.done-p.before; secs > 0 && done > 0 {
		s += "  " + p.o.Unit(float64(done)/secs) + "/s"
	}
	return s
}

func (p *Progress) show(now time.Time) {
	s := p.head(now)
	if p.o.Total > 0 {
		fraction := float64(p.done) / float64(p.o.Total)
		s += fmt.Sprintf("  %5.1f%%", 100*fraction)
		if done := p.done - p.before; done > 0 && p.done <= p.o.Total {
			s += "  " + Duration(Seconds(now.Sub(p.start).Seconds()*float64(p.o.Total-p.done)/float64(done))) + " left"
		}
		if p.o.Terminal.Live {
			s = p.o.Terminal.paint(styleBar, bar(fraction, 24)) + "  " + s
		}
	}
	if p.detail != "" {
		s += "  " + p.o.Terminal.paint(styleDim, p.detail)
	}
	if p.o.Terminal.Live {
		p.b.draw([]string{s})
	} else {
		p.b.write(s + "\n")
	}
}
