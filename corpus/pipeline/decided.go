package pipeline

import (
	"errors"
	"fmt"

	"github.com/athanor-lm/athanor/corpus"
)

// source gives out the documents of a task.
type source interface {
	next() (*corpus.Document, origin, error) // io.EOF behind the last
	done() int64                             // bytes read of stage 0's file
	Close() error
}

// openStage opens a task's documents as they are behind a stage.
func (p *Pipeline) openStage(stage, task int) (source, error) {
	path := p.taskFile(stage, task, extDocuments)
	if stage == 0 {
		return openDocuments(path)
	}
	before, err := p.openStage(stage-1, task)
	if err != nil {
		return nil, err
	}
	return openChanged(before, path)
}

// openDecided opens the documents of the stage before with the decisions that begin a stage.
func (p *Pipeline) openDecided(stage, task int) (*decided, error) {
	i := p.stages[stage].decide
	d := &decided{step: &p.recipe.Steps[i], task: task}
	var err error
	if d.source, err = p.openStage(stage-1, task); err != nil {
		return nil, err
	}
	if d.decisions, err = p.passes[i].Decisions(p.mergeDir(stage-1), task); err != nil {
		return nil, errors.Join(fmt.Errorf("corpus: step %s: %w", d.step.Name, err), d.source.Close())
	}
	return d, nil
}

// decided gives out documents, and decides upon them.
type decided struct {
	source
	decisions corpus.Decisions
	step      *Step
	task      int
	report    corpus.Report // of the document that was decided upon last
}

// decide decides upon a document, if the step is for it.
func (d *decided) decide(doc *corpus.Document) (applies bool, err error) {
	if !d.step.Applies(doc) {
		return false, nil
	}
	d.report.Reset()
	if err := d.decisions.Decide(doc, &d.report); err != nil {
		return true, fmt.Errorf("corpus: step %s: document %q of task %d: %w", d.step.Name, doc.ID, d.task, err)
	}
	return true, nil
}

// closing closes a source. After an error, what closing says is of no interest: that decisions are left over.
func closing(err error, s source) error {
	if closeErr := s.Close(); err == nil {
		return closeErr
	}
	return err
}

// Close closes the decisions and the documents.
func (d *decided) Close() error { return errors.Join(d.decisions.Close(), d.source.Close()) }
