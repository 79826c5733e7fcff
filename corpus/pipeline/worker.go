package pipeline

import (
	"fmt"
	"time"
	"unsafe"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/segment"
	"github.com/athanor-lm/athanor/tokenizer"
)

// A batch is a run of a task's documents that a worker takes at once. Where batches end is a function of the task alone, and each
// makes blocks of its own, so that the files do not depend on who made them.
const (
	batchBytes = 512 << 10 // text
	batchDocs  = 1024
)

// timeEvery is the share of documents whose steps are timed: one in so many.
const timeEvery = 8

// batch is a run of documents on its way through a stage.
type batch struct {
	run     *taskRun
	docs    []*corpus.Document
	origins []origin // of docs
	size    int

	block, records []byte // as they are written
	kept, recorded int
	err            error
	done           chan struct{} // receives when the worker is through
}

func (b *batch) reset(run *taskRun) {
	clear(b.docs)
	clear(b.origins)
	*b = batch{run: run, docs: b.docs[:0], origins: b.origins[:0], block: b.block[:0], records: b.records[:0], done: b.done}
}

// worker passes batches through a stage's steps. One goroutine uses it.
type worker struct {
	p         *Pipeline
	stage     *stage
	filters   []corpus.Filter
	collector corpus.Collector // nil in the last stage
	seg       segment.Text
	report    corpus.Report
	tallies   []*stepTally  // by filter
	final     [2]*stepTally // of the documents that leave the stage
	first     bool          // the stage is 0
	changes   changes
	tok       *tokenizer.Tokenizer // counts tokens; nil = nobody asks
	ids       []uint32
	rec       []byte // the batch's records, unpacked
	record    []byte
}

// do passes a batch through the filters, collects its records and packs both.
func (w *worker) do(b *batch) {
	w.rec = w.rec[:0]
	b.block = beginBlock(b.block)
	w.changes.begin()
	for i, d := range b.docs {
		d.Lend(&w.seg)
		if w.apply(b.run, d, i%timeEvery == 0) {
			w.keep(b, d, &b.origins[i])
		}
		d.Lend(nil)
	}
	if b.kept > 0 {
		endStored(b.block, b.kept)
	}
	if b.recorded > 0 {
		b.records = packBlock(b.records, w.rec, b.recorded)
	}
	b.run.count(w.stage, w.tallies, w.final)
	for _, t := range w.tallies {
		t.reset()
	}
	for _, t := range w.final {
		t.reset()
	}
}

// apply passes a document through the filters and tells whether it is kept.
func (w *worker) apply(run *taskRun, d *corpus.Document, timed bool) bool {
	var last time.Time
	if timed {
		last = time.Now()
	}
	for i, f := range w.filters {
		step, t := w.stage.filters[i], w.tallies[i]
		in := amountOf(d)
		t.In.add(in)
		if !w.p.recipe.Steps[step].Applies(d) {
			t.NotFor.add(in)
			t.leave(d)
			continue
		}
		before := d.Text()
		w.report.Reset()
		f.Apply(d, &w.report)
		kept := run.outcome(step, t, d, before, &w.report)
		if timed {
			now := time.Now()
			t.timed += in.Bytes
			t.nanos += now.Sub(last).Nanoseconds()
			last = now
		}
		if !kept {
			return false
		}
	}
	return true
}

// keep lays out a document that passed, and its record.
func (w *worker) keep(b *batch, d *corpus.Document, from *origin) {
	final := w.final[writer(d.Synthetic)]
	final.leave(d)
	if w.tok != nil {
		ids, err := w.tok.TryEncode(w.ids[:0], []byte(d.Text()), tokenizer.EncodeOptions{Plain: true})
		if err != nil {
			b.err = fmt.Errorf("count the tokens of document %q: %w", d.ID, err)
			return
		}
		w.ids = ids
		final.Tokens += int64(len(ids))
	}
	if w.first {
		b.block = appendDocument(b.block, d)
	} else {
		b.block = w.changes.append(b.block, d, from)
	}
	if len(b.block) > maxBlock {
		b.err = fmt.Errorf("document %q has %d bytes of text, and its block %d, want at most %d", d.ID, len(d.Text()), len(b.block), maxBlock)
		return
	}
	b.kept++
	if w.collector == nil || !w.p.recipe.Steps[w.stage.collect].Applies(d) {
		return
	}
	w.record = w.collector.Collect(w.record[:0], d)
	w.rec = appendString(w.rec, unsafe.String(unsafe.SliceData(w.record), len(w.record)))
	b.recorded++
}

// writer is the index of a document's tally: 1 where a model wrote it.
func writer(synthetic bool) int {
	if synthetic {
		return 1
	}
	return 0
}

func newFinal() [2]*stepTally { return [2]*stepTally{newStepTally(), newStepTally()} }

// ruleEmpty drops documents of which a step left nothing.
const ruleEmpty = "empty"

// outcome counts what a step did to a document and tells whether the document is kept.
func (t *taskRun) outcome(step int, tally *stepTally, d *corpus.Document, before string, r *corpus.Report) bool {
	for _, c := range r.Counts {
		tally.Counts[c.Kind] += c.N
	}
	if r.Dropped == "" && d.Text() == "" {
		r.Drop(ruleEmpty, 0, 1)
	}
	if r.Dropped != "" {
		tally.drop(r.Dropped, Amount{1, int64(len(before))})
		t.samples.drop(step, d, before, r)
		return false
	}
	if changed(before, d.Text()) {
		tally.Edited.add(Amount{1, int64(len(before))})
		tally.EditedOut.add(amountOf(d))
		t.samples.edit(step, d, before)
	}
	tally.leave(d)
	return true
}

// changed compares texts, and is quick where nobody touched them.
func changed(a, b string) bool {
	return len(a) != len(b) || (unsafe.StringData(a) != unsafe.StringData(b) && a != b)
}
