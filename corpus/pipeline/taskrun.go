package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/pii"
	"github.com/athanor-lm/athanor/corpus/read"
)

// taskRun is a task on its way through a stage.
type taskRun struct {
	p       *Pipeline
	stage   int
	task    int
	samples *samples
	done    atomic.Int64 // bytes of the input read, for progress

	mu    sync.Mutex
	stats taskStats

	docs, records *aside // records is nil in the last stage
	quarantine    *aside // of stage 0
}

// taskStats is what is known of a task behind a stage: N.json.
type taskStats struct {
	Read     read.Stats         `json:"read"` // of stage 0, like the next three
	SetAside int64              `json:"set_aside"`
	BadFiles int64              `json:"bad_files"`
	First    []read.Bad         `json:"first,omitempty"`
	Steps    map[int]*stepTally `json:"steps"`
	Final    [2]*stepTally      `json:"final"` // of what people wrote, and of what models wrote
	Samples  *samples           `json:"samples"`
}

// maxFirst is how many records that were set aside are told in the report.
const maxFirst = 5

// count adds what a worker counted in a batch.
func (t *taskRun) count(s *stage, tallies []*stepTally, final [2]*stepTally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, tally := range tallies {
		t.tally(s.filters[i]).add(tally)
	}
	for i, tally := range final {
		t.stats.Final[i].add(tally)
	}
}

func (t *taskRun) tally(step int) *stepTally {
	if t.stats.Steps[step] == nil {
		t.stats.Steps[step] = newStepTally()
	}
	return t.stats.Steps[step]
}

// each hands the task's documents, in order, to take.
func (t *taskRun) each(ctx context.Context, take func(*corpus.Document, origin) error) error {
	if t.stage == 0 {
		return t.eachOfFiles(ctx, take)
	}
	return t.eachDecided(ctx, take)
}

// eachOfFiles reads the input. A file that cannot be read to its end is set aside where the recipe says so: what it gave before is
// kept.
func (t *taskRun) eachOfFiles(ctx context.Context, take func(*corpus.Document, origin) error) error {
	task := t.p.tasks[t.task]
	in := &t.p.recipe.Inputs[task.input]
	files := t.p.inputs[task.input]
	before := int64(0)
	for i := task.from; i < task.to; i++ {
		var quarantineErr error
		part := files.Part(i, i+1, func(bad read.Bad) { quarantineErr = errors.Join(quarantineErr, t.setAside(bad)) })
		file := part.Files()[0]
		var takeErr, fileErr error
		for d, err := range part.Documents(ctx) {
			if err != nil {
				fileErr = err
				break
			}
			if takeErr = errors.Join(quarantineErr, take(in.document(&file, &d), origin{})); takeErr != nil {
				break
			}
			done, _ := part.Progress()
			t.done.Store(before + done)
		}
		t.stats.Read.Add(part.Stats())
		before += file.Size
		t.done.Store(before)
		switch {
		case takeErr != nil:
			return takeErr
		case quarantineErr != nil:
			return quarantineErr
		case ctx.Err() != nil:
			return ctx.Err()
		case fileErr == nil:
			continue
		case t.p.recipe.OnBadFile == badFileStop || transient(fileErr):
			return fmt.Errorf("%w (on_bad_file: quarantine goes on without it)", fileErr)
		}
		t.stats.BadFiles++
		if err := t.setAside(read.Bad{File: file.Path, Reason: fileErr.Error()}); err != nil {
			return err
		}
	}
	return nil
}

// transient tells errors of the machine from those of a file.
func transient(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EIO, syscall.ESTALE} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// shownHead is how many bytes of a bad record are kept.
const shownHead = 120

// setAside keeps a bad record or file, without private data: a reason may quote the record, or its address.
func (t *taskRun) setAside(bad read.Bad) error {
	bad.Reason = pii.Redact(strings.TrimPrefix(bad.Reason, "read: "+bad.File+": "))
	bad.Head = pii.Redact(bad.Head) // before it is cut: half a number is none
	bad.Head = strings.ToValidUTF8(bad.Head[:min(len(bad.Head), shownHead)], "")
	t.stats.SetAside++
	if len(t.stats.First) < maxFirst {
		t.stats.First = append(t.stats.First, bad)
	}
	line, err := json.Marshal(bad)
	if err != nil {
		return err
	}
	_, err = t.quarantine.Write(append(line, '\n'))
	return err
}

// attrOrigin is the finding that keeps a record's own source.
const attrOrigin = "origin"

// document makes a document of a record. Its text is UTF-8 from here on: bytes that are not become U+FFFD.
func (in *Input) document(f *read.File, r *read.Document) *corpus.Document {
	d := corpus.NewDocument("", nil)
	r.Into(d)
	d.Source, d.Synthetic = in.Source, in.Synthetic || r.Synthetic
	if d.Lang == "" {
		d.Lang = in.Lang
	}
	if r.Source != f.Source && r.Source != in.Source {
		d.Set(attrOrigin, r.Source)
	}
	return d
}

// eachDecided reads the documents of the stage before, and what the pass between decides about them.
func (t *taskRun) eachDecided(ctx context.Context, take func(*corpus.Document, origin) error) (err error) {
	decide := t.p.stages[t.stage].decide
	in, err := t.p.openDecided(t.stage, t.task)
	if err != nil {
		return err
	}
	defer func() { err = closing(err, in) }()
	tally := t.tally(decide)
	for n := 0; ; n++ {
		d, from, err := in.next()
		if err == io.EOF {
			return nil
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		amount, before, start := amountOf(d), d.Text(), time.Now()
		tally.In.add(amount)
		applies, err := in.decide(d)
		if err != nil {
			return err
		}
		if n%timeEvery == 0 && applies {
			tally.timed += amount.Bytes
			tally.nanos += time.Since(start).Nanoseconds()
		}
		switch {
		case !applies:
			tally.NotFor.add(amount)
			tally.leave(d)
		case !t.outcome(decide, tally, d, before, &in.report):
			continue
		}
		t.done.Store(in.done())
		if err := take(d, from); err != nil {
			return err
		}
	}
}

// Extensions of a task's files.
const (
	extDocuments  = "docs"
	extRecords    = "rec"
	extStats      = "json"
	extTime       = "time" // JSON of the times of steps, which differ from run to run
	extQuarantine = "bad.jsonl"
	extDone       = "done"
)

// create begins the task's files, after the marker of another outcome is gone.
func (t *taskRun) create() (err error) {
	t.stats = taskStats{Steps: map[int]*stepTally{}, Final: newFinal()}
	t.samples = newSamples(t.p.recipe.Samples, t.p.recipe.Seed)
	if err := unmark(t.path(extDone)); err != nil {
		return err
	}
	if t.docs, err = createAside(t.path(extDocuments)); err != nil {
		return err
	}
	if t.p.stages[t.stage].collect >= 0 {
		if t.records, err = createAside(t.path(extRecords)); err != nil {
			return err
		}
	}
	if t.stage == 0 {
		t.quarantine, err = createAside(t.path(extQuarantine))
	}
	return err
}

func (t *taskRun) path(ext string) string { return t.p.taskFile(t.stage, t.task, ext) }

// drop removes what was not committed.
func (t *taskRun) drop() {
	for _, a := range []*aside{t.docs, t.records, t.quarantine} {
		if a != nil {
			a.drop()
		}
	}
}

// finish ends the files, makes them durable and sets the marker.
func (t *taskRun) finish(kept, recorded int64) error {
	if _, err := t.docs.Write(endBlock(kept)); err != nil {
		return err
	}
	if t.records != nil {
		if _, err := t.records.Write(endBlock(recorded)); err != nil {
			return err
		}
	}
	for _, a := range []*aside{t.docs, t.records, t.quarantine} {
		if a == nil {
			continue
		}
		if err := a.commit(); err != nil {
			return err
		}
	}
	t.stats.Samples = t.samples
	if err := writeJSON(t.path(extStats), &t.stats); err != nil {
		return err
	}
	times := map[int]StepTiming{}
	for i, tally := range t.stats.Steps {
		times[i] = StepTiming{Bytes: tally.timed, Nanos: tally.nanos}
	}
	if err := writeJSON(t.path(extTime), times); err != nil {
		return err
	}
	return mark(t.path(extDone), t.p.hashes.tasks[t.stage][t.task])
}

// writeJSON writes a value to a file, aside.
func writeJSON(path string, v any) error {
	a, err := createAside(path)
	if err != nil {
		return err
	}
	defer a.drop()
	e := json.NewEncoder(a)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return a.commit()
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w; remove it and run again", path, err)
	}
	return nil
}
