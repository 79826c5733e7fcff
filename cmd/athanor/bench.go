package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/pprof"

	"github.com/athanor-lm/athanor/model"
	"github.com/athanor-lm/athanor/train"
)

type benchCmd struct {
	Train benchTrainCmd `cmd:"" help:"Time training steps of a model on random tokens."`
}

type benchTrainCmd struct {
	Preset string `help:"A preset by name (docs/config.md lists them) instead of the sizes below."`
	Family string `default:"gpt2" help:"gpt2 or llama."`
	Layers int    `default:"4" help:"Layers."`
	Width  int    `default:"128" help:"Width of the residual stream."`
	Heads  int    `default:"4" help:"Attention heads."`
	Vocab  int    `default:"65" help:"Vocabulary."`
	Ctx    int    `default:"64" help:"Tokens a sequence."`
	Batch  int    `default:"12" help:"Sequences a step."`
	Micro  int    `default:"0" help:"Sequences at once, 0 = all."`

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
  athanor bench train --preset gpt2 --ctx 512 --batch 2 --json`
}

func (b *benchTrainCmd) Run(c *cliContext) error {
	cfg := train.DefaultConfig()
	cfg.Model.Config = model.Config{Family: b.Family, Layers: b.Layers, Width: b.Width, Heads: b.Heads, Vocab: b.Vocab, Context: b.Ctx}
	if b.Preset != "" {
		preset, err := model.Preset(b.Preset)
		if err != nil {
			return err
		}
		cfg.Model.Config = preset
	}
	cfg.Model.Config = cfg.Model.Config.Normalize()
	cfg.Data.Sequence, cfg.Batch.Sequences, cfg.Batch.Micro, cfg.Steps = b.Ctx, b.Batch, b.Micro, int64(b.Steps+b.Warmup)
	if b.Micro == 0 {
		cfg.Batch.Micro = b.Batch
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
	r, err := train.MeasureSteps(&cfg, b.Warmup, b.Steps)
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
