// Package durable writes files that survive a power cut once the call has returned.
package durable

import (
	"bufio"
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
	a, err := Create(path)
	if err != nil {
		return err
	}
	if _, err := a.Write(data); err != nil {
		return errors.Join(err, a.Close())
	}
	return a.Commit()
}

// Aside is a file that is written under another name beside its place, and put there when it is whole. The other name is one of
// its own for every process.
type Aside struct {
	path string
	f    *os.File
	buf  *bufio.Writer
	size int64
	done bool // in its place, or removed
}

// Create begins a file that is to come to path.
func Create(path string) (*Aside, error) {
	f, err := os.CreateTemp(filepath.Dir(path), AsidePattern(path))
	if err != nil {
		return nil, err
	}
	return &Aside{path: path, f: f, buf: bufio.NewWriterSize(f, 1<<18)}, nil
}

// Write adds to the file.
func (a *Aside) Write(p []byte) (int, error) {
	n, err := a.buf.Write(p)
	a.size += int64(n)
	return n, err
}

// Size returns the bytes written so far.
func (a *Aside) Size() int64 { return a.size }

// Commit puts the file in its place and returns when it is durable there. A failure removes it and leaves what was there.
func (a *Aside) Commit() error {
	if err := a.Place(); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(a.path))
}

// Place is Commit for one of many files of a directory: the file is durable, and its name is after one SyncDir for all of them.
func (a *Aside) Place() error {
	err := a.buf.Flush()
	if err == nil {
		err = a.f.Chmod(0o644) // CreateTemp's is private
	}
	if err == nil {
		err = a.f.Sync()
	}
	err = errors.Join(err, a.f.Close())
	if err == nil {
		err = os.Rename(a.f.Name(), a.path)
	}
	a.done = true
	if err != nil {
		return errors.Join(err, os.Remove(a.f.Name()))
	}
	return nil
}

// Close removes a file that was not put in its place; otherwise it does nothing.
func (a *Aside) Close() error {
	if a.done {
		return nil
	}
	a.done = true
	return errors.Join(a.f.Close(), os.Remove(a.f.Name()))
}

// AsidePattern is the pattern, as of filepath.Glob and os.CreateTemp, of the names under which a file is written until it is whole.
func AsidePattern(path string) string { return "." + filepath.Base(path) + "-*" }

// RemoveAsides removes what killed processes left of a file. Nobody else may be writing it.
func RemoveAsides(path string) {
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), AsidePattern(path)))
	if err != nil {
		return // a name that is no pattern: what is left of it stays
	}
	for _, p := range left {
		os.Remove(p) //nolint:errcheck // it only takes room
	}
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
