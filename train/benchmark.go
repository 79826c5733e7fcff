package train

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/athanor-lm/athanor/model"
	"github.com/athanor-lm/athanor/runlog"
)

// Benchmark is the speed of training steps: forward, backward, clipping and AdamW on random tokens.
type Benchmark struct {
	TokensPerS float64 `json:"tokens_per_s"` // of the median step
	FastestPS  float64 `json:"fastest_tokens_per_s"`
	StepMS     float64 `json:"step_ms"`
	MFU        float64 `json:"mfu"` // of the peak measured in the same process
	PeakGFLOPs float64 `json:"peak_gflops"`
	GFLOPs     float64 `json:"model_gflops"`
	PeakRSSMB  float64 `json:"peak_rss_mb"`
	ArenaMB    float64 `json:"arena_mb"`
	FirstLoss  float64 `json:"first_loss"`
	LastLoss   float64 `json:"last_loss"`
	Level      string  `json:"level"`
}

// bare makes a Run that can update and nothing else: without data, directory or observer.
func bare(cfg *Config) (*Run, error) {
	if err := checkLeast(cfg); err != nil {
		return nil, err
	}
	m, err := model.New(cfg.Model.Config, model.Options{Recompute: cfg.Recompute})
	if err != nil {
		return nil, err
	}
	r := &Run{cfg: cfg, model: m, params: m.Params(), now: time.Now, pool: kernel.NewPool(cfg.Workers)}
	if r.plan.Memory, err = checkMemory(r.pool, m, cfg, 0); err != nil {
		r.Close()
		return nil, err
	}
	r.allocateStep()
	return r, nil
}

// MeasureSteps times steps training steps of a configuration (its data is not read), after warmup more. A cancelled
// ctx ends it with its error.
func MeasureSteps(ctx context.Context, cfg *Config, warmup, steps int) (*Benchmark, error) {
	if steps < 1 || warmup < 0 {
		return nil, fmt.Errorf("train: benchmark of %d steps after %d, want at least 1 after 0", steps, warmup)
	}
	r, err := bare(cfg)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	model.Init(r.model, r.pool, cfg.Seed)
	valid := r.randomBatches()
	r.plan.PeakGFLOPs = r.measurePeak()
	b := &Benchmark{Level: kernel.CurrentLevel().String(), ArenaMB: float64(r.plan.Memory.Activations) / 1e6}
	var took []float64
	for i := range warmup + steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		start := time.Now()
		u := r.update(valid, cfg.Optimizer.LR)
		if r.step++; i >= warmup {
			took = append(took, time.Since(start).Seconds())
		}
		if b.LastLoss = u.loss; i == 0 {
			b.FirstLoss = u.loss
		}
	}
	slices.Sort(took)
	median := took[len(took)/2]
	b.PeakGFLOPs = max(r.plan.PeakGFLOPs, r.measurePeak())
	r.plan.PeakGFLOPs = b.PeakGFLOPs
	b.TokensPerS, b.FastestPS = float64(r.tokensStep())/median, float64(r.tokensStep())/took[0]
	b.StepMS, b.MFU = 1e3*median, r.mfu(median)
	b.GFLOPs = b.MFU * b.PeakGFLOPs
	if _, peak, ok := runlog.Memory(); ok {
		b.PeakRSSMB = float64(peak) / 1e6
	}
	return b, nil
}

// randomBatches fills the micro-batches with random ids under a causal mask and returns the number of labels.
func (r *Run) randomBatches() (valid int) {
	rng := rand.New(rand.NewPCG(r.cfg.Seed, 1))
	vocab := r.cfg.Model.Vocab
	for _, b := range r.micro {
		for i := range b.Inputs {
			b.Inputs[i], b.Labels[i] = int32(rng.IntN(vocab)), int32(rng.IntN(vocab))
		}
		b.Valid = len(b.Labels)
		valid += b.Valid
	}
	return valid
}
