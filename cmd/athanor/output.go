package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// mayMakeDir says before the work, not after it, why files could not be written to a directory.
func mayMakeDir(dir string) error {
	dir = filepath.Clean(dir)
	for {
		st, err := os.Stat(dir)
		if errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir) {
			dir = filepath.Dir(dir) // which the directory will be made in
			continue
		}
		if err != nil {
			return err
		}
		if !st.IsDir() {
			return fmt.Errorf("%s is a file, want a directory", dir)
		}
		break
	}
	try, err := os.MkdirTemp(dir, ".athanor-")
	if err != nil {
		return fmt.Errorf("nothing can be written to %s: %w", dir, errors.Unwrap(err))
	}
	return os.Remove(try)
}

// mayMakeFile is mayMakeDir for a file, whose directory must be there.
func mayMakeFile(file string) error {
	st, err := os.Stat(file)
	if err == nil && st.IsDir() {
		return fmt.Errorf("%s is a directory, want a file", file)
	}
	dir := filepath.Dir(filepath.Clean(file))
	if _, err := os.Stat(dir); err != nil {
		return err
	}
	return mayMakeDir(dir)
}
