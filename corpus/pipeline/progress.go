package pipeline

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/athanor-lm/athanor/corpus/mix"
	"github.com/athanor-lm/athanor/dataset"
)

// Progress is how far a run has come with the part it is at.
type Progress struct {
	Part  string // what is being done: "stage 0: gopher-quality → minhash"
	Done  int64  // bytes on disk of the part's input that were read; in a merge records
	Total int64  // 0 = unknown
	// Tasks and TasksDone count the part's tasks that this process had to do and has done.
	Tasks, TasksDone int
	Bytes            bool // Done and Total are bytes
}

// Observer is told how a run goes. Calls do not overlap.
type Observer interface {
	Progress(p Progress) // about five times a second while work is done
	Note(text string)    // a line for people, such as what is waited for
	Plan(p *mix.Plan)    // the mix, before anything of it is written
}

const progressEvery = 200 * time.Millisecond

// progress is what is under way in this process.
type progress struct {
	observer Observer
	mu       sync.Mutex // of the calls to observer
	now      Progress
	parts    []*atomic.Int64 // of which the sum is Progress.Done
	ended    atomic.Int64
	total    atomic.Int64 // where it is not known before
	stop     chan struct{}
	stopped  sync.WaitGroup
}

// begin starts to report, until end.
func (g *progress) begin(now Progress, parts []*atomic.Int64) {
	if g.observer == nil {
		return
	}
	g.now, g.parts, g.stop = now, parts, make(chan struct{})
	g.ended.Store(0)
	g.total.Store(now.Total)
	g.report() // starts the observer's clock
	g.stopped.Go(func() {
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				g.report()
			case <-g.stop:
				g.report()
				return
			}
		}
	})
}

func (g *progress) report() {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now
	now.Total, now.TasksDone = g.total.Load(), int(g.ended.Load())
	for _, part := range g.parts {
		now.Done += part.Load()
	}
	g.observer.Progress(now)
}

func (g *progress) end() {
	if g.observer != nil {
		close(g.stop)
		g.stopped.Wait()
	}
}

// note tells a line.
func (g *progress) note(format string, args ...any) {
	if g.observer != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.observer.Note(fmt.Sprintf(format, args...))
	}
}

// beginProgress makes the runs of tasks and starts to report on them.
func (p *Pipeline) beginProgress(stage int, tasks []int) []*taskRun {
	now := Progress{Part: p.describe(stage), Tasks: len(tasks), Bytes: true}
	var runs []*taskRun
	var parts []*atomic.Int64
	for _, t := range tasks {
		run := &taskRun{p: p, stage: stage, task: t}
		runs, parts = append(runs, run), append(parts, &run.done)
		if stage == 0 {
			now.Total += p.tasks[t].size
		} else {
			now.Total += fileSize(p.taskFile(0, t, extDocuments))
		}
	}
	p.progress.begin(now, parts)
	return runs
}

func (p *Pipeline) taskEnded()   { p.progress.ended.Add(1) }
func (p *Pipeline) endProgress() { p.progress.end() }

// beginMerge starts to report on a merge and returns what it is to call.
func (p *Pipeline) beginMerge(k int) func(records int64) {
	done := new(atomic.Int64)
	p.progress.begin(Progress{Part: fmt.Sprintf("merge %d: %s", k, p.recipe.Steps[p.stages[k].collect].Name)}, []*atomic.Int64{done})
	return done.Store
}

// beginWriting starts to report on write tasks and returns where each counts the bytes it has read.
func (p *Pipeline) beginWriting(plan *mix.Plan, tasks []int) []*atomic.Int64 {
	now := Progress{Part: "write", Tasks: len(tasks), Bytes: true}
	parts := make([]*atomic.Int64, len(tasks))
	for i := range tasks {
		parts[i] = new(atomic.Int64)
	}
	for t := range p.tasks {
		passes := int64(0)
		for i, f := range p.finals {
			if f.source == p.sourceOf(t) {
				passes += int64(passesOf(plan, i))
			}
		}
		if len(tasks) == 1 || slices.Contains(tasks, t) {
			now.Total += passes * fileSize(p.taskFile(0, t, extDocuments))
		}
	}
	p.progress.begin(now, parts)
	return parts
}

// beginTokens starts to report on the building of token shards and returns what it is to call.
func (p *Pipeline) beginTokens() (report func(dataset.Progress), end func()) {
	done := new(atomic.Int64)
	p.progress.begin(Progress{Part: "tokens", Bytes: true}, []*atomic.Int64{done})
	return func(d dataset.Progress) {
		done.Store(d.ReadBytes)
		p.progress.total.Store(d.TotalBytes)
	}, p.endProgress
}

// describe names a stage with its steps.
func (p *Pipeline) describe(stage int) string {
	s := p.stages[stage]
	text := fmt.Sprintf("stage %d:", stage)
	switch {
	case s.decide >= 0:
		text += " " + p.recipe.Steps[s.decide].Name
	default:
		text += " read"
	}
	for _, i := range s.filters {
		text += " → " + p.recipe.Steps[i].Name
	}
	if s.collect >= 0 {
		text += " → collect for " + p.recipe.Steps[s.collect].Name
	}
	return text
}
