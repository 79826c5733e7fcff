package checkpoint

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/athanor-lm/athanor/optim"
	"github.com/athanor-lm/athanor/tensor"
)

// trainer is a small model with random gradients, a function of the step.
type trainer struct {
	params []*tensor.Param
	opt    *optim.AdamW
	pool   *kernel.Pool
	step   int64
}

func newTrainer(t *testing.T) *trainer {
	tr := &trainer{pool: kernel.NewPool(2)}
	t.Cleanup(tr.pool.Close)
	for _, p := range []*tensor.Param{tensor.NewParam("embed.weight", tensor.Init{}, 700, 600), tensor.NewParam("norm.weight", tensor.Init{}, 600), tensor.NewParam("head.weight", tensor.Init{}, 900, 600)} {
		p.Allocate(tensor.BF16, true)
		tr.params = append(tr.params, p)
	}
	tr.opt = optim.NewAdamW(tr.params, optim.AdamWConfig{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1})
	return tr
}

func (tr *trainer) update(before func(int)) {
	tr.step++
	rng := rand.New(rand.NewPCG(7, uint64(tr.step)))
	for _, p := range tr.params {
		for i, g := 0, p.Grad.F32(); i < len(g); i++ {
			g[i] = rng.Float32() - 0.5
		}
	}
	tr.opt.Step(tr.pool, optim.StepArgs{LR: 1e-2, BeforeUpdate: before})
	tensor.ZeroGrads(tr.params)
}

// equal compares weights, moments and compute copies.
func (tr *trainer) equal(other *trainer) bool {
	for i, p := range tr.params {
		q := other.params[i]
		m1, v1 := tr.opt.Moments(i)
		m2, v2 := other.opt.Moments(i)
		if !slices.Equal(p.Value.F32(), q.Value.F32()) || !slices.Equal(m1, m2) || !slices.Equal(v1, v2) {
			return false
		}
		if p.Compute != nil {
			a, b := make([]float32, p.Len()), make([]float32, p.Len())
			p.Compute.CopyTo(a)
			q.Compute.CopyTo(b)
			if !slices.Equal(a, b) {
				return false
			}
		}
	}
	return true
}

func TestAResumedOptimizerGivesTheSameBits(t *testing.T) {
	whole, first, second := newTrainer(t), newTrainer(t), newTrainer(t)
	for range 6 {
		whole.update(nil)
	}
	s, err := NewSaver(t.TempDir(), Options{CopyBudget: 2 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		first.update(s.BeforeUpdate)
	}
	if err := s.Begin(&State{Step: first.step, Groups: Groups(first.params, first.opt.Moments)}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // goes on while it is saved, and is lost
		first.update(s.BeforeUpdate)
	}
	saved, err := s.Wait()
	if err != nil {
		t.Fatal(err)
	}
	c, err := LoadDir(saved.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.LoadInto(Groups(second.params, second.opt.Moments)); err != nil {
		t.Fatal(err)
	}
	second.step = c.Manifest.Step
	second.opt.SetUpdates(c.Manifest.Step)
	for _, p := range second.params {
		p.Refresh(second.pool)
	}
	for range 3 {
		second.update(nil)
	}
	if !whole.equal(second) {
		t.Error("the resumed run's weights differ from the undisturbed run's")
	}
}
