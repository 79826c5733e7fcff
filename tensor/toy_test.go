package tensor

import (
	"fmt"
	"math"
	"testing"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// toy is a small transformer that uses every training operation.
type toy struct {
	B, T, C, H, K, D, F, V int
	drop                   float32
	recompute              bool
	params                 []*Param
	byName                 map[string]*Param
	rope                   *Rope
	ids, labels, pos       []int32
	lo, hi                 []int32
	layer                  func(x *Tensor) *Tensor
	tape                   *Tape
	loss                   *Loss
	body                   func()
}

func newToy(tape *Tape) *toy {
	m := &toy{B: 3, T: 13, C: 24, H: 4, K: 2, D: 6, F: 20, V: 29, tape: tape, byName: map[string]*Param{}}
	m.rope = NewRope(m.D, m.T, 1e4, RopeScaling{})
	std := Init{Kind: Normal, Std: 0.2}
	m.param("embed", std, m.V, m.C)
	m.param("pos", std, m.T, m.C)
	m.param("norm1", Init{Kind: Normal, Std: 1}, m.C)
	m.param("qkv", std, (m.H+2*m.K)*m.D, m.C)
	m.param("qkv.b", std, (m.H+2*m.K)*m.D)
	m.param("qn", Init{Kind: Ones}, m.D)
	m.param("kn", Init{Kind: Ones}, m.D)
	m.param("out", std, m.C, m.H*m.D)
	m.param("norm2", Init{Kind: Normal, Std: 1}, m.C)
	m.param("norm2.b", Init{}, m.C)
	m.param("gate_up", std, 2*m.F, m.C)
	m.param("down", std, m.C, m.F)
	m.param("down.b", std, m.C)
	m.param("up2", std, m.F, m.C)
	m.param("up2.b", std, m.F)
	m.param("down2", std, m.C, m.F)
	m.param("norm", Init{Kind: Ones}, m.C)
	n := m.B * m.T
	for i := range n {
		t := i % m.T
		m.ids = append(m.ids, int32((i*7+3)%m.V))
		m.labels = append(m.labels, int32((i*5+1)%m.V))
		m.pos = append(m.pos, int32(t))
		m.lo, m.hi = append(m.lo, int32(max(0, t-8))), append(m.hi, int32(t+1))
	}
	m.labels[4], m.labels[20] = Ignored, Ignored
	m.layer = m.block
	m.body = func() {
		m.loss = m.forward()
		m.tape.Backward(m.loss)
	}
	return m
}

func (m *toy) param(name string, init Init, shape ...int) {
	p := NewParam(name, init, shape...)
	p.Allocate(m.tape.Compute(), true)
	p.Initialize(m.tape.Pool(), 1)
	m.params = append(m.params, p)
	m.byName[name] = p
}

func (m *toy) block(x *Tensor) *Tensor {
	t, p := m.tape, m.byName
	h := t.RMSNorm(x, p["norm1"], 1e-5)
	h = t.Linear(h, p["qkv"], p["qkv.b"], kernel.NoAct)
	h = t.HeadNorm(h, p["qn"], p["kn"], m.H, m.K, m.D, 1e-5)
	h = t.Attention(h, AttnSpec{H: m.H, K: m.K, D: m.D, KeyLo: m.lo, KeyHi: m.hi, Positions: m.pos, Rope: m.rope, Drop: m.drop})
	x = t.LinearResidual(h, p["out"], nil, x, m.drop)
	h = t.LayerNorm(x, p["norm2"], p["norm2.b"], 1e-5)
	h = t.SwiGLU(t.Linear(h, p["gate_up"], nil, kernel.NoAct))
	x = t.LinearResidual(h, p["down"], p["down.b"], x, m.drop)
	h = t.RMSNorm(x, p["norm1"], 1e-5)
	h = t.Linear(h, p["up2"], p["up2.b"], kernel.GELUTanhAct)
	return t.LinearResidual(h, p["down2"], nil, x, m.drop)
}

func (m *toy) forward() *Loss {
	t, p := m.tape, m.byName
	x := t.Embed(m.ids, m.B, m.T, p["embed"], m.pos, p["pos"], m.drop)
	for range 2 {
		if m.recompute {
			x = t.Recompute(x, m.layer)
		} else {
			x = m.block(x)
		}
	}
	return t.HeadLoss(t.RMSNorm(x, p["norm"], 1e-5), p["embed"], m.labels, 1.0/37)
}

// step runs one training step and returns the loss.
func (m *toy) step(step uint64) float64 {
	ZeroGrads(m.params)
	m.tape.Run("train", step, true, m.body)
	return m.loss.Sum() / float64(m.loss.Count())
}

// grads returns a copy of all gradients.
func (m *toy) grads() map[string][]float32 {
	g := map[string][]float32{}
	for _, p := range m.params {
		g[p.Name] = append([]float32(nil), p.Grad.F32()...)
	}
	return g
}

func testTape(tb testing.TB, compute DType, workers int) *Tape {
	p := kernel.NewPool(workers)
	tb.Cleanup(p.Close)
	t := NewTape(Options{Pool: p, Compute: compute, Seed: 7})
	tb.Cleanup(t.Free)
	return t
}

func TestToyLearns(t *testing.T) {
	for _, dt := range []DType{F32, BF16, F16} {
		t.Run(dt.String(), func(t *testing.T) {
			m := newToy(testTape(t, dt, 2))
			first := m.step(0)
			for s := range 30 {
				for _, p := range m.params {
					kernel.Axpy(p.Value.F32(), -0.5, p.Grad.F32())
					p.Refresh(m.tape.Pool())
				}
				m.step(uint64(s + 1))
			}
			if last := m.step(99); math.IsNaN(last) || last > first*0.7 {
				t.Errorf("loss %v → %v in 30 steps, want a fall by 30 %%", first, last)
			}
		})
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	for _, recompute := range []bool{false, true} {
		for _, dt := range []DType{F32, BF16, F16} {
			t.Run(fmt.Sprint(dt, " recompute ", recompute), func(t *testing.T) { stepAllocatesNothing(t, dt, recompute) })
		}
	}
	for _, level := range kernel.Levels() {
		t.Run(fmt.Sprint(BF16, " ", level), func(t *testing.T) {
			kernel.SetLevelForTest(t, level)
			stepAllocatesNothing(t, BF16, false)
		})
	}
}

func stepAllocatesNothing(t *testing.T, dt DType, recompute bool) {
	m := newToy(testTape(t, dt, 2))
	m.recompute, m.drop, m.tape.keepBelow = recompute, 0.1, 0
	m.step(0)
	step, fewest := uint64(0), math.Inf(1)
	for range 4 { // the runtime itself allocates now and then, when a worker first parks
		fewest = min(fewest, testing.AllocsPerRun(5, func() { step++; m.step(step) }))
	}
	if fewest != 0 {
		t.Errorf("%v allocations a step, want none", fewest)
	}
}

func sameBits(t *testing.T, what string, got, want map[string][]float32) {
	t.Helper()
	for name, w := range want {
		for i, v := range got[name] {
			if math.Float32bits(v) != math.Float32bits(w[i]) {
				t.Errorf("%s: gradient of %s: element %d is %v, want %v", what, name, i, v, w[i])
				break
			}
		}
	}
}

func TestGradientsDoNotDependOnTheWorkers(t *testing.T) {
	for _, level := range kernel.Levels() {
		for _, dt := range []DType{F32, BF16, F16} {
			t.Run(fmt.Sprint(level, " ", dt), func(t *testing.T) {
				kernel.SetLevelForTest(t, level)
				var want map[string][]float32
				for _, workers := range []int{1, 2, 3} {
					m := newToy(testTape(t, dt, workers))
					m.drop, m.tape.keepBelow = 0.1, 0
					m.step(5)
					if want == nil {
						want = m.grads()
					}
					sameBits(t, fmt.Sprint(workers, " workers"), m.grads(), want)
				}
			})
		}
	}
}

func TestRecomputeGivesTheSameBitsInLessMemory(t *testing.T) {
	for _, dt := range []DType{F32, BF16, F16} {
		for _, keepBelow := range []int{0, keepBytes} {
			for _, drop := range []float32{0, 0.1} {
				t.Run(fmt.Sprint(dt, " keeping below ", keepBelow, " dropping ", drop), func(t *testing.T) { checkRecompute(t, dt, keepBelow, drop) })
			}
		}
	}
}

func checkRecompute(t *testing.T, dt DType, keepBelow int, drop float32) {
	plain, again := newToy(testTape(t, dt, 2)), newToy(testTape(t, dt, 2))
	plain.tape.keepBelow, again.tape.keepBelow = keepBelow, keepBelow
	plain.drop, again.drop, again.recompute = drop, drop, true
	if a, b := plain.step(5), again.step(5); a != b {
		t.Errorf("loss %v, recomputed %v", a, b)
	}
	sameBits(t, "recomputed", again.grads(), plain.grads())
	again.step(6)
	again.step(5)
	sameBits(t, "in the steady state", again.grads(), plain.grads())
	p, a := plain.tape.Plan("p", true, plain.body), again.tape.Plan("p", true, again.body)
	if a.ArenaBytes >= p.ArenaBytes*17/20 {
		t.Errorf("arena of %d bytes with Recompute, %d without: want less than 85 %%", a.ArenaBytes, p.ArenaBytes)
	}
	if a.FLOPs["Recompute"] <= 0 || a.Total()-a.FLOPs["Recompute"] != p.Total() {
		t.Errorf("FLOPs %v with Recompute, %v without", a.FLOPs, p.FLOPs)
	}
}
