package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/athanor-lm/athanor/tokenizer"
)

// buildEnv makes the test binary build the dataset that it describes, so that it can be killed.
const buildEnv = "ATHANOR_TEST_BUILD"

func TestMain(m *testing.M) {
	if spec := os.Getenv(buildEnv); spec != "" {
		var in [2][]string
		if err := json.Unmarshal([]byte(spec), &in); err != nil {
			panic(err)
		}
		cfg := resumableConfig(in[0], in[1])
		cfg.Out, cfg.Tokenizer = os.Getenv(buildEnv+"_OUT"), slowTokenizer{byteTokenizer{vocab: 258}}
		if _, err := Build(context.Background(), cfg); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// slowTokenizer takes a millisecond for 10 kB, so that there is time to kill what uses it.
type slowTokenizer struct{ byteTokenizer }

func (s slowTokenizer) TryEncode(dst []uint32, text []byte, o tokenizer.EncodeOptions) ([]uint32, error) {
	time.Sleep(time.Duration(len(text)) * 100 * time.Nanosecond)
	return s.byteTokenizer.TryEncode(dst, text, o)
}

// resumable is a build whose documents fill several batches of several files, with bad and empty records between them.
func resumable(t *testing.T) BuildConfig {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 4))
	dir := t.TempDir()
	for f := range 3 {
		var b strings.Builder
		for i := range 6000 {
			switch rng.IntN(100) {
			case 0:
				b.WriteString("nonsense\n")
			case 1:
				b.WriteString("{\"text\":\"\"}\n\n")
			default:
				fmt.Fprintf(&b, `{"text":"%s","source":"s%d"}`+"\n", strings.Repeat(string(rune('a'+i%26)), 1+rng.IntN(200)), i%5)
			}
		}
		writeFile(t, filepath.Join(dir, fmt.Sprintf("text/%d.jsonl", f)), []byte(b.String()))
	}
	writeFile(t, filepath.Join(dir, "held.jsonl"), []byte("{\"text\":\"held out\"}\nnonsense\n"))
	return resumableConfig([]string{filepath.Join(dir, "text")}, []string{filepath.Join(dir, "held.jsonl")})
}

func resumableConfig(inputs, valInputs []string) BuildConfig {
	return BuildConfig{Inputs: inputs, ValInputs: valInputs, Tokenizer: byteTokenizer{vocab: 258}, AppendEOS: true, Creator: "test", JournalEvery: time.Nanosecond}
}

func sameContents(t *testing.T, got, want map[string]string) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] || len(got) != len(want) {
			t.Errorf("%s differs (%d files, want %d)", name, len(got), len(want))
		}
	}
}

// A build that is stopped again and again ends with the bytes of one that is not.
func TestStoppedBuildGoesOn(t *testing.T) {
	cfg := resumable(t)
	cfg.Out = filepath.Join(t.TempDir(), "whole")
	if _, err := Build(context.Background(), cfg); err != nil {
		t.Fatal(err)
	}
	want := contents(t, cfg.Out)
	parent := t.TempDir()
	cfg.Out = filepath.Join(parent, "set")
	starts, reported := 0, int64(0)
	for {
		if starts++; starts > 200 {
			t.Fatal("it never ends")
		}
		ctx, cancel := context.WithCancel(context.Background())
		cfg.Workers = 1 + starts%3
		stoppedAt := reported
		cfg.Progress = func(p Progress) {
			if p.Before.Documents < stoppedAt || p.Documents < p.Before.Documents || p.ReadBytes > p.TotalBytes {
				t.Errorf("progress %+v after %d documents", p, stoppedAt)
			}
			if reported = p.Documents; !p.Done && (starts < 8 || p.Documents > p.Before.Documents) { // the later starts come a step further each
				cancel()
			}
		}
		_, err := Build(ctx, cfg)
		cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if starts < 3 {
		t.Errorf("%d starts tell nothing", starts)
	}
	sameContents(t, contents(t, cfg.Out), want)
	if left, _ := os.ReadDir(parent); len(left) != 1 {
		t.Errorf("left behind %v", left)
	}
}

// The same with SIGKILL, at times of no one's choosing.
func TestKilledBuildGoesOn(t *testing.T) {
	cfg := resumable(t)
	cfg.Out = filepath.Join(t.TempDir(), "whole")
	if _, err := Build(context.Background(), cfg); err != nil {
		t.Fatal(err)
	}
	want := contents(t, cfg.Out)
	cfg.Out = filepath.Join(t.TempDir(), "set")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := json.Marshal([2][]string{cfg.Inputs, cfg.ValInputs})
	if err != nil {
		t.Fatal(err)
	}
	kills := 0
	for wait := 50 * time.Millisecond; ; wait = wait * 3 / 2 {
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), buildEnv+"="+string(spec), buildEnv+"_OUT="+cfg.Out)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(wait, func() { cmd.Process.Kill() })
		err := cmd.Wait()
		timer.Stop()
		if err == nil {
			break
		}
		if stderr.Len() > 0 {
			t.Fatal(stderr.String())
		}
		kills++
		if _, err := os.Stat(cfg.Out); err == nil {
			break // it was killed between the renaming, which is the last it does, and its end
		}
	}
	if kills == 0 {
		t.Error("it was done before it was killed")
	}
	sameContents(t, contents(t, cfg.Out), want)
}

// stopped leaves an unfinished build behind.
func stopped(t *testing.T, cfg BuildConfig) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cfg.Progress = func(Progress) { cancel() }
	if _, err := Build(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestUnfinishedBuildRefusesAnother(t *testing.T) {
	cfg := resumable(t)
	cfg.Out = filepath.Join(t.TempDir(), "set")
	stopped(t, cfg)
	text := filepath.Join(cfg.Inputs[0], "1.jsonl")
	data, err := os.ReadFile(text)
	if err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(text)
	if err != nil {
		t.Fatal(err)
	}
	eos := uint32(3)
	restore := func() {
		writeFile(t, text, data)
		if err := os.Chtimes(text, st.ModTime(), st.ModTime()); err != nil {
			t.Fatal(err)
		}
		os.Remove(filepath.Join(cfg.Inputs[0], "2a.jsonl"))
	}
	for want, change := range map[string]func(*BuildConfig){
		"begun with tokenizer bytes-258-0": func(c *BuildConfig) { c.Tokenizer = byteTokenizer{vocab: 300} },
		"append_eos was true":              func(c *BuildConfig) { c.AppendEOS = false },
		"eos_token was 257, now it is 3":   func(c *BuildConfig) { c.EOS = &eos },
		"seed was 0, now it is 7":          func(c *BuildConfig) { c.Seed = 7 },
		"max_record was":                   func(c *BuildConfig) { c.Read.MaxRecord = 1000 },
		"extensions was":                   func(c *BuildConfig) { c.Read.Extensions = []string{".jsonl"} },
		"begun by \"test\"":                func(c *BuildConfig) { c.Creator = "other" },
		"now it has":                       func(c *BuildConfig) { writeFile(t, text, data[1:]) },
		"was changed at": func(c *BuildConfig) {
			writeFile(t, text, data)
			if err := os.Chtimes(text, time.Now(), time.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		},
		"2a.jsonl":       func(c *BuildConfig) { writeFile(t, filepath.Join(cfg.Inputs[0], "2a.jsonl"), data) },
		"val_inputs was": func(c *BuildConfig) { c.ValInputs = nil },
	} {
		other := cfg
		change(&other)
		if _, err := Build(context.Background(), other); !errors.Is(err, ErrOtherBuild) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		restore()
	}
	again := cfg
	again.Seed, again.Restart = 7, true
	if m, err := Build(context.Background(), again); err != nil || m.Build.Seed != 7 {
		t.Errorf("restarted: %v", err)
	}
}

// optionNames must have every option that plan.json has: one left out would change unseen.
func TestEveryOptionIsCompared(t *testing.T) {
	eos := uint32(1)
	o := planOptions{BuildInfo: BuildInfo{ValInputs: []string{"x"}, TextField: "x", Separator: "x"}, EOSToken: &eos}
	for name := range fields(o) {
		if !slices.Contains(optionNames, name) {
			t.Errorf("%s is not compared", name)
		}
	}
	if n := reflect.TypeFor[BuildInfo]().NumField() + 4; n != len(optionNames) {
		t.Errorf("%d options, %d names", n, len(optionNames))
	}
}

func TestOneBuildAtATime(t *testing.T) {
	cfg := resumable(t)
	cfg.Out = filepath.Join(t.TempDir(), "set")
	tried := false
	cfg.Progress = func(Progress) {
		if !tried {
			tried = true
			other := cfg
			other.Progress = nil
			if _, err := Build(context.Background(), other); err == nil || !strings.Contains(err.Error(), "another process") {
				t.Errorf("a second build: %v", err)
			}
		}
	}
	if _, err := Build(context.Background(), cfg); err != nil || !tried {
		t.Error(err)
	}
}

// A journal that was damaged, or counts what is not there, is no reason to build something wrong.
func TestDamagedJournalIsRefused(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"unexpected end": func(dir string) error { return os.Truncate(filepath.Join(dir, journalName), 10) },
		"invalid":        func(dir string) error { return os.WriteFile(filepath.Join(dir, planName), []byte("?"), 0o644) },
		"train.bin":      func(dir string) error { return os.Truncate(filepath.Join(dir, "data", "train.bin"), 10) },
		"lengths":        func(dir string) error { return os.Truncate(filepath.Join(dir, "train.lengths"), 1) },
	} {
		cfg := resumable(t)
		cfg.Out = filepath.Join(t.TempDir(), "set")
		stopped(t, cfg)
		if err := damage(filepath.Join(filepath.Dir(cfg.Out), ".set.building")); err != nil {
			t.Fatal(err)
		}
		if _, err := Build(context.Background(), cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %q", err, name)
		}
		cfg.Restart = true
		if _, err := Build(context.Background(), cfg); err != nil {
			t.Error(err)
		}
	}
}
