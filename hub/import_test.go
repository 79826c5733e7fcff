package hub

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/internal/safetensors"
)

// rewrite copies a fixture with its tensors changed by fn.
func rewrite(t *testing.T, name string, fn func(infos []safetensors.Info, data map[string][]byte) []safetensors.Info) string {
	t.Helper()
	dir := t.TempDir()
	config, err := os.ReadFile(filepath.Join(fixtures, name, configFile))
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Open(filepath.Join(fixtures, name, weightsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var infos []safetensors.Info
	data := map[string][]byte{}
	for _, n := range f.Names() {
		info, _ := f.Info(n)
		infos = append(infos, info)
		data[n], _ = f.Bytes(n)
	}
	infos = fn(infos, data)
	var buf bytes.Buffer
	w, err := safetensors.Create(&buf, infos, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range infos {
		if err := w.WriteRaw(data[info.Name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), os.WriteFile(filepath.Join(dir, weightsFile), buf.Bytes(), 0o644),
		os.WriteFile(filepath.Join(dir, configFile), config, 0o644)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestImportReadsOldLayouts(t *testing.T) {
	// The first GPT-2 checkpoints have no prefix, carry the causal masks and repeat the tied head.
	dir := rewrite(t, "gpt2", func(infos []safetensors.Info, data map[string][]byte) []safetensors.Info {
		for i, info := range infos {
			bare := strings.TrimPrefix(info.Name, "transformer.")
			infos[i].Name, data[bare] = bare, data[info.Name]
		}
		data["lm_head.weight"], data["h.0.attn.bias"] = data["wte.weight"], make([]byte, 16)
		return append(infos, safetensors.Info{Name: "lm_head.weight", DType: "F32", Shape: []int{96, 32}},
			safetensors.Info{Name: "h.0.attn.bias", DType: "F32", Shape: []int{1, 1, 2, 2}})
	})
	got, want := open(t, dir), open(t, filepath.Join(fixtures, "gpt2"))
	a, b := make([]float32, 96*32), make([]float32, 96*32)
	if err := errors.Join(got.Load("embed.weight", a), want.Load("embed.weight", b)); err != nil || !slices.Equal(a, b) {
		t.Errorf("the embedding differs: %v", err)
	}
}

func TestImportRefuses(t *testing.T) {
	extra := func(name string, shape ...int) func([]safetensors.Info, map[string][]byte) []safetensors.Info {
		return func(infos []safetensors.Info, data map[string][]byte) []safetensors.Info {
			info := safetensors.Info{Name: name, DType: "F32", Shape: shape}
			data[name] = make([]byte, 4*info.Elements())
			return append(infos, info)
		}
	}
	for _, c := range []struct {
		fixture, want string
		change        func([]safetensors.Info, map[string][]byte) []safetensors.Info
	}{
		{"llama", "surplus tensor model.layers.2.mlp.up_proj.weight", extra("model.layers.2.mlp.up_proj.weight", 2)},
		{"llama", "missing tensor lm_head.weight", func(infos []safetensors.Info, _ map[string][]byte) []safetensors.Info {
			return slices.DeleteFunc(infos, func(i safetensors.Info) bool { return i.Name == "lm_head.weight" })
		}},
		{"llama", "shape [32 96], want [96 32]", func(infos []safetensors.Info, _ map[string][]byte) []safetensors.Info {
			for i := range infos {
				if infos[i].Name == "lm_head.weight" {
					infos[i].Shape = []int{32, 96}
				}
			}
			return infos
		}},
		{"llama", "dtype I32", func(infos []safetensors.Info, _ map[string][]byte) []safetensors.Info {
			infos[0].DType = safetensors.I32
			return infos
		}},
		{"qwen2", "differs from model.embed_tokens.weight", extra("lm_head.weight", 96, 32)},
	} {
		dir := rewrite(t, c.fixture, c.change)
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%v, want an error with %q and the directory", err, c.want)
		}
	}
	dir := t.TempDir()
	if _, err := Open(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no config.json: %v", err)
	}
	config, _ := os.ReadFile(filepath.Join(fixtures, "llama", configFile))
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(configFile, string(config))
	for index, want := range map[string]string{
		"":                                     "neither model.safetensors nor",
		"{":                                    indexFile,
		`{"weight_map":{}}`:                    "missing or empty",
		`{"weight_map":{"a":"../x"}}`:          "same directory",
		`{"weight_map":{"a":"x.safetensors"}}`: "x.safetensors",
	} {
		if index != "" {
			write(indexFile, index)
		}
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("index %q: %v, want an error with %q", index, err, want)
		}
		os.Remove(filepath.Join(dir, indexFile))
	}
	write(weightsFile, "\x00\x00\x00\x00\x00\x00\x00\x10{}")
	if _, err := Open(dir); !errors.Is(err, safetensors.ErrFormat) {
		t.Errorf("a header that claims 2^60 bytes: %v", err)
	}
	c := open(t, filepath.Join(fixtures, "llama"))
	if err := c.Load("nope", nil); err == nil || !strings.Contains(err.Error(), "nope") {
		t.Errorf("Load of an unknown parameter: %v", err)
	}
	if err := c.Load("norm.weight", make([]float32, 3)); err == nil || !strings.Contains(err.Error(), "32 elements") {
		t.Errorf("Load into a short slice: %v", err)
	}
}

func FuzzParseIndex(f *testing.F) {
	f.Add([]byte(`{"metadata":{"total_size":4},"weight_map":{"a":"model-00001-of-00002.safetensors"}}`))
	f.Add([]byte(`{"weight_map":{"a":"../../etc/passwd"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		index, err := parseIndex(data)
		if err != nil {
			return
		}
		for _, file := range index {
			if filepath.Dir(filepath.Join("x", file)) != "x" {
				t.Fatalf("%q leaves the directory", file)
			}
		}
	})
}
