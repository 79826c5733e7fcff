package pipeline

import (
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

// aside is a file that comes to its place when it is whole, under a name of its own for every process until then: two that write the
// same file, because one was taken for dead, do not write into each other's. Its errors name the place.
type aside struct {
	path string
	file *durable.Aside
}

func createAside(path string) (*aside, error) {
	f, err := durable.Create(path)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	return &aside{path, f}, nil
}

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
	n, err := a.file.Write(p)
	if err != nil {
		return n, fmt.Errorf("write %s: %w", a.path, err)
	}
	return n, nil
}

// commit makes the file durable and gives it its name, which is durable once its directory's marker is.
func (a *aside) commit() error {
	if err := a.file.Place(); err != nil {
		return fmt.Errorf("write %s: %w", a.path, err)
	}
	return nil
}

// drop removes what was written, where it was not committed.
func (a *aside) drop() { a.file.Close() }

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
