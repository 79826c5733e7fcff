package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"runtime/pprof"

	"github.com/athanor-lm/athanor/model"
	"github.com/athanor-lm/athanor/train"
)

type benchTrainCmd struct {
	Preset  string `help:"A preset by name (docs/config.md lists them); sizes given beside it change it."`
	Family  string `help:"gpt2 or llama (default gpt2)." enum:",gpt2,llama" default:""`
	Layers  int    `placeholder:"N" help:"Layers (default 4)."`
	Width   int    `placeholder:"N" help:"Width of the residual stream (default 128)."`
	Heads   int    `placeholder:"N" help:"Attention heads (default 4)."`
	KVHeads int    `name:"kv-heads" placeholder:"N" help:"Key and value heads, a divisor of the heads (default: as many; llama)."`
	Vocab   int    `placeholder:"N" help:"Vocabulary (default 65)."`
	Ctx     int    `placeholder:"N" help:"Tokens a sequence (default: the preset's context, or 64)."`
	Batch   int    `default:"12" placeholder:"N" help:"Sequences a step (default 12)."`
	Micro   int    `default:"0" placeholder:"N" help:"Sequences at once, 0 = all."`

	DType     string `name:"dtype" default:"bf16" enum:"bf16,f16,f32" help:"Compute type: bf16, f16 or f32."`
	Recompute bool   `help:"Activation checkpointing."`
	Threads   int    `default:"0" help:"Threads, 0 = all."`
	Steps     int    `default:"20" help:"Steps to time; the median counts."`
	Warmup    int    `default:"3" help:"Steps before, not timed."`
	JSON      bool   `name:"json" help:"Print as JSON."`

	CPUProfile string `name:"cpuprofile" help:"Write a CPU profile for go tool pprof." placeholder:"FILE"`
}

// Help is shown by athanor bench train --help.
func (*benchTrainCmd) Help() string {
	return `Forward, backward, clipping and AdamW; the ratio is model FLOPs (6·N + attention) to the peak of the
processor measured in the same process.

Examples:
  athanor bench train --layers 6 --width 384 --heads 6 --ctx 256 --batch 16
  athanor bench train --preset llama-30m --kv-heads 2 --batch 8 --json`
}

func (b *benchTrainCmd) Run(c *cliContext) error {
	m, err := b.model()
	if err != nil {
		return err
	}
	cfg := train.DefaultConfig()
	cfg.Model.Config = m
	cfg.Data.Sequence, cfg.Steps = cmp.Or(b.Ctx, m.Context), int64(b.Steps+b.Warmup)
	cfg.Batch.Sequences, cfg.Batch.Micro = b.Batch, cmp.Or(b.Micro, b.Batch)
	if s := cfg.Batch; s.Sequences < 1 || s.Micro < 1 || s.Sequences%s.Micro != 0 {
		return fmt.Errorf("bench train: --batch %d with --micro %d: want at least 1, and a divisor of the batch", s.Sequences, s.Micro)
	}
	cfg.DType, cfg.Workers, cfg.Recompute = b.DType, b.Threads, b.Recompute
	if b.CPUProfile != "" {
		f, err := os.Create(b.CPUProfile)
		if err != nil {
			return fmt.Errorf("bench train: %w", err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return fmt.Errorf("bench train: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	r, err := train.MeasureSteps(c.ctx, &cfg, b.Warmup, b.Steps)
	if err != nil {
		return err
	}
	if b.JSON {
		return json.NewEncoder(c.stdout).Encode(r)
	}
	_, err = fmt.Fprintf(c.stdout, "%.0f tokens/s (median step %.1f ms, fastest %.0f tokens/s)\n%.1f%% of the measured peak: %.0f of %.0f GFLOP/s (%s, %s)\npeak memory %.0f MB, of which activations %.0f MB\n",
		r.TokensPerS, r.StepMS, r.FastestPS, 100*r.MFU, r.GFLOPs, r.PeakGFLOPs, b.DType, r.Level, r.PeakRSSMB, r.ArenaMB)
	return err
}

// model is the preset, or nanoGPT's CPU setting, with the sizes that were given.
func (b *benchTrainCmd) model() (model.Config, error) {
	m, err := model.Preset(cmp.Or(b.Preset, "nano-cpu"))
	if err != nil {
		return m, err
	}
	if b.Family != "" && b.Family != m.Family {
		m = model.Config{Family: b.Family, Vocab: m.Vocab, Layers: m.Layers, Width: m.Width, Heads: m.Heads, Context: m.Context}
	}
	if b.Width != 0 || b.Heads != 0 {
		m.HeadDim = 0 // follows from width and heads
	}
	if b.Width != 0 {
		m.FF = 0 // follows from the width
	}
	if b.Heads != 0 {
		m.KVHeads = 0 // as many as heads
	}
	for _, f := range []struct {
		given int
		field *int
	}{
		{b.Layers, &m.Layers}, {b.Width, &m.Width}, {b.Heads, &m.Heads}, {b.KVHeads, &m.KVHeads}, {b.Vocab, &m.Vocab},
	} {
		if f.given != 0 {
			*f.field = f.given
		}
	}
	m.Context = max(m.Context, b.Ctx)
	if err := m.ValidateWidth(); err != nil {
		return m, fmt.Errorf("bench train: %w", err)
	}
	m = m.Normalize()
	if err := m.Validate(); err != nil {
		return m, fmt.Errorf("bench train: %w", err)
	}
	return m, nil
}
