package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// newState makes a state of a few small parameters whose content depends on step; newPagedState's second is longer
// than a page.
func newState(step int64) *State {
	return stateOf(step, []int{3, 5}, []int{11, 2}, []int{7}, []int{0, 4}, []int{64, 64})
}

func newPagedState(step int64) *State {
	return stateOf(step, []int{3, 5}, []int{pageLen + 13, 2}, []int{7}, []int{0, 4}, []int{64, 64})
}

func stateOf(step int64, shapes ...[]int) *State {
	st := &State{
		Step: step, Tokens: 1000 * step, Samples: 10 * step, Seed: 1<<63 + 5, RNG: "philox4x32-10",
		Config:    []byte("模型: tiny\n"),
		Layout:    map[string]int{"ranks": 1},
		LossScale: &LossScale{Scale: 65536, Clean: 7},
		Metrics:   map[string]float64{"loss": 3.25, "grad_norm": math.Inf(1)},
		Extra:     map[string]json.RawMessage{"guard": json.RawMessage(`{"mean":1.5}`)},
	}
	for i, shape := range shapes {
		name := fmt.Sprintf("layers.%d.weight", i)
		var group []Tensor
		for _, prefix := range []string{"", "optim.m.", "optim.v."} {
			group = append(group, Tensor{Name: prefix + name, Shape: shape, Data: make([]float32, elements(shape))})
		}
		st.Groups = append(st.Groups, group)
	}
	fill(st)
	return st
}

func elements(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// fill sets every element to a function of (step, tensor, index).
func fill(st *State) {
	for i := range st.Groups {
		fillGroup(st, i, st.Step)
	}
}

func fillGroup(st *State, i int, step int64) {
	for j, t := range st.Groups[i] {
		for k := range t.Data {
			t.Data[k] = want(step, i, j, k)
		}
	}
}

func want(step int64, i, j, k int) float32 {
	return float32(step) + float32(i)/8 + float32(j)/64 + float32(k%997)/4096
}

// check reads every tensor and compares it with what fill writes for the checkpoint's step.
func check(t testing.TB, c *Checkpoint) {
	t.Helper()
	tensors := c.Tensors()
	if len(tensors) != 15 {
		t.Fatalf("step %d holds %d tensors, want 15", c.Manifest.Step, len(tensors))
	}
	for i := range tensors {
		tensors[i].Data = make([]float32, elements(tensors[i].Shape))
	}
	if err := c.LoadInto([][]Tensor{tensors}); err != nil {
		t.Fatal(err)
	}
	for _, tensor := range tensors {
		name, j := tensor.Name, 0
		for k, prefix := range []string{"optim.m.", "optim.v."} {
			if rest, ok := strings.CutPrefix(name, prefix); ok {
				name, j = rest, k+1
			}
		}
		var i int
		if _, err := fmt.Sscanf(name, "layers.%d.weight", &i); err != nil {
			t.Fatal(err)
		}
		for k, got := range tensor.Data {
			if w := want(c.Manifest.Step, i, j, k); got != w {
				t.Fatalf("step %d: %s[%d] = %v, want %v", c.Manifest.Step, tensor.Name, k, got, w)
			}
		}
	}
}

func mustSave(t testing.TB, root string, step int64, o Options) *Saved {
	t.Helper()
	saved, err := Save(root, newState(step), o)
	if err != nil {
		t.Fatal(err)
	}
	if saved.PruneErr != nil {
		t.Fatal(saved.PruneErr)
	}
	return saved
}

func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestSaveAndLoadRoundTrip(t *testing.T) {
	root := filepath.Join(t.TempDir(), "checkpoints")
	if _, err := Save(root, newPagedState(12), Options{ShardBytes: 100 << 10}); err != nil {
		t.Fatal(err)
	}
	c, skipped, err := Load(root)
	if err != nil || len(skipped) != 0 {
		t.Fatal(err, skipped)
	}
	check(t, c)
	m, st := c.Manifest, newState(12)
	if m.Step != 12 || m.Tokens != st.Tokens || m.Samples != st.Samples || m.Seed != st.Seed || m.RNG != st.RNG ||
		m.Config != string(st.Config) || m.Layout["ranks"] != 1 || *m.LossScale != *st.LossScale ||
		m.Metrics["loss"] != 3.25 || !math.IsInf(float64(m.Metrics["grad_norm"]), 1) {
		t.Errorf("manifest %+v does not match the state", m)
	}
	var guard struct{ Mean float64 }
	if err := json.Unmarshal(m.Extra["guard"], &guard); err != nil || guard.Mean != 1.5 {
		t.Errorf("extra state: %s, %v", m.Extra["guard"], err)
	}
	if b, _ := os.ReadFile(filepath.Join(root, "latest")); string(b) != "step-00000012\n" {
		t.Errorf("latest is %q", b)
	}
	got := names(t, c.Dir)
	if !slices.Contains(got, "weights-00002-of-00003.safetensors") || !slices.Contains(got, "optimizer-00004-of-00004.safetensors") {
		t.Errorf("files %v", got)
	}
}

func TestLoadReportsNone(t *testing.T) {
	for _, root := range []string{t.TempDir(), filepath.Join(t.TempDir(), "absent")} {
		if _, _, err := Load(root); !errors.Is(err, ErrNone) {
			t.Errorf("Load(%s): %v, want ErrNone", root, err)
		}
	}
}

func TestLoadFallsBackAndSaysWhy(t *testing.T) {
	damage := []struct {
		name, says string
		do         func(dir string) error
	}{
		{"flipped bit in data", "SHA-256", func(dir string) error { return flip(filepath.Join(dir, "weights-00001-of-00001.safetensors"), -3) }},
		{"flipped bit in header", "SHA-256", func(dir string) error { return flip(filepath.Join(dir, "optimizer-00001-of-00001.safetensors"), 20) }},
		{"truncated", "bytes, want", func(dir string) error {
			return os.Truncate(filepath.Join(dir, "weights-00001-of-00001.safetensors"), 1000)
		}},
		{"file missing", "no such file", func(dir string) error { return os.Remove(filepath.Join(dir, "optimizer-00001-of-00001.safetensors")) }},
		{"manifest missing", "manifest.json", func(dir string) error { return os.Remove(filepath.Join(dir, manifestName)) }},
		{"manifest truncated", "unexpected end", func(dir string) error { return os.Truncate(filepath.Join(dir, manifestName), 200) }},
		{"manifest changed", "it was changed", func(dir string) error {
			path := filepath.Join(dir, manifestName)
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, []byte(strings.Replace(string(b), `"samples": 30`, `"samples": 31`, 1)), 0o644)
		}},
	}
	for _, d := range damage {
		t.Run(d.name, func(t *testing.T) {
			root := t.TempDir()
			for step := int64(1); step <= 3; step++ {
				mustSave(t, root, step, Options{})
			}
			if err := d.do(filepath.Join(root, DirName(3))); err != nil {
				t.Fatal(err)
			}
			c, skipped, err := Load(root)
			if err != nil {
				t.Fatal(err)
			}
			if c.Manifest.Step != 2 || len(skipped) != 1 || !strings.Contains(skipped[0].Err.Error(), d.says) {
				t.Errorf("loaded step %d, skipped %v, want step 2 and a reason with %q", c.Manifest.Step, skipped, d.says)
			}
			check(t, c)
		})
	}
}

// flip changes one bit of the byte at offset at, from the end if negative.
func flip(path string, at int) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 4
	return os.WriteFile(path, b, 0o644)
}

func TestNewestIsWrittenLast(t *testing.T) {
	root := t.TempDir()
	mustSave(t, root, 100, Options{})
	mustSave(t, root, 90, Options{}) // after a rollback
	c, _, err := Load(root)
	if err != nil || c.Manifest.Step != 90 {
		t.Errorf("loaded %+v, %v, want step 90", c, err)
	}
}

func TestSavingAStepAgainReplacesIt(t *testing.T) {
	root := t.TempDir()
	mustSave(t, root, 5, Options{})
	first, _, err := Load(root)
	if err != nil {
		t.Fatal(err)
	}
	mustSave(t, root, 5, Options{})
	second, _, err := Load(root)
	if err != nil || second.Manifest.Sequence != first.Manifest.Sequence+1 {
		t.Fatalf("sequence %d after %d, %v", second.Manifest.Sequence, first.Manifest.Sequence, err)
	}
	if got := names(t, root); !slices.Equal(got, []string{"latest", "step-00000005"}) {
		t.Errorf("left behind: %v", got)
	}
}

func TestLoadIntoNamesEveryDifference(t *testing.T) {
	root := t.TempDir()
	mustSave(t, root, 1, Options{})
	c, _, err := Load(root)
	if err != nil {
		t.Fatal(err)
	}
	st := newState(0)
	st.Groups[0][0].Name = "new.weight"
	st.Groups[2][1].Shape = []int{7, 1}
	before := slices.Clone(st.Groups[4][0].Data)
	err = c.LoadInto(st.Groups)
	for _, s := range []string{"missing: new.weight", "optim.m.layers.2.weight [7], want [7 1]", "not part of the model: layers.0.weight"} {
		if err == nil || !strings.Contains(err.Error(), s) {
			t.Errorf("error %v lacks %q", err, s)
		}
	}
	if !slices.Equal(before, st.Groups[4][0].Data) {
		t.Error("a refused load changed tensors")
	}
	weights := newState(0)
	for i := range weights.Groups {
		weights.Groups[i] = weights.Groups[i][:1]
	}
	if err := c.LoadInto(weights.Groups); err == nil {
		t.Error("LoadInto accepted a checkpoint with surplus optimizer state")
	}
	if err := c.LoadWeights(weights.Groups); err != nil {
		t.Error(err)
	}
}

func TestPruning(t *testing.T) {
	root := t.TempDir()
	for step := int64(1); step <= 9; step++ {
		mustSave(t, root, step, Options{KeepLast: 2, KeepEvery: 4})
	}
	if got, want := names(t, root), []string{"latest", DirName(4), DirName(8), DirName(9)}; !slices.Equal(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
	// The newest valid one stays even where damaged ones are newer than it.
	for _, step := range []int64{8, 9} {
		if err := flip(filepath.Join(root, DirName(step), "weights-00001-of-00001.safetensors"), -1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := prune(osFS{}, root, DirName(4), 1, 0); err != nil {
		t.Fatal(err)
	}
	if c, _, err := Load(root); err != nil || c.Manifest.Step != 4 {
		t.Errorf("after pruning: %v, %v", c, err)
	}
}

func TestStaleRemainsAreCleaned(t *testing.T) {
	root := t.TempDir()
	mustSave(t, root, 1, Options{})
	mustSave(t, root, 2, Options{})
	// Killed while writing step 3, and in the middle of replacing step 2.
	if err := os.MkdirAll(filepath.Join(root, ".tmp-step-00000003"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(root, DirName(2)), filepath.Join(root, ".old-"+DirName(2))); err != nil {
		t.Fatal(err)
	}
	if c, skipped, err := Load(root); err != nil || len(skipped) > 0 || c.Manifest.Step != 2 {
		t.Errorf("before cleaning: %v, %v, %v", c, skipped, err)
	}
	if _, err := NewSaver(root, Options{}); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, root), []string{"latest", DirName(1), DirName(2)}; !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
}
