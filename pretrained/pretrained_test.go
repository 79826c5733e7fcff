package pretrained

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/checkpoint"
	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/athanor-lm/athanor/model"
	"github.com/athanor-lm/athanor/tensor"
	"github.com/athanor-lm/athanor/tokenizer"
)

// text is what the tests' tokenizer is made from and what the models read.
const text = "the cat sat on the mat. 猫坐在垫子上。"

func testTokenizer(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	docs := func(yield func([]byte, error) bool) { yield([]byte(strings.Repeat(text, 9)), nil) }
	tok, err := tokenizer.Train(t.Context(), tokenizer.TrainConfig{VocabSize: 270, Special: []string{"<|endoftext|>"}, EOS: "<|endoftext|>"}, docs)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// writeRun makes a run directory with a random model's weights and an optimizer tensor, and returns it.
func writeRun(t testing.TB, cfg model.Config, pool *kernel.Pool) string {
	t.Helper()
	dir, tok := filepath.Join(t.TempDir(), "run"), testTokenizer(t)
	cfg.Vocab = tok.VocabSize()
	cfg = cfg.Normalize()
	m, err := model.New(cfg, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Params() {
		p.Allocate(tensor.F32, false)
		defer p.Free()
	}
	model.Init(m, pool, 5)
	shape, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	st := &checkpoint.State{Step: 7, Extra: map[string]json.RawMessage{ConfigKey: shape}}
	for _, p := range m.Params() {
		st.Groups = append(st.Groups, []checkpoint.Tensor{
			{Name: p.Name, Shape: p.Shape, Data: p.Value.F32()},
			{Name: checkpoint.OptimizerPrefix + "m." + p.Name, Shape: p.Shape, Data: p.Value.F32()},
		})
	}
	if _, err := checkpoint.Save(filepath.Join(dir, "checkpoints"), st, checkpoint.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := tok.Save(filepath.Join(dir, "tokenizer")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// logits opens path and returns what its model says after text, for every id.
func logits(t testing.TB, path string, pool *kernel.Pool, compute tensor.DType) (kind string, out []float32) {
	t.Helper()
	s, m, tok, err := Load(path, pool, compute)
	if err != nil {
		t.Fatal(err)
	}
	tape := tensor.NewTape(tensor.Options{Pool: pool, Compute: compute})
	defer tape.Free()
	ids := tok.Encode(text, true)
	cache := model.NewCache(m.Config(), compute, 1, len(ids))
	defer cache.Free()
	d := model.NewDecodeBatch(cache, len(ids))
	for i, id := range ids {
		d.Tokens[i] = int32(id)
	}
	d.Valid[0] = int32(len(ids))
	d.Prepare()
	out = make([]float32, m.Config().Vocab)
	tape.Run("logits", 0, false, func() { m.Decode(tape, d, out) })
	for _, p := range m.Params() {
		p.Free()
	}
	return s.Kind, out
}

var families = map[string]model.Config{
	"gpt2":  {Family: "gpt2", Layers: 2, Width: 32, Heads: 4, Context: 64, InitStd: 0.2},
	"llama": {Family: "llama", Layers: 2, Width: 32, Heads: 4, KVHeads: 2, Context: 64, InitStd: 0.2},
	"qwen":  {Family: "llama", Layers: 2, Width: 32, Heads: 4, KVHeads: 2, Context: 64, InitStd: 0.2, QKVBias: true, QKNorm: false, TiedHead: true},
}

func TestEveryFormOfAModelGivesTheSameLogits(t *testing.T) {
	pool := kernel.NewPool(2)
	defer pool.Close()
	for name, cfg := range families {
		t.Run(name, func(t *testing.T) {
			run := writeRun(t, cfg, pool)
			kind, want := logits(t, run, pool, tensor.F32)
			if kind != "run" {
				t.Errorf("%s is a %s, want a run", run, kind)
			}
			hf, imported := filepath.Join(t.TempDir(), "hf"), filepath.Join(t.TempDir(), "imported")
			s, err := Open(run)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Export(hf, ExportOptions{DType: "f32", MaxShardBytes: 20_000}); err != nil {
				t.Fatal(err)
			}
			s.Close()
			if s, err = Open(hf); err != nil {
				t.Fatal(err)
			}
			if err := s.Import(imported); err != nil {
				t.Fatal(err)
			}
			s.Close()
			again := filepath.Join(t.TempDir(), "again")
			if s, err = Open(hf); err != nil {
				t.Fatal(err)
			}
			if err := s.Export(again, ExportOptions{DType: "f32"}); err != nil {
				t.Fatal(err)
			}
			s.Close()
			for path, wantKind := range map[string]string{
				filepath.Join(run, "checkpoints", checkpoint.DirName(7)): "checkpoint", hf: "huggingface", again: "huggingface", imported: "run",
			} {
				kind, got := logits(t, path, pool, tensor.F32)
				if kind != wantKind {
					t.Errorf("%s is a %s, want a %s", path, kind, wantKind)
				}
				for i := range want {
					if got[i] != want[i] {
						t.Fatalf("%s: logit %d is %v, want %v", path, i, got[i], want[i])
					}
				}
			}
		})
	}
}

func TestHalfPrecisionModelsSayNearlyTheSame(t *testing.T) {
	pool := kernel.NewPool(2)
	defer pool.Close()
	run := writeRun(t, families["llama"], pool)
	_, want := logits(t, run, pool, tensor.F32)
	scale := 0.0
	for _, v := range want {
		scale = max(scale, math.Abs(float64(v)))
	}
	for dt, tol := range map[tensor.DType]float64{tensor.BF16: 0.05, tensor.F16: 0.01} {
		_, got := logits(t, run, pool, dt)
		for i := range want {
			if d := math.Abs(float64(got[i] - want[i])); d > tol*scale || math.IsNaN(d) {
				t.Fatalf("%v: logit %d is %v, want %v", dt, i, got[i], want[i])
			}
		}
	}
}

func TestWhatIsNoModelIsRefused(t *testing.T) {
	pool := kernel.NewPool(1)
	defer pool.Close()
	run := writeRun(t, families["gpt2"], pool)
	empty := t.TempDir()
	for path, want := range map[string]string{
		empty: "want a run directory (checkpoints/), a checkpoint (manifest.json) or a Hugging Face directory (config.json)", filepath.Join(empty, "none"): "no such file",
	} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	s, err := Open(run)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Import(filepath.Join(empty, "x")); err == nil || !strings.Contains(err.Error(), "want a Hugging Face directory") {
		t.Errorf("importing a run: %v", err)
	}
	other, err := model.New(model.Config{Family: "gpt2", Vocab: 99, Layers: 2, Width: 32, Heads: 4, Context: 64}.Normalize(), model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range other.Params() {
		p.Allocate(tensor.F32, false)
		defer p.Free()
	}
	if err := LoadWeights(run, other, pool); err == nil || !strings.Contains(err.Error(), "embed.weight [270 32], want [99 32]") {
		t.Errorf("weights of another vocabulary: %v", err)
	}
	if entries, err := os.ReadDir(empty); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
