package spmtrain

import (
	"bytes"
	"container/heap"
	"context"
	"iter"
	"sync"

	"github.com/cespare/xxhash/v2"

	"github.com/athanor-lm/athanor/tokenizer/internal/spm"
)

// Report says what became of the corpus.
type Report struct {
	Lines    int64 // lines that are not empty
	Sampled  int64 // of these, lines trained on
	TooLong  int64 // lines left out: longer than MaxSentence
	Reserved int64 // lines left out: they hold ▅, which stands for unknown characters
	BadBytes int64 // bytes trained on that were no UTF-8; each counts as a U+FFFD
	Bytes    int64 // of all lines
	Alphabet int   // characters in the vocabulary
	Covered  float64
	Units    int // distinct stretches of text that no piece crosses the ends of
}

// batchBytes is how much text a counting goroutine gets at a time.
const batchBytes = 1 << 18

// batch is a number of lines.
type batch struct {
	text []byte
	ends []int
}

func (b *batch) add(line []byte) {
	b.text = append(b.text, line...)
	b.ends = append(b.ends, len(b.text))
}

// count reads the documents and counts the units of their lines.
func (c *Config) count(ctx context.Context, rules *spm.Normalizer, metas *matcher, cuts func(a, b rune) bool, docs iter.Seq2[[]byte, error], rep *Report) (*unitTable, error) {
	work := make(chan *batch, c.Workers)
	free := make(chan *batch, 2*c.Workers+1)
	for range cap(free) {
		free <- new(batch)
	}
	tables := make([]*unitTable, c.Workers)
	norms := make([]*normalizer, c.Workers)
	var wg sync.WaitGroup
	for k := range c.Workers {
		tables[k], norms[k] = newUnitTable(), &normalizer{rules: rules, metas: metas}
		wg.Go(func() {
			for b := range work {
				start := 0
				for _, end := range b.ends {
					if s := norms[k].line(b.text[start:end]); len(s) > 0 {
						tables[k].addSentence(s, cuts)
					}
					start = end
				}
				b.text, b.ends = b.text[:0], b.ends[:0]
				free <- b
			}
		})
	}
	err := c.readLines(ctx, docs, rep, work, free)
	close(work)
	wg.Wait()
	if err != nil {
		return nil, err
	}
	for k, t := range tables[1:] {
		tables[0].merge(t)
		tables[k+1] = nil
	}
	for _, n := range norms {
		rep.BadBytes += n.broken
	}
	return tables[0], nil
}

// readLines hands the lines to train on to the counting goroutines.
func (c *Config) readLines(ctx context.Context, docs iter.Seq2[[]byte, error], rep *Report, work, free chan *batch) error {
	b := <-free
	emit := func(line []byte) {
		b.add(line)
		if len(b.text) >= batchBytes {
			work <- b
			b = <-free
			c.report("read", rep.Bytes, 0)
		}
	}
	take := emit
	var drawn *sample
	if c.Sentences > 0 {
		drawn = newSample(c.Sentences, c.Seed)
		take = drawn.add
	}
	for doc, err := range docs {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		for line := range bytes.SplitSeq(doc, []byte{'\n'}) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if c.accepts(line, rep) {
				take(line)
			}
		}
	}
	if drawn != nil {
		rep.Sampled = drawn.total
		drawn.each(emit)
	}
	work <- b
	c.report("read", rep.Bytes, rep.Bytes)
	return ctx.Err()
}

// accepts tells whether a line is trained on, and counts it.
func (c *Config) accepts(line []byte, rep *Report) bool {
	if len(line) == 0 {
		return false
	}
	rep.Lines++
	rep.Bytes += int64(len(line)) + 1
	switch {
	case len(line) > c.MaxSentence:
		rep.TooLong++
	case bytes.Contains(line, []byte(string(unkRune))):
		rep.Reserved++
	default:
		rep.Sampled++
		return true
	}
	return false
}

// sample draws lines: those with the smallest hashes of seed and text, up to a
// number. The draw does not depend on the order of the lines.
type sample struct {
	limit, total int64
	seed         uint64
	lines        map[string]*drawnLine
	byHash       lineHeap // the largest hash first
}

type drawnLine struct {
	hash  uint64
	text  string
	count int64
}

func newSample(limit int, seed uint64) *sample {
	return &sample{limit: int64(limit), seed: seed, lines: make(map[string]*drawnLine)}
}

func (s *sample) add(line []byte) {
	if l := s.lines[string(line)]; l != nil {
		l.count++
	} else {
		d := xxhash.NewWithSeed(s.seed)
		d.Write(line) // never fails
		h := d.Sum64()
		if s.total >= s.limit && !less(h, string(line), s.byHash[0]) {
			return
		}
		l := &drawnLine{h, string(line), 1}
		s.lines[l.text] = l
		heap.Push(&s.byHash, l)
	}
	if s.total++; s.total > s.limit {
		s.total--
		top := s.byHash[0]
		if top.count--; top.count == 0 {
			delete(s.lines, top.text)
			heap.Pop(&s.byHash)
		}
	}
}

func (s *sample) each(yield func(line []byte)) {
	for _, l := range s.byHash {
		for range l.count {
			yield([]byte(l.text))
		}
	}
}

func less(hash uint64, text string, l *drawnLine) bool {
	return hash < l.hash || hash == l.hash && text < l.text
}

// lineHeap implements heap.Interface, the largest hash on top.
type lineHeap []*drawnLine

func (h lineHeap) Len() int           { return len(h) }
func (h lineHeap) Less(i, j int) bool { return less(h[j].hash, h[j].text, h[i]) }
func (h lineHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *lineHeap) Push(x any)        { *h = append(*h, x.(*drawnLine)) }
func (h *lineHeap) Pop() any {
	last := len(*h) - 1
	l := (*h)[last]
	*h = (*h)[:last]
	return l
}
