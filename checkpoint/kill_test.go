//go:build unix

package checkpoint

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const childEnv = "CHECKPOINT_TEST_CHILD"

// TestMain lets the test binary be the process that is killed or runs out of space.
func TestMain(m *testing.M) {
	switch mode, root, _ := strings.Cut(os.Getenv(childEnv), ":"); mode {
	case "":
		os.Exit(m.Run())
	case "train":
		if err := childTrain(root); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "limit":
		os.Exit(childLimit(root))
	}
}

// childTrain resumes where the last valid checkpoint is and saves after every step, every third one twice, for ever.
func childTrain(root string) error {
	s, err := NewSaver(root, Options{KeepLast: 2, CopyBudget: 1 << 20})
	if err != nil {
		return err
	}
	st := newPagedState(0)
	c, _, err := Load(root)
	switch {
	case err == nil:
		if err := c.LoadInto(st.Groups); err != nil {
			return err
		}
		st.Step = c.Manifest.Step
	case !errors.Is(err, ErrNone):
		return err
	}
	for {
		train(s, st, st.Step+1)
		for range 1 + (st.Step%3)/2 {
			if err := s.Begin(st); err != nil {
				return err
			}
		}
	}
}

// childLimit saves a checkpoint larger than the file size the parent allowed it. SIGXFSZ is ignored, so that
// the write fails with EFBIG.
func childLimit(root string) int {
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		fmt.Println("setrlimit:", err)
		return 2
	}
	_, err := Save(root, newPagedState(2), Options{})
	fmt.Println(err)
	if errors.Is(err, syscall.EFBIG) {
		return 0
	}
	return 1
}

func child(t *testing.T, mode, root string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childEnv+"="+mode+":"+root)
	cmd.Stderr = os.Stderr
	return cmd
}

func TestKilledAtAnyMomentTheNewestCheckpointIsWhole(t *testing.T) {
	root := t.TempDir()
	kills := 20
	if testing.Short() {
		kills = 5
	}
	if s := os.Getenv("ATHANOR_KILLS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		kills = n
	}
	rng := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	last := int64(0)
	torn := 0
	span := 150 // ms; grows on machines too slow to finish a save within it
	for range kills {
		cmd := child(t, "train", root)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rng.IntN(span)) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		err := cmd.Wait()
		if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || ws.Signal() != syscall.SIGKILL {
			t.Fatalf("the child ended by itself: %v", err)
		}
		if m, _ := filepath.Glob(filepath.Join(root, tmpPrefix+"step-*")); len(m) > 0 {
			torn++
		}
		c, skipped, err := Load(root)
		if errors.Is(err, ErrNone) && len(skipped) == 0 && last == 0 {
			span += span / 2
			continue // killed before the first
		}
		if err != nil || len(skipped) > 0 {
			t.Fatalf("after a kill: %v, skipped %v", err, skipped)
		}
		if c.Manifest.Step < last {
			t.Fatalf("the newest checkpoint went back from step %d to %d", last, c.Manifest.Step)
		}
		last = c.Manifest.Step
		check(t, c)
	}
	t.Logf("%d kills, %d of them in the middle of writing; reached step %d", kills, torn, last)
	if kills >= 20 && (last == 0 || torn == 0) {
		t.Errorf("no kill came between two saves: reached step %d, %d torn", last, torn)
	}
}

func TestFileSizeLimit(t *testing.T) {
	root := t.TempDir()
	mustSave(t, root, 1, Options{})
	out, err := child(t, "limit", root).Output()
	if err != nil {
		t.Fatalf("the save did not fail with EFBIG: %v: %s", err, out)
	}
	c, skipped, err := Load(root)
	if err != nil || len(skipped) > 0 || c.Manifest.Step != 1 {
		t.Fatal(c, skipped, err)
	}
	if got := names(t, root); len(got) != 2 {
		t.Errorf("left behind: %v", got)
	}
}
