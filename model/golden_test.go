package model_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/hub"
	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/athanor-lm/athanor/internal/safetensors"
	"github.com/athanor-lm/athanor/model"
	"github.com/athanor-lm/athanor/objective"
	"github.com/athanor-lm/athanor/tensor"
)

// families are the checkpoints transformers made, see testdata/README.md.
var families = []string{"gpt2", "llama", "llama3", "qwen2", "qwen3", "mistral"}

// golden is a checkpoint with what transformers computes from it.
type golden struct {
	m        model.Model
	expected *safetensors.File
	batch    *objective.Batch
}

func loadGolden(t *testing.T, family string, dt tensor.DType, pool *kernel.Pool, o model.Options) *golden {
	t.Helper()
	dir := filepath.Join("testdata", family)
	m := loadModel(t, dir, dt, pool, o)
	f, err := safetensors.Open(filepath.Join(dir, "expected.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, _ := f.Info("input_ids")
	b := causalBatch(info.Shape[0], info.Shape[1], m.Config().Window)
	readInts(t, f, "input_ids", b.Inputs)
	readInts(t, f, "labels", b.Labels)
	for _, l := range b.Labels {
		if l != objective.Ignore {
			b.Valid++
		}
	}
	return &golden{m, f, b}
}

func loadModel(t *testing.T, dir string, dt tensor.DType, pool *kernel.Pool, o model.Options) model.Model {
	t.Helper()
	ck, err := hub.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer ck.Close()
	m, err := model.New(ck.Model, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Params() {
		p.Allocate(dt, true)
		values := make([]float32, p.Len())
		if err := ck.Load(p.Name, values); err != nil {
			t.Fatal(err)
		}
		p.Value.CopyFrom(values)
		p.Refresh(pool)
	}
	return m
}

func causalBatch(b, t, window int) *objective.Batch {
	batch := objective.NewBatch(b, t)
	for i := range b * t {
		pos := i % t
		batch.Positions[i], batch.KeyHi[i] = int32(pos), int32(pos+1)
		if window > 0 {
			batch.KeyLo[i] = int32(max(0, pos+1-window))
		}
	}
	return batch
}

func readInts(t *testing.T, f *safetensors.File, name string, dst []int32) {
	t.Helper()
	wide := make([]int64, len(dst))
	if err := f.ReadInt(name, wide); err != nil {
		t.Fatal(err)
	}
	for i, v := range wide {
		dst[i] = int32(v)
	}
}

func readFloats(t *testing.T, f *safetensors.File, name string) []float32 {
	t.Helper()
	info, ok := f.Info(name)
	if !ok {
		t.Fatalf("%s: no tensor %s", f.Path(), name)
	}
	x := make([]float32, info.Elements())
	if err := f.ReadF32(name, x); err != nil {
		t.Fatal(err)
	}
	return x
}

// backward runs forward and backward of the mean loss and returns it.
func (g *golden) backward(tape *tensor.Tape) float64 {
	var loss *tensor.Loss
	tape.Run("train", 0, true, func() {
		loss = g.m.Loss(tape, g.batch, 1/float32(g.batch.Valid))
		tape.Backward(loss)
	})
	return loss.Sum() / float64(loss.Count())
}

// gradients opens the expected gradients as a checkpoint, so that names, fused parts and transposes are mapped as weights' are.
func (g *golden) gradients(t *testing.T, family string) *hub.Checkpoint {
	t.Helper()
	dir := t.TempDir()
	config, err := os.ReadFile(filepath.Join("testdata", family, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o644); err != nil {
		t.Fatal(err)
	}
	var infos []safetensors.Info
	for _, name := range g.expected.Names() {
		if info, _ := g.expected.Info(name); strings.HasPrefix(name, "grad.") {
			infos = append(infos, safetensors.Info{Name: strings.TrimPrefix(name, "grad."), DType: info.DType, Shape: info.Shape})
		}
	}
	out, err := os.Create(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	w, err := safetensors.Create(out, infos, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range infos {
		if err := w.WriteF32(readFloats(t, g.expected, "grad."+info.Name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	ck, err := hub.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ck.Close() })
	return ck
}

func maxDiff(a, b []float32) (diff float64) {
	for i := range a {
		diff = max(diff, math.Abs(float64(a[i])-float64(b[i])))
	}
	return diff
}

// relative returns |a−b|₂ / |b|₂.
func relative(a, b []float32) float64 {
	var d, n float64
	for i := range a {
		e := float64(a[i]) - float64(b[i])
		d += e * e
		n += float64(b[i]) * float64(b[i])
	}
	return math.Sqrt(d / n)
}

func TestLogitsLossAndGradientsMatchTransformers(t *testing.T) {
	pool := kernel.NewPool(2)
	defer pool.Close()
	for _, family := range families {
		for _, recompute := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s recompute=%v", family, recompute), func(t *testing.T) {
				g := loadGolden(t, family, tensor.F32, pool, model.Options{Recompute: recompute})
				tape := tensor.NewTape(tensor.Options{Pool: pool, Compute: tensor.F32})
				defer tape.Free()

				want := readFloats(t, g.expected, "logits")
				got := make([]float32, len(want))
				tape.Run("logits", 0, false, func() { g.m.Logits(tape, g.batch, got) })
				if d := maxDiff(got, want); d > 1e-4 {
					t.Errorf("logits differ by %.2g, want at most 1e-4", d)
				}
				loss, wantLoss := g.backward(tape), float64(readFloats(t, g.expected, "loss")[0])
				if math.Abs(loss-wantLoss) > 1e-5*wantLoss {
					t.Errorf("loss %.7f, want %.7f", loss, wantLoss)
				}
				grads := g.gradients(t, family)
				for _, p := range g.m.Params() {
					want, got := make([]float32, p.Len()), make([]float32, p.Len())
					if err := grads.Load(p.Name, want); err != nil {
						t.Fatal(err)
					}
					p.Grad.CopyTo(got)
					if r := relative(got, want); !(r < 1e-3) {
						t.Errorf("gradient of %s: relative difference %.2g, want below 1e-3", p.Name, r)
					}
				}
			})
		}
	}
}

func TestHalfPrecisionStaysNearTransformers(t *testing.T) {
	pool := kernel.NewPool(2)
	defer pool.Close()
	for _, family := range families {
		for _, dt := range []tensor.DType{tensor.BF16, tensor.F16} {
			g := loadGolden(t, family, dt, pool, model.Options{})
			tape := tensor.NewTape(tensor.Options{Pool: pool, Compute: dt})
			loss, want := g.backward(tape), float64(readFloats(t, g.expected, "loss")[0])
			if math.Abs(loss-want) > 0.01*want {
				t.Errorf("%s %v: loss %.5f, want %.5f within 1 %%", family, dt, loss, want)
			}
			tape.Free()
		}
	}
}

func TestDecodingWithACacheGivesTheLogitsOfTheWholeSequence(t *testing.T) {
	pool := kernel.NewPool(2)
	defer pool.Close()
	for _, family := range families {
		g := loadGolden(t, family, tensor.F32, pool, model.Options{})
		tape := tensor.NewTape(tensor.Options{Pool: pool, Compute: tensor.F32})
		want := readFloats(t, g.expected, "logits")
		B, T, V := g.batch.B, g.batch.T, g.m.Config().Vocab
		cache := model.NewCache(g.m.Config(), tensor.F32, B, T)
		got := make([]float32, B*V)
		past := []int32{0, 0}
		// Sequence 0 gets chunks of 4, 1, 3 … tokens, sequence 1 fewer of each, so that both padding and different pasts occur.
		for step, size := range []int{4, 1, 3, 4, 1, 3} {
			d := model.NewDecodeBatch(cache, size)
			copy(d.Past, past)
			for b := range B {
				n := max(1, size-b)
				for i := range n {
					d.Tokens[b*size+i] = g.batch.Inputs[b*T+int(past[b])+i]
				}
				d.Valid[b] = int32(n)
			}
			d.Prepare()
			tape.Run(fmt.Sprint(size), 0, false, func() { g.m.Decode(tape, d, got) })
			d.Advance()
			copy(past, d.Past)
			for b := range B {
				row := want[(b*T+int(past[b])-1)*V:][:V]
				if diff := maxDiff(got[b*V:(b+1)*V], row); diff > 1e-4 {
					t.Errorf("%s, chunk %d, sequence %d after %d tokens: logits differ by %.2g", family, step, b, past[b], diff)
				}
			}
		}
		cache.Free()
		tape.Free()
	}
}
