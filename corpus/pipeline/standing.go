package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/athanor-lm/athanor/corpus/mix"
	"github.com/athanor-lm/athanor/corpus/write"
	"github.com/athanor-lm/athanor/dataset"
)

// finished tells whether the corpus in the output directory is the recipe's, with all its files and those beside it.
func (p *Pipeline) finished() bool {
	m, err := ReadManifest(p.recipe.Out)
	if err != nil || m.Corpus != p.hashes.finish || !exists(p.outPath(reportName)) {
		return false
	}
	for i := range p.recipe.Steps {
		if !p.writtenBeside(i) {
			return false
		}
	}
	for _, o := range m.Outputs {
		if o.Format == formatTokens {
			if _, ok := p.tokensStand(); !ok {
				return false
			}
		} else if !filesStand(p.outputDir(o.Format), o.Parts) {
			return false
		}
	}
	return true
}

// filesStand tells whether files that were written are there in their size.
func filesStand(dir string, files []write.File) bool {
	for _, f := range files {
		if st, err := os.Stat(filepath.Join(dir, f.Name)); err != nil || st.Size() != f.Size {
			return false
		}
	}
	return true
}

// tokensStand returns the token shards' manifest, if their files are there in their size.
func (p *Pipeline) tokensStand() (*dataset.Manifest, bool) {
	dir := p.outPath(filepath.Join(dataDir, formatTokens))
	m, err := dataset.ReadManifest(dir)
	if err != nil {
		return nil, false
	}
	for _, f := range m.Files {
		if st, err := os.Stat(filepath.Join(dir, f.Name)); err != nil || st.Size() != f.Size {
			return nil, false
		}
	}
	return m, true
}

// tokensDone returns the manifest of the token shards, if they are those of this corpus.
func (p *Pipeline) tokensDone() (*dataset.Manifest, bool) {
	if !marked(p.tokensMarker(), p.hashes.finish) {
		return nil, false
	}
	return p.tokensStand()
}

func (p *Pipeline) tokensMarker() string { return p.outPath(filepath.Join(workDir, "tokens."+extDone)) }

// taskWritten tells whether a write task's marker stands, and the files that it wrote. Rows for tokens are gone when these are made.
func (p *Pipeline) taskWritten(plan *mix.Plan, task int) bool {
	if !marked(p.writeFile(task, extDone), p.writeHash(plan, task)) {
		return false
	}
	var out taskOutput
	if readJSON(p.writeFile(task, extStats), &out) != nil {
		return false
	}
	for format, files := range out.Files {
		if format == rowsDir {
			if _, done := p.tokensDone(); done {
				continue
			}
		}
		if !filesStand(p.outputDir(format), files) {
			return false
		}
	}
	return true
}

// tidy removes what the work of this recipe does not need: stages, merges and tasks of an earlier one that had more of them; or, where the
// recipe keeps no work, all of it.
func (p *Pipeline) tidy() error {
	work := p.outPath(workDir)
	if !p.recipe.KeepWork {
		if os.RemoveAll(work) == nil {
			return nil
		}
		return os.RemoveAll(work) // another rank gave a sign of life in between
	}
	err := removeNumbered(work, "stage-", len(p.stages))
	err = errors.Join(err, removeNumbered(work, "merge-", len(p.stages)-1))
	for k := range p.stages {
		err = errors.Join(err, removeNumbered(p.stageDir(k), "", len(p.tasks)))
	}
	return errors.Join(err, removeNumbered(filepath.Join(work, writeDir), "", len(p.tasks)))
}

// removeNumbered removes the entries of a directory whose names are a prefix and a number from n on, with anything that is not a digit behind.
func removeNumbered(dir, prefix string, n int) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), prefix)
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		if i, numErr := strconv.Atoi(rest[:digits]); ok && numErr == nil && i >= n {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// WorkSize is the size on disk, in bytes, of what the tasks of a run left in its output directory.
func WorkSize(ctx context.Context, out string) (size int64, err error) {
	dir := filepath.Join(out, workDir)
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil || e.IsDir() {
			return err
		}
		st, err := e.Info()
		if err == nil {
			size += st.Size()
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return size, nil
	}
	if err != nil {
		return 0, fmt.Errorf("corpus: measure %s: %w", dir, err)
	}
	return size, nil
}
