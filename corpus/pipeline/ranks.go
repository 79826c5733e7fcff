package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/athanor-lm/athanor/corpus/mix"
)

// Ranks are processes that run the same recipe on a file system they share. Rank i of n does the tasks t with t mod n = i; rank 0 also
// merges and finishes. They tell each other nothing but by completion markers, and none writes a file of another's.

// Share says which part of the work is this process's.
type Share struct {
	Rank, World int
	// Wait is how long to wait for a rank that gives no sign of life while none of its tasks gets done; 0 = not at all.
	Wait time.Duration
}

func (s Share) validate() error {
	if s.World < 1 || s.Rank < 0 || s.Rank >= s.World {
		return fmt.Errorf("corpus: rank %d of %d, want 0 ≤ rank < ranks", s.Rank, s.World)
	}
	return nil
}

// mine picks the rank's tasks.
func (s Share) mine(tasks []int) []int {
	var own []int
	for _, t := range tasks {
		if t%s.World == s.Rank {
			own = append(own, t)
		}
	}
	return own
}

// A rank that waits looks at the markers after pollFirst, and less and less often, down to every pollEvery, while nothing gets done.
const (
	pollFirst = 5 * time.Millisecond
	pollEvery = 500 * time.Millisecond
)

// RunRank does a rank's share of all there is to do, waiting for the other ranks between stages. Rank 0 returns what the report says,
// the others nil.
func (p *Pipeline) RunRank(ctx context.Context, s Share) (*Summary, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	if s.Rank == 0 && p.finished() {
		return p.finish(ctx)
	}
	summary, err := p.runRank(ctx, s)
	if err != nil && s.Rank > 0 && ctx.Err() == nil && p.finished() {
		return nil, nil // rank 0 has come to the end, and where it keeps no work, nothing is left to look at
	}
	return summary, err
}

func (p *Pipeline) runRank(ctx context.Context, s Share) (*Summary, error) {
	if s.Rank > 0 && p.finished() {
		return nil, nil
	}
	if err := p.prepare(); err != nil {
		return nil, err
	}
	defer p.live(s)()
	for k := range p.stages {
		if err := p.runTasks(ctx, k, s.mine(p.missing(k))); err != nil {
			return nil, err
		}
		if err := p.await(ctx, s, fmt.Sprintf("stage %d", k), p.missing(k), func(t int) bool { return p.taskDone(k, t) }); err != nil {
			return nil, err
		}
		if p.stages[k].collect >= 0 {
			if err := p.mergeOrAwait(ctx, s, k); err != nil {
				return nil, err
			}
		}
	}
	plan, err := p.plan()
	if err != nil {
		return nil, err
	}
	if err := p.doWriteTasks(ctx, plan, s.mine(p.unwritten(plan))); err != nil {
		return nil, err
	}
	if s.Rank > 0 {
		return nil, nil
	}
	if err := p.await(ctx, s, "the outputs", p.unwritten(plan), func(t int) bool { return p.taskWritten(plan, t) }); err != nil {
		return nil, err
	}
	return p.finish(ctx)
}

// mergeOrAwait merges in rank 0 and waits for that in the others.
func (p *Pipeline) mergeOrAwait(ctx context.Context, s Share, k int) error {
	if s.Rank == 0 {
		return p.merge(ctx, k)
	}
	return p.await(ctx, s, fmt.Sprintf("merge %d", k), []int{0}, func(int) bool { return p.mergeDone(k) })
}

// unwritten lists the write tasks that are not done.
func (p *Pipeline) unwritten(plan *mix.Plan) []int {
	var tasks []int
	for _, t := range p.writeTasks(plan) {
		if !p.taskWritten(plan, t) {
			tasks = append(tasks, t)
		}
	}
	return tasks
}

// await waits until tasks are done. It gives up when for so long nothing was done, and the rank that is to do the first of them gave no sign
// of life.
func (p *Pipeline) await(ctx context.Context, s Share, what string, left []int, done func(task int) bool) error {
	left = slices.DeleteFunc(left, done)
	since, told, poll, sign := time.Now(), false, pollFirst, ""
	for len(left) > 0 {
		if s.Rank > 0 && p.finished() {
			return errors.New("corpus: rank 0 has finished") // RunRank takes it for what it is
		}
		if now := p.signOf(left[0] % s.World); now != sign {
			since, sign = time.Now(), now
		}
		text := fmt.Sprintf("%d tasks of %s (the first: task %d, of rank %d)", len(left), what, left[0], left[0]%s.World)
		if time.Since(since) >= s.Wait {
			return fmt.Errorf("corpus: rank %d of %d waited %v for %s, and heard nothing of that rank; what is done is kept: start it, and this one again",
				s.Rank, s.World, s.Wait, text)
		}
		if !told {
			p.progress.note("rank %d waits for %s", s.Rank, text)
			told = true
		}
		select {
		case <-time.After(min(poll, s.Wait)):
		case <-ctx.Done():
			return ctx.Err()
		}
		before := len(left)
		if left = slices.DeleteFunc(left, done); len(left) < before {
			since, poll = time.Now(), pollFirst
		} else {
			poll = min(2*poll, pollEvery)
		}
	}
	return nil
}

// RunStage does a rank's tasks of one stage. The merge before must be done.
func (p *Pipeline) RunStage(ctx context.Context, s Share, k int) error {
	if err := s.validate(); err != nil {
		return err
	}
	if k < 0 || k >= len(p.stages) {
		return fmt.Errorf("corpus: stage %d, this recipe has stages 0 to %d", k, len(p.stages)-1)
	}
	if p.finished() {
		return nil
	}
	if k > 0 && !p.mergeDone(k-1) {
		return fmt.Errorf("corpus: %s: merge %d is not done; do it before stage %d", p.recipe.Out, k-1, k)
	}
	if err := p.prepare(); err != nil {
		return err
	}
	return p.runTasks(ctx, k, s.mine(p.missing(k)))
}

// RunMerge does one merge. The stage before must be done.
func (p *Pipeline) RunMerge(ctx context.Context, k int) error {
	if k < 0 || k >= len(p.stages)-1 {
		return fmt.Errorf("corpus: merge %d, this recipe has %d merges, numbered from 0", k, len(p.stages)-1)
	}
	if p.finished() {
		return nil
	}
	if err := p.prepare(); err != nil {
		return err
	}
	return p.merge(ctx, k)
}

// RunWrite does a rank's share of writing the outputs. All stages must be done. Where the mix wants another order than that of the
// inputs, rank 0 writes everything.
func (p *Pipeline) RunWrite(ctx context.Context, s Share) error {
	if err := s.validate(); err != nil {
		return err
	}
	if p.finished() {
		return nil
	}
	last := len(p.stages) - 1
	if missing := p.missing(last); len(missing) > 0 {
		return p.notYet(last, missing)
	}
	if err := p.prepare(); err != nil {
		return err
	}
	plan, err := p.plan()
	if err != nil {
		return err
	}
	return p.doWriteTasks(ctx, plan, s.mine(p.unwritten(plan)))
}

// RunFinish writes what is left to write when all stages are done: outputs, report, manifest.
func (p *Pipeline) RunFinish(ctx context.Context) (*Summary, error) {
	if p.finished() {
		return p.finish(ctx)
	}
	if err := p.prepare(); err != nil {
		return nil, err
	}
	return p.finish(ctx)
}

// WritesByTask tells whether the outputs are written in as many tasks as there are, which ranks can share.
func (p *Pipeline) WritesByTask() bool {
	return p.recipe.Mix == nil || p.recipe.Mix.Order == mix.OrderInput
}

// mergeStatsFile is where a merge's findings lie.
func (p *Pipeline) mergeStatsFile(k int) string { return filepath.Join(p.mergeDir(k), statsName) }
