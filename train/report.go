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
func (r *Run) record(rec *runlog.Record) error {
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
	if err := r.metrics.Write(rec); err != nil {
		return err
	}
	if err := r.events.Record(rec); err != nil {
		return err
	}
	r.observer.Step(rec)
	return nil
}

// writeSamples lets the model continue the configured prompts and keeps the texts.
func (r *Run) writeSamples(ctx context.Context) error {
	s := r.cfg.Samples
	if len(s.Prompts) == 0 || s.Tokens == 0 {
		return nil
	}
	results, _, err := r.generator.Generate(ctx, s.Prompts, generate.Options{
		Sampling:  generate.Sampling{Temperature: s.Temperature, TopK: s.TopK, Seed: r.cfg.Seed},
		MaxTokens: s.Tokens,
	}, nil)
	if err != nil {
		return fmt.Errorf("train: samples: %w", err)
	}
	var texts []SampleText
	var b strings.Builder
	for i, res := range results {
		texts = append(texts, SampleText{Prompt: s.Prompts[i], Text: res.Text})
		fmt.Fprintf(&b, "%s%s\n\n", s.Prompts[i], res.Text)
	}
	dir := filepath.Join(r.cfg.Dir, samplesDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("train: samples: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("step-%08d.txt", r.step)), []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("train: samples: %w", err)
	}
	if err := r.events.Text(r.step, "samples", b.String()); err != nil {
		return err
	}
	r.observer.Sampled(r.step, texts)
	return nil
}
