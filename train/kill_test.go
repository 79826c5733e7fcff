//go:build unix

package train

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childEnv makes the test binary a process that trains the run it names, so that it can be killed.
const childEnv = "ATHANOR_TEST_TRAIN"

func TestMain(m *testing.M) {
	dir := os.Getenv(childEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := childTrain(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func childTrain(dir string) error {
	r, err := Resume(dir, nil, Options{Observer: &witness{}, PeakGFLOPs: -1})
	if err != nil {
		return err
	}
	if _, err := r.Train(context.Background()); err != nil {
		return err
	}
	return r.Close()
}

// killConfig is a run that spends much of its time writing checkpoints: 2.6 MB every third step.
func killConfig(tb testing.TB, dir, data string, steps int) *Config {
	return tinyConfig(tb, dir, data, "dtype=bf16", "model.width=128", "model.heads=4", fmt.Sprint("steps=", steps), "schedule.warmup=10",
		"validation.every=50", "samples.every=0", "checkpoint.every=3")
}

// beginOnly makes a run directory and takes no step.
func beginOnly(tb testing.TB, cfg *Config) {
	tb.Helper()
	r, err := New(cfg, Options{Observer: &witness{}, PeakGFLOPs: -1})
	if err != nil {
		tb.Fatal(err)
	}
	if err := r.Close(); err != nil {
		tb.Fatal(err)
	}
}

// moment is when a session is killed: a while after it has done so many steps, so that a slow machine kills as often as a fast one.
type moment struct {
	steps int
	after time.Duration
}

// session runs a child that resumes dir. It is killed at the moment, where there is one, unless it ends before; torn reports whether the
// kill came while a checkpoint was written.
func session(tb testing.TB, dir string, kill *moment) (ended, torn bool) {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	var out strings.Builder
	cmd.Stderr = &out
	begun := lines(dir)
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	if kill != nil {
		done := make(chan struct{})
		defer close(done)
		go func() {
			for lines(dir) < begun+kill.steps {
				select {
				case <-done:
					return
				case <-time.After(2 * time.Millisecond):
				}
			}
			time.Sleep(kill.after)
			cmd.Process.Kill()
		}()
	}
	err = cmd.Wait()
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signal() == syscall.SIGKILL {
		left, _ := filepath.Glob(filepath.Join(dir, checkpointsDir, ".tmp-*"))
		return false, len(left) > 0
	}
	if err != nil {
		tb.Fatalf("the run ended by itself with %v: %s", err, out.String())
	}
	return true, false
}

// lines counts the records a run has written.
func lines(dir string) int {
	data, _ := os.ReadFile(filepath.Join(dir, metricsFile))
	return bytes.Count(data, []byte{'\n'})
}

// TestKilledAndResumedEqualsUndisturbed kills a training process at random moments and resumes it, until it has been killed often
// enough; then it may end. ATHANOR_KILLS sets how often (3 otherwise).
func TestKilledAndResumedEqualsUndisturbed(t *testing.T) {
	kills := 3
	if s := os.Getenv("ATHANOR_KILLS"); s != "" {
		var err error
		if kills, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	data, whole, broken := buildData(t, dir, 1, 60), filepath.Join(dir, "whole"), filepath.Join(dir, "broken")
	steps := 30 + 30*kills
	beginOnly(t, killConfig(t, whole, data, steps))
	if ended, _ := session(t, whole, nil); !ended {
		t.Fatal("the undisturbed run was killed")
	}

	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	beginOnly(t, killConfig(t, broken, data, steps))
	killed, torn, ended := 0, 0, false
	for killed < kills && !ended {
		var inWrite bool
		kill := &moment{rng.IntN(30), time.Duration(rng.Int64N(int64(40 * time.Millisecond)))}
		if ended, inWrite = session(t, broken, kill); !ended {
			killed++
		}
		if inWrite {
			torn++
		}
	}
	if !ended {
		session(t, broken, nil)
	}
	sameTensors(t, "killed", broken, whole, int64(steps))
	sameRecords(t, "killed", broken, whole)
	t.Logf("%d kills, %d of them while a checkpoint was written; %d steps", killed, torn, steps)
	if killed < kills {
		t.Errorf("killed %d times before the run ended, want %d", killed, kills)
	}
}
