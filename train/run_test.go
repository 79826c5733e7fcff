package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofrs/flock"

	"github.com/athanor-lm/athanor/checkpoint"
)

func TestAnyNumberOfWorkersWritesTheSameFiles(t *testing.T) {
	dir := t.TempDir()
	data := buildData(t, dir, 1, 60)
	for _, dtype := range []string{"f32", "bf16", "f16"} {
		var first string
		for workers := 1; workers <= 3; workers++ {
			run := filepath.Join(dir, fmt.Sprintf("%s-%d", dtype, workers))
			cfg := tinyConfig(t, run, data, "dtype="+dtype, fmt.Sprintf("workers=%d", workers))
			trained(t, cfg)
			if first == "" {
				first = run
				continue
			}
			sameTensors(t, fmt.Sprintf("%s on %d workers", dtype, workers), run, first, cfg.Steps)
			sameRecords(t, fmt.Sprintf("%s on %d workers", dtype, workers), run, first)
		}
	}
}

func TestInterruptedAndResumedEqualsUndisturbed(t *testing.T) {
	dir := t.TempDir()
	one, two := buildData(t, dir, 1, 60), buildData(t, dir, 2, 40)
	for _, tc := range []struct {
		name string
		set  []string
	}{
		{"f32", nil},
		{"bf16 llama documents", append([]string{"dtype=bf16", "data.packing=documents"}, llama...)},
		{"f16 random", []string{"dtype=f16", "data.packing=random"}},
		{"two sources", []string{"data.sources=[{path: " + one + ", weight: 0.7}, {path: " + two + ", weight: 0.3}]", "batch.micro=1"}},
		{"recompute", append([]string{"dtype=bf16", "recompute=true"}, llama...)},
	} {
		name := strings.ReplaceAll(tc.name, " ", "-")
		whole, broken := filepath.Join(dir, name), filepath.Join(dir, name+"-broken")
		cfg := tinyConfig(t, whole, one, tc.set...)
		trained(t, cfg)

		// At 1 and 7 between two checkpoints, at 6 while one is written, at 9 twice without a step between.
		w := &witness{}
		r, err := New(tinyConfig(t, broken, one, tc.set...), Options{Observer: w, PeakGFLOPs: -1})
		if s := finish(t, r, err, w, 1); !s.Interrupted || s.Step != 1 {
			t.Fatalf("%s: interrupted at step 1: %+v", tc.name, s)
		}
		at := int64(1)
		for _, stop := range []int64{6, 7, 9} {
			w, s := resumed(t, broken, stop)
			if w.plan.FirstStep != at || !s.Interrupted || s.Step != stop {
				t.Fatalf("%s: resumed at %d, stopped at %d, want %d and %d", tc.name, w.plan.FirstStep, s.Step, at, stop)
			}
			at = stop
		}
		if _, s := resumed(t, broken, 0); s.Interrupted || s.Step != cfg.Steps {
			t.Fatalf("%s: the last session ended with %+v", tc.name, s)
		}
		sameTensors(t, tc.name, broken, whole, cfg.Steps)
		sameRecords(t, tc.name, broken, whole)

		if w, s := resumed(t, broken, 0); s.Interrupted || len(w.steps) > 0 || len(w.saved) > 0 {
			t.Errorf("%s: resuming a finished run took steps %v and saved %v", tc.name, w.steps, w.saved)
		}
	}
}

func TestLossScaleAndSkippedUpdatesSurviveResumption(t *testing.T) {
	dir := t.TempDir()
	data := buildData(t, dir, 1, 60)
	begin := func(name string, interruptAt int64) (*witness, string) {
		run := filepath.Join(dir, name)
		w := &witness{}
		r, err := New(tinyConfig(t, run, data, "dtype=f16"), Options{Observer: w, PeakGFLOPs: -1})
		if err == nil {
			r.scaler.Scale = 1 << 24
		}
		finish(t, r, err, w, interruptAt)
		return w, run
	}
	w, whole := begin("whole", 0)
	_, broken := begin("broken", 2)
	resumed(t, broken, 5)
	resumed(t, broken, 0)
	skipped := 0
	for _, r := range records(t, whole) {
		if r.Skipped {
			skipped++
		}
	}
	if skipped == 0 || skipped == 10 || len(w.messages) < skipped {
		t.Fatalf("%d of 10 updates skipped, messages %q: the test wants some, and a message for each", skipped, w.messages)
	}
	sameTensors(t, "f16", broken, whole, 10)
	sameRecords(t, "f16", broken, whole)
}

func TestRunWithoutCheckpointBeginsAnew(t *testing.T) {
	dir := t.TempDir()
	data := buildData(t, dir, 1, 60)
	whole, broken := filepath.Join(dir, "whole"), filepath.Join(dir, "broken")
	trained(t, tinyConfig(t, whole, data))
	// What a kill before the first checkpoint leaves.
	w := &witness{}
	r, err := New(tinyConfig(t, broken, data), Options{Observer: w, PeakGFLOPs: -1})
	finish(t, r, err, w, 2)
	if err := os.RemoveAll(filepath.Join(broken, checkpointsDir)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(broken, tokenizerDir)); err != nil {
		t.Fatal(err)
	}
	if w, _ := resumed(t, broken, 0); len(w.steps) != 10 {
		t.Errorf("took %d steps, want all 10", len(w.steps))
	}
	sameTensors(t, "begun anew", broken, whole, 10)
	sameRecords(t, "begun anew", broken, whole)
}

func TestRecomputationGivesTheSameBits(t *testing.T) {
	dir := t.TempDir()
	data := buildData(t, dir, 1, 60)
	for i, set := range [][]string{nil, append([]string{"dtype=bf16"}, llama...)} {
		kept, again := filepath.Join(dir, fmt.Sprint("kept", i)), filepath.Join(dir, fmt.Sprint("again", i))
		trained(t, tinyConfig(t, kept, data, set...))
		trained(t, tinyConfig(t, again, data, append(set, "recompute=true")...))
		sameTensors(t, "recompute", again, kept, 10)
	}
}

func TestValidationSamplesAndCheckpointsComeWhenDue(t *testing.T) {
	dir := t.TempDir()
	data, run := buildData(t, dir, 1, 60), filepath.Join(dir, "run")
	w := trained(t, tinyConfig(t, run, data))
	var at []int64
	for _, r := range records(t, run) {
		if r.Val == nil {
			continue
		}
		at = append(at, r.Step)
		// A token a byte: bits a byte are the loss in bits.
		if want := r.Val.Loss / math.Ln2; math.Abs(r.Val.BitsPerByte-want) > 1e-12*want || math.Abs(r.Val.Perplexity-math.Exp(r.Val.Loss)) > 1e-9 {
			t.Errorf("step %d: %+v, want %v bits a byte", r.Step, *r.Val, want)
		}
	}
	if fmt.Sprint(at) != "[4 8 10]" {
		t.Errorf("validated at %v, want 4, 8 and the last", at)
	}
	if first, last := records(t, run)[3].Val.Loss, records(t, run)[9].Val.Loss; last >= first {
		t.Errorf("validation loss went from %v to %v: nothing was learned", first, last)
	}
	if fmt.Sprint(w.saved) != "[3 6 9 10]" || w.samples != 2 {
		t.Errorf("saved at %v, %d samples; want [3 6 9 10] and 2", w.saved, w.samples)
	}
	for _, name := range []string{"samples/step-00000005.txt", "samples/step-00000010.txt", "loss.png", "loss.svg", "config.yaml", "tokenizer/tokenizer.json", "log.txt",
		"checkpoints/step-00000009/manifest.json", "checkpoints/step-00000010/manifest.json"} {
		if _, err := os.Stat(filepath.Join(run, name)); err != nil {
			t.Error(err)
		}
	}
	if found, err := checkpoint.List(filepath.Join(run, checkpointsDir)); err != nil || len(found) != 2 {
		t.Errorf("%d checkpoints kept, want 2 (%v)", len(found), err)
	}
	text, err := os.ReadFile(filepath.Join(run, "samples/step-00000005.txt"))
	if err != nil || !strings.HasPrefix(string(text), "ab") || len(text) < 8 {
		t.Errorf("sample %q, %v", text, err)
	}
}

func TestInitFromTakesTheWeightsAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	data, base := buildData(t, dir, 1, 60), filepath.Join(dir, "base")
	trained(t, tinyConfig(t, base, data))
	r, err := New(tinyConfig(t, filepath.Join(dir, "next"), data, "model.init_from="+base), Options{Observer: &witness{}, PeakGFLOPs: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	from, _, err := checkpoint.Load(filepath.Join(base, checkpointsDir))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.params {
		want := checkpoint.Tensor{Name: p.Name, Shape: p.Shape, Data: make([]float32, p.Value.Len())}
		if err := from.LoadTensor(want); err != nil {
			t.Fatal(err)
		}
		for i, v := range p.Value.F32() {
			if v != want.Data[i] {
				t.Fatalf("%s[%d] is %v, want %v", p.Name, i, v, want.Data[i])
			}
		}
	}
	if r.step != 0 || r.tokens != 0 {
		t.Errorf("begins at step %d with %d tokens, want 0 and 0", r.step, r.tokens)
	}
}

func TestVerifyingDataCanBeInterrupted(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	run := filepath.Join(dir, "run")
	_, err := New(tinyConfig(t, run, buildData(t, dir, 1, 60)), Options{Observer: &witness{}, PeakGFLOPs: -1, Context: ctx})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "nothing was written") {
		t.Errorf("error %v, want that it was interrupted", err)
	}
	if _, err := os.Stat(run); !os.IsNotExist(err) {
		t.Error("the run directory was left behind")
	}
}

func TestRunBelongsToOneProcess(t *testing.T) {
	dir := t.TempDir()
	data, run := buildData(t, dir, 1, 60), filepath.Join(dir, "run")
	r, err := New(tinyConfig(t, run, data), Options{Observer: &witness{}, PeakGFLOPs: -1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Resume(run, nil, Options{Observer: &witness{}, PeakGFLOPs: -1}); err == nil || !strings.Contains(err.Error(), "another process is training "+run) {
		t.Errorf("resumed while it runs: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	resumed(t, run, 0)
}

func TestLosersOfARaceForADirectoryTouchNothing(t *testing.T) {
	dir := t.TempDir()
	data := buildData(t, dir, 1, 60)
	for name, begin := range map[string]func(run string) (*Run, error){
		"new": func(run string) (*Run, error) {
			return New(tinyConfig(t, run, data), Options{Observer: &witness{}, PeakGFLOPs: -1})
		},
		"resume": func(run string) (*Run, error) {
			if err := os.WriteFile(filepath.Join(run, configFile), marshal(t, tinyConfig(t, run, data)), 0o644); err != nil {
				t.Fatal(err)
			}
			return Resume(run, []string{"steps=99"}, Options{Observer: &witness{}, PeakGFLOPs: -1})
		},
	} {
		run := filepath.Join(dir, name)
		if err := os.MkdirAll(run, 0o755); err != nil {
			t.Fatal(err)
		}
		winner := flock.New(filepath.Join(run, lockFile))
		if ok, err := winner.TryLock(); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if err := os.WriteFile(filepath.Join(run, metricsFile), []byte("the winner's"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := begin(run); err == nil || !strings.Contains(err.Error(), "another process is training "+run) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
		if text, err := os.ReadFile(filepath.Join(run, metricsFile)); string(text) != "the winner's" {
			t.Errorf("%s: the other run's metrics are %q (%v)", name, text, err)
		}
		if text, _ := os.ReadFile(filepath.Join(run, configFile)); strings.Contains(string(text), "steps: 99") {
			t.Errorf("%s: the other run's configuration was changed", name)
		}
		if _, err := os.Stat(filepath.Join(run, tokenizerDir)); err == nil {
			t.Errorf("%s: a tokenizer was written into the other run", name)
		}
		winner.Unlock()
	}
}

func marshal(tb testing.TB, c *Config) []byte {
	tb.Helper()
	text, err := c.Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func TestSteadyStateStepsAllocateNothing(t *testing.T) {
	dir := t.TempDir()
	data := buildData(t, dir, 1, 60)
	for _, set := range [][]string{nil, {"dtype=f16"}, append([]string{"dtype=bf16", "data.packing=documents", "recompute=true"}, llama...)} {
		r, err := New(tinyConfig(t, filepath.Join(dir, fmt.Sprint(len(set))), data, set...), Options{Observer: &witness{}, PeakGFLOPs: -1})
		if err != nil {
			t.Fatal(err)
		}
		r.observer.(*witness).steps = make([]int64, 0, 100)
		engine := func() {
			valid, err := r.data.fill(r.micro, r.cursor())
			if err != nil {
				t.Fatal(err)
			}
			r.update(valid, 1e-3)
			r.step++
		}
		engine()
		if n := testing.AllocsPerRun(20, engine); n != 0 {
			t.Errorf("%v: %v allocations a step, want 0", set, n)
		}
		logged := func() {
			rec, err := r.trainStep()
			if err != nil {
				t.Fatal(err)
			}
			r.record(rec)
		}
		logged()
		if n := testing.AllocsPerRun(20, logged); n > 1 { // the path of the file that tells memory
			t.Errorf("%v: %v allocations a step with its records, want at most 1", set, n)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestARunThatFailsKeepsTheStepsItHasDone(t *testing.T) {
	dir := t.TempDir()
	cfg := tinyConfig(t, filepath.Join(dir, "run"), buildData(t, dir, 1, 60), "optimizer.lr=1e30", "schedule.warmup=0", "checkpoint.every=0")
	r, err := New(cfg, Options{Observer: &witness{}, PeakGFLOPs: -1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Train(t.Context())
	if closeErr := r.Close(); closeErr != nil {
		t.Fatal(closeErr)
	}
	if err == nil || !strings.Contains(err.Error(), "the gradient norm is") {
		t.Fatalf("a rate of 1e30: %v, want an error that names the gradient norm", err)
	}
	ck, _, err := checkpoint.Load(filepath.Join(cfg.Dir, checkpointsDir))
	if err != nil {
		t.Fatal(err)
	}
	if ck.Manifest.Step < 1 {
		t.Errorf("the checkpoint is of step %d, want the last that was done", ck.Manifest.Step)
	}
}
