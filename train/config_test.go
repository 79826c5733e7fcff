package train

import (
	"strings"
	"testing"
)

const smallConfig = `dir: runs/x
steps: 100
model: {family: gpt2, layers: 2, width: 64, heads: 4, context: 32}
data: {sources: [{path: data/x}]}
batch: {sequences: 8}
`

func TestConfigErrorsPointAtTheLine(t *testing.T) {
	for _, tc := range []struct {
		name, edit, by, want string
	}{
		{"heads", "heads: 4", "heads: 5", "c.yaml:3: model.heads: 5, want a divisor of width (64), or an explicit head_dim"},
		{"micro", "{sequences: 8}", "{sequences: 8, micro: 3}", "c.yaml:5: batch.micro: 3, want a divisor of batch.sequences (8)"},
		{"steps", "steps: 100", "steps: 0", "c.yaml:2: steps: 0, want at least 1"},
		{"sequence", "[{path: data/x}]", "[{path: data/x}], sequence: 64", "c.yaml:4: data.sequence: 64, want at most model.context (32)"},
		{"dtype", "steps: 100", "steps: 100\ndtype: fp8", `c.yaml:3: dtype: "fp8", want one of bf16, f16, f32`},
		{"sources", "sources: [{path: data/x}]", "packing: concat", "c.yaml:4: data.sources: none, want at least one dataset directory"},
		{"weight", "[{path: data/x}]", "[{path: a, weight: 1}, {path: b}]", "c.yaml:4: data.sources[1].weight: 0, want a number above 0"},
		{"untied gpt2", "heads: 4", "heads: 4, tied_head: false", "c.yaml:3: model.tied_head: false, want true"},
		{"gpt2's bias", "heads: 4", "heads: 4, qkv_bias: true", "c.yaml:3: model.qkv_bias: true, want false"},
		{"unknown", "heads: 4", "head: 4", "c.yaml:3: model.head: unknown key"},
		{"family", "gpt2", "gpt9", `c.yaml:3: model.family: "gpt9", want one of gpt2, llama`},
		{"dir", "dir: runs/x\n", "", `c.yaml: dir: "", want the run directory`},
	} {
		src := strings.Replace(smallConfig, tc.edit, tc.by, 1)
		if src == smallConfig {
			t.Fatalf("%s: the edit does not apply", tc.name)
		}
		_, err := ParseConfig("c.yaml", []byte(src), nil)
		if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%s: got %v\nwant %s", tc.name, err, tc.want)
		}
	}
}

func TestConfigResolvesDefaultsPresetsAndOverrides(t *testing.T) {
	c, err := ParseConfig("c.yaml", []byte(smallConfig), []string{"optimizer.lr=0.001", "batch.micro=2"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Optimizer.LR != 0.001 || c.Batch.Micro != 2 || c.Data.Sequence != 32 || c.Schedule.Warmup != 2 || c.Model.FF != 256 || !c.Model.TiedHead || c.Data.Sources[0].Weight != 1 {
		t.Errorf("got %+v", c)
	}
	src := strings.Replace(smallConfig, "{family: gpt2, layers: 2, width: 64, heads: 4, context: 32}", "{preset: llama3-8b, layers: 2, width: 64, heads: 4, kv_heads: 2}", 1)
	c, err = ParseConfig("c.yaml", []byte(src), nil)
	if err != nil {
		t.Fatal(err)
	}
	if m := c.Model; m.Vocab != 128256 || m.RopeTheta != 500000 || m.Layers != 2 || m.HeadDim != 16 {
		t.Errorf("preset with changes: %+v", m)
	}
	if _, err := ParseConfig("c.yaml", []byte(smallConfig), []string{"optimizer.lr=-1"}); err == nil || err.Error() != "--set optimizer.lr=-1: optimizer.lr: -1, want a number above 0" {
		t.Errorf("bad override: %v", err)
	}
}

func TestResolvedConfigReadsBackTheSame(t *testing.T) {
	c, err := ParseConfig("c.yaml", []byte(smallConfig), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseConfig("resolved.yaml", text, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	text2, _ := again.Marshal()
	if string(text) != string(text2) {
		t.Errorf("read back differs:\n%s\n%s", text, text2)
	}
}
