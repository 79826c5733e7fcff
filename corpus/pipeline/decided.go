package pipeline

import (
	"errors"
	"fmt"

	"github.com/athanor-lm/athanor/corpus"
)

// source gives out the documents of a task.
type source interface {
	next() (*corpus.Document, error) // io.EOF behind the last
	done() int64                     // bytes of its file read
	Close() error
}

// keepsDocuments tells whether a stage writes its documents to files. One that only decides does not: deciding again costs less than
// packing and writing, and not writing saves the disk.
func (p *Pipeline) keepsDocuments(stage int) bool {
	return stage == 0 || len(p.stages[stage].filters) > 0
}

// documentsFile is the file that holds a task's documents as they are behind a stage, or from which decisions lead there.
func (p *Pipeline) documentsFile(stage, task int) string {
	for !p.keepsDocuments(stage) {
		stage--
	}
	return p.taskFile(stage, task, extDocuments)
}

// openStage opens a task's documents as they are behind a stage. The passes on the way must be open: see openPasses.
func (p *Pipeline) openStage(stage, task int) (source, error) {
	if p.keepsDocuments(stage) {
		return openDocuments(p.taskFile(stage, task, extDocuments))
	}
	return p.openDecided(stage, task)
}

// openPasses opens the passes whose decisions lead to the documents behind a stage.
func (p *Pipeline) openPasses(stage int) error {
	for ; stage >= 0 && !p.keepsDocuments(stage); stage-- {
		if err := p.openStep(p.stages[stage].decide); err != nil {
			return err
		}
	}
	return nil
}

// openDecided opens the documents of the stage before with the decisions that begin a stage.
func (p *Pipeline) openDecided(stage, task int) (*decided, error) {
	i := p.stages[stage].decide
	d := &decided{step: &p.recipe.Steps[i], task: task}
	var err error
	if d.in, err = p.openStage(stage-1, task); err != nil {
		return nil, err
	}
	if d.decisions, err = p.passes[i].Decisions(p.mergeDir(stage-1), task); err != nil {
		return nil, errors.Join(fmt.Errorf("corpus: step %s: %w", d.step.Name, err), d.in.Close())
	}
	return d, nil
}

// decided gives out what decisions leave of documents.
type decided struct {
	in        source
	decisions corpus.Decisions
	step      *Step
	task      int
	report    corpus.Report // of the document that was decided upon last
}

func (d *decided) next() (*corpus.Document, error) {
	for {
		doc, err := d.in.next()
		if err != nil {
			return nil, err
		}
		applies, err := d.decide(doc)
		if err != nil {
			return nil, err
		}
		if !applies || (d.report.Dropped == "" && doc.Text() != "") {
			return doc, nil
		}
	}
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

func (d *decided) done() int64 { return d.in.done() }

// Close closes the decisions and the documents.
func (d *decided) Close() error { return errors.Join(d.decisions.Close(), d.in.Close()) }
