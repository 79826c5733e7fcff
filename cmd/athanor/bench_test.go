package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestBenchTrainChangesThePreset(t *testing.T) {
	for _, c := range []struct {
		cmd  benchTrainCmd
		want []int // layers, width, heads, kv heads, head size, vocabulary, context
	}{
		{benchTrainCmd{}, []int{4, 128, 4, 4, 32, 65, 64}},
		{benchTrainCmd{Preset: "gpt2", Ctx: 512}, []int{12, 768, 12, 12, 64, 50257, 1024}},
		{benchTrainCmd{Preset: "llama-30m"}, []int{8, 512, 8, 4, 64, 16384, 512}},
		{benchTrainCmd{Preset: "llama-30m", KVHeads: 2, Layers: 3}, []int{3, 512, 8, 2, 64, 16384, 512}},
		{benchTrainCmd{Family: "llama", Width: 256, Ctx: 300}, []int{4, 256, 4, 4, 64, 65, 300}},
	} {
		m, err := c.cmd.model()
		if err != nil {
			t.Errorf("%+v: %v", c.cmd, err)
			continue
		}
		for i, got := range []int{m.Layers, m.Width, m.Heads, m.KVHeads, m.HeadDim, m.Vocab, m.Context} {
			if got != c.want[i] {
				t.Errorf("%+v: model %+v, want %v", c.cmd, m, c.want)
				break
			}
		}
	}
	for _, args := range [][]string{{"--heads", "5"}, {"--preset", "llama-30m", "--kv-heads", "3"}, {"--batch", "3", "--micro", "2"}, {"--preset", "none"}} {
		if code, _, stderr := piped("", append([]string{"bench", "train"}, args...)...); code != 1 || stderr == "" {
			t.Errorf("%v: exit %d, %s", args, code, stderr)
		}
	}
}

func TestBenchTokenizer(t *testing.T) {
	tok := trainedTokenizer(t, "-v", "280")
	code, out, stderr := piped("", "bench", "tokenizer", "--tokenizer", tok, "bench_test.go", "--json")
	var r struct {
		Bytes  int64   `json:"bytes"`
		Encode float64 `json:"encode_mbs"`
		Train  float64 `json:"train_mbs"`
	}
	if err := json.Unmarshal([]byte(out), &r); code != 0 || err != nil || r.Bytes < 1000 || r.Encode <= 0 || r.Train != 0 {
		t.Errorf("exit %d, %v: %s%s", code, err, out, stderr)
	}
	if code, out, stderr := piped("", "bench", "tokenizer", "-v", "300", "bench_test.go"); code != 0 || !strings.Contains(out, "train") {
		t.Errorf("exit %d: %s%s", code, out, stderr)
	}
	if code, _, _ := piped("", "bench", "tokenizer", "absent"); code != 1 {
		t.Errorf("absent text: exit %d", code)
	}
}

func TestBenchKernelsRefuses(t *testing.T) {
	for _, args := range [][]string{{"--only", "gem"}, {"--time", "0s"}} {
		if code, _, stderr := piped("", append([]string{"bench", "kernels"}, args...)...); code != 1 || !strings.Contains(stderr, args[0]) {
			t.Errorf("%v: exit %d: %s", args, code, stderr)
		}
	}
}

func TestEveryCommandHasTwoExamples(t *testing.T) {
	parser, err := kong.New(&cli{}, kong.Name("athanor"))
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range commands(parser.Model.Node) {
		code, out, _ := piped("", append(strings.Fields(command), "--help")...)
		_, examples, _ := strings.Cut(out, "Examples:")
		if n := strings.Count(examples, "athanor "+command); code != 0 || n < 2 {
			t.Errorf("athanor %s --help: exit %d, %d examples", command, code, n)
		}
	}
}

// commands are all below a node, with those that only hold others.
func commands(n *kong.Node) (all []string) {
	for _, c := range n.Children {
		all = append(all, strings.TrimPrefix(c.Path(), "athanor "))
		all = append(all, commands(c)...)
	}
	return all
}
