package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/athanor-lm/athanor/internal/durable"
	"github.com/gofrs/flock"
)

// aside is a directory beside the dataset's final place. The dataset is filled in its data/ and renamed when it is whole;
// the journal, from which a killed build goes on, lies beside that. Its name follows from the dataset's, so that the same
// command finds it again.
type aside struct {
	path      string // .NAME.building
	out       string
	overwrite bool
	lock      *flock.Flock
	done      bool // committed or discarded
}

// Names in the directory.
const (
	asideData = "data"
	asideOld  = "old" // the dataset that is being replaced
	asideLock = "lock"
)

// openAside checks that out may be made, and makes or takes over the directory beside it.
func openAside(out string, overwrite bool) (*aside, error) {
	out = filepath.Clean(out)
	parent := filepath.Dir(out)
	a := &aside{path: filepath.Join(parent, "."+filepath.Base(out)+".building"), out: out, overwrite: overwrite}
	if err := a.restore(); err != nil {
		return nil, fmt.Errorf("dataset: build %s: %w", out, err)
	}
	if err := mayReplace(out, overwrite); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(a.path, 0o755); err != nil {
		return nil, fmt.Errorf("dataset: build %s: %w", out, err)
	}
	a.lock = flock.New(a.join(asideLock))
	switch held, err := a.lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("dataset: build %s: lock %s: %w", out, a.path, err)
	case !held:
		a.lock.Close()
		return nil, fmt.Errorf("dataset: build %s: another process is building it", out)
	}
	return a, nil
}

// restore puts a dataset back that a process was killed while replacing.
func (a *aside) restore() error {
	if _, err := os.Lstat(a.out); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := os.Rename(a.join(asideOld), a.out)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// mayReplace allows what does not exist, an empty directory, and with overwrite another dataset.
func mayReplace(out string, overwrite bool) error {
	entries, err := os.ReadDir(out)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(entries) == 0:
		return nil
	case err != nil:
		return fmt.Errorf("dataset: build %s: %w", out, err)
	case !overwrite:
		return fmt.Errorf("dataset: build %s: the directory exists and is not empty; choose another, or ask to overwrite it", out)
	}
	if _, err := ReadManifest(out); err != nil {
		return fmt.Errorf("dataset: build %s: overwrite only replaces a dataset: %w", out, err)
	}
	return nil
}

// join is the path of a file of the directory itself.
func (a *aside) join(name string) string { return filepath.Join(a.path, name) }

// data is the path of a file of the dataset.
func (a *aside) data(name string) string {
	return filepath.Join(a.path, asideData, filepath.FromSlash(name))
}

// clear empties the directory but for the lock.
func (a *aside) clear() error {
	entries, err := os.ReadDir(a.path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == asideLock {
			continue
		}
		if err := os.RemoveAll(a.join(e.Name())); err != nil {
			return err
		}
	}
	return os.Mkdir(a.data(""), 0o755)
}

// sumRest adds the files of the dataset that are not in the list yet: those of the tokenizer and the quarantine.
func (a *aside) sumRest(files []FileInfo) ([]FileInfo, error) {
	root := a.data("")
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if slices.ContainsFunc(files, func(f FileInfo) bool { return f.Name == name }) {
			return nil
		}
		st, err := e.Info()
		if err != nil {
			return err
		}
		sum, err := fileSHA256(context.Background(), p)
		files = append(files, FileInfo{name, st.Size(), sum})
		return err
	})
	return files, err
}

// commit puts the dataset in its place. One that stands there is moved away first and removed last.
func (a *aside) commit() error {
	if err := mayReplace(a.out, a.overwrite); err != nil {
		return err
	}
	if err := durable.SyncDir(a.data("")); err != nil {
		return err
	}
	old := a.join(asideOld)
	switch err := os.Rename(a.out, old); {
	case errors.Is(err, fs.ErrNotExist):
		old = ""
	case err != nil:
		return err
	}
	if err := os.Rename(a.data(""), a.out); err != nil {
		if old != "" {
			err = errors.Join(err, os.Rename(old, a.out))
		}
		return err
	}
	return errors.Join(durable.SyncDir(filepath.Dir(a.out)), a.discard())
}

// discard removes the directory.
func (a *aside) discard() error {
	if a.done {
		return nil
	}
	a.done = true
	a.lock.Close() // before its file goes
	return os.RemoveAll(a.path)
}

// close leaves the directory for the next start where there is a journal to go on from, and removes it where not.
func (a *aside) close() {
	if a.done {
		return
	}
	if _, err := os.Stat(a.join(journalName)); err != nil {
		a.discard()
		return
	}
	a.done = true
	a.lock.Close()
}
