package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/read"
	"github.com/athanor-lm/athanor/tokenizer"
	"github.com/gofrs/flock"
)

// Options say how a recipe is run. None of them shows in the outputs.
type Options struct {
	Workers  int      // goroutines that do steps, 0 = GOMAXPROCS
	Creator  string   // program and version: another does everything anew
	Observer Observer // may be nil
}

// Pipeline is a recipe with its inputs, ready to run.
type Pipeline struct {
	recipe *Recipe
	o      Options
	env    corpus.Env
	inputs []*read.Corpus // by input of the recipe
	// unlisted are the directories that could not be listed, by input.
	unlisted [][]read.Bad
	tasks    []task
	stages   []stage
	hashes   hashes

	filters  []func() corpus.Filter // by step, once opened
	passes   []corpus.Pass          // by step, once opened
	tok      *tokenizer.Tokenizer   // counts tokens, once opened
	finals   []finalSource          // what came through the steps, once all stages are done
	progress progress
}

// Open finds the inputs and works out what is to be done. It reads models and word lists to tell whether they have changed, and
// writes nothing.
func Open(r *Recipe, o Options) (*Pipeline, error) {
	if o.Workers < 0 {
		return nil, fmt.Errorf("corpus: %d workers, want 1 or more, or 0 for all processors", o.Workers)
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	p := &Pipeline{recipe: r, o: o, env: r.Env(o.Workers), stages: cutStages(r.Steps),
		filters: make([]func() corpus.Filter, len(r.Steps)), passes: make([]corpus.Pass, len(r.Steps))}
	p.progress.observer = o.Observer
	var err error
	if p.inputs, p.unlisted, err = openInputs(r); err != nil {
		return nil, err
	}
	p.tasks = cutTasks(p.inputs, int64(r.TaskSize))
	return p, p.hashAll()
}

// ReadTwice counts the files that more than one input reads, whose documents therefore come more than once, and names the first.
func (p *Pipeline) ReadTwice() (files int, first string) {
	seen := map[string]int{} // inputs, by file
	for _, c := range p.inputs {
		for _, f := range c.Files() {
			file := f.Path
			if abs, err := filepath.Abs(file); err == nil {
				file = abs
			}
			if seen[file]++; seen[file] == 2 {
				if files++; files == 1 {
					first = f.Path
				}
			}
		}
	}
	return files, first
}

// Tasks is the number of tasks into which the inputs are cut.
func (p *Pipeline) Tasks() int { return len(p.tasks) }

// Stages is the number of stages into which the steps are cut; there is a merge between each and the next.
func (p *Pipeline) Stages() int { return len(p.stages) }

// Run does all that is not done yet, in this process, and returns what the report says. What was done stays done when it fails or
// ctx is cancelled: the next Run goes on from there.
func (p *Pipeline) Run(ctx context.Context) (*Summary, error) {
	if p.finished() {
		return p.finish(ctx)
	}
	unlock, err := p.begin()
	if err != nil {
		return nil, err
	}
	defer unlock()
	all := make([]int, len(p.tasks))
	for t := range all {
		all[t] = t
	}
	for k := range p.stages {
		if err := p.runTasks(ctx, k, all); err != nil {
			return nil, err
		}
		if p.stages[k].collect >= 0 {
			if err := p.merge(ctx, k); err != nil {
				return nil, err
			}
		}
	}
	return p.finish(ctx)
}

// prepare makes the output directory, and removes manifest and report of another corpus there, which soon will not be true any more. Where
// there is no manifest nothing is removed: another rank may be about to write it.
func (p *Pipeline) prepare() error {
	if err := claim(p.recipe.Out); err != nil {
		return fmt.Errorf("corpus: %w", err)
	}
	m, err := ReadManifest(p.recipe.Out)
	if errors.Is(err, fs.ErrNotExist) || err == nil && m.Corpus == p.hashes.finish {
		return nil
	}
	return errors.Join(unmark(p.outPath(manifestName)), unmark(p.outPath(reportName)))
}

// begin makes the output directory and keeps other local runs out of it.
func (p *Pipeline) begin() (unlock func(), err error) {
	if err := p.prepare(); err != nil {
		return nil, err
	}
	lock := flock.New(p.outPath(filepath.Join(workDir, "lock")))
	held, err := lock.TryLock()
	if err == nil && !held {
		err = errors.New("another process is running a recipe there")
	}
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("corpus: %s: %w", p.recipe.Out, err)
	}
	return func() { lock.Close() }, nil
}

// missing lists the tasks of a stage that are not done.
func (p *Pipeline) missing(stage int) []int {
	var tasks []int
	for t := range p.tasks {
		if !p.taskDone(stage, t) {
			tasks = append(tasks, t)
		}
	}
	return tasks
}

// notYet says which tasks are not done.
func (p *Pipeline) notYet(stage int, missing []int) error {
	return fmt.Errorf("corpus: %s: %d of %d tasks of stage %d are not done (the first: %d); run them first",
		p.recipe.Out, len(missing), len(p.tasks), stage, missing[0])
}
