package train

import (
	"github.com/athanor-lm/athanor/checkpoint"
	"github.com/athanor-lm/athanor/runlog"
)

// Observer sees a run while it goes. Its methods are called from the training goroutine and should be quick.
type Observer interface {
	Begin(Plan)
	Message(text string)
	Step(*runlog.Record) // valid during the call
	Sampled(step int64, texts []SampleText)
	Saved(*checkpoint.Saved)
}

// SampleText is a text the model wrote during training.
type SampleText struct {
	Prompt string `json:"prompt"`
	Text   string `json:"text"`
}

// Plan says before the first step what is going to happen.
type Plan struct {
	Config     *Config
	Params     int64
	FirstStep  int64 // 0, or the step resumed from
	TokensStep int64 // tokens a step
	Epochs     float64
	Memory     Memory
	PeakGFLOPs float64 // of the machine in the compute type; 0 = not measured
	Level      string  // of the kernels
}

// Summary is how a run ended.
type Summary struct {
	Dir         string
	Step, Steps int64
	Interrupted bool // by the context; the run can be resumed
	Totals      runlog.Totals
}
