// Package durable writes files that survive a power cut once the call has returned.
package durable

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// Write creates the file at path, or empties the one there, and returns when data is on the disk. The directory's entry is not: see
// SyncDir. A failure may leave part of the file.
func Write(path string, data []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return write(f, data)
}

// Replace puts a file with data in the place of the one at path, which is whole at every moment: the old one or the new one. A
// failure leaves the old one.
func Replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	err = f.Chmod(0o644) // CreateTemp's is private
	if e := write(f, data); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return SyncDir(filepath.Dir(path))
}

// write writes and closes f.
func write(f *os.File, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// SyncDir makes what was created, renamed and removed in a directory durable.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced there; NTFS journals the rename
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
