package checkpoint

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/athanor-lm/athanor/internal/durable"
)

// FS is what saving needs of a file system; tests inject failures through it.
type FS interface {
	MkdirAll(dir string) error        // and its parents; no error where it is there
	Create(path string) (File, error) // truncates
	Rename(from, to string) error     // of files over files, and of directories to names that are free
	RemoveAll(path string) error      // no error where nothing is there
	SyncDir(dir string) error         // makes creations, renames and removals in dir durable
}

// File is a file being written.
type File interface {
	io.Writer
	Sync() error
	Close() error
}

// osFS is the operating system's file system.
type osFS struct{}

func (osFS) MkdirAll(dir string) error        { return os.MkdirAll(dir, 0o755) }
func (osFS) Create(path string) (File, error) { return os.Create(path) }
func (osFS) Rename(from, to string) error     { return os.Rename(from, to) }
func (osFS) RemoveAll(path string) error      { return os.RemoveAll(path) }

func (osFS) SyncDir(dir string) error { return durable.SyncDir(dir) }

// writeFile writes a small file durably.
func writeFile(f FS, path string, b []byte) error {
	file, err := f.Create(path)
	if err != nil {
		return err
	}
	n, err := file.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
