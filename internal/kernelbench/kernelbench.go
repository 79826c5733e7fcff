// Package kernelbench measures the kernels on the shapes of the models, beside what the machine can do.
package kernelbench

import (
	"context"
	"fmt"
	"time"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// Result is one measured kernel.
type Result struct {
	Group   string  `json:"group"`   // "gemm", "attention" or "vector"
	Kernel  string  `json:"kernel"`  // what is computed
	Shape   string  `json:"shape"`   // on what
	DType   string  `json:"dtype"`   // computed in
	Seconds float64 `json:"seconds"` // of the fastest run
	Rate    float64 `json:"rate"`    // in Unit
	Unit    string  `json:"unit"`    // "GFLOP/s" or "GB/s"
	Peak    float64 `json:"peak"`    // of the machine, in Unit
	Ratio   float64 `json:"ratio"`   // Rate/Peak
}

// Peaks are what the machine can do, measured in the same process.
type Peaks struct {
	Level      string  `json:"level"` // of the kernels
	Workers    int     `json:"workers"`
	BF16       float64 `json:"bf16_gflops"` // multiply-adds on registers, GFLOP/s
	F32        float64 `json:"f32_gflops"`
	CopyGBs    float64 `json:"copy_gbs"` // reading and writing memory far larger than the caches, GB/s
	PerKernelS float64 `json:"seconds_per_kernel"`
}

// Bench measures on a pool.
type Bench struct {
	pool  *kernel.Pool
	time  time.Duration
	peaks Peaks
	group string
	// what kernels work on
	gemm  [][3]int
	attn  [][5]int
	elems int // of the arrays of vector kernels
}

// New measures the peaks. Every kernel then runs for about perKernel, and its fastest run counts: on a machine that others
// use, the others disturb the rest.
func New(p *kernel.Pool, perKernel time.Duration) *Bench {
	return newBench(p, Bench{time: perKernel, gemm: gemmShapes, attn: attnShapes, elems: vecElems})
}

func newBench(p *kernel.Pool, b Bench) *Bench {
	b.pool = p
	perKernel := b.time
	b.peaks = Peaks{
		Level: kernel.CurrentLevel().String(), Workers: p.Workers(), PerKernelS: perKernel.Seconds(),
		BF16: kernel.MeasurePeak(p, kernel.BF16, 3*perKernel), F32: kernel.MeasurePeak(p, kernel.F32, 3*perKernel),
	}
	b.peaks.CopyGBs = b.copyRate()
	return &b
}

// Peaks returns what was measured first.
func (b *Bench) Peaks() Peaks { return b.peaks }

// Groups names the groups Run knows.
var Groups = []string{"gemm", "attention", "vector"}

// Run measures a group and gives out results as they come. A cancelled context ends it.
func (b *Bench) Run(ctx context.Context, group string, emit func(Result)) error {
	b.group = group
	switch group {
	case "gemm":
		return b.gemms(ctx, emit)
	case "attention":
		return b.attentions(ctx, emit)
	case "vector":
		return b.vectors(ctx, emit)
	}
	return fmt.Errorf("kernelbench: group %q is unknown, want one of %v", group, Groups)
}

// fastest runs f, once before, then for the time of a kernel and at least once.
func (b *Bench) fastest(f func()) float64 {
	f()
	best := time.Duration(1 << 62)
	for start, n := time.Now(), 0; n < 1 || time.Since(start) < b.time; n++ {
		t := time.Now()
		f()
		best = min(best, time.Since(t))
	}
	return best.Seconds()
}

// result makes a Result of amount units (operations or bytes) in that many seconds.
func (b *Bench) result(name, shape string, dt kernel.DType, seconds, amount float64, unit string) Result {
	peak := b.peaks.CopyGBs
	if unit == "GFLOP/s" {
		if peak = b.peaks.F32; dt == kernel.BF16 {
			peak = b.peaks.BF16
		}
	}
	rate := amount / seconds / 1e9
	return Result{b.group, name, shape, dt.String(), seconds, rate, unit, peak, rate / peak}
}
