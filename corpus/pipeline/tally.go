package pipeline

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"

	"github.com/athanor-lm/athanor/corpus"
)

// stepTally counts what a step does to documents of a task. Tallies of batches and of tasks add up, in any order.
type stepTally struct {
	In, Out, NotFor   Amount
	Edited, EditedOut Amount
	Drops             map[string]*Amount
	Counts            map[string]int64
	Languages         map[string]int64
	Lengths           Lengths
	Tokens            int64 // of documents that leave the last stage, where they are counted

	timed, nanos int64 // of the documents that were timed
}

func newStepTally() *stepTally {
	return &stepTally{Drops: map[string]*Amount{}, Counts: map[string]int64{}, Languages: map[string]int64{}}
}

func (t *stepTally) drop(rule string, a Amount) {
	d := t.Drops[rule]
	if d == nil {
		d = new(Amount)
		t.Drops[rule] = d
	}
	d.add(a)
}

// leave counts a document behind the step.
func (t *stepTally) leave(d *corpus.Document) {
	t.Out.add(amountOf(d))
	t.Lengths.add(len(d.Text()), 1)
	t.Languages[d.Lang]++
}

func (t *stepTally) add(o *stepTally) {
	t.In.add(o.In)
	t.Out.add(o.Out)
	t.NotFor.add(o.NotFor)
	t.Edited.add(o.Edited)
	t.EditedOut.add(o.EditedOut)
	for rule, a := range o.Drops {
		t.drop(rule, *a)
	}
	for name, n := range o.Counts {
		t.Counts[name] += n
	}
	for name, n := range o.Languages {
		t.Languages[name] += n
	}
	t.Lengths.Merge(o.Lengths)
	t.Tokens += o.Tokens
	t.timed += o.timed
	t.nanos += o.nanos
}

// reset empties the tally and keeps its memory.
func (t *stepTally) reset() {
	clear(t.Drops)
	clear(t.Counts)
	clear(t.Languages)
	*t = stepTally{Drops: t.Drops, Counts: t.Counts, Languages: t.Languages, Lengths: t.Lengths[:0]}
}

func amountOf(d *corpus.Document) Amount { return Amount{1, int64(len(d.Text()))} }

func (l *Lengths) add(size int, n int64) {
	i := bits.Len(uint(size))
	for len(*l) <= i {
		*l = append(*l, 0)
	}
	(*l)[i] += n
}

// Merge adds other documents.
func (l *Lengths) Merge(o Lengths) {
	for len(*l) < len(o) {
		*l = append(*l, 0)
	}
	for i, n := range o {
		(*l)[i] += n
	}
}

// named lists counts, the largest first.
func named(counts map[string]int64) []NamedCount {
	list := []NamedCount{}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		list = append(list, NamedCount{name, counts[name]})
	}
	slices.SortStableFunc(list, func(a, b NamedCount) int { return cmp.Compare(b.N, a.N) })
	return list
}
