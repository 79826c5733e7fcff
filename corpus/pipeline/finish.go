package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/athanor-lm/athanor/corpus/write"
)

// finish writes outputs, report and manifest.
func (p *Pipeline) finish(ctx context.Context) (*Summary, error) {
	last := len(p.stages) - 1
	if missing := p.missing(last); len(missing) > 0 {
		return nil, p.notYet(last, missing)
	}
	dir := filepath.Join(p.recipe.Out, dataDir, formatJSONL)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	for t := range p.tasks {
		if err := p.writeTask(ctx, dir, t); err != nil {
			return nil, err
		}
	}
	s, err := p.summarise()
	if err != nil {
		return nil, err
	}
	return s, writeJSON(filepath.Join(p.recipe.Out, reportName), s)
}

// writeTask writes the documents of a task.
func (p *Pipeline) writeTask(ctx context.Context, dir string, t int) (err error) {
	in, err := openDocuments(p.taskFile(len(p.stages)-1, t, extDocuments))
	if err != nil {
		return err
	}
	defer in.Close()
	w, err := write.NewJSONL(write.Options{Dir: dir, Name: fmt.Sprintf("%05d", t), Compression: p.recipe.Output.Compression,
		ShardSize: int64(p.recipe.Output.ShardSize), Recipe: p.hashes.finish[:12]})
	if err != nil {
		return err
	}
	defer w.Drop()
	for {
		d, err := in.next()
		if err == io.EOF {
			_, err = w.Close()
			return err
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if err := w.Add(d); err != nil {
			return err
		}
	}
}
