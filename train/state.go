package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/athanor-lm/athanor/checkpoint"
	"github.com/athanor-lm/athanor/pretrained"
	"github.com/athanor-lm/athanor/runlog"
)

// extraKey names the loop's own state in a checkpoint.
const extraKey = "train"

// extra is what the loop needs to go on besides what every checkpoint has.
type extra struct {
	Elapsed float64            `json:"elapsed_s"`
	Skipped int64              `json:"skipped"`
	Val     *runlog.Validation `json:"val,omitempty"`
	Data    []dataSums         `json:"data,omitempty"` // what was trained on; older checkpoints do not say
}

// state describes the run as it stands between two steps.
func (r *Run) state() (*checkpoint.State, error) {
	config, err := r.cfg.Marshal()
	if err != nil {
		return nil, fmt.Errorf("train: render the configuration: %w", err)
	}
	own, err := json.Marshal(extra{r.elapsed, r.skipped, r.lastVal, r.data.sums(r.cfg)})
	if err != nil {
		return nil, fmt.Errorf("train: render the state: %w", err)
	}
	shape, err := json.Marshal(r.cfg.Model.Config)
	if err != nil {
		return nil, fmt.Errorf("train: render the model's configuration: %w", err)
	}
	st := &checkpoint.State{
		Step: r.step, Tokens: r.tokens, Samples: r.cursor(), Seed: r.cfg.Seed, RNG: "philox4x32-10",
		Config: config, Layout: map[string]int{"ranks": 1},
		Extra:   map[string]json.RawMessage{extraKey: own, pretrained.ConfigKey: shape},
		Metrics: map[string]float64{"loss": r.lastLoss},
		Groups:  checkpoint.Groups(r.params, r.adam.Moments),
	}
	if r.lastVal != nil {
		st.Metrics["val_loss"] = r.lastVal.Loss
	}
	if r.scaler != nil {
		st.LossScale = &checkpoint.LossScale{Scale: r.scaler.Scale, Clean: r.scaler.Clean}
	}
	return st, nil
}

// restore makes the run what it was when the checkpoint was written, and says how its data differs from what it was then.
func (r *Run) restore(ck *checkpoint.Checkpoint) (dataChanged []string, err error) {
	m := ck.Manifest
	if want := m.Step * int64(r.cfg.Batch.Sequences); m.Samples != want {
		return nil, fmt.Errorf("its cursor is at sample %d after step %d, want %d: batch.sequences has changed", m.Samples, m.Step, want)
	}
	if m.Seed != r.cfg.Seed {
		return nil, fmt.Errorf("its seed is %d, the configuration's %d: samples and dropout would not continue", m.Seed, r.cfg.Seed)
	}
	if err := ck.LoadInto(checkpoint.Groups(r.params, r.adam.Moments)); err != nil {
		return nil, err
	}
	for _, p := range r.params {
		p.Refresh(r.pool)
	}
	var own extra
	if err := json.Unmarshal(m.Extra[extraKey], &own); err != nil {
		return nil, fmt.Errorf("its %s state: %w", extraKey, err)
	}
	if own.Data != nil {
		dataChanged = dataChanges(own.Data, r.data.sums(r.cfg))
	}
	r.step, r.tokens, r.saved = m.Step, m.Tokens, m.Step
	r.elapsed, r.skipped, r.lastVal = own.Elapsed, own.Skipped, own.Val
	r.lastLoss = float64(m.Metrics["loss"])
	if r.scaler != nil && m.LossScale != nil {
		r.scaler.Scale, r.scaler.Clean = m.LossScale.Scale, m.LossScale.Clean
	}
	r.adam.SetUpdates(r.step - r.skipped)
	return dataChanged, nil
}

// checkpointIfDue reports the outcome of a save in progress and begins one where it is time. A save that failed is no reason
// to stop: the earlier checkpoints stand, and the next one is tried.
func (r *Run) checkpointIfDue() error {
	if saved, err := r.saver.Poll(); saved != nil || err != nil {
		r.reportSave(saved, err)
	}
	if every := r.cfg.Checkpoint.Every; every == 0 || r.step%every != 0 || r.step == r.cfg.Steps {
		return nil
	}
	if saved, err := r.saver.Wait(); saved != nil || err != nil { // a disk slower than the interval
		r.reportSave(saved, err)
	}
	r.keepGoing("metrics", r.metrics.Sync()) // whatever is resumed has its records
	st, err := r.state()
	if err != nil {
		return err
	}
	if err := r.saver.Begin(st); err != nil {
		r.message("checkpoint at step %d FAILED, %s: %v", r.step, r.lastGood(), err)
	}
	return nil
}

func (r *Run) reportSave(saved *checkpoint.Saved, err error) {
	if err != nil {
		r.message("checkpoint FAILED, %s: %v", r.lastGood(), err)
		return
	}
	r.saved = saved.Step
	r.log.Info("checkpoint", "step", saved.Step, "dir", saved.Dir, "bytes", saved.Bytes, "took", saved.Duration, "waited", saved.Waited)
	if saved.PruneErr != nil {
		r.message("old checkpoints could not be removed: %v", saved.PruneErr)
	}
	r.observer.Saved(saved)
}

// finish saves the last state, sums up and draws the curves.
func (r *Run) finish() (*Summary, error) {
	s := &Summary{Dir: r.cfg.Dir, Step: r.step, Steps: r.cfg.Steps, Interrupted: r.step < r.cfg.Steps}
	if saved, err := r.saver.Wait(); saved != nil || err != nil {
		r.reportSave(saved, err)
	}
	if err := errors.Join(r.saveLast(), r.metrics.Sync()); err != nil {
		return s, fmt.Errorf("train: end at step %d, %s: %w", r.step, r.lastGood(), err)
	}
	records, err := runlog.ReadMetricsFile(filepath.Join(r.cfg.Dir, metricsFile))
	if err != nil {
		return s, err
	}
	s.Totals = runlog.Summarize(records)
	if len(records) > 0 { // none where the run was interrupted before its first step
		r.keepGoing("loss curves", runlog.PlotLossFiles(r.cfg.Dir, records, filepath.Base(r.cfg.Dir)))
	}
	return s, nil
}

// saveLast saves the state as it stands, where the newest checkpoint is not of this step, and waits until it is durable.
func (r *Run) saveLast() error {
	if r.saved == r.step {
		return nil
	}
	st, err := r.state()
	if err != nil {
		return err
	}
	if err := r.saver.Begin(st); err != nil {
		return err
	}
	saved, err := r.saver.Wait()
	if err != nil {
		return err
	}
	r.reportSave(saved, nil)
	return nil
}

// lastGood says what the run can be resumed from when a save has failed.
func (r *Run) lastGood() string {
	if r.saved < 0 {
		return "no checkpoint stands yet"
	}
	return fmt.Sprintf("the checkpoint of step %d stands", r.saved)
}

// beforeUpdate tells the checkpoint being written that parameter i is about to change.
func (r *Run) beforeUpdate(i int) {
	if r.saver != nil {
		r.saver.BeforeUpdate(i)
	}
}
