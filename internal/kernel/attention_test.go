package kernel

import (
	"bytes"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"unsafe"
)

// attnTolerance is the error allowed relative to the largest value of a tensor.
func attnTolerance(c attnCase) float64 {
	switch {
	case c.sharp != 0 && c.store == F32 && c.compute == F32:
		return 2e-5 // a rounding of a score of hundreds is a factor of its exp
	case c.compute == BF16:
		return 2e-2
	case c.store == BF16:
		return 8e-3
	case c.store == F16:
		return 2e-3
	}
	return 3e-6
}

func float64s(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// matBytes returns the memory of m from the first element to the last.
func matBytes(m Mat) []byte {
	return unsafe.Slice((*byte)(m.Ptr), ((m.Rows-1)*m.Stride+m.Cols)*m.DT.Size())
}

var attnCases = []attnCase{
	{B: 1, T: 1, H: 1, K: 1, D: 2, mask: "causal"},
	{B: 2, T: 7, H: 2, K: 1, D: 6, mask: "full", rope: true},
	{B: 2, T: 64, H: 4, K: 4, D: 32, mask: "causal"},
	{B: 1, T: 67, H: 4, K: 2, D: 32, mask: "documents", rope: true},
	{B: 1, T: 131, H: 3, K: 1, D: 64, mask: "causal", rope: true},
	{B: 1, T: 131, H: 2, K: 1, D: 80, mask: "window", rope: true},
	{B: 1, T: 150, H: 2, K: 2, D: 128, mask: "prefix"},
	{B: 2, T: 97, H: 2, K: 1, D: 64, mask: "holes", rope: true},
	{B: 1, T: 113, H: 2, K: 1, D: 32, mask: "causal", drop: 0.3},
	{B: 1, T: 290, H: 1, K: 1, D: 64, mask: "causal"},
	{B: 1, T: 290, H: 1, K: 1, D: 64, mask: "documents"},
	{B: 1, T: 130, H: 1, K: 1, D: 64, mask: "causal", sharp: 5}, // scores of hundreds
	{B: 1, T: 41, H: 1, K: 1, D: 2, mask: "window"},
	{B: 1, T: 33, H: 1, K: 1, D: 4, mask: "full", drop: 1},
}

func TestAttentionMatchesTheOracle(t *testing.T) {
	types := []struct{ store, compute DType }{{F32, F32}, {F32, BF16}, {BF16, BF16}, {F16, F16}}
	for i, base := range attnCases {
		for _, dt := range types {
			c := base
			c.store, c.compute = dt.store, dt.compute
			if c.sharp != 0 && c.store != c.compute {
				continue // rounding the operands moves such scores by whole units
			}
			a := newAttnArgs(c, uint64(i))
			o := newAttnOracle(a, values(a.QKV), values(a.DOut))
			for _, level := range Levels() {
				t.Run(level.String()+"/"+c.String(), func(t *testing.T) {
					SetLevelForTest(t, level)
					a := newAttnArgs(c, uint64(i))
					p := NewPool(2)
					defer p.Close()
					AttentionForward(p, a)
					AttentionBackward(p, a)
					tol := attnTolerance(c)
					closeTo(t, "out", values(a.Out), o.out, tol)
					closeTo(t, "lse", float64s(a.LSE), o.lse, tol)
					closeTo(t, "dqkv", values(a.DQKV), o.dqkv, tol)
				})
			}
		}
	}
}

func TestAttentionBitsDoNotDependOnWorkers(t *testing.T) {
	for _, c := range []attnCase{
		{B: 1, T: 131, H: 6, K: 3, D: 64, mask: "causal", rope: true, store: BF16, compute: BF16},
		{B: 1, T: 75, H: 1, K: 1, D: 32, mask: "full", store: F32, compute: F32},
	} {
		var out, dqkv []byte
		for workers := 1; workers <= 3; workers++ {
			a := newAttnArgs(c, 1)
			p := NewPool(workers)
			AttentionForward(p, a)
			AttentionBackward(p, a)
			AttentionBackward(p, a) // a second run overwrites
			p.Close()
			if workers == 1 {
				out, dqkv = matBytes(a.Out), matBytes(a.DQKV)
			} else if !bytes.Equal(out, matBytes(a.Out)) || !bytes.Equal(dqkv, matBytes(a.DQKV)) {
				t.Errorf("%v: %d workers give other bits than 1", c, workers)
			}
		}
	}
}

func TestAttentionAllocatesNothingInSteadyState(t *testing.T) {
	a := newAttnArgs(attnCase{B: 2, T: 70, H: 2, K: 1, D: 32, mask: "causal", rope: true, drop: 0.1, store: BF16, compute: BF16}, 1)
	d := newDecodeArgs(rand.New(rand.NewPCG(1, 1)), 2, 1, 2, 1, 32, BF16, 40)
	prompt := newDecodeArgs(rand.New(rand.NewPCG(1, 1)), 2, 30, 2, 1, 32, BF16, 40)
	p := NewPool(2)
	defer p.Close()
	step := func() {
		AttentionForward(p, a)
		AttentionBackward(p, a)
		AttentionDecode(p, d)
		AttentionDecode(p, prompt)
	}
	step()
	least := uint64(math.MaxUint64)
	for range 3 { // the runtime's own allocations are counted too, but do not come each time
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 10 {
			step()
		}
		runtime.ReadMemStats(&after)
		least = min(least, after.Mallocs-before.Mallocs)
	}
	if least >= 10 {
		t.Errorf("%d allocations in 10 steps, want none", least)
	}
}

func TestAttentionRefusesSizesThatDoNotFit(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	for name, spoil := range map[string]func(a *AttnArgs){
		"heads":     func(a *AttnArgs) { a.H = 3 },
		"qkv":       func(a *AttnArgs) { a.QKV.Cols-- },
		"out":       func(a *AttnArgs) { a.Out = Mat{} },
		"lse":       func(a *AttnArgs) { a.LSE = nil },
		"scale":     func(a *AttnArgs) { a.Scale = 0 },
		"positions": func(a *AttnArgs) { a.Positions = nil },
		"position":  func(a *AttnArgs) { a.Positions[2] = 8 },
		"interval":  func(a *AttnArgs) { a.KeyHi[1] = 9 },
	} {
		a := newAttnArgs(attnCase{B: 1, T: 4, H: 2, K: 2, D: 4, mask: "causal", rope: true}, 1)
		spoil(a)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			AttentionForward(p, a)
		}()
	}
}
