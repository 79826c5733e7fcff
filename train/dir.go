package train

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/athanor-lm/athanor/checkpoint"
	"github.com/athanor-lm/athanor/internal/durable"
	"github.com/athanor-lm/athanor/runlog"
)

// Names in a run directory.
const (
	configFile     = "config.yaml"
	metricsFile    = "metrics.jsonl"
	eventsDir      = "tensorboard"
	checkpointsDir = "checkpoints"
	samplesDir     = "samples"
	tokenizerDir   = "tokenizer"
	logFile        = "log.txt"
	lockFile       = ".lock"
)

// vacant refuses a directory that holds a run, or checkpoints that a run's own would replace.
func vacant(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, configFile)); err == nil {
		return fmt.Errorf("train: %s already holds a run: continue it with --resume %s, or choose another dir", dir, dir)
	}
	found, err := checkpoint.List(filepath.Join(dir, checkpointsDir))
	if err != nil {
		return fmt.Errorf("train: look into %s: %w", dir, err)
	}
	if len(found) > 0 {
		return fmt.Errorf("train: %s already holds %d checkpoints: choose another dir, and name this one in model.init_from to start from it", dir, len(found))
	}
	return nil
}

// undoDir returns what takes makeDir back: it leaves the run directory as it is now.
func (r *Run) undoDir() func() error {
	dir := r.cfg.Dir
	if _, err := os.Stat(dir); err != nil {
		return func() error { return os.RemoveAll(dir) }
	}
	return func() error {
		var errs []error
		for _, name := range []string{configFile, metricsFile, eventsDir, checkpointsDir, tokenizerDir, logFile, lockFile} {
			errs = append(errs, os.RemoveAll(filepath.Join(dir, name)))
		}
		return errors.Join(errs...)
	}
}

// claim makes the run directory and makes it this process's alone. Before that nothing in it may be written or taken
// back: another process may have begun a run there since it was found vacant.
func (r *Run) claim() error {
	if err := os.MkdirAll(r.cfg.Dir, 0o755); err != nil {
		return fmt.Errorf("train: make the run directory: %w", err)
	}
	if err := r.acquire(); err != nil {
		os.Remove(r.cfg.Dir) // where it is empty; the first error counts
		return err
	}
	return vacant(r.cfg.Dir)
}

// makeDir fills the run directory with what stands in it from the beginning. The configuration comes first: from
// then on a run that was killed can be resumed.
func (r *Run) makeDir() error {
	dir := r.cfg.Dir
	if err := r.keepConfig(); err != nil {
		return err
	}
	if err := r.data.tok.Save(filepath.Join(dir, tokenizerDir)); err != nil {
		return fmt.Errorf("train: keep the tokenizer: %w", err)
	}
	return r.open()
}

// keepConfig writes the resolved configuration, whole or not at all.
func (r *Run) keepConfig() error {
	text, err := r.cfg.Marshal()
	if err != nil {
		return fmt.Errorf("train: render the configuration: %w", err)
	}
	if err := durable.Replace(filepath.Join(r.cfg.Dir, configFile), text); err != nil {
		return fmt.Errorf("train: keep the configuration: %w", err)
	}
	return nil
}

// open opens what a run writes as it goes, continuing what stands there up to the current step.
func (r *Run) open() error {
	var err error
	k := r.cfg.Checkpoint
	if r.saver, err = checkpoint.NewSaver(filepath.Join(r.cfg.Dir, checkpointsDir), checkpoint.Options{KeepLast: k.KeepLast, KeepEvery: k.KeepEvery, Now: r.now}); err != nil {
		return err
	}
	if r.metrics, _, err = runlog.OpenMetrics(filepath.Join(r.cfg.Dir, metricsFile), r.step); err != nil {
		return err
	}
	if r.events, err = runlog.NewEventWriter(filepath.Join(r.cfg.Dir, eventsDir), r.step, r.now); err != nil {
		return err
	}
	if r.logTo, err = os.OpenFile(filepath.Join(r.cfg.Dir, logFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
		return fmt.Errorf("train: open the log: %w", err)
	}
	r.log = slog.New(slog.NewTextHandler(r.logTo, nil))
	r.log.Info("begin", "step", r.step, "params", r.plan.Params, "memory", r.plan.Memory.Total(), "level", r.plan.Level, "peak_gflops", r.plan.PeakGFLOPs)
	return nil
}

// acquire makes the run directory this process's alone until Close, or until the process ends however it may.
func (r *Run) acquire() error {
	lock := flock.New(filepath.Join(r.cfg.Dir, lockFile))
	ok, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("train: lock %s: %w", r.cfg.Dir, err)
	}
	if !ok {
		return fmt.Errorf("train: another process is training %s: wait for it or stop it first", r.cfg.Dir)
	}
	r.lock = lock
	return nil
}
