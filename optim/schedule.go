package optim

import (
	"fmt"
	"math"
)

// The kinds of Schedule.
const (
	Cosine   = "cosine"   // half a cosine to MinRatio·LR at the last step (Loshchilov & Hutter 2017, eq. 5 without restarts)
	Linear   = "linear"   // a straight line to MinRatio·LR at the last step
	WSD      = "wsd"      // warm-up, stable, then 1−√ over the last share Decay of the steps (Hu et al. 2024; Hägele et al. 2024)
	Constant = "constant" // LR after the warm-up
)

// Schedule is the learning rate as a pure function of the step.
type Schedule struct {
	Kind     string
	LR       float64 // the peak
	Warmup   int64   // steps of linear warm-up; the last of them has the full rate
	Steps    int64   // of the whole run
	MinRatio float64 // the last step's rate as a share of LR; not for Constant
	Decay    float64 // WSD: share of Steps that decays
}

// Validate reports the first field that makes no sense.
func (s Schedule) Validate() error {
	switch {
	case s.Kind != Cosine && s.Kind != Linear && s.Kind != WSD && s.Kind != Constant:
		return fmt.Errorf("optim: schedule kind %q, want %s, %s, %s or %s", s.Kind, Cosine, Linear, WSD, Constant)
	case !(s.LR >= 0) || math.IsInf(s.LR, 0):
		return fmt.Errorf("optim: schedule rate %v, want a finite number of at least 0", s.LR)
	case s.Steps < 1:
		return fmt.Errorf("optim: schedule of %d steps, want at least 1", s.Steps)
	case s.Warmup < 0 || s.Warmup > s.Steps:
		return fmt.Errorf("optim: schedule warm-up of %d steps, want 0 to %d, the steps of the run", s.Warmup, s.Steps)
	case !(s.MinRatio >= 0 && s.MinRatio <= 1):
		return fmt.Errorf("optim: schedule's last share %v, want 0 to 1", s.MinRatio)
	case s.Kind == WSD && !(s.Decay >= 0 && s.Decay <= 1):
		return fmt.Errorf("optim: schedule decay %v, want a share of 0 to 1", s.Decay)
	}
	return nil
}

// At returns the rate of a step, counted from 1. Steps past the last have the last one's rate.
func (s Schedule) At(step int64) float64 {
	step = max(1, step)
	if step <= s.Warmup {
		return s.LR * float64(step) / float64(s.Warmup)
	}
	step = min(step, s.Steps)
	switch s.Kind {
	case Cosine:
		return s.LR * s.down((1+math.Cos(math.Pi*s.share(step, s.Warmup)))/2)
	case Linear:
		return s.LR * s.down(1-s.share(step, s.Warmup))
	case WSD:
		from := max(s.Warmup, s.Steps-int64(math.Round(s.Decay*float64(s.Steps))))
		if step <= from {
			return s.LR
		}
		return s.LR * s.down(1-math.Sqrt(s.share(step, from)))
	}
	return s.LR
}

// share is how much of the way from step from to the last step is gone: 0 to 1.
func (s Schedule) share(step, from int64) float64 {
	if s.Steps <= from {
		return 1
	}
	return float64(step-from) / float64(s.Steps-from)
}

// down maps 1 to 1 and 0 to MinRatio.
func (s Schedule) down(x float64) float64 { return s.MinRatio + (1-s.MinRatio)*x }
