package pipeline

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/tokenizer"
)

// stageRun is the work of this process on a stage: tasks that read and write, and what they share with the workers that do the steps.
type stageRun struct {
	p      *Pipeline
	stage  int
	free   chan *batch
	work   chan *batch
	budget *budget
}

// runTasks does tasks of a stage that are not done yet. Several are under way at once.
func (p *Pipeline) runTasks(ctx context.Context, stage int, tasks []int) error {
	tasks = slices.DeleteFunc(slices.Clone(tasks), func(t int) bool { return p.taskDone(stage, t) })
	if len(tasks) == 0 {
		return nil
	}
	if err := p.openSteps(ctx, stage); err != nil {
		return err
	}
	if err := os.MkdirAll(p.stageDir(stage), 0o755); err != nil {
		return fmt.Errorf("corpus: %w", err)
	}
	removeAsides(p.stageDir(stage), ofTasks(tasks))
	s := &stageRun{p: p, stage: stage, budget: newBudget(int64(p.recipe.Memory) / 2)}
	atOnce := min(len(tasks), p.o.Workers+1)
	batches := atOnce + 3*p.o.Workers // a task that reads holds one while it waits for none
	s.free, s.work = make(chan *batch, batches), make(chan *batch, batches)
	for range batches {
		s.free <- &batch{done: make(chan struct{}, 1)}
	}
	return s.run(ctx, tasks, atOnce)
}

// run starts the workers, and the tasks one after the other as there is room.
func (s *stageRun) run(ctx context.Context, tasks []int, atOnce int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	for range s.p.o.Workers {
		w := s.p.newWorker(s.stage)
		workers.Go(func() {
			for b := range s.work {
				w.do(b)
				b.done <- struct{}{}
			}
		})
	}
	runs := s.p.beginProgress(s.stage, tasks)
	next := make(chan *taskRun)
	var readers sync.WaitGroup
	for range atOnce {
		readers.Go(func() {
			for t := range next {
				if err := s.runTask(ctx, t); err != nil {
					cancel(err)
				}
				s.p.taskEnded()
			}
		})
	}
	for _, t := range runs {
		if ctx.Err() != nil {
			break
		}
		next <- t
	}
	close(next)
	readers.Wait()
	close(s.work)
	workers.Wait()
	s.p.endProgress()
	return context.Cause(ctx)
}

// runTask takes a task through the stage: this goroutine reads and decides, workers do the steps, another writes in order.
func (s *stageRun) runTask(ctx context.Context, t *taskRun) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer func() {
		if err != nil && ctx.Err() == nil {
			err = fmt.Errorf("corpus: stage %d, task %d: %w", s.stage, t.task, err)
		}
	}()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer t.drop()
	if err := t.create(); err != nil {
		return err
	}
	ordered := make(chan *batch, cap(s.free)) // room for all there are
	written := make(chan error, 1)
	var kept, recorded int64
	go func() { written <- s.write(t, ordered, &kept, &recorded, stop) }()
	err = s.read(ctx, t, ordered)
	close(ordered)
	if writeErr := <-written; writeErr != nil {
		err = writeErr
	}
	if err != nil {
		return err
	}
	return t.finish(kept, recorded)
}

// read fills batches with the task's documents.
func (s *stageRun) read(ctx context.Context, t *taskRun, ordered chan<- *batch) error {
	var b *batch
	send := func() {
		s.budget.take(int64(b.size))
		ordered <- b
		s.work <- b
		b = nil
	}
	err := t.each(ctx, func(d *corpus.Document, from origin) error {
		if b == nil {
			select {
			case b = <-s.free:
				b.reset(t)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		b.docs, b.origins = append(b.docs, d), append(b.origins, from)
		if b.size += len(d.Text()) + len(d.Meta); b.size >= batchBytes || len(b.docs) >= batchDocs {
			send()
		}
		return nil
	})
	if b != nil {
		send()
	}
	return err
}

// write appends the batches to the task's files in order. It takes all of them, also after an error, which stops the
// reading: others wait for them.
func (s *stageRun) write(t *taskRun, ordered <-chan *batch, kept, recorded *int64, stop func()) (err error) {
	for b := range ordered {
		<-b.done
		*kept += int64(b.kept)
		*recorded += int64(b.recorded)
		if err == nil {
			err = b.err
		}
		if err == nil && b.kept > 0 {
			_, err = t.docs.Write(b.block)
		}
		if err == nil && b.recorded > 0 {
			_, err = t.records.Write(b.records)
		}
		if err != nil {
			stop()
		}
		s.budget.give(int64(b.size))
		b.reset(nil)
		s.free <- b
	}
	return err
}

// taskDone tells whether a task's marker stands, and all that it stands for.
func (p *Pipeline) taskDone(stage, task int) bool {
	if !marked(p.taskFile(stage, task, extDone), p.hashes.tasks[stage][task]) {
		return false
	}
	needed := []string{extStats, extDocuments}
	if p.stages[stage].collect >= 0 {
		needed = append(needed, extRecords)
	}
	if stage == 0 {
		needed = append(needed, extQuarantine)
	}
	return !slices.ContainsFunc(needed, func(ext string) bool { return !exists(p.taskFile(stage, task, ext)) })
}

// newWorker makes the filters of a stage for a goroutine.
func (p *Pipeline) newWorker(k int) *worker {
	w := &worker{p: p, stage: &p.stages[k], final: newFinal(), first: k == 0}
	for _, i := range w.stage.filters {
		w.filters = append(w.filters, p.filters[i]())
		w.tallies = append(w.tallies, newStepTally())
	}
	if w.stage.collect < 0 {
		w.tok = p.tok
	}
	if w.stage.collect >= 0 {
		w.collector = p.passes[w.stage.collect].Collector()
	}
	return w
}

// openSteps opens the steps that a stage needs, once.
func (p *Pipeline) openSteps(ctx context.Context, k int) error {
	s := &p.stages[k]
	if s.collect < 0 && p.countTokens() && p.tok == nil {
		var err error
		if p.tok, err = tokenizer.Load(p.env.Path(p.recipe.Output.Tokenizer)); err != nil {
			return err
		}
	}
	for _, i := range append([]int{s.decide, s.collect}, s.filters...) {
		if i < 0 {
			continue
		}
		if err := p.openStep(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pipeline) openStep(ctx context.Context, i int) (err error) {
	env := p.env
	env.Context = ctx
	step := &p.recipe.Steps[i]
	switch s := step.Settings.(type) {
	case corpus.FilterSettings:
		if p.filters[i] == nil {
			p.filters[i], err = s.Open(env)
		}
	case corpus.PassSettings:
		if p.passes[i] == nil {
			p.passes[i], err = s.Open(env)
		}
	}
	if err != nil {
		return fmt.Errorf("corpus: step %s: %w", step.Name, err)
	}
	return nil
}

// mergeMarker is the path of a merge's completion marker.
func (p *Pipeline) mergeMarker(k int) string {
	return filepath.Join(p.recipe.Out, workDir, fmt.Sprintf("merge-%d.%s", k, extDone))
}
