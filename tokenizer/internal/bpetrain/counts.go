package bpetrain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"

	"github.com/athanor-lm/athanor/internal/durable"
)

// Counts are the pieces of a corpus. Close must be called.
type Counts struct {
	cfg    CountConfig
	report Report
	seed   uint64
	tables []*table // one a worker; nil once they were spilled for good
	runs   []run
	dir    string // of the runs
	spills int    // names given to runs so far
	peak   int64  // bytes held at most
	check  uint64 // of the documents read so far
}

// state is what a directory of runs says of them.
type state struct {
	Version   int    `json:"version"`
	Key       string `json:"key"`
	Seed      uint64 `json:"seed"`
	Documents int64  `json:"documents"`
	Bytes     int64  `json:"bytes"`
	Check     uint64 `json:"check"` // of the documents
	Runs      []run  `json:"runs"`
}

const (
	stateVersion = 1
	stateName    = "bpe-counts.json"
	runNames     = "bpe-counts-*.run"
)

// resume takes up what an interrupted training left in the directory.
func (c *counter) resume() error {
	if c.dir = c.cfg.Dir; c.dir == "" {
		return nil
	}
	if err := os.MkdirAll(c.dir, 0o777); err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(c.dir, stateName))
	if errors.Is(err, fs.ErrNotExist) {
		return removeRuns(c.dir) // of a training that did not come to write its state
	} else if err != nil {
		return err
	}
	var s state
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("read %s: %w", filepath.Join(c.dir, stateName), err)
	}
	if s.Version != stateVersion || s.Key != c.cfg.Key {
		return fmt.Errorf("%s was left by a training that cut text otherwise (%s, now %s); remove it, or train as before", c.dir, s.Key, c.cfg.Key)
	}
	for k := range s.Runs {
		if err := s.Runs[k].open(c.dir); err != nil {
			return err
		}
	}
	c.before, c.seed, c.runs, c.spills = s, s.Seed, s.Runs, len(s.Runs)
	c.report.Documents, c.report.Bytes, c.report.Resumed, c.atSpill = s.Documents, s.Bytes, s.Documents, s.Bytes
	for k := range s.Runs {
		c.report.SpilledBytes += s.Runs[k].size()
	}
	return nil
}

// spill writes all tables out and empties them. With a directory of the
// caller's it notes there how far counting has come.
func (c *Counts) spill() error {
	if c.dir == "" {
		dir, err := os.MkdirTemp("", "bpe-counts-")
		if err != nil {
			return err
		}
		c.dir = dir
	}
	runs, errs := make([]run, len(c.tables)), make([]error, len(c.tables))
	var wg sync.WaitGroup
	for k, t := range c.tables {
		name := fmt.Sprintf("bpe-counts-%06d.run", c.spills+k)
		wg.Go(func() {
			if runs[k], errs[k] = writeRun(c.dir, name, t); errs[k] == nil {
				errs[k] = runs[k].open(c.dir)
			}
		})
	}
	wg.Wait()
	c.spills += len(c.tables)
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("spill %s: %w", c.dir, err)
	}
	for k, t := range c.tables {
		t.reset()
		c.report.SpilledBytes += runs[k].size()
	}
	c.report.Spills++
	c.runs = append(c.runs, runs...)
	if c.cfg.Dir == "" {
		return nil
	}
	data, err := json.Marshal(state{stateVersion, c.cfg.Key, c.seed, c.report.Documents, c.report.Bytes, c.check, c.runs})
	if err != nil {
		return err
	}
	return durable.Replace(filepath.Join(c.dir, stateName), data)
}

// Keep leaves what was counted in the directory the caller gave, if he did, for
// a training that goes on from there.
func (c *Counts) Keep() error {
	if c.cfg.Dir == "" || c.tables == nil {
		return nil
	}
	err := c.spill()
	c.tables = nil
	return err
}

// Close removes what was spilled to a temporary directory.
func (c *Counts) Close() error {
	for k := range c.runs {
		c.runs[k].file.Close()
	}
	if c.dir == "" || c.cfg.Dir != "" {
		return nil
	}
	return os.RemoveAll(c.dir)
}

// Remove removes what was spilled to the caller's directory, and the directory
// if nothing else is in it, once the training has ended well.
func (c *Counts) Remove() error {
	if c.cfg.Dir == "" {
		return nil
	}
	if err := os.Remove(filepath.Join(c.dir, stateName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := removeRuns(c.dir); err != nil {
		return err
	}
	os.Remove(c.dir) // fails where the caller keeps something of his own there
	return nil
}

func removeRuns(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, runNames))
	for _, name := range names {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// free gives the tables' memory back, writing them out first.
func (c *Counts) free() error {
	if c.tables == nil {
		return nil
	}
	err := c.spill()
	c.tables = nil
	debug.FreeOSMemory()
	return err
}

// release forgets the tables of a training that needs them no more; the caller's
// directory is kept until the end.
func (c *Counts) release() error {
	if c.cfg.Dir != "" {
		return c.free()
	}
	if c.tables = nil; c.cfg.Memory != 0 {
		debug.FreeOSMemory()
	}
	return nil
}

// sum adds the counts up part by part and calls f with the table of each, from
// as many goroutines at once as there are workers; worker tells which it is.
func (c *Counts) sum(ctx context.Context, f func(worker int, t *table) error) error {
	next := make(chan int, parts)
	for p := range parts {
		next <- p
	}
	close(next)
	errs := make([]error, c.cfg.Workers)
	var wg sync.WaitGroup
	for w := range errs {
		wg.Go(func() {
			// Pieces of a part have the first bits of their hash in common; by
			// another seed they spread over the whole index.
			t := newTable(^c.seed)
			for p := range next {
				t.reset()
				if errs[w] = c.sumPart(ctx, p, t); errs[w] == nil {
					errs[w] = f(w, t)
				}
				if errs[w] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (c *Counts) sumPart(ctx context.Context, p int, t *table) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, from := range c.tables {
		from.part(p, t.add)
	}
	for k := range c.runs {
		if err := c.runs[k].part(p, t.add); err != nil {
			return err
		}
	}
	return nil
}
