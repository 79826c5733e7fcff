package pipeline

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func open(t *testing.T, r *Recipe) *Pipeline {
	t.Helper()
	p, err := Open(r, Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// remove removes files, of which there must be some.
func remove(t *testing.T, pattern string) {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("no file %s: %v", pattern, err)
	}
	for _, f := range found {
		if err := os.RemoveAll(f); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatIsLostIsMadeAgain(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	steps := testSteps + "output: {formats: [jsonl, parquet]}\n"
	out := runRecipe(t, testRecipe(t, dir, steps), 2)
	if len(out.Outputs) != 2 {
		t.Fatalf("%d outputs, want 2", len(out.Outputs))
	}
	root := filepath.Join(dir, "out")
	want := tree(t, root)
	for _, lost := range []string{
		"data/jsonl/web-00001-*", "data/parquet", "report.json", "manifest.json",
		"work/stage-0/00002.docs", "work/stage-0/00001.rec", "work/stage-1/00000.json", "work/stage-0/00003.bad.jsonl", "work/merge-0", "work/write/00000.json",
	} {
		remove(t, filepath.Join(root, lost))
		if strings.HasPrefix(lost, "work/") { // as long as the corpus stands whole, nobody looks there
			remove(t, filepath.Join(root, manifestName))
		}
		runRecipe(t, testRecipe(t, dir, steps), 2)
		sameTree(t, "without "+lost, tree(t, root), want)
	}
	short := filepath.Join(root, "data", "jsonl", "books-00005-00000.jsonl.zst")
	if err := os.Truncate(short, 10); err != nil {
		t.Fatal(err)
	}
	runRecipe(t, testRecipe(t, dir, steps), 2)
	sameTree(t, "after a file was cut off", tree(t, root), want)
}

func TestIndexThatIsLostIsMadeAgain(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	index := filepath.Join(dir, "index")
	for _, keep := range []bool{true, false} {
		run := func() map[string]string {
			r := testRecipe(t, dir, "steps:\n- {use: exact, save_index: "+index+"}\n- use: test-short\n")
			r.KeepWork = keep
			runRecipe(t, r, 2)
			return tree(t, r.Out)
		}
		want := run()
		whole, err := os.ReadFile(index)
		if err != nil {
			t.Fatal(err)
		}
		remove(t, index)
		sameTree(t, "without its index", run(), want)
		if again, err := os.ReadFile(index); err != nil || string(again) != string(whole) {
			t.Errorf("keep_work %v: the index has %d bytes, %v, want %d", keep, len(again), err, len(whole))
		}
	}
}

func TestWorkNeedNotBeKept(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	root := filepath.Join(dir, "out")
	work := filepath.Join(root, workDir)
	runRecipe(t, testRecipe(t, dir, testSteps), 2)
	want := tree(t, root)
	if size, err := WorkSize(t.Context(), root); err != nil || size < 1000 {
		t.Errorf("the work has %d bytes, %v", size, err)
	}
	gone := func(when string) {
		t.Helper()
		if _, err := os.Stat(work); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the work is there, %v", when, err)
		}
		if size, err := WorkSize(t.Context(), root); err != nil || size != 0 {
			t.Errorf("%s: the work has %d bytes, %v", when, size, err)
		}
		sameTree(t, when, tree(t, root), want)
	}
	leave := func(r *Recipe) *Recipe { r.KeepWork = false; return r }

	runRecipe(t, leave(testRecipe(t, dir, testSteps)), 2)
	gone("a whole corpus, run again without keep_work")
	before := tree(t, root)
	s := runRecipe(t, testRecipe(t, dir, testSteps), 2)
	if s.Steps[0].In.Documents != 1050 {
		t.Errorf("run again: the report has %d documents, want 1050", s.Steps[0].In.Documents)
	}
	sameTree(t, "run again", tree(t, root), before)
	if _, _, err := ReadReport(root); err != nil {
		t.Error(err)
	}

	remove(t, root)
	runRecipe(t, leave(testRecipe(t, dir, testSteps)), 2)
	gone("from the beginning")
	runRecipe(t, leave(testRecipe(t, dir, strings.Replace(testSteps, "min: 12", "min: 13", 1))), 2)
	if m, err := ReadManifest(root); err != nil || m.Corpus == "" {
		t.Errorf("a changed recipe leaves %v", err)
	}
	runRecipe(t, leave(testRecipe(t, dir, testSteps)), 2)
	gone("changed and changed back")

	remove(t, root)
	runRanks(t, leave(testRecipe(t, dir, testSteps)), 3)
	gone("three ranks")
	p := open(t, leave(testRecipe(t, dir, testSteps)))
	if _, err := p.RunRank(t.Context(), Share{Rank: 2, World: 3}); err != nil {
		t.Errorf("a rank that comes late: %v", err)
	}
	for what, err := range map[string]error{"stage": p.RunStage(t.Context(), Share{World: 1}, 0), "merge": p.RunMerge(t.Context(), 0), "write": p.RunWrite(t.Context(), Share{World: 1})} {
		if err != nil {
			t.Errorf("a %s job that comes late: %v", what, err)
		}
	}
	gone("jobs that come late")
}

func TestWorkOfAnEarlierRecipeGoes(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	runRecipe(t, testRecipe(t, dir, testSteps+"- {use: test-copies, name: again}\n- use: test-short\n"), 2)
	runRecipe(t, testRecipe(t, dir, "steps:\n- use: test-short\n", "task_size=1GB"), 2)
	for name := range stamps(t, filepath.Join(dir, "out")) {
		if strings.Contains(name, "merge-") || strings.Contains(name, "stage-1") || strings.Contains(name, "/00002.") {
			t.Errorf("%s is left", name)
		}
	}
	if len(stamps(t, filepath.Join(dir, "out"))) < 8 {
		t.Error("the work of this recipe is gone too")
	}
}

func TestReportOfAnotherRecipeDoesNotStayWhileARunGoesOn(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	runRecipe(t, testRecipe(t, dir, testSteps), 2)
	r := testRecipe(t, dir, strings.Replace(testSteps, "min: 12", "min: 13", 1))
	ctx, cancel := context.WithCancel(t.Context())
	p, err := Open(r, Options{Workers: 1, Observer: &stopper{cancel: cancel}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want that it was cancelled", err)
	}
	if _, _, err := ReadReport(r.Out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a report of other settings is read: %v", err)
	}
}

// TestRankThatStartsLateLeavesTheManifestAlone starts a rank at the moment at which another writes the manifest.
func TestRankThatStartsLateLeavesTheManifestAlone(t *testing.T) {
	dir := t.TempDir()
	writeInput(t, filepath.Join(dir, "in", "web", "0.jsonl"), 0, 5)
	writeInput(t, filepath.Join(dir, "in", "books", "0.jsonl"), 0, 5)
	r := testRecipe(t, dir, "steps:\n- use: test-short\n")
	runRecipe(t, r, 1)
	manifest := filepath.Join(r.Out, manifestName)
	for range 300 {
		aside := manifest + ".aside"
		if err := os.Rename(manifest, aside); err != nil {
			t.Fatal(err)
		}
		p := open(t, r)
		var rank sync.WaitGroup
		rank.Go(func() {
			if err := p.prepare(); err != nil {
				t.Error(err)
			}
		})
		for range 20 { // about as long as a look at the disk takes
			exists(aside)
		}
		if err := os.Rename(aside, manifest); err != nil {
			t.Fatal(err)
		}
		rank.Wait()
		if !exists(manifest) {
			t.Fatal("the manifest is gone")
		}
	}
}

// TestTwoMergesDoNotMix has two processes at one merge, as when one was taken for dead and started again.
func TestTwoMergesDoNotMix(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	r := testRecipe(t, dir, testSteps)
	p := open(t, r)
	if err := p.RunStage(t.Context(), Share{World: 1}, 0); err != nil {
		t.Fatal(err)
	}
	var merges sync.WaitGroup
	for range 4 {
		p := open(t, r)
		merges.Go(func() { p.RunMerge(t.Context(), 0) }) // one whose directory another has cleaned up says so
	}
	merges.Wait()
	s := runRecipe(t, r, 2)
	want := *r
	want.Out += "-whole"
	if whole := runRecipe(t, &want, 2); s.Steps[1].Out != whole.Steps[1].Out {
		t.Errorf("%+v came through, want %+v", s.Steps[1].Out, whole.Steps[1].Out)
	}
	sameTree(t, "four merges", tree(t, r.Out), tree(t, want.Out))
	if left, _ := filepath.Glob(filepath.Join(r.Out, workDir, ".merge*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

// TestDamagedWorkIsNamedAndMadeAgain flips a byte of what an earlier run left, of which a changed recipe needs some.
func TestDamagedWorkIsNamedAndMadeAgain(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	changed := strings.Replace(testSteps, "min: 12", "min: 13", 1)
	r := testRecipe(t, dir, changed)
	r.Out += "-whole"
	runRecipe(t, r, 2)
	want := tree(t, r.Out)
	delete(want, recipeName)
	runRecipe(t, testRecipe(t, dir, testSteps), 2)
	out := filepath.Join(dir, "out")
	damaged := filepath.Join(out, "work", "stage-0", "00002.docs")
	data, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(damaged, data, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err = open(t, testRecipe(t, dir, changed)).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), damaged+" is damaged") || !strings.Contains(err.Error(), "remove it and run again") {
		t.Fatalf("got %v, want that %s is damaged", err, damaged)
	}
	remove(t, damaged)
	runRecipe(t, testRecipe(t, dir, changed), 2)
	got := tree(t, out)
	delete(got, recipeName)
	sameTree(t, "removed and run again", got, want)
}
