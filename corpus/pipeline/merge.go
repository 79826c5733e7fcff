package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/internal/durable"
)

// mergeStats is what a merge found out: stats.json beside its decisions.
type mergeStats struct {
	Stats  []NamedValue `json:"stats"`
	Charts []Chart      `json:"charts"`
}

// mergeDone tells whether a merge's marker stands, its decisions, and what else it wrote.
func (p *Pipeline) mergeDone(k int) bool {
	return marked(p.mergeMarker(k), p.hashes.merges[k]) && exists(p.mergeStatsFile(k)) && p.writtenBeside(p.stages[k].collect)
}

// writtenBeside tells whether the files are there that a step writes beside the corpus.
func (p *Pipeline) writtenBeside(step int) bool {
	w, ok := p.recipe.Steps[step].Settings.(corpus.FileWriter)
	return !ok || !slices.ContainsFunc(w.Writes(), func(file string) bool { return !exists(p.env.Path(file)) })
}

// merge lets the pass between stages k and k+1 decide.
func (p *Pipeline) merge(ctx context.Context, k int) (err error) {
	if p.mergeDone(k) {
		return nil
	}
	if missing := p.missing(k); len(missing) > 0 {
		return p.notYet(k, missing)
	}
	i := p.stages[k].collect
	step := &p.recipe.Steps[i]
	if err := p.openStep(ctx, i); err != nil {
		return err
	}
	defer func() {
		if err != nil && ctx.Err() == nil {
			err = fmt.Errorf("corpus: merge %d (step %s): %w", k, step.Name, err)
		}
	}()
	if err := unmark(p.mergeMarker(k)); err != nil {
		return err
	}
	removeAsides(filepath.Dir(p.mergeDir(k)), called(filepath.Base(p.mergeMarker(k)), filepath.Base(p.mergeDir(k))))
	// A directory of one's own, as every file written has a name of its own: see aside.
	dir, err := os.MkdirTemp(filepath.Dir(p.mergeDir(k)), durable.AsidePattern(p.mergeDir(k)))
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) // where it has not become merge-K
	if err := p.mergeInto(ctx, dir, k); err != nil {
		return err
	}
	if err := errors.Join(os.Chmod(dir, 0o755), syncTree(dir), os.RemoveAll(p.mergeDir(k))); err != nil {
		return err
	}
	if err := os.Rename(dir, p.mergeDir(k)); err != nil {
		return err
	}
	return mark(p.mergeMarker(k), p.hashes.merges[k])
}

// mergeInto writes a merge's decisions and findings to a directory.
func (p *Pipeline) mergeInto(ctx context.Context, dir string, k int) error {
	var stats mergeStats
	m := corpus.Merge{Dir: dir,
		Stats: func(name string, value float64) { stats.Stats = append(stats.Stats, NamedValue{name, finite(value)}) },
		Chart: func(name string, labels []string, counts []float64) {
			stats.Charts = append(stats.Charts, Chart{name, labels, counts})
		},
		Progress: p.beginMerge(k),
	}
	defer p.endProgress()
	for t := range p.tasks {
		m.Tasks = append(m.Tasks, func() (corpus.RecordReader, error) { return openRecords(p.taskFile(k, t, extRecords)) })
	}
	if err := p.passes[p.stages[k].collect].Merge(ctx, m); err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, statsName), stats)
}

// syncTree makes the files of a directory durable.
func syncTree(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		f, err := os.Open(dir + string(os.PathSeparator) + e.Name())
		if err != nil {
			return err
		}
		if !e.IsDir() {
			err = f.Sync()
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return durable.SyncDir(dir)
}
