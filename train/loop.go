// Package train pretrains a model: the loop, its configuration, validation, samples, checkpoints and resumption.
package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/athanor-lm/athanor/optim"
	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tensor"
)

// Train runs the remaining steps. When ctx is cancelled it finishes the step in hand, saves a checkpoint and returns
// with Summary.Interrupted set; that is no error.
func (r *Run) Train(ctx context.Context) (*Summary, error) {
	r.observer.Begin(r.plan)
	for r.step < r.cfg.Steps && ctx.Err() == nil {
		if err := r.advance(ctx); err != nil {
			if r.step > 0 { // the steps done are kept, whatever stopped the next one
				err = errors.Join(err, r.saveLast())
			}
			return nil, err
		}
	}
	return r.finish()
}

// advance takes one step and does what is due after it.
func (r *Run) advance(ctx context.Context) error {
	rec, err := r.trainStep()
	if err != nil {
		return err
	}
	if r.due(r.cfg.Validation.Every) {
		if rec.Val, err = r.validate(ctx); err != nil {
			return err
		}
	}
	r.record(rec)
	if r.due(r.cfg.Samples.Every) {
		if err := r.writeSamples(ctx); err != nil {
			return err
		}
	}
	return r.checkpointIfDue()
}

// due reports whether something that happens every n steps happens after the current one; at the last step everything does.
func (r *Run) due(n int64) bool {
	return r.step == r.cfg.Steps || n > 0 && r.step%n == 0
}

// trainStep is one step of training and its record.
func (r *Run) trainStep() (*runlog.Record, error) {
	start := time.Now()
	valid, err := r.data.fill(r.micro, r.cursor())
	if err != nil {
		return nil, err
	}
	if valid == 0 {
		return nil, fmt.Errorf("train: step %d: no token of the batch has a label", r.step+1)
	}
	lossScale, lr := r.lossScale(), r.schedule.At(r.step+1)
	u := r.update(valid, lr)
	if u.overflow && r.cfg.DType != "f16" {
		return nil, fmt.Errorf("train: step %d: the gradient norm is %v, the loss %.4g: nothing was updated; lower optimizer.lr or look at the batch of samples %d to %d",
			r.step+1, u.norm, u.loss, r.cursor(), r.cursor()+int64(r.cfg.Batch.Sequences)-1)
	}

	r.step++
	r.tokens += int64(valid)
	took := time.Since(start).Seconds()
	r.elapsed += took
	r.rec = runlog.Record{
		Step: r.step, Tokens: r.tokens, Elapsed: r.elapsed, Loss: u.loss, LR: lr, GradNorm: u.norm,
		TokensPerSec: float64(r.tokensStep()) / took, MFU: r.mfu(took), Skipped: u.overflow, LossScale: r.shownScale(lossScale),
	}
	return &r.rec, nil
}

// cursor is the global index of the first sample of the step in hand.
func (r *Run) cursor() int64 { return r.step * int64(r.cfg.Batch.Sequences) }

// updated is the outcome of an update.
type updated struct {
	loss     float64 // mean over the valid labels, nats
	norm     float64 // of the gradient, before clipping
	overflow bool    // the norm is not finite, and nothing was changed
}

// update is one optimizer step: forward and backward over the micro-batches, which hold valid labels in all, clip, AdamW.
func (r *Run) update(valid int, lr float64) (u updated) {
	// Every label of the global batch weighs the same, however the batch is cut: Σ loss / Σ valid.
	lossScale := r.lossScale()
	r.gradScale = float32(lossScale / float64(valid))
	for i := range r.micro {
		r.current = r.micro[i]
		r.tape.Run("train", uint64(r.step)*uint64(len(r.micro))+uint64(i), true, r.forwardBackward)
		u.loss += r.loss.Sum()
	}
	u.loss /= float64(valid)

	u.norm = r.adam.GradNorm(r.pool) / lossScale
	u.overflow = !optim.Finite(u.norm)
	if !u.overflow {
		clip := optim.ClipFactor(u.norm, r.cfg.Optimizer.Clip)
		r.adam.Step(r.pool, optim.StepArgs{LR: lr, GradScale: clip / lossScale, BeforeUpdate: r.announce})
	}
	if r.scaler != nil {
		r.scaler.Update(!u.overflow)
	}
	tensor.ZeroGrads(r.params)
	return u
}

// makeForwardBackward makes the body of a training run of the tape. The Run keeps it, so that a step allocates nothing.
func (r *Run) makeForwardBackward() func() {
	return func() {
		r.loss = r.model.Loss(r.tape, r.current, r.gradScale)
		r.tape.Backward(r.loss)
	}
}

// tokensStep is the number of tokens a step works through, labelled or not.
func (r *Run) tokensStep() int { return r.cfg.Batch.Sequences * r.cfg.Data.Sequence }

// mfu is the share of the machine's peak that a step of so many seconds reached (model FLOPs utilisation, Chowdhery et al. 2022).
func (r *Run) mfu(seconds float64) float64 {
	if r.plan.PeakGFLOPs == 0 {
		return 0
	}
	return r.cfg.Model.TrainFLOPsPerToken(r.cfg.Data.Sequence) * float64(r.tokensStep()) / seconds / (r.plan.PeakGFLOPs * 1e9)
}

// lossScale is what the loss is multiplied by: more than 1 only in f16.
func (r *Run) lossScale() float64 {
	if r.scaler == nil {
		return 1
	}
	return r.scaler.Scale
}

// shownScale is the loss scale as records show it: only f16 has one.
func (r *Run) shownScale(scale float64) float64 {
	if r.scaler == nil {
		return 0
	}
	return scale
}
