package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// aside is a directory that is filled beside its final place and renamed there when it is whole.
type aside struct {
	path      string // while it is being filled
	out       string
	overwrite bool
}

// newAside checks that out may be made and creates a directory beside it.
func newAside(out string, overwrite bool) (*aside, error) {
	out = filepath.Clean(out)
	if err := mayReplace(out, overwrite); err != nil {
		return nil, err
	}
	parent := filepath.Dir(out)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, fmt.Errorf("dataset: build %s: %w", out, err)
	}
	path, err := os.MkdirTemp(parent, "."+filepath.Base(out)+".building-")
	if err != nil {
		return nil, fmt.Errorf("dataset: build %s: %w", out, err)
	}
	if err := os.Chmod(path, 0o755); err != nil { // MkdirTemp makes it private
		os.RemoveAll(path)
		return nil, fmt.Errorf("dataset: build %s: %w", out, err)
	}
	return &aside{path: path, out: out, overwrite: overwrite}, nil
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

func (a *aside) join(name string) string { return filepath.Join(a.path, filepath.FromSlash(name)) }

func (a *aside) write(name string, data []byte) error {
	f, err := os.Create(a.join(name))
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

// sumRest adds the files that are not in the list yet: those of the tokenizer and the quarantine.
func (a *aside) sumRest(files []FileInfo) ([]FileInfo, error) {
	err := filepath.WalkDir(a.path, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(a.path, p)
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

// commit puts the directory in its place. A dataset that stands there is moved away first and removed last.
func (a *aside) commit() error {
	if err := mayReplace(a.out, a.overwrite); err != nil {
		return err
	}
	syncDir(a.path)
	old := a.path + ".old"
	switch err := os.Rename(a.out, old); {
	case errors.Is(err, fs.ErrNotExist):
		old = ""
	case err != nil:
		return err
	}
	if err := os.Rename(a.path, a.out); err != nil {
		if old != "" {
			err = errors.Join(err, os.Rename(old, a.out))
		}
		return err
	}
	a.path = ""
	syncDir(filepath.Dir(a.out))
	if old != "" {
		return os.RemoveAll(old)
	}
	return nil
}

// discard removes what was not committed.
func (a *aside) discard() {
	if a.path != "" {
		os.RemoveAll(a.path)
	}
}

// syncDir makes renames in a directory durable where the system can; where it cannot, they are still atomic.
func syncDir(path string) {
	if d, err := os.Open(path); err == nil {
		d.Sync()
		d.Close()
	}
}
