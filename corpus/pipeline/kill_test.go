//go:build unix

package pipeline

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// childEnv makes the test binary a process that runs the recipe it names, so that it can be killed; rankEnv makes it a rank of several.
const (
	childEnv = "ATHANOR_TEST_CORPUS"
	rankEnv  = "ATHANOR_TEST_CORPUS_RANK"
)

func TestMain(m *testing.M) {
	recipe := os.Getenv(childEnv)
	if recipe == "" {
		os.Exit(m.Run())
	}
	if err := childRun(recipe, os.Getenv(rankEnv)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// childRun runs a recipe; share is "rank/world", or empty for a local run.
func childRun(recipe, share string) error {
	r, err := LoadRecipe(recipe, nil)
	if err != nil {
		return err
	}
	p, err := Open(r, Options{Workers: 2})
	if err != nil {
		return err
	}
	if share == "" {
		_, err = p.Run(context.Background())
		return err
	}
	s := Share{Wait: 2 * time.Minute}
	if _, err := fmt.Sscanf(share, "%d/%d", &s.Rank, &s.World); err != nil {
		return err
	}
	_, err = p.RunRank(context.Background(), s)
	return err
}

// kills is how often processes are killed: ATHANOR_KILLS, 3 otherwise.
func kills(t *testing.T) int {
	s := os.Getenv("ATHANOR_KILLS")
	if s == "" {
		return 3
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// killRecipe writes inputs and a recipe with everything that writes files: two passes, a mix that shuffles, two formats.
func killRecipe(t *testing.T, dir, out string, order string) string {
	t.Helper()
	text := fmt.Sprintf(`name: killed
out: %s
seed: 7
task_size: 20KB
inputs:
- {source: web, paths: [%q]}
- {source: books, paths: [%q], lang: en}
steps:
- use: test-short
- use: test-copies
- {use: test-upper, languages: [en]}
- {use: test-copies, name: again}
mix: {max_epochs: 2, sources: [{source: web, weight: 2}, {source: books, weight: 1}], order: %s}
output: {formats: [jsonl, parquet], shard_size: 16KiB}
`, filepath.Join(dir, out), filepath.Join(dir, "in", "web"), filepath.Join(dir, "in", "books"), order)
	path := filepath.Join(dir, out+".yaml")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// start starts a child.
func start(t *testing.T, recipe, share string) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childEnv+"="+recipe, rankEnv+"="+share)
	var out strings.Builder
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &out
}

// killed tells a child that was killed from one that ended well.
func killed(t *testing.T, cmd *exec.Cmd, out *strings.Builder) bool {
	t.Helper()
	err := cmd.Wait()
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signal() == syscall.SIGKILL {
		return true
	}
	if err != nil {
		t.Errorf("a run ended by itself with %v: %s", err, out)
	}
	return false
}

// sameAs compares an output with that of a run under another name.
func sameAs(t *testing.T, dir, out string, want map[string]string) {
	t.Helper()
	got := tree(t, filepath.Join(dir, out))
	delete(got, recipeName) // it names the other directory
	sameTree(t, out, got, want)
	asides, _ := filepath.Glob(filepath.Join(dir, out, dataDir, "*", ".*"))
	if len(asides) > 0 {
		t.Errorf("%s: left over: %v", out, asides)
	}
}

// TestKilledRunEqualsUndisturbed kills a local run at random moments and starts it again, until it has been killed often enough.
// ATHANOR_KILLS sets how often (3 otherwise).
func TestKilledRunEqualsUndisturbed(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	began := time.Now()
	whole, out := start(t, killRecipe(t, dir, "whole", "shuffle"), "")
	if killed(t, whole, out) {
		t.Fatal("the undisturbed run was killed")
	}
	took := time.Since(began)
	want := tree(t, filepath.Join(dir, "whole"))
	delete(want, recipeName)

	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d; undisturbed %v", seed, took)
	rng := rand.New(rand.NewPCG(seed, 0))
	recipe := killRecipe(t, dir, "broken", "shuffle")
	n, rounds := 0, 0
	for n < kills(t) {
		cmd, out := start(t, recipe, "")
		time.AfterFunc(time.Duration(rng.Int64N(int64(took))), func() { cmd.Process.Kill() })
		if killed(t, cmd, out) {
			n++
			continue
		}
		sameAs(t, dir, "broken", want)
		rounds++
		if err := os.RemoveAll(filepath.Join(dir, "broken")); err != nil {
			t.Fatal(err)
		}
	}
	cmd, out := start(t, recipe, "")
	if killed(t, cmd, out) {
		t.Fatal("the last run was killed")
	}
	sameAs(t, dir, "broken", want)
	t.Logf("%d kills, the run came to its end %d times", n, rounds+1)
}

// TestKilledRanksEqualLocalRun kills ranks of a run of four at random moments, each started again at once.
func TestKilledRanksEqualLocalRun(t *testing.T) {
	const world = 4
	for _, order := range []string{"input", "interleave"} {
		dir := t.TempDir()
		testInputs(t, dir)
		began := time.Now()
		whole, out := start(t, killRecipe(t, dir, "whole", order), "")
		if killed(t, whole, out) {
			t.Fatal("the undisturbed run was killed")
		}
		took := time.Since(began)
		want := tree(t, filepath.Join(dir, "whole"))
		delete(want, recipeName)

		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		recipe := killRecipe(t, dir, "ranks", order)
		rng := rand.New(rand.NewPCG(seed, 0))
		n, rounds := 0, 0
		for ; n < kills(t); rounds++ {
			n += rankRound(t, recipe, world, kills(t)-n, took, rng)
			sameAs(t, dir, "ranks", want)
			if err := os.RemoveAll(filepath.Join(dir, "ranks")); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("%s: %d kills in %d runs", order, n, rounds)
	}
}

// rankRound runs a recipe with ranks, each of which is killed now and then and started again at once, until all have ended well. It returns how
// often that happened, at most n times.
func rankRound(t *testing.T, recipe string, world, n int, took time.Duration, rng *rand.Rand) int {
	t.Helper()
	var mu sync.Mutex
	killedSoFar, planned := 0, 0
	delay := func() (time.Duration, bool) { // of the next kill
		mu.Lock()
		defer mu.Unlock()
		if killedSoFar+planned >= n {
			return 0, false
		}
		planned++
		return time.Duration(rng.Int64N(int64(took))), true
	}
	var ranks sync.WaitGroup
	for rank := range world {
		ranks.Go(func() {
			for again := true; again; {
				cmd, out := start(t, recipe, fmt.Sprintf("%d/%d", rank, world))
				after, kill := delay()
				if kill {
					time.AfterFunc(after, func() { cmd.Process.Kill() })
				}
				again = killed(t, cmd, out)
				mu.Lock()
				if kill {
					planned--
				}
				if again {
					killedSoFar++
				}
				mu.Unlock()
			}
		})
	}
	ranks.Wait()
	return killedSoFar
}
