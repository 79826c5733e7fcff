package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/mix"
	"github.com/athanor-lm/athanor/corpus/write"
	"github.com/athanor-lm/athanor/internal/durable"
)

// The outputs are written in write tasks. Where the order of the documents is that of the inputs there is one for every task of the
// stages, with files of its own; any other order makes one of all documents.

// taskOutput is what a write task wrote: work/write/N.json.
type taskOutput struct {
	Files map[string][]write.File `json:"files"` // by format
	Taken []Amount                `json:"taken"` // by source, repetitions included
}

const writeDir = "write"

// rowsDir holds JSON Lines that only the making of tokens needs.
const rowsDir = "rows"

func (p *Pipeline) writeFile(task int, ext string) string {
	return filepath.Join(p.recipe.Out, workDir, writeDir, taskName(task)+"."+ext)
}

// writeTasks lists the write tasks.
func (p *Pipeline) writeTasks(plan *mix.Plan) []int {
	if plan != nil && plan.Order != mix.OrderInput {
		return []int{0}
	}
	all := make([]int, len(p.tasks))
	for t := range all {
		all[t] = t
	}
	return all
}

// writeHash is what the marker of a write task holds.
func (p *Pipeline) writeHash(plan *mix.Plan, task int) string {
	last := p.hashes.tasks[len(p.stages)-1]
	h := newHasher()
	h.add(p.hashes.recipe, p.recipe.Output, plan)
	if len(p.writeTasks(plan)) == len(last) {
		h.add(last[task])
	} else {
		h.add(last)
	}
	return h.sum()
}

// writeAll does the write tasks that are not done.
func (p *Pipeline) writeAll(ctx context.Context, plan *mix.Plan) error {
	return p.doWriteTasks(ctx, plan, p.writeTasks(plan))
}

// doWriteTasks does some of the write tasks, several at once.
func (p *Pipeline) doWriteTasks(ctx context.Context, plan *mix.Plan, tasks []int) error {
	tasks = slices.DeleteFunc(slices.Clone(tasks), func(t int) bool { return p.taskWritten(plan, t) })
	if len(tasks) == 0 {
		return nil
	}
	for _, dir := range append(p.outputDirs(), filepath.Dir(p.writeFile(0, extDone))) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("corpus: %w", err)
		}
	}
	removeAsides(filepath.Dir(p.writeFile(0, extDone)), ofTasks(tasks))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := p.beginWriting(plan, tasks)
	defer p.endProgress()
	next := make(chan int)
	var group sync.WaitGroup
	for range min(p.o.Workers, len(tasks)) {
		group.Go(func() {
			for i := range next {
				if err := p.writeTask(ctx, plan, tasks[i], done[i]); err != nil {
					cancel(fmt.Errorf("corpus: write task %d: %w", tasks[i], err))
				}
				p.taskEnded()
			}
		})
	}
	for i := range tasks {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	group.Wait()
	return context.Cause(ctx)
}

// outputDirs are the directories the write tasks write to.
func (p *Pipeline) outputDirs() []string {
	var dirs []string
	for _, format := range p.recipe.Output.rowFormats() {
		dirs = append(dirs, p.outputDir(format))
	}
	return dirs
}

func (p *Pipeline) outputDir(format string) string {
	if format == rowsDir {
		return p.outPath(filepath.Join(workDir, rowsDir))
	}
	return p.outPath(filepath.Join(dataDir, format))
}

// rowFormats are the formats of rows that are written: those wanted, and rows for tokens where no JSON Lines are.
func (o *Output) rowFormats() []string {
	var formats []string
	for _, f := range []string{formatJSONL, formatParquet} {
		if o.has(f) {
			formats = append(formats, f)
		}
	}
	if o.has(formatTokens) && !o.has(formatJSONL) {
		formats = append(formats, rowsDir)
	}
	return formats
}

// writeTask writes the documents of a write task in all formats.
func (p *Pipeline) writeTask(ctx context.Context, plan *mix.Plan, task int, done *atomic.Int64) error {
	if err := unmark(p.writeFile(task, extDone)); err != nil {
		return err
	}
	w, err := p.openWriters(plan, task)
	if err != nil {
		return err
	}
	defer w.drop()
	out := taskOutput{Files: map[string][]write.File{}, Taken: make([]Amount, len(p.finals))}
	take := func(part int, d *corpus.Document) error {
		out.Taken[part].add(amountOf(d))
		return w.add(d)
	}
	switch {
	case plan == nil || plan.Order == mix.OrderInput:
		err = p.inputOrder(ctx, plan, task, done, take)
	case plan.Order == mix.OrderInterleave:
		err = p.interleaved(ctx, plan, done, take)
	default:
		err = p.shuffled(ctx, plan, done, take)
	}
	if err != nil {
		return err
	}
	if out.Files, err = w.close(); err != nil {
		return err
	}
	for _, dir := range p.outputDirs() {
		if err := durable.SyncDir(dir); err != nil {
			return err
		}
	}
	if err := writeJSON(p.writeFile(task, extStats), &out); err != nil {
		return err
	}
	return mark(p.writeFile(task, extDone), p.writeHash(plan, task))
}

// inputOrder hands out the documents of a task of the stages: one pass after another.
func (p *Pipeline) inputOrder(ctx context.Context, plan *mix.Plan, task int, done *atomic.Int64, take func(int, *corpus.Document) error) error {
	for i, f := range p.finals {
		if f.source != p.sourceOf(task) {
			continue
		}
		s := p.partStream(plan, i, []int{task}, done)
		if err := s.each(ctx, func(d *corpus.Document) error { return take(i, d) }); err != nil {
			return err
		}
	}
	return nil
}

// partStream gives out what a mix takes of tasks of one source.
type partStream struct {
	p      *Pipeline
	part   *mix.Part // nil = everything once
	final  *finalSource
	passes int
	tasks  []int
	done   *atomic.Int64 // bytes of documents' files read

	pass, at int // at is the task that is open or to be opened
	in       source
}

func (p *Pipeline) partStream(plan *mix.Plan, part int, tasks []int, done *atomic.Int64) *partStream {
	s := &partStream{p: p, final: &p.finals[part], passes: passesOf(plan, part), tasks: tasks, done: done}
	if plan != nil {
		s.part = &plan.Parts[part]
	}
	return s
}

// each hands out all documents.
func (s *partStream) each(ctx context.Context, take func(*corpus.Document) error) (err error) {
	defer func() {
		if closeErr := s.close(); err == nil {
			err = closeErr
		}
	}()
	for {
		d, err := s.next()
		if err == io.EOF {
			return nil
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if err := take(d); err != nil {
			return err
		}
	}
}

// next returns the next document or io.EOF.
func (s *partStream) next() (*corpus.Document, error) {
	for {
		if s.at == len(s.tasks) {
			s.pass, s.at = s.pass+1, 0
		}
		if s.pass >= s.passes || len(s.tasks) == 0 {
			return nil, io.EOF
		}
		if s.in == nil {
			var err error
			if s.in, err = s.p.openStage(len(s.p.stages)-1, s.tasks[s.at]); err != nil {
				return nil, err
			}
		}
		before := s.in.done()
		d, _, err := s.in.next()
		s.done.Add(s.in.done() - before)
		if err == io.EOF {
			if err := s.close(); err != nil {
				return nil, err
			}
			s.at++
			continue
		}
		if err != nil {
			return nil, err
		}
		if d.Synthetic == s.final.synthetic && (s.part == nil || s.part.Takes(s.pass, s.p.recipe.Seed, d.ID)) {
			return d, nil
		}
	}
}

// close closes the task that is open.
func (s *partStream) close() error {
	if s.in == nil {
		return nil
	}
	err := s.in.Close()
	s.in = nil
	return err
}

// writers write documents in several formats.
type writers map[string]*write.Writer

func (p *Pipeline) openWriters(plan *mix.Plan, task int) (writers, error) {
	o := &p.recipe.Output
	name := "part"
	if plan == nil || plan.Order == mix.OrderInput {
		name = fmt.Sprintf("%s-%05d", fileName(p.sourceOf(task)), task)
	}
	w := writers{}
	for _, format := range o.rowFormats() {
		opts := write.Options{Dir: p.outputDir(format), Name: name, Compression: o.Compression, ShardSize: int64(o.ShardSize), Recipe: p.hashes.recipe[:12]}
		open := write.NewJSONL
		switch format {
		case formatParquet:
			open = write.NewParquet
		case rowsDir:
			opts.Compression = "zstd"
		}
		var err error
		if w[format], err = open(opts); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// fileName makes a source's name fit for a file.
func fileName(source string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, source)
}

func (w writers) add(d *corpus.Document) error {
	for _, f := range w {
		if err := f.Add(d); err != nil {
			return err
		}
	}
	return nil
}

func (w writers) close() (map[string][]write.File, error) {
	files := map[string][]write.File{}
	for format, f := range w {
		var err error
		if files[format], err = f.Close(); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func (w writers) drop() {
	for _, f := range w {
		f.Drop()
	}
}
