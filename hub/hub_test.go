package hub

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/internal/safetensors"
	"github.com/athanor-lm/athanor/model"
	"github.com/athanor-lm/athanor/tensor"
)

// fixtures are checkpoints made with transformers, see their README.
const fixtures = "../model/testdata"

var fixtureNames = []string{"gpt2", "llama", "llama3", "qwen2", "qwen3", "mistral"}

func open(t testing.TB, dir string) *Checkpoint {
	t.Helper()
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// tensors reads all tensors of a directory's single weights file.
func tensors(t testing.TB, path string) map[string]string {
	t.Helper()
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string]string{}
	for _, name := range f.Names() {
		data, err := f.Bytes(name)
		if err != nil {
			t.Fatal(err)
		}
		info, _ := f.Info(name)
		all[name] = fmt.Sprint(info.DType, info.Shape, data)
	}
	return all
}

func TestExportWritesWhatTransformersWrote(t *testing.T) {
	for _, name := range fixtureNames {
		t.Run(name, func(t *testing.T) {
			c := open(t, filepath.Join(fixtures, name))
			dir := filepath.Join(t.TempDir(), "out")
			err := Export(dir, ExportOptions{Config: c.Model, DType: "f32", Tokens: c.Tokens}, c.Load)
			if err != nil {
				t.Fatal(err)
			}
			got, want := tensors(t, filepath.Join(dir, weightsFile)), tensors(t, filepath.Join(fixtures, name, weightsFile))
			if !maps.Equal(got, want) {
				t.Errorf("the tensors differ: %v against %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
			}
			again := open(t, dir)
			if again.ModelType != c.ModelType || again.Model != c.Model {
				t.Errorf("the config came back as %s %+v, want %s %+v", again.ModelType, again.Model, c.ModelType, c.Model)
			}
			count := int64(0)
			for _, p := range c.Params() {
				count += int64(p.Elements())
			}
			if count != c.Model.NumParams() {
				t.Errorf("%d elements, the config says %d", count, c.Model.NumParams())
			}
		})
	}
}

// source is a checkpoint that exists in memory alone: element i of a parameter is i plus an offset by its name.
func source(name string, dst []float32) error {
	for i := range dst {
		dst[i] = float32(i%1000) + float32(len(name))
	}
	return nil
}

func TestFusedPartsAndTransposes(t *testing.T) {
	gpt2 := model.Config{Family: "gpt2", Vocab: 5, Layers: 1, Width: 2, Heads: 1, Context: 3}
	dir := filepath.Join(t.TempDir(), "gpt2")
	if err := Export(dir, ExportOptions{Config: gpt2, DType: "f32"}, source); err != nil {
		t.Fatal(err)
	}
	check := func(dir, name string, want ...float32) {
		t.Helper()
		f, err := safetensors.Open(filepath.Join(dir, weightsFile))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		got := make([]float32, len(want))
		if err := f.ReadF32(name, got); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s = %v, %v, want %v", name, got, err, want)
		}
	}
	const o = 24 // len("layers.0.attn.qkv.weight")
	check(dir, "transformer.h.0.attn.c_attn.weight", o+0, o+2, o+4, o+6, o+8, o+10, o+1, o+3, o+5, o+7, o+9, o+11)

	llama := model.Config{Family: "llama", Vocab: 5, Layers: 1, Width: 2, Heads: 2, KVHeads: 1, HeadDim: 2, FF: 1, Context: 3}
	dir = filepath.Join(t.TempDir(), "llama")
	if err := Export(dir, ExportOptions{Config: llama, DType: "f32"}, source); err != nil {
		t.Fatal(err)
	}
	check(dir, "model.layers.0.self_attn.k_proj.weight", o+8, o+9, o+10, o+11)
	check(dir, "model.layers.0.self_attn.v_proj.weight", o+12, o+13, o+14, o+15)
	const g = 27 // len("layers.0.mlp.gate_up.weight")
	check(dir, "model.layers.0.mlp.up_proj.weight", g+2, g+3)
}

func TestShardsAndDTypes(t *testing.T) {
	from := open(t, filepath.Join(fixtures, "qwen3"))
	for dtype, tolerance := range map[string]float32{"f32": 0, "bf16": 1.0 / 256, "f16": 1.0 / 2048} {
		dir := filepath.Join(t.TempDir(), dtype)
		o := ExportOptions{Config: from.Model, DType: dtype, MaxShardBytes: 20000}
		if err := Export(dir, o, from.Load); err != nil {
			t.Fatal(err)
		}
		shards, _ := filepath.Glob(filepath.Join(dir, "model-*-of-*.safetensors"))
		for _, s := range shards {
			if st, _ := os.Stat(s); st.Size() > 20000+4096 {
				t.Errorf("%s has %d bytes", s, st.Size())
			}
		}
		if len(shards) < 3 {
			t.Errorf("%s: %d shards, want several", dtype, len(shards))
		}
		c := open(t, dir)
		for _, p := range c.Params() {
			got, want := make([]float32, p.Elements()), make([]float32, p.Elements())
			if err := errors.Join(c.Load(p.Name, got), from.Load(p.Name, want)); err != nil {
				t.Fatal(err)
			}
			for i := range got {
				if d := got[i] - want[i]; max(d, -d) > tolerance*max(want[i], -want[i])+tolerance*1e-4 {
					t.Fatalf("%s: %s[%d] = %v, want %v", dtype, p.Name, i, got[i], want[i])
				}
			}
		}
	}
}

func TestFailedExportLeavesNothing(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "model")
	o := ExportOptions{Config: model.Config{Family: "gpt2", Vocab: 5, Layers: 1, Width: 2, Heads: 1, Context: 3}, DType: "f16"}
	broken := errors.New("broken")
	late := func(name string, dst []float32) error {
		if name == "norm.bias" {
			return broken
		}
		return source(name, dst)
	}
	if err := Export(dir, o, late); !errors.Is(err, broken) || !strings.Contains(err.Error(), "norm.bias") {
		t.Fatalf("Export: %v", err)
	}
	if entries, _ := os.ReadDir(parent); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
	if err := Export(dir, o, source); err != nil {
		t.Fatal(err)
	}
	before := tensors(t, filepath.Join(dir, weightsFile))
	if err := Export(dir, o, source); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a directory that holds something was taken: %v", err)
	}
	o.Overwrite = true
	if err := Export(dir, o, late); err == nil {
		t.Error("the broken source went through")
	}
	large := func(name string, dst []float32) error { dst[0] = 65520; return nil }
	if err := Export(dir, o, large); err == nil || !strings.Contains(err.Error(), "65504") {
		t.Errorf("a value beyond f16: %v", err)
	}
	if !maps.Equal(before, tensors(t, filepath.Join(dir, weightsFile))) {
		t.Error("failed exports changed the directory")
	}
	o.DType = "f32"
	if err := Export(dir, o, source); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(parent); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
	o.DType = "f8"
	if err := Export(dir, o, source); err == nil || !strings.Contains(err.Error(), "f8") {
		t.Errorf("dtype f8: %v", err)
	}
}

func TestOverwriteReplacesNothingButAModel(t *testing.T) {
	o := ExportOptions{Config: model.Config{Family: "gpt2", Vocab: 5, Layers: 1, Width: 2, Heads: 1, Context: 3}, DType: "f32", Overwrite: true}
	for name, files := range map[string][]string{
		"a run":            {"config.yaml", "checkpoints/latest"},
		"texts":            {"thesis.txt"},
		"folders beside":   {"config.json", "checkpoints/latest"},
		"only a tokenizer": {"tokenizer.json"},
	} {
		dir := t.TempDir()
		for _, f := range files {
			path := filepath.Join(dir, f)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("mine"), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		if err := Export(dir, o, source); err == nil || !strings.Contains(err.Error(), "only a directory that a model was exported to is replaced") {
			t.Errorf("%s: %v", name, err)
		}
		for _, f := range files {
			if _, err := os.Stat(filepath.Join(dir, f)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// savedTokenizer writes what a tokenizer would.
type savedTokenizer struct{ config string }

func (s savedTokenizer) Save(dir string) error {
	if s.config != "" {
		if err := os.WriteFile(filepath.Join(dir, tokenizerConfigFile), []byte(s.config), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte("{}"), 0o644)
}

func TestSidecars(t *testing.T) {
	one := 1
	dir := filepath.Join(t.TempDir(), "a")
	o := ExportOptions{Config: model.Config{Family: "gpt2", Vocab: 5, Layers: 1, Width: 2, Heads: 1, Context: 3}, DType: "bf16",
		Tokenizer: savedTokenizer{`{"bos_token":"<s>"}`}, Tokens: SpecialTokens{BOS: &one, EOS: []int{2}},
		Generation: map[string]any{"temperature": 0.7}, ChatTemplate: "{{ messages }} 你好"}
	if err := Export(dir, o, source); err != nil {
		t.Fatal(err)
	}
	c := open(t, dir)
	g, err := c.GenerationConfig()
	if err != nil || g["temperature"] != 0.7 || g["eos_token_id"] != 2.0 || g["bos_token_id"] != 1.0 {
		t.Errorf("generation config %v, %v", g, err)
	}
	if c.DType != "BF16" {
		t.Errorf("dtype %s", c.DType)
	}
	// A copy keeps the template, wherever a reader looks for it.
	o.Tokenizer, o.TokenizerFiles, o.ChatTemplate = nil, c.TokenizerFiles(), ""
	copied := filepath.Join(t.TempDir(), "b")
	if err := Export(copied, o, source); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := open(t, copied).ChatTemplate(); err != nil || got != "{{ messages }} 你好" {
			t.Errorf("chat template %q, %v", got, err)
		}
		os.Remove(filepath.Join(copied, chatTemplateFile)) // then tokenizer_config.json has it
	}
	var config map[string]any
	if err := readJSON(filepath.Join(copied, tokenizerConfigFile), &config); err != nil || config["bos_token"] != "<s>" ||
		config["tokenizer_class"] != "PreTrainedTokenizerFast" {
		t.Errorf("tokenizer config %v, %v", config, err)
	}
	named := `[{"name":"rag","template":"r"},{"name":"default","template":"d"}]`
	if got, err := pickTemplate([]byte(named)); err != nil || got != "d" {
		t.Errorf("named templates: %q, %v", got, err)
	}
	if _, err := pickTemplate([]byte("3")); err == nil {
		t.Error("a number was taken for a chat template")
	}
}

func TestParamsFollowTheConfig(t *testing.T) {
	for _, preset := range model.PresetNames() {
		c, _ := model.Preset(preset)
		params, err := Params(c)
		if err != nil {
			t.Fatal(err)
		}
		total := int64(0)
		for _, p := range params {
			total += int64(p.Elements())
		}
		if total != c.NumParams() {
			t.Errorf("%s: the table has %d parameters, the config %d", preset, total, c.NumParams())
		}
	}
}

func TestModelsTakeAndGiveTheirParameters(t *testing.T) {
	for _, name := range fixtureNames {
		c := open(t, filepath.Join(fixtures, name))
		m, err := model.New(c.Model, model.Options{})
		if err != nil {
			t.Fatal(err)
		}
		params := m.Params()
		for _, p := range params {
			p.Allocate(tensor.F32, false)
		}
		if err := c.Fill(params); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "out")
		if err := Export(dir, ExportOptions{Config: m.Config(), DType: "f32"}, Source(params)); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(tensors(t, filepath.Join(dir, weightsFile)), tensors(t, filepath.Join(fixtures, name, weightsFile))) {
			t.Errorf("%s: the tensors differ after a way through the model", name)
		}
		if err := c.Fill(params[1:]); err == nil || !strings.Contains(err.Error(), params[0].Name) {
			t.Errorf("%s: a model without %s: %v", name, params[0].Name, err)
		}
		if err := Source(params[:1])("nope", nil); err == nil {
			t.Error("a parameter that is not there was read")
		}
	}
}
