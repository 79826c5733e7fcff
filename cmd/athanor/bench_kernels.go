package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/athanor-lm/athanor/internal/kernelbench"
	"github.com/athanor-lm/athanor/runlog"
)

type benchKernelsCmd struct {
	Only    []string      `placeholder:"GROUP" help:"Only these groups: gemm, attention, vector."`
	Time    time.Duration `default:"100ms" help:"Time for each kernel; its fastest run counts."`
	Threads int           `default:"0" help:"Threads, 0 = all."`
	JSON    bool          `name:"json" help:"Print as JSON."`
}

// Help is shown by athanor bench kernels --help.
func (*benchKernelsCmd) Help() string {
	return `The peaks are measured in the same process: multiply-adds on registers for products and attention, a copy of memory
larger than the caches for vector kernels (which may beat it: a copy also fetches what it overwrites). Set
ATHANOR_KERNEL to generic, avx2, avx512 or avx512bf16 to measure another level.

Examples:
  athanor bench kernels
  athanor bench kernels --only gemm --threads 1 --json | jq '.kernels[] | select(.ratio < 0.8)'`
}

func (b *benchKernelsCmd) Run(c *cliContext) error {
	groups := kernelbench.Groups
	if len(b.Only) > 0 {
		groups = b.Only
	}
	for _, g := range groups {
		if !slices.Contains(kernelbench.Groups, g) {
			return fmt.Errorf("--only %s: no such group, want one of %v", g, kernelbench.Groups)
		}
	}
	if b.Time <= 0 {
		return fmt.Errorf("--time %v: want more than 0", b.Time)
	}
	pool := kernel.NewPool(b.Threads)
	defer pool.Close()
	bench := kernelbench.New(pool, b.Time)
	if !b.JSON {
		p := bench.Peaks()
		fmt.Fprintf(c.stdout, "%s, %d threads; peaks: bf16 %.0f GFLOP/s, f32 %.0f GFLOP/s, copy %.1f GB/s\n", p.Level, p.Workers, p.BF16, p.F32, p.CopyGBs)
	}
	results := []kernelbench.Result{}
	for _, g := range groups {
		if !b.JSON {
			fmt.Fprintf(c.stdout, "\n%-22s  %-20s  %-5s %9s  %14s  %s\n", g, "shape", "type", "time", "rate", "of peak")
		}
		err := bench.Run(c.ctx, g, func(r kernelbench.Result) {
			results = append(results, r)
			if !b.JSON {
				fmt.Fprintf(c.stdout, "%-22s  %-20s  %-5s %7.3fms  %6.1f %-7s  %6s\n", r.Kernel, r.Shape, r.DType, 1e3*r.Seconds, r.Rate, r.Unit, runlog.Percent(r.Ratio))
			}
		})
		if err != nil {
			return err
		}
	}
	if b.JSON {
		return printJSON(c.stdout, struct {
			Peaks   kernelbench.Peaks    `json:"peaks"`
			Kernels []kernelbench.Result `json:"kernels"`
		}{bench.Peaks(), results})
	}
	return nil
}
