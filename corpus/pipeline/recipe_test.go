package pipeline

import (
	"strings"
	"testing"
)

// TestBadRecipesAreRefusedWithPlaceValueAndWant reads recipes with one mistake each.
func TestBadRecipesAreRefusedWithPlaceValueAndWant(t *testing.T) {
	const head = "out: o\ninputs:\n- {source: web, paths: [in]}\n"
	for _, c := range []struct{ text, line, what string }{
		{"inputs: [{paths: [x]}]\n", "", "no output directory"},
		{"out: o\n", "", "inputs"},
		{"out: o\ninputs:\n- {source: a}\n", ":3", "no paths"},
		{head + "colour: red\n", ":4", "colour"},
		{head + "memory: 1MiB\n", ":4", "at least 16MiB"},
		{head + "memory: lots\n", ":4", "lots"},
		{head + "task_size: 0\n", ":4", "at least 1 byte"},
		{head + "samples: -1\n", ":4", "0 or more"},
		{head + "on_bad_file: ignore\n", ":4", "quarantine or stop"},
		{head + "keep_work: perhaps\n", ":4", "perhaps"},
		{head + "steps:\n- use: exact\n- use: exactly\n", ":6", "one of bad-words, boilerplate, c4"},
		{head + "steps:\n- {name: x}\n", ":5", "use"},
		{head + "steps:\n- {use: exact, name: a}\n- {use: url, name: a}\n", ":6", "another"},
		{head + "steps:\n- {use: exact, sources: [wbe]}\n", ":5", `"wbe" is no source, want one of web`},
		{head + "steps:\n- {use: minhash, bands: many}\n", ":5", "many"},
		{head + "steps:\n- {use: minhash, brands: 3}\n", ":5", "brands"},
		{head + "steps:\n- {use: minhash, bands: -3}\n", ":5", "bands"},
		{head + "mix: {order: random}\n", ":4", "input, interleave or shuffle"},
		{head + "mix: {sources: [{source: wbe, weight: 1}]}\n", ":4", "want one of web"},
		{head + "output: {formats: [csv]}\n", ":4", "some of jsonl, parquet, tokens"},
		{head + "output: {formats: []}\n", ":4", "some of jsonl, parquet, tokens"},
		{head + "output: {formats: [tokens]}\n", ":4", "tokenizer"},
		{head + "output: {compression: rar}\n", ":4", "zstd, gzip or none"},
		{head + "output: {shard_size: 5}\n", ":4", "at least 1KiB"},
		{head + "output: {val: 1}\n", ":4", "0 ≤ val < 1"},
	} {
		_, err := ParseRecipe("r.yaml", []byte(c.text), nil)
		if err == nil || !strings.Contains(err.Error(), "r.yaml"+c.line) || !strings.Contains(err.Error(), c.what) {
			t.Errorf("%q: %v\nwant r.yaml%s and %s", c.text, err, c.line, c.what)
		}
	}
}

func TestOverridesChangeKeysOutsideInputsAndSteps(t *testing.T) {
	text := []byte("out: o\ninputs: [{paths: [some/in.d]}]\nsteps: [{use: exact}, {use: exact}, {use: url, name: exact-2x}]\noutput: {shard_size: 1MiB}\n")
	r, err := ParseRecipe("dir/my.recipe.yaml", text, []string{"out=p", "keep_work=false", "output.compression=none", "memory=1GiB"})
	if err != nil {
		t.Fatal(err)
	}
	if r.Out != "p" || r.KeepWork || r.Output.Compression != "none" || r.Output.ShardSize != 1<<20 || r.Memory != 1<<30 {
		t.Errorf("the overrides gave %+v", r)
	}
	if r.Name != "my" || r.Inputs[0].Source != "in" || r.Steps[1].Name != "exact-2" || r.TaskSize != defaultTaskSize || r.Inputs[0].MaxRecord != defaultMaxRecord {
		t.Errorf("the defaults are %+v", r)
	}
	for _, bad := range []string{"out", "colour=red", "samples=-2"} {
		if _, err := ParseRecipe("r.yaml", text, []string{bad}); err == nil || !strings.Contains(err.Error(), strings.Split(bad, "=")[0]) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
