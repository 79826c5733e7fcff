package pipeline

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/internal/durable"
)

// Names below the output directory.
const (
	workDir        = "work"
	dataDir        = "data"
	reportName     = "report.json"
	manifestName   = "manifest.json"
	quarantineName = "quarantine.jsonl"
	recipeName     = "recipe.yaml"
	statsName      = "stats.json"
	timingsName    = "timings.json"
)

// aside is a file that is written under another name beside its place and renamed when it is whole. The other name is one of its
// own for every process: two that write the same file, because one was taken for dead, do not write into each other's.
type aside struct {
	path string
	f    *os.File
	buf  *bufio.Writer
	n    int64 // bytes written
}

func createAside(path string) (*aside, error) {
	f, err := os.CreateTemp(filepath.Dir(path), asidePattern(path))
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	return &aside{path: path, f: f, buf: bufio.NewWriterSize(f, 1<<18)}, nil
}

// asidePattern is the pattern of the other names of a file: see removeAsides.
func asidePattern(path string) string { return "." + filepath.Base(path) + "-*" } // durable.Replace has the same

// removeAsides removes what killed processes left of files of a directory: those of which mine says that they are this process's to
// write. The directory is listed once for all of them, as there may be many.
func removeAsides(dir string, mine func(name string) bool) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // there is nothing, or the writing will say what is wrong
	}
	for _, e := range entries {
		hidden, aside := strings.CutPrefix(e.Name(), ".")
		if i := strings.LastIndexByte(hidden, '-'); aside && i > 0 && mine(hidden[:i]) {
			os.RemoveAll(filepath.Join(dir, e.Name()))
		}
	}
}

// ofTasks picks the files of tasks out of a directory: their names begin with the task's number.
func ofTasks(tasks []int) func(name string) bool {
	mine := map[string]bool{}
	for _, t := range tasks {
		mine[taskName(t)] = true
	}
	return func(name string) bool {
		number, _, ok := strings.Cut(name, ".")
		return ok && mine[number]
	}
}

// called picks single files out of a directory.
func called(names ...string) func(name string) bool {
	return func(name string) bool { return slices.Contains(names, name) }
}

func (a *aside) Write(p []byte) (int, error) {
	n, err := a.buf.Write(p)
	a.n += int64(n)
	if err != nil {
		return n, fmt.Errorf("write %s: %w", a.path, err)
	}
	return n, nil
}

// commit makes the file durable and gives it its name.
func (a *aside) commit() error {
	err := a.buf.Flush()
	if err == nil {
		err = a.f.Chmod(0o644)
	}
	if err == nil {
		err = a.f.Sync()
	}
	err = errors.Join(err, a.f.Close())
	if err == nil {
		err = os.Rename(a.f.Name(), a.path)
	}
	if err != nil {
		os.Remove(a.f.Name())
		return fmt.Errorf("write %s: %w", a.path, err)
	}
	return nil
}

// drop removes what was written, where it was not committed.
func (a *aside) drop() {
	if a.f.Close() == nil { // else it is committed or lost already
		os.Remove(a.f.Name())
	}
}

// marked tells whether a completion marker stands for a hash.
func marked(path, hash string) bool {
	data, err := os.ReadFile(path)
	return err == nil && string(data) == hash
}

// exists tells whether a file is there.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// mark writes a completion marker, when all else in its directory is durable.
func mark(path, hash string) error {
	if err := durable.SyncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := durable.Replace(path, []byte(hash)); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// unmark removes a marker that stands for something else, before what it stands for is written anew.
func unmark(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the marker of an earlier run: %w", err)
	}
	return nil
}
