package quickstart

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// witnesses are what a quickstart's directory holds, each with a file that is in it.
var witnesses = map[string]string{
	tokenizerDir: "tokenizer.json",
	dataDir:      "manifest.json",
	runDir:       "config.yaml",
	hubDir:       "config.json",
}

// claim is a directory taken for a quickstart.
type claim struct {
	dir  string
	made bool // it did not exist before
}

// claimDir makes dir. One that holds something is refused, unless all of it is an earlier quickstart's and overwrite is
// set: then that is removed.
func claimDir(dir string, overwrite bool) (*claim, error) {
	if dir == "" {
		return nil, errors.New("quickstart: no directory to work in")
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("quickstart: make the directory: %w", err)
		}
		return &claim{dir, true}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("quickstart: %w", err)
	}
	for _, e := range entries {
		witness, known := witnesses[e.Name()]
		if known {
			_, err := os.Stat(filepath.Join(dir, e.Name(), witness))
			known = err == nil
		}
		known = known || isRemnant(e.Name())
		if !known {
			return nil, fmt.Errorf("quickstart: %s holds %s, which no quickstart made; choose another directory", dir, e.Name())
		}
	}
	if len(entries) > 0 && !overwrite {
		return nil, fmt.Errorf("quickstart: %s already holds a quickstart; choose another directory, or replace it with --overwrite", dir)
	}
	c := &claim{dir: dir}
	return c, c.clear()
}

// clear removes what a quickstart makes.
func (c *claim) clear() error {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return fmt.Errorf("quickstart: %w", err)
	}
	for _, e := range entries {
		if _, known := witnesses[e.Name()]; !known && !isRemnant(e.Name()) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(c.dir, e.Name())); err != nil {
			return fmt.Errorf("quickstart: %w", err)
		}
	}
	return nil
}

// isRemnant recognises what a killed quickstart was filling aside, to be renamed when whole: ".data.building-…".
func isRemnant(name string) bool {
	for stage := range witnesses {
		if strings.HasPrefix(name, "."+stage+".") {
			return true
		}
	}
	return false
}

// giveBack leaves the directory as it was found, but for an earlier quickstart that was overwritten.
func (c *claim) giveBack() error {
	err := c.clear()
	if c.made && err == nil {
		err = os.Remove(c.dir)
	}
	return err
}
