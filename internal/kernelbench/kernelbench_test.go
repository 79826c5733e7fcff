package kernelbench

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/athanor-lm/athanor/internal/kernel"
)

func TestEveryKernelIsMeasured(t *testing.T) {
	pool := kernel.NewPool(0)
	defer pool.Close()
	b := newBench(pool, Bench{time: time.Microsecond, gemm: gemmShapes[:2], attn: attnShapes[:1], elems: 4 * vecRow})
	p := b.Peaks()
	if !(p.BF16 > 0 && p.F32 > 0 && p.CopyGBs > 0) || p.Workers != pool.Workers() {
		t.Errorf("peaks %+v", p)
	}
	for group, want := range map[string]int{"gemm": 6 * 2, "attention": 4 * 1, "vector": 9} {
		n := 0
		if err := b.Run(context.Background(), group, func(r Result) {
			n++
			if r.Group != group || !(r.Rate > 0) || math.Abs(r.Ratio*r.Peak-r.Rate) > 1e-9*r.Rate {
				t.Errorf("%+v", r)
			}
		}); err != nil || n != want {
			t.Errorf("%s: %d results (%v), want %d", group, n, err, want)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := b.Run(ctx, group, func(Result) {}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled: %v", group, err)
		}
	}
	if err := b.Run(context.Background(), "gem", nil); err == nil {
		t.Error("an unknown group was run")
	}
}
