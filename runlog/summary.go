package runlog

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Row is a line of a summary: a name and what is known of it.
type Row struct {
	Name, Value string
	Whole       bool // a command or a path, to be copied: it stays on one line
}

// Section is a titled group of rows.
type Section struct {
	Title string
	Rows  []Row
}

// RenderSummary prints sections as aligned columns; long values are wrapped within their column.
func RenderSummary(t Terminal, title string, sections []Section) error {
	name := 0
	for _, s := range sections {
		for _, r := range s.Rows {
			name = max(name, ansi.StringWidth(r.Name))
		}
	}
	width := max(24, min(t.columns(), 100)-name-5)
	var b strings.Builder
	if title != "" {
		b.WriteString(t.paint(styleBold, title) + "\n")
	}
	for _, s := range sections {
		if len(s.Rows) == 0 {
			continue
		}
		if s.Title != "" {
			b.WriteString("\n" + t.paint(styleBar, s.Title) + "\n")
		}
		for _, r := range s.Rows {
			pad := strings.Repeat(" ", name-ansi.StringWidth(r.Name))
			lines := []string{r.Value}
			if !r.Whole {
				lines = strings.Split(ansi.Wrap(r.Value, width, " /"), "\n")
			}
			for i, line := range lines {
				line = strings.TrimRight(line, " ")
				if i == 0 {
					b.WriteString("  " + t.paint(styleDim, r.Name) + pad + "   " + line + "\n")
				} else {
					b.WriteString(strings.Repeat(" ", name+5) + line + "\n")
				}
			}
		}
	}
	if _, err := io.WriteString(t.W, b.String()); err != nil {
		return fmt.Errorf("runlog: print summary: %w", err)
	}
	return nil
}

// Totals condenses a run's records.
type Totals struct {
	Steps, Skipped int64   // last step; updates skipped
	Tokens         int64   // consumed
	Seconds        float64 // elapsed over all sessions
	FirstLoss      float64 // of the first record
	LastLoss       float64 // mean of the last 2 % of records, at least 10 where there are so many
	LastVal        *Validation
	BestVal        *Validation // lowest loss
	BestValStep    int64
	TokensPerSec   float64 // mean over records
	MFU            float64 // mean over records that know it
	PeakRSS        int64
	Losses         []float64 // training losses in order, for Sparkline
}

// Summarize condenses records, which are in the order of their steps.
func Summarize(recs []Record) Totals {
	t := Totals{FirstLoss: nan, LastLoss: nan}
	if len(recs) == 0 {
		return t
	}
	last := recs[len(recs)-1]
	t.Steps, t.Tokens, t.Seconds, t.FirstLoss = last.Step, last.Tokens, last.Elapsed, recs[0].Loss
	rates, mfus := 0, 0
	best := math.Inf(1)
	for i := range recs {
		r := &recs[i]
		t.Losses = append(t.Losses, r.Loss)
		if r.Skipped {
			t.Skipped++
		}
		if finite(r.TokensPerSec) && r.TokensPerSec > 0 {
			t.TokensPerSec += r.TokensPerSec
			rates++
		}
		if r.MFU > 0 {
			t.MFU += r.MFU
			mfus++
		}
		t.PeakRSS = max(t.PeakRSS, r.RSS)
		if v := r.Val; v != nil {
			t.LastVal = v
			if v.Loss < best {
				best, t.BestVal, t.BestValStep = v.Loss, v, r.Step
			}
		}
	}
	t.TokensPerSec /= float64(max(1, rates))
	t.MFU /= float64(max(1, mfus))
	t.LastLoss = meanOfLast(t.Losses)
	return t
}

func meanOfLast(losses []float64) float64 {
	n := min(len(losses), max(10, len(losses)/50))
	sum, count := 0.0, 0
	for _, l := range losses[len(losses)-n:] {
		if finite(l) {
			sum += l
			count++
		}
	}
	if count == 0 {
		return nan
	}
	return sum / float64(count)
}

// Section renders the totals for RenderSummary.
func (t *Totals) Section() Section {
	s := Section{Title: "Training"}
	add := func(name, format string, args ...any) {
		s.Rows = append(s.Rows, Row{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	steps := fmt.Sprintf("%d", t.Steps)
	if t.Skipped > 0 {
		steps += fmt.Sprintf(", %d updates skipped", t.Skipped)
	}
	add("steps", "%s", steps)
	add("tokens", "%s in %s, %s tok/s", Count(float64(t.Tokens)), Duration(Seconds(t.Seconds)), Count(t.TokensPerSec))
	add("train loss", "%s → %s  %s", fixed(t.FirstLoss), fixed(t.LastLoss), Sparkline(t.Losses, 40))
	if v := t.LastVal; v != nil {
		text := fmt.Sprintf("%s, perplexity %s", fixed(v.Loss), perplexity(v.Perplexity))
		if v.BitsPerByte != 0 {
			text += fmt.Sprintf(", %.4f bits/byte", v.BitsPerByte)
		}
		add("validation loss", "%s", text)
		if t.BestVal != nil && t.BestValStep != t.Steps {
			add("best", "%s at step %d", fixed(t.BestVal.Loss), t.BestValStep)
		}
	}
	if t.MFU > 0 {
		add("MFU", "%s of the measured peak", Percent(t.MFU))
	}
	if t.PeakRSS > 0 {
		add("peak memory", "%s", Bytes(t.PeakRSS))
	}
	return s
}
