package optim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/athanor-lm/athanor/tensor"
)

// makeParams returns matrices and vectors, some longer than a block, with values of a fixed seed.
func makeParams(compute tensor.DType) []*tensor.Param {
	rng := rand.New(rand.NewPCG(3, 4))
	var params []*tensor.Param
	for i, shape := range [][]int{{300, 170}, {7}, {64, 33}, {20000}, {1, 1}} {
		p := tensor.NewParam(fmt.Sprintf("p%d", i), tensor.Init{}, shape...)
		p.Allocate(compute, true)
		for j, x := 0, p.Value.F32(); j < len(x); j++ {
			x[j] = float32(rng.NormFloat64())
		}
		params = append(params, p)
	}
	return params
}

func setGrads(params []*tensor.Param, step int) {
	rng := rand.New(rand.NewPCG(5, uint64(step)))
	for _, p := range params {
		for j, g := 0, p.Grad.F32(); j < len(g); j++ {
			g[j] = float32(rng.NormFloat64()) * 0.1
		}
	}
}

var testConfig = AdamWConfig{
	Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1,
	LRScale: func(p *tensor.Param) float64 {
		if p.Name == "p2" {
			return 0.5
		}
		return 1
	},
}

func TestAdamWFollowsThePaper(t *testing.T) {
	pool := kernel.NewPool(2)
	defer pool.Close()
	params := makeParams(tensor.F32)
	a := NewAdamW(params, testConfig)
	defer a.Free()
	type state struct{ p, m, v []float64 }
	ref := make([]state, len(params))
	for i, p := range params {
		ref[i] = state{make([]float64, p.Len()), make([]float64, p.Len()), make([]float64, p.Len())}
		for j, x := range p.Value.F32() {
			ref[i].p[j] = float64(x)
		}
	}
	for step := 1; step <= 20; step++ {
		lr, scale := 1e-2/float64(step), 0.7
		setGrads(params, step)
		a.Step(pool, StepArgs{LR: lr, GradScale: scale})
		for i, p := range params {
			r := ref[i]
			eta, decay := lr*testConfig.LRScale(p), 0.0
			if len(p.Shape) == 2 {
				decay = 0.1
			}
			got := p.Value.F32()
			for j, g32 := range p.Grad.F32() {
				g := scale * float64(g32)
				r.m[j] = 0.9*r.m[j] + 0.1*g
				r.v[j] = 0.95*r.v[j] + 0.05*g*g
				mh := r.m[j] / (1 - math.Pow(0.9, float64(step)))
				vh := r.v[j] / (1 - math.Pow(0.95, float64(step)))
				r.p[j] -= eta * (mh/(math.Sqrt(vh)+1e-8) + decay*r.p[j])
				if d := math.Abs(float64(got[j]) - r.p[j]); d > 2e-5*max(1, math.Abs(r.p[j])) {
					t.Fatalf("step %d: %s[%d] = %v, want %v", step, p.Name, j, got[j], r.p[j])
				}
			}
		}
	}
	if a.Updates() != 20 {
		t.Errorf("%d updates", a.Updates())
	}
}

// run trains for a while with the given workers and returns all bits.
func run(workers int, compute tensor.DType, restart bool) (bits []uint32, norms []float64) {
	pool := kernel.NewPool(workers)
	defer pool.Close()
	params := makeParams(compute)
	a := NewAdamW(params, testConfig)
	for step := 1; step <= 6; step++ {
		if restart && step == 4 {
			b := NewAdamW(params, testConfig)
			for i := range params {
				m, v := a.Moments(i)
				m2, v2 := b.Moments(i)
				copy(m2, m)
				copy(v2, v)
			}
			b.SetUpdates(a.Updates())
			a = b
		}
		setGrads(params, step)
		norm := a.GradNorm(pool)
		norms = append(norms, norm)
		a.Step(pool, StepArgs{LR: 1e-3, GradScale: ClipFactor(norm, 1)})
	}
	for i, p := range params {
		m, v := a.Moments(i)
		for _, x := range [][]float32{p.Value.F32(), m, v} {
			for _, f := range x {
				bits = append(bits, math.Float32bits(f))
			}
		}
		if p.Compute != nil {
			half := make([]float32, p.Len())
			p.Compute.CopyTo(half)
			for _, f := range half {
				bits = append(bits, math.Float32bits(f))
			}
		}
	}
	return bits, norms
}

func TestSameBitsOnAnyNumberOfWorkersAndAfterARestart(t *testing.T) {
	for _, compute := range []tensor.DType{tensor.F32, tensor.BF16, tensor.F16} {
		want, wantNorms := run(1, compute, false)
		for _, workers := range []int{2, 3, 7} {
			got, norms := run(workers, compute, false)
			if !slices.Equal(got, want) || !slices.Equal(norms, wantNorms) {
				t.Errorf("%v: %d workers give other bits than 1", compute, workers)
			}
		}
		if got, _ := run(2, compute, true); !slices.Equal(got, want) {
			t.Errorf("%v: a restart from the saved state gives other bits", compute)
		}
	}
}

func TestComputeCopiesFollowTheMasters(t *testing.T) {
	pool := kernel.NewPool(2)
	defer pool.Close()
	for _, compute := range []tensor.DType{tensor.BF16, tensor.F16} {
		params := makeParams(compute)
		a := NewAdamW(params, testConfig)
		setGrads(params, 1)
		a.Step(pool, StepArgs{LR: 0.1})
		for _, p := range params {
			if p.Compute == nil {
				continue
			}
			got, want := make([]float32, p.Len()), make([]float32, p.Len())
			p.Compute.CopyTo(got)
			p.Refresh(pool)
			p.Compute.CopyTo(want)
			if !slices.Equal(got, want) {
				t.Errorf("%v: the compute copy of %s differs from its master rounded", compute, p.Name)
			}
		}
	}
}

func TestGradNorm(t *testing.T) {
	pool := kernel.NewPool(3)
	defer pool.Close()
	params := makeParams(tensor.F32)
	a := NewAdamW(params, testConfig)
	setGrads(params, 1)
	sum := 0.0
	for _, p := range params {
		for _, g := range p.Grad.F32() {
			sum += float64(g) * float64(g)
		}
	}
	if got, want := a.GradNorm(pool), math.Sqrt(sum); math.Abs(got-want) > 1e-12*want {
		t.Errorf("norm %v, want %v", got, want)
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for i, p := range params {
			g := p.Grad.F32()
			old := g[len(g)-1]
			g[len(g)-1] = float32(bad)
			if norm := a.GradNorm(pool); Finite(norm) {
				t.Errorf("%v in parameter %d: norm %v", bad, i, norm)
			}
			g[len(g)-1] = old
		}
	}
	params[0].Grad.F32()[0] = math.MaxFloat32
	params[3].Grad.F32()[0] = math.MaxFloat32
	if norm := a.GradNorm(pool); math.Abs(norm/(math.Sqrt2*math.MaxFloat32)-1) > 1e-6 {
		t.Errorf("huge finite gradients: norm %v", norm)
	}
	tensor.ZeroGrads(params)
	if norm := a.GradNorm(pool); norm != 0 {
		t.Errorf("zeroed gradients: norm %v", norm)
	}
}

func TestEveryParameterIsAnnouncedBeforeItChanges(t *testing.T) {
	pool := kernel.NewPool(2)
	defer pool.Close()
	params := makeParams(tensor.F32)
	a := NewAdamW(params, testConfig)
	setGrads(params, 1)
	before := make([][]float32, len(params))
	for i, p := range params {
		before[i] = slices.Clone(p.Value.F32())
	}
	var seen []int
	a.Step(pool, StepArgs{LR: 1, BeforeUpdate: func(i int) {
		seen = append(seen, i)
		if !slices.Equal(params[i].Value.F32(), before[i]) {
			t.Errorf("parameter %d had changed", i)
		}
	}})
	if !slices.Equal(seen, []int{0, 1, 2, 3, 4}) {
		t.Errorf("announced %v", seen)
	}
	for i, p := range params {
		if slices.Equal(p.Value.F32(), before[i]) {
			t.Errorf("parameter %d did not change", i)
		}
	}
}

func TestAStepAllocatesNothing(t *testing.T) {
	pool := kernel.NewPool(2)
	defer pool.Close()
	params := makeParams(tensor.BF16)
	a := NewAdamW(params, testConfig)
	setGrads(params, 1)
	if n := testing.AllocsPerRun(20, func() {
		a.Step(pool, StepArgs{LR: 1e-3, GradScale: ClipFactor(a.GradNorm(pool), 1)})
	}); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}

func TestClipFactor(t *testing.T) {
	for _, c := range []struct{ norm, limit, want float64 }{
		{0.5, 1, 1}, {2, 1, 1 / 2.000001}, {2, 0, 1}, {0, 1, 1}, {10, 2.5, 2.5 / 10.000001},
	} {
		if got := ClipFactor(c.norm, c.limit); got != c.want {
			t.Errorf("ClipFactor(%v, %v) = %v, want %v", c.norm, c.limit, got, c.want)
		}
	}
}

func TestSchedules(t *testing.T) {
	cos := Schedule{Kind: Cosine, LR: 1, Warmup: 10, Steps: 110, MinRatio: 0.1}
	lin, wsd, con := cos, cos, cos
	lin.Kind, wsd.Kind, con.Kind = Linear, WSD, Constant
	wsd.Decay, wsd.MinRatio = 0.2, 0 // 22 steps: from 88 to 110
	none := Schedule{Kind: Cosine, LR: 2, Steps: 4}
	all := Schedule{Kind: Linear, LR: 1, Warmup: 5, Steps: 5}
	early := Schedule{Kind: WSD, LR: 1, Warmup: 8, Steps: 10, Decay: 0.9}
	for _, c := range []struct {
		name string
		s    Schedule
		step int64
		want float64
	}{
		{"first of the warm-up", cos, 1, 0.1}, {"before the first", cos, 0, 0.1}, {"middle of the warm-up", cos, 5, 0.5}, {"end of the warm-up", cos, 10, 1},
		{"quarter", cos, 35, 0.1 + 0.9*(1+math.Sqrt2/2)/2}, {"half", cos, 60, 0.55}, {"last", cos, 110, 0.1}, {"past the last", cos, 1000, 0.1},
		{"linear quarter", lin, 35, 0.775}, {"linear last", lin, 110, 0.1},
		{"stable", wsd, 50, 1}, {"last stable", wsd, 88, 1}, {"decay 11/22", wsd, 99, 1 - math.Sqrt(0.5)}, {"decay 22/22", wsd, 110, 0},
		{"constant", con, 11, 1}, {"constant last", con, 110, 1},
		{"no warm-up", none, 1, 2 * (1 + math.Cos(math.Pi/4)) / 2}, {"no warm-up, last", none, 4, 0},
		{"warm-up only", all, 5, 1}, {"warm-up only, past it", all, 6, 0},
		{"decay reaching into the warm-up", early, 8, 1}, {"decay right after the warm-up", early, 9, 1 - math.Sqrt(0.5)},
	} {
		if err := c.s.Validate(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := c.s.At(c.step); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %s at step %d = %v, want %v", c.name, c.s.Kind, c.step, got, c.want)
		}
	}
}

func TestScheduleValidation(t *testing.T) {
	good := Schedule{Kind: WSD, LR: 1, Warmup: 1, Steps: 10, MinRatio: 0.1, Decay: 0.2}
	for name, spoil := range map[string]func(*Schedule){
		"kind": func(s *Schedule) { s.Kind = "step" }, "rate": func(s *Schedule) { s.LR = math.NaN() }, "steps": func(s *Schedule) { s.Steps = 0 },
		"warm-up": func(s *Schedule) { s.Warmup = 11 }, "share": func(s *Schedule) { s.MinRatio = 1.5 }, "decay": func(s *Schedule) { s.Decay = -1 },
	} {
		bad := good
		spoil(&bad)
		if bad.Validate() == nil {
			t.Errorf("accepted a wrong %s", name)
		}
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}

func TestLossScaler(t *testing.T) {
	s := NewLossScaler()
	for range 1999 {
		if !s.Update(true) {
			t.Fatal("skipped a clean step")
		}
	}
	if s.Scale != 65536 {
		t.Errorf("scale %v before 2,000 clean steps", s.Scale)
	}
	s.Update(true)
	if s.Scale != 131072 || s.Clean != 0 {
		t.Errorf("scale %v, clean %d after 2,000 clean steps", s.Scale, s.Clean)
	}
	s.Update(true)
	if s.Update(false) || s.Scale != 65536 || s.Clean != 0 {
		t.Errorf("after an overflow: %+v", s)
	}
	for range 40 {
		s.Update(false)
	}
	if s.Scale != 1 {
		t.Errorf("scale %v after many overflows, want 1", s.Scale)
	}
	for range 50 * 2000 {
		s.Update(true)
	}
	if s.Scale != 1<<24 {
		t.Errorf("scale %v after many clean steps, want 2^24", s.Scale)
	}
}
