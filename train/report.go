package train

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/athanor-lm/athanor/generate"
	"github.com/athanor-lm/athanor/runlog"
)

// record writes a step's figures where they are kept and shows them.
func (r *Run) record(rec *runlog.Record) {
	if rec.Skipped {
		r.skipped++
		r.message("step %d: the gradients overflowed, the update was skipped and the loss scale halved", rec.Step)
	}
	if now, _, ok := runlog.Memory(); ok {
		rec.RSS = now
	}
	if len(r.valExtra) > 0 {
		rec.Extra = maps.Clone(r.valExtra)
		clear(r.valExtra)
	}
	r.lastLoss = rec.Loss
	r.keepGoing("metrics", r.metrics.Write(rec))
	r.keepGoing("tensorboard", r.events.Record(rec))
	r.observer.Step(rec)
}

// keepGoing tells, once until it works again, that something that only describes the run could not be written: that is
// no reason to lose the run. A full disk may have room again after a checkpoint that failed was removed.
func (r *Run) keepGoing(what string, err error) {
	if err != nil && !r.failing[what] {
		r.message("%s could not be written, training goes on: %v", what, err)
	}
	if err == nil {
		delete(r.failing, what)
	} else {
		r.failing[what] = true
	}
}

// samples returns the prompts that are continued during training, none where no samples are wanted, and how.
func (r *Run) samples() ([]string, generate.Options) {
	s := r.cfg.Samples
	o := generate.Options{
		Sampling:  generate.Sampling{Temperature: s.Temperature, TopK: s.TopK, Seed: r.cfg.Seed},
		MaxTokens: s.Tokens, Slide: true,
	}
	if s.Tokens == 0 {
		return nil, o
	}
	return s.Prompts, o
}

// writeSamples lets the model continue the configured prompts and keeps the texts.
func (r *Run) writeSamples(ctx context.Context) error {
	prompts, o := r.samples()
	if len(prompts) == 0 {
		return nil
	}
	results, _, err := r.generator.Generate(ctx, prompts, o, nil)
	if err != nil {
		return fmt.Errorf("train: samples: %w", err)
	}
	if ctx.Err() != nil {
		return nil // half a text is none
	}
	var texts []SampleText
	var b strings.Builder
	for i, res := range results {
		texts = append(texts, SampleText{Prompt: prompts[i], Text: res.Text})
		fmt.Fprintf(&b, "%s%s\n\n", prompts[i], res.Text)
	}
	dir := filepath.Join(r.cfg.Dir, samplesDir)
	err = os.MkdirAll(dir, 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("step-%08d.txt", r.step)), []byte(b.String()), 0o644)
	}
	r.keepGoing("samples", err)
	r.keepGoing("tensorboard", r.events.Text(r.step, "samples", b.String()))
	r.observer.Sampled(r.step, texts)
	return nil
}
