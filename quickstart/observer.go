package quickstart

import (
	"github.com/athanor-lm/athanor/dataset"
	"github.com/athanor-lm/athanor/train"
)

// Observer sees a quickstart while it goes; of the training it sees what train's observers see.
type Observer interface {
	train.Observer
	// Collected is called once the files are known.
	Collected(*Corpus)
	// Progress is called while text is worked through.
	Progress(Stage, int64, int64)
	// Built is called with the finished dataset, before Compressed.
	Built(*dataset.Manifest)
	// Compressed is called with what compressors make of the held-out text.
	Compressed([]Baseline)
	// Calibrated is called when the number of steps has been chosen.
	Calibrated(Calibration)
	// Wrote is called with what the trained model wrote.
	Wrote([]Text)
}

// Stage is work whose progress is shown. Its amounts are done and total, 0 where the total is not known.
type Stage string

// The stages.
const (
	Counting Stage = "count pieces"   // bytes of text
	Merging  Stage = "merge pairs"    // ids of the vocabulary
	Encoding Stage = "encode to data" // bytes of the files
)

// Calibration is the choice of the number of steps.
type Calibration struct {
	StepSeconds float64 // measured, of one step
	Steps       int64
}

// Text is something the model wrote.
type Text struct {
	Prompt string `json:"prompt"`
	Text   string `json:"text"` // without the prompt
}
