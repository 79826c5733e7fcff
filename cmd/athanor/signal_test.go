//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// programEnv makes the test binary the program itself, so that it can get signals and limits of its own.
const programEnv = "ATHANOR_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programEnv) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program prepares a process of this program, under a shell that first does setup ("" = nothing).
func program(t *testing.T, setup string, args ...string) (cmd *exec.Cmd, stdout, stderr *watched) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(exe, args...)
	if setup != "" {
		cmd = exec.Command("sh", append([]string{"-c", setup + ` && exec "$0" "$@"`, exe}, args...)...)
	}
	cmd.Env = append(os.Environ(), programEnv+"=1")
	stdout, stderr = &watched{seen: make(chan struct{})}, &watched{seen: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd, stdout, stderr
}

// watched collects output and tells when a text appears in it.
type watched struct {
	text  bytes.Buffer // not embedded: its ReadFrom would go round Write
	until string
	seen  chan struct{}
}

func (w *watched) String() string { return w.text.String() }

func (w *watched) Write(p []byte) (int, error) {
	w.text.Write(p)
	if w.until != "" && strings.Contains(w.String(), w.until) {
		w.until = ""
		close(w.seen)
	}
	return len(p), nil
}

// interrupt starts cmd, sends it sig when it has shown a text, and returns its exit code.
func interrupt(t *testing.T, cmd *exec.Cmd, out *watched, when string, sig os.Signal) int {
	t.Helper()
	out.until = when
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-out.seen:
	case err := <-ended:
		t.Fatalf("ended with %v before it showed %q: %v", err, when, cmd.Stderr)
	}
	if err := cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(time.Minute):
		cmd.Process.Kill()
		t.Fatalf("%v: still there after a minute: %v", sig, cmd.Stderr)
	}
	return cmd.ProcessState.ExitCode()
}

func TestSignalEndsTrainingWithACheckpoint(t *testing.T) {
	w := newWorkshop(t)
	for i, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		dir := w.path(fmt.Sprint("stopped", i))
		cmd, stdout, stderr := program(t, "", "train", w.path("run.yaml"), "--set", "dir="+dir, "--set", "steps=1000000", "--set", "checkpoint.every=0", "--set", "validation.every=0")
		if code := interrupt(t, cmd, stderr, "1/1000000 ", sig); code != 0 {
			t.Errorf("%v: exit %d: %s", sig, code, stderr)
		}
		for _, want := range []string{dir + ": stopped after step ", "of 1000000", "go on", "athanor train --resume " + dir, "train loss"} {
			// Long paths are wrapped.
			if flat := strings.NewReplacer("\n", "", " ", "").Replace; !strings.Contains(flat(stdout.String()), flat(want)) {
				t.Errorf("%v: %s\nwant %q in it", sig, stdout, want)
			}
		}
		if code, out, stderr := piped("", "train", "--resume", dir, "--set", "steps=1", "--set", "schedule.warmup=0"); code != 0 || !strings.Contains(stderr, "resumed from "+dir) {
			t.Errorf("%v: resume: exit %d, %s%s", sig, code, out, stderr)
		}
	}
}

func TestSignalEndsGenerationWithWhatThereIs(t *testing.T) {
	w := newWorkshop(t)
	if code, _, stderr := piped("", "train", w.path("run.yaml"), "--set", "dir="+w.path("long"), "--set", "steps=1", "--set", "model.context=100000", "--set", "data.sequence=16"); code != 0 {
		t.Fatal(stderr)
	}
	cmd, stdout, stderr := program(t, "", "generate", w.path("long"), "-p", "the cat", "-n", "90000", "--ignore-eos")
	if code := interrupt(t, cmd, stdout, "the cat", syscall.SIGINT); code != 0 || !strings.HasPrefix(stdout.String(), "the cat") || !strings.HasSuffix(stdout.String(), "\n") || !strings.Contains(stderr.String(), "tokens/s") {
		t.Errorf("exit %d, %q, %s", code, stdout, stderr)
	}
	cmd, stdout, stderr = program(t, "sleep 0", "generate", w.path("long"), "-p", "the cat", "-p", "a", "-n", "90000", "--ignore-eos")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(stdout.String(), "── 2 (cancel)\na") {
		t.Errorf("%v: %q, %s", err, stdout, stderr)
	}
}

func TestSignalEndsMeasurements(t *testing.T) {
	cmd, stdout, stderr := program(t, "", "bench", "train", "--steps", "100000000", "--warmup", "0")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	time.Sleep(2 * time.Second) // it listens for signals long before
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		cmd.Process.Kill()
		t.Fatal("still there after half a minute")
	}
	if cmd.ProcessState.ExitCode() != 1 || stderr.String() != "athanor: interrupted\n" || stdout.String() != "" {
		t.Errorf("%v: %s%s", cmd.ProcessState, stdout, stderr)
	}
}

func TestSignalEndsPreparationsAndLeavesNothing(t *testing.T) {
	w := newWorkshop(t)
	var big strings.Builder
	for i := range 400_000 {
		fmt.Fprintf(&big, "line %d of a text that takes a while, %x\n", i, i*7919)
	}
	w.write("big.txt", big.String())
	before := strings.Join(w.files(), "\n")
	for name, args := range map[string][]string{
		"dataset build":   {"dataset", "build", w.path("big.txt"), "-t", w.path("tok"), "-o", w.path("new")},
		"tokenizer train": {"tokenizer", "train", w.path("big.txt"), "-o", w.path("new"), "-v", "30000"},
	} {
		var cmd *exec.Cmd
		var stdout, stderr *watched
		var err error
		for wait := 150 * time.Millisecond; wait < 10*time.Second; wait *= 3 {
			cmd, stdout, stderr = program(t, "", args...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(wait)
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			err = cmd.Wait()
			if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !ws.Signaled() {
				break // otherwise the program had not come to listen for signals yet
			}
		}
		if err == nil {
			t.Errorf("%s: it was done before the signal came, or hid it: %s%s", name, stdout, stderr)
		} else if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(stderr.String(), "interrupted; nothing was written to "+w.path("new")) {
			t.Errorf("%s: %v: %s", name, err, stderr)
		}
		if after := strings.Join(w.files(), "\n"); after != before {
			t.Errorf("%s: files after the signal:\n%s\nbefore:\n%s", name, after, before)
		}
	}
}

func TestSignalEndsDatasetBuildAndTheSameCommandGoesOn(t *testing.T) {
	w := newWorkshop(t)
	var big strings.Builder
	for i := range 400_000 {
		fmt.Fprintf(&big, `{"text":"line %d of a text that takes a while, %x","source":"s%d"}`+"\n", i, i*7919, i%3)
	}
	w.write("big.jsonl", big.String())
	args := []string{"dataset", "build", w.path("big.jsonl"), "-t", w.path("tok"), "-o", w.path("new"), "--json"}
	if code, _, stderr := piped("", append(args, "--overwrite", "-o", w.path("whole"))...); code != 0 {
		t.Fatal(stderr)
	}
	stops := 0
	for wait := 100 * time.Millisecond; ; wait += wait / 2 {
		cmd, stdout, stderr := program(t, "", args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(wait, func() { cmd.Process.Signal(syscall.SIGINT) })
		err := cmd.Wait()
		timer.Stop()
		if err == nil {
			if stops > 0 && !strings.Contains(stderr.String(), "going on after ") {
				t.Errorf("%s%s", stdout, stderr)
			}
			break
		}
		if strings.Contains(stderr.String(), "the same command goes on") {
			stops++
		} else if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); (!ok || !ws.Signaled()) && !strings.Contains(stderr.String(), "nothing was written") {
			t.Fatalf("%v: %s", err, stderr)
		}
	}
	if stops == 0 {
		t.Error("it was never stopped on its way")
	}
	for _, name := range []string{"train.bin", "train.idx", "val.bin", "val.idx", "manifest.json"} {
		if string(w.read("new/"+name)) != string(w.read("whole/"+name)) {
			t.Errorf("%s differs", name)
		}
	}
}

// TestFileSizeLimit trains where no file may be larger than the weights are, which stands for a full disk anywhere.
func TestFileSizeLimitWhileCheckpointing(t *testing.T) {
	w := newWorkshop(t)
	code, stderr := trainLarger(t, w, "ulimit -f 400", w.path("limited"))
	if code == 0 || !strings.Contains(stderr, "checkpoint FAILED, no checkpoint stands yet") || !strings.Contains(stderr, "file too large") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if left, _ := filepath.Glob(w.path("limited/checkpoints/*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if code, _, stderr := piped("", "train", "--resume", w.path("limited")); code != 0 {
		t.Errorf("resumed without the limit: exit %d: %s", code, stderr)
	}
}

// trainLarger trains a model with 2 MB of weights, 20 steps, a checkpoint every 4.
func trainLarger(t *testing.T, w *workshop, setup, dir string) (code int, stderr string) {
	t.Helper()
	cmd, _, errs := program(t, setup, "train", w.path("run.yaml"), "--set", "dir="+dir, "--set", "steps=20", "--set", "checkpoint.every=4",
		"--set", "checkpoint.keep_last=2", "--set", "model.width=256", "--set", "model.layers=1")
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), errs.String()
}

// A limit on the size of files stands for a full disk.
func TestTokenizerTrainThatCannotSaveKeepsTheOldOne(t *testing.T) {
	tok := trainedTokenizer(t, "-v", "270")
	before, err := os.ReadFile(filepath.Join(tok, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	cmd, _, errs := program(t, "ulimit -f 2", "tokenizer", "train", filepath.Join(filepath.Dir(tok), "corpus.txt"), "-o", tok, "--force", "-v", "275")
	if err := cmd.Run(); err == nil || !strings.Contains(errs.String(), "file too large") {
		t.Errorf("%v: %s", err, errs)
	}
	after, err := os.ReadFile(filepath.Join(tok, "tokenizer.json"))
	if err != nil || string(after) != string(before) {
		t.Errorf("the old tokenizer is gone: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(tok, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}
