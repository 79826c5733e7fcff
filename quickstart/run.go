package quickstart

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/athanor-lm/athanor/dataset"
	"github.com/athanor-lm/athanor/pretrained"
	"github.com/athanor-lm/athanor/tokenizer"
	"github.com/athanor-lm/athanor/train"
)

// Config says what a quickstart does. Dir and Seconds are required.
type Config struct {
	Dir       string  // directory to make: tokenizer, data, run and hf in it
	Overwrite bool    // replace an earlier quickstart that stands in Dir
	Corpus    string  // folder or file of text to learn from; empty = the Go toolchain's own sources
	Seconds   float64 // of training; the number of steps is chosen for it
	Workers   int     // threads, 0 = all
	Creator   string  // program and version, for the dataset's manifest
}

// Names in Config.Dir.
const (
	tokenizerDir = "tokenizer"
	dataDir      = "data"
	runDir       = "run"
	hubDir       = "hf"
)

// Result is what a quickstart made.
type Result struct {
	Tokenizer, Data, Run, Hub string // directories; those not reached are empty

	Corpus    Corpus
	Manifest  *dataset.Manifest
	Baselines []Baseline
	Training  *train.Summary
	Texts     []Text
	// Interrupted says that the context was cancelled once training had begun. What was reached is whole: an
	// unfinished training (Training.Interrupted) can be resumed.
	Interrupted bool
}

// workflow is a quickstart in hand.
type workflow struct {
	cfg   Config
	watch Observer
	tok   *tokenizer.Tokenizer
	res   Result
}

// Run does all of it. Up to the first step of training an error or a cancelled context leaves nothing behind; from
// there on everything is kept, and a cancelled context is no error but Result.Interrupted.
func Run(ctx context.Context, cfg Config, o Observer) (*Result, error) {
	if !(cfg.Seconds > 0) {
		return nil, fmt.Errorf("quickstart: %v seconds of training, want more than 0", cfg.Seconds)
	}
	w := &workflow{cfg: cfg, watch: o}
	run, err := w.prepare(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("quickstart: interrupted before training began; nothing was kept: %w", ctx.Err())
		}
		return nil, err
	}
	w.res.Run = w.path(runDir)
	w.res.Training, err = run.Train(ctx)
	if err := errors.Join(err, run.Close()); err != nil {
		return nil, err
	}
	if ctx.Err() == nil {
		if err := w.use(ctx); err != nil {
			return nil, err
		}
	}
	w.res.Interrupted = ctx.Err() != nil
	return &w.res, nil
}

func (w *workflow) path(name string) string { return filepath.Join(w.cfg.Dir, name) }

// prepare does everything up to the first step of training, and takes it back where it fails.
func (w *workflow) prepare(ctx context.Context) (run *train.Run, err error) {
	corpus, err := collect(ctx, w.cfg.Corpus)
	if err != nil {
		return nil, err
	}
	w.res.Corpus = *corpus
	w.watch.Collected(corpus)
	claim, err := claimDir(w.cfg.Dir, w.cfg.Overwrite)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, claim.giveBack())
		}
	}()
	for _, stage := range []func(context.Context) error{w.trainTokenizer, w.buildData, w.compress} {
		if err := stage(ctx); err != nil {
			return nil, err
		}
	}
	cfg, peak, err := w.calibrate(ctx)
	if err != nil {
		return nil, err
	}
	return train.New(cfg, train.Options{Observer: w.watch, PeakGFLOPs: peak})
}

// use lets the trained model write, and exports it.
func (w *workflow) use(ctx context.Context) error {
	if err := w.write(ctx); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return nil
	}
	src, err := pretrained.Open(w.path(runDir))
	if err != nil {
		return err
	}
	if err := errors.Join(src.Export(w.path(hubDir), pretrained.ExportOptions{DType: "f32"}), src.Close()); err != nil {
		return err
	}
	w.res.Hub = w.path(hubDir)
	return nil
}
