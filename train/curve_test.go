package train

import (
	"encoding/binary"
	"math"
	"path/filepath"
	"testing"

	"github.com/athanor-lm/athanor/hub"
	"github.com/athanor-lm/athanor/internal/safetensors"
)

// curve is a training run of PyTorch's: where it began, what it saw, and what came of it.
type curve struct {
	hf                 *hub.Checkpoint
	tokens             []int32 // [steps,B,T+1]
	steps, b, t        int
	lr, loss, gradNorm []float64
}

func loadCurve(t *testing.T, name string) *curve {
	t.Helper()
	dir := filepath.Join("..", "model", "testdata", name)
	hf, err := hub.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hf.Close() })
	f, err := safetensors.Open(filepath.Join(dir, "curve.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, _ := f.Info("tokens")
	c := &curve{hf: hf, steps: info.Shape[0], b: info.Shape[1], t: info.Shape[2] - 1}
	wide := make([]int64, info.Elements())
	if err := f.ReadInt("tokens", wide); err != nil {
		t.Fatal(err)
	}
	for _, id := range wide {
		c.tokens = append(c.tokens, int32(id))
	}
	floats := func(name string) []float64 {
		raw, err := f.Bytes(name)
		if err != nil {
			t.Fatal(err)
		}
		x := make([]float64, len(raw)/8)
		for i := range x {
			x[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
		}
		return x
	}
	c.lr, c.loss, c.gradNorm = floats("lr"), floats("loss"), floats("grad_norm")
	return c
}

// run follows the curve in a compute type and returns loss and gradient norm of each step.
func (c *curve) run(t *testing.T, dtype string, workers, micro int) (loss, norm []float64) {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Model.Config, cfg.DType, cfg.Workers, cfg.Steps = c.hf.Model, dtype, workers, int64(c.steps)
	cfg.Data.Sequence, cfg.Batch.Sequences, cfg.Batch.Micro = c.t, c.b, micro
	r, err := bare(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, p := range r.params {
		if err := c.hf.Load(p.Name, p.Value.F32()); err != nil {
			t.Fatal(err)
		}
		p.Refresh(r.pool)
	}
	for s := range c.steps {
		for row := range c.b {
			b := r.micro[row/micro]
			sample := c.tokens[(s*c.b+row)*(c.t+1):][:c.t+1]
			at := row % micro * c.t
			copy(b.Inputs[at:], sample[:c.t])
			copy(b.Labels[at:], sample[1:])
			b.Valid = micro * c.t
		}
		u := r.update(c.b*c.t, c.lr[s])
		r.step++
		loss, norm = append(loss, u.loss), append(norm, u.norm)
	}
	return loss, norm
}

func TestTrainingFollowsPyTorchStepByStep(t *testing.T) {
	for _, name := range []string{"curve-gpt2", "curve-llama"} {
		c := loadCurve(t, name)
		for _, micro := range []int{4, 1} {
			loss, norm := c.run(t, "f32", 2, micro)
			worst, worstNorm := 0.0, 0.0
			for s := range loss {
				worst = max(worst, math.Abs(loss[s]-c.loss[s]))
				worstNorm = max(worstNorm, math.Abs(norm[s]-c.gradNorm[s])/c.gradNorm[s])
			}
			t.Logf("%s, micro-batches of %d: loss within %.2g of PyTorch's at each of %d steps, gradient norm within %.2g of its value", name, micro, worst, c.steps, worstNorm)
			if worst > 1e-3 || worstNorm > 1e-2 || len(loss) != 200 {
				t.Errorf("%s, micro-batches of %d: loss differs by up to %.2g, want at most 1e-3 at each of 200 steps", name, micro, worst)
			}
		}
	}
}

func TestHalfPrecisionEndsWithinOnePercentOfF32(t *testing.T) {
	last := func(x []float64) (m float64) {
		for _, v := range x[len(x)-20:] {
			m += v / 20
		}
		return m
	}
	for _, name := range []string{"curve-gpt2", "curve-llama"} {
		c := loadCurve(t, name)
		want := last(c.loss)
		for _, dtype := range []string{"bf16", "f16"} {
			loss, _ := c.run(t, dtype, 2, 4)
			got := last(loss)
			t.Logf("%s %s: %.4f over the last 20 steps, PyTorch in f32 %.4f (%+.2f %%)", name, dtype, got, want, 100*(got/want-1))
			if math.Abs(got/want-1) > 0.01 {
				t.Errorf("%s %s: the loss ends at %.4f, want %.4f within 1 %%", name, dtype, got, want)
			}
		}
	}
}

func TestAnyNumberOfWorkersGivesTheSameBits(t *testing.T) {
	for _, name := range []string{"curve-gpt2", "curve-llama"} {
		c := loadCurve(t, name)
		for _, dtype := range []string{"f32", "bf16", "f16"} {
			want, _ := c.run(t, dtype, 1, 2)
			for _, workers := range []int{2, 3} {
				got, _ := c.run(t, dtype, workers, 2)
				for s := range got {
					if got[s] != want[s] {
						t.Fatalf("%s in %s on %d workers: loss of step %d is %v, on one %v", name, dtype, workers, s+1, got[s], want[s])
					}
				}
			}
		}
	}
}
