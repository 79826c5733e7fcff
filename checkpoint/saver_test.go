package checkpoint

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// faultFS fails or slows down the operations of the real file system.
type faultFS struct {
	osFS
	ops    atomic.Int64
	failAt int64                 // the first operation to fail, from 1; 0 = none
	once   bool                  // only that one fails
	slow   func()                // called before each write
	short  bool                  // failing writes store half of the data first
	calls  func(op, path string) // observes
	err    error                 // what failing operations return
}

func (f *faultFS) step(op, path string) error {
	n := f.ops.Add(1)
	if f.calls != nil {
		f.calls(op, path)
	}
	if f.failAt > 0 && (n == f.failAt || n > f.failAt && !f.once) && op != "remove" {
		return &os.PathError{Op: op, Path: path, Err: f.err}
	}
	return nil
}

func (f *faultFS) MkdirAll(dir string) error {
	if err := f.step("mkdir", dir); err != nil {
		return err
	}
	return f.osFS.MkdirAll(dir)
}

func (f *faultFS) Create(path string) (File, error) {
	if err := f.step("create", path); err != nil {
		return nil, err
	}
	file, err := f.osFS.Create(path)
	return &faultFile{file, f, path}, err
}

func (f *faultFS) Rename(from, to string) error {
	if err := f.step("rename", to); err != nil {
		return err
	}
	return f.osFS.Rename(from, to)
}

func (f *faultFS) RemoveAll(path string) error {
	f.step("remove", path)
	return f.osFS.RemoveAll(path)
}

func (f *faultFS) SyncDir(dir string) error {
	if err := f.step("syncdir", dir); err != nil {
		return err
	}
	return f.osFS.SyncDir(dir)
}

type faultFile struct {
	File
	fs   *faultFS
	path string
}

func (f *faultFile) Write(b []byte) (int, error) {
	if f.fs.slow != nil {
		f.fs.slow()
	}
	if err := f.fs.step("write", f.path); err != nil {
		n := 0
		if f.fs.short {
			n, _ = f.File.Write(b[:len(b)/2])
		}
		return n, err
	}
	return f.File.Write(b)
}

func (f *faultFile) Sync() error {
	if err := f.fs.step("sync", f.path); err != nil {
		return err
	}
	return f.File.Sync()
}

// train changes every group the way an optimizer does, after announcing it.
func train(s *Saver, st *State, step int64) {
	for i := range st.Groups {
		s.BeforeUpdate(i)
		fillGroup(st, i, step)
	}
	st.Step = step
}

func TestBackgroundSaveHoldsTheStateAtBegin(t *testing.T) {
	for _, budget := range []int64{-1, 1 << 20, 4 << 20, 0} {
		t.Run(fmt.Sprint("budget ", budget), func(t *testing.T) {
			root := t.TempDir()
			fs := &faultFS{slow: func() { time.Sleep(100 * time.Microsecond) }}
			s, err := NewSaver(root, Options{FS: fs, CopyBudget: budget})
			if err != nil {
				t.Fatal(err)
			}
			st := newPagedState(1)
			for step := int64(1); step <= 2; step++ {
				if err := s.Begin(st); err != nil {
					t.Fatal(err)
				}
				for k := range int64(2) { // two updates while it is written
					train(s, st, 100*step+k)
				}
				saved, err := s.Wait()
				if err != nil {
					t.Fatal(err)
				}
				if budget < 0 && saved.Copied > 0 {
					t.Errorf("copied %d bytes without a budget", saved.Copied)
				}
				free := len(s.free)
				if s.filling != nil && s.filling.live == 0 {
					free++
				}
				if s.pages > s.maxPages || free != s.pages {
					t.Errorf("%d pages allocated (at most %d), %d free after the save", s.pages, s.maxPages, free)
				}
				c, err := LoadDir(saved.Dir)
				if err != nil {
					t.Fatal(err)
				}
				check(t, c)
				train(s, st, step+1)
			}
		})
	}
}

func TestTrainingCopiesInsteadOfWaiting(t *testing.T) {
	root := t.TempDir()
	gate := make(chan struct{})
	s, err := NewSaver(root, Options{FS: &faultFS{slow: func() { <-gate }}})
	if err != nil {
		t.Fatal(err)
	}
	st := newPagedState(1)
	if err := s.Begin(st); err != nil {
		t.Fatal(err)
	}
	train(s, st, 2) // the disk does not move: only copying lets this return
	if saved, err := s.Poll(); saved != nil || err != nil || !s.Saving() {
		t.Errorf("Poll while saving: %v, %v", saved, err)
	}
	close(gate)
	saved, err := s.Wait()
	if err != nil || saved.Copied == 0 {
		t.Fatal(saved, err)
	}
	c, err := LoadDir(saved.Dir)
	if err != nil {
		t.Fatal(err)
	}
	check(t, c)
	if saved, err := s.Poll(); saved != nil || err != nil {
		t.Errorf("an outcome was reported twice: %v, %v", saved, err)
	}
}

func TestBeforeUpdateFromSeveralGoroutines(t *testing.T) {
	s, err := NewSaver(t.TempDir(), Options{CopyBudget: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	st := newPagedState(3)
	if err := s.Begin(st); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range st.Groups {
		wg.Go(func() {
			s.BeforeUpdate(i)
			fillGroup(st, i, 4)
		})
	}
	wg.Wait()
	saved, err := s.Wait()
	if err != nil {
		t.Fatal(err)
	}
	c, err := LoadDir(saved.Dir)
	if err != nil {
		t.Fatal(err)
	}
	check(t, c)
}

// TestEveryFailureLeavesAValidCheckpoint lets each operation of a save fail in turn, for good and once.
func TestEveryFailureLeavesAValidCheckpoint(t *testing.T) {
	counter := &faultFS{}
	root := t.TempDir()
	mustSave(t, root, 1, Options{})
	if _, err := Save(root, newState(2), Options{FS: counter}); err != nil {
		t.Fatal(err)
	}
	total := counter.ops.Load()
	if total < 15 {
		t.Fatalf("only %d operations", total)
	}
	for n := int64(1); n <= total; n++ {
		for _, once := range []bool{false, true} {
			root := t.TempDir()
			if _, err := Save(root, newState(1), Options{}); err != nil {
				t.Fatal(err)
			}
			fs := &faultFS{failAt: n, once: once, short: true, err: syscall.ENOSPC}
			_, err := Save(root, newState(2), Options{FS: fs})
			if err != nil && !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("operation %d: error %v does not wrap the cause", n, err)
			}
			c, skipped, loadErr := Load(root)
			if loadErr != nil || len(skipped) > 0 {
				t.Fatalf("operation %d (once %v): load: %v %v", n, once, loadErr, skipped)
			}
			if err == nil && c.Manifest.Step != 2 {
				t.Errorf("operation %d (once %v): the save reported success, but step %d is newest", n, once, c.Manifest.Step)
			}
			for _, name := range names(t, root) {
				if strings.HasPrefix(name, ".tmp-") {
					t.Errorf("operation %d (once %v) left %s", n, once, name)
				}
			}
		}
	}
}

func TestFailureIsReportedAndSavingGoesOn(t *testing.T) {
	root := t.TempDir()
	fs := &faultFS{err: syscall.ENOSPC, short: true}
	s, err := NewSaver(root, Options{FS: fs, CopyBudget: -1})
	if err != nil {
		t.Fatal(err)
	}
	st := newPagedState(1)
	fs.failAt = fs.ops.Load() + 4
	if err := s.Begin(st); err != nil {
		t.Fatal(err)
	}
	train(s, st, 2) // must not hang although nothing will ever be written
	var saveErr error
	for deadline := time.Now().Add(10 * time.Second); saveErr == nil && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		_, saveErr = s.Poll()
	}
	if !errors.Is(saveErr, syscall.ENOSPC) || !strings.Contains(saveErr.Error(), "step-00000001") {
		t.Fatalf("Poll: %v", saveErr)
	}
	fs.failAt = 0 // someone made room
	if err := s.Begin(st); err != nil {
		t.Fatal(err)
	}
	if saved, err := s.Wait(); err != nil || saved.Step != 2 {
		t.Fatal(saved, err)
	}
	if got := names(t, root); !slices.Equal(got, []string{"latest", DirName(2)}) {
		t.Errorf("found %v", got)
	}
}

func TestEverythingIsSyncedBeforeItIsNamed(t *testing.T) {
	root := t.TempDir()
	dirty := map[string]bool{}
	var log []string
	fs := &faultFS{calls: func(op, path string) {
		log = append(log, op+" "+filepath.Base(path))
		switch op {
		case "write":
			dirty[path] = true
		case "sync", "syncdir":
			delete(dirty, path)
		case "create", "mkdir":
			dirty[filepath.Dir(path)] = true
		case "rename":
			for p := range dirty {
				if filepath.Base(path) == DirName(1) && strings.Contains(p, tmpPrefix) || filepath.Base(path) == latestName && p != root {
					t.Errorf("renamed to %s while %s was not synced", path, p)
				}
			}
			dirty[root] = true
		}
	}}
	mustSave(t, root, 1, Options{FS: fs})
	if dirty[root] {
		t.Error("the root was not synced after the last rename")
	}
	if i, j := slices.Index(log, "rename "+DirName(1)), slices.Index(log, "rename latest"); i < 0 || j < i {
		t.Errorf("operations: %v", log)
	}
}

func TestBeginRefusesAWrongShape(t *testing.T) {
	s, err := NewSaver(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	st := newState(1)
	st.Groups[0][0].Shape = []int{4, 5}
	if err := s.Begin(st); err == nil || !strings.Contains(err.Error(), "[4 5]") {
		t.Errorf("Begin: %v", err)
	}
	if saved, err := s.Wait(); saved != nil || err != nil {
		t.Error("a refused save has an outcome")
	}
}
