package bpetrain

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// CountConfig says how Count cuts, and what it may use.
type CountConfig struct {
	Workers int
	Memory  int64 // bytes that counting and learning may hold; 0 for no limit
	// Dir is where tables are spilled and, if the training is interrupted, left
	// with a note of how far it came: the next one with the same Dir, Key and
	// documents goes on from there. With "" a temporary directory is made when
	// needed, and removed.
	Dir string
	Key string // what the pieces depend on besides the documents
	// Cutter returns a function that cuts a document into pieces, for one goroutine.
	Cutter func() func(doc []byte, add func(piece []byte))
	// Lines tells that a document may be cut at any place that LineEnd admits
	// without any piece of it becoming another.
	Lines    bool
	Progress func(bytes int64) // may be nil

	spillAt int64 // bytes of tables at which they are spilled; 0 for what Memory says
	batch   int   // bytes of text handed over together; 0 for batchBytes
}

const (
	batchBytes = 1 << 20 // enough work to make handing it over cheap
	countShare = 45      // percent of the memory limit that tables may take while text is counted
	tableLimit = 1 << 50 // more bytes than tables have
	stateBytes = 4 << 30 // text after which a training with a Dir spills in any case, so that it can go on from there
)

// batch is a run of documents copied for a counting goroutine.
type batch struct {
	text []byte
	ends []int
}

// counter is a Count under way.
type counter struct {
	*Counts
	full, empty chan *batch
	batches     int
	sizes       []atomic.Int64 // bytes of the workers' tables after their last batch
	before      state          // of the training that this one goes on with
	atSpill     int64          // bytes of text at the last spill
	taken       int64          // documents read, those counted before among them
}

// Count reads all documents and counts their pieces. A document's bytes need be
// valid only until the next one is asked for.
func Count(ctx context.Context, cfg CountConfig, docs iter.Seq2[[]byte, error]) (*Counts, error) {
	if cfg.Memory != 0 && cfg.Memory < MinMemory {
		return nil, fmt.Errorf("memory limit of %d bytes, want at least %d, or 0 for none", cfg.Memory, MinMemory)
	}
	switch {
	case cfg.spillAt != 0:
	case cfg.Memory != 0:
		cfg.spillAt = cfg.Memory / 100 * countShare
	default:
		cfg.spillAt = tableLimit
	}
	cfg.batch = cmp.Or(cfg.batch, batchBytes)
	c := &counter{
		Counts:  &Counts{cfg: cfg, seed: rand.Uint64()},
		batches: 2*cfg.Workers + 1,
		sizes:   make([]atomic.Int64, cfg.Workers),
	}
	if err := c.resume(); err != nil {
		return nil, err
	}
	c.full, c.empty = make(chan *batch, c.batches), make(chan *batch, c.batches)
	for range c.batches {
		c.empty <- &batch{}
	}
	for range cfg.Workers {
		c.tables = append(c.tables, newTable(c.seed))
	}
	var wg sync.WaitGroup
	for w := range cfg.Workers {
		wg.Go(func() { c.work(w) })
	}
	err := c.feed(ctx, docs)
	close(c.full)
	wg.Wait()
	if err == nil && c.taken < c.before.Documents {
		err = fmt.Errorf("%s was left by a training that had read %d documents; there are only %d now", cfg.Dir, c.before.Documents, c.taken)
	} else if err != nil && c.taken > c.before.Documents {
		err = errors.Join(err, c.Keep())
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c.Counts, nil
}

// work counts batches until there are no more.
func (c *counter) work(w int) {
	cut, t := c.cfg.Cutter(), c.tables[w]
	add := func(piece []byte) {
		for len(piece) > maxPiece {
			t.add(piece[:maxPiece], 1)
			piece = piece[maxPiece:]
		}
		if len(piece) > 0 {
			t.add(piece, 1)
		}
	}
	for b := range c.full {
		start := 0
		for _, end := range b.ends {
			cut(b.text[start:end], add)
			start = end
		}
		size := t.bytes()
		if t.full() {
			size = tableLimit
		}
		c.sizes[w].Store(size)
		b.text, b.ends = b.text[:0], b.ends[:0]
		c.empty <- b
	}
}

// feed fills batches with documents and spills the tables when they are large.
// A document is always taken whole, so that a state says how many were.
func (c *counter) feed(ctx context.Context, docs iter.Seq2[[]byte, error]) error {
	b := <-c.empty
	defer func() { c.full <- b }()
	for doc, err := range docs {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		c.check = fold(c.check^hash(c.seed, doc), 0x9E3779B97F4A7C15)
		if c.taken++; c.taken <= c.before.Documents {
			if c.taken == c.before.Documents && c.check != c.before.Check {
				return fmt.Errorf("%s was left by a training on other documents than these; remove it, or give it the same documents in the same order", c.cfg.Dir)
			}
			continue
		}
		c.report.Documents++
		c.report.Bytes += int64(len(doc))
		for len(doc) > 0 {
			n := len(doc)
			if c.cfg.Lines {
				n = LineEnd(doc, c.cfg.batch-len(b.text))
			}
			b.text = append(b.text, doc[:n]...)
			b.ends = append(b.ends, len(b.text))
			if doc = doc[n:]; len(b.text) >= c.cfg.batch {
				c.full <- b
				b = <-c.empty
				c.progress()
			}
		}
		if c.mustSpill() {
			c.full <- b
			b = nil
			if err := c.pauseAndSpill(); err != nil {
				b = <-c.empty
				return err
			}
			b = <-c.empty
		}
	}
	c.progress()
	return nil
}

func (c *counter) progress() {
	if c.cfg.Progress != nil {
		c.cfg.Progress(c.report.Bytes)
	}
}

// mustSpill tells whether the tables have outgrown their share, or so much was
// counted that it would be a pity to lose it.
func (c *counter) mustSpill() bool {
	var sum int64
	for w := range c.sizes {
		sum += c.sizes[w].Load()
	}
	if sum < tableLimit {
		c.peak = max(c.peak, sum)
	}
	return sum >= c.cfg.spillAt || c.cfg.Dir != "" && c.report.Bytes-c.atSpill >= stateBytes
}

// pauseAndSpill waits until all batches are counted and spills the tables.
func (c *counter) pauseAndSpill() error {
	held := make([]*batch, c.batches)
	for k := range held {
		held[k] = <-c.empty
	}
	err := c.spill()
	for w := range c.sizes {
		c.sizes[w].Store(0)
	}
	c.atSpill = c.report.Bytes
	for _, b := range held {
		c.empty <- b
	}
	return err
}

// LineEnd returns a place of doc at or after from where it may be cut: behind
// the line feed that ends a line in a visible character, before a letter. No
// piece of the known patterns reaches over such a place, nor do they look over
// it. Without one it is the end of doc.
func LineEnd(doc []byte, from int) int {
	for i := max(from, 2); i < len(doc); i++ {
		k := bytes.IndexByte(doc[i-1:], '\n')
		if k < 0 {
			break
		}
		if i += k; i < len(doc) && letterBegins(doc[i]) && visibleEnds(doc[:i-1]) {
			return i
		}
	}
	return len(doc)
}

// letterBegins is true of Latin letters and the first bytes of U+5000 … U+9FFF.
func letterBegins(b byte) bool {
	return 'a' <= b|0x20 && b|0x20 <= 'z' || 0xe5 <= b && b <= 0xe9
}

// visibleEnds is true after an ASCII character that is neither space nor
// control, an ideograph of U+5000 … U+9FFF, a full-width form or a 。
func visibleEnds(s []byte) bool {
	if n := len(s); n > 0 && s[n-1] < 0x80 {
		return '!' <= s[n-1] && s[n-1] <= '~'
	} else if n >= 3 {
		lead := s[n-3]
		return 0xe5 <= lead && lead <= 0xe9 || lead == 0xef && s[n-2] == 0xbc || string(s[n-3:]) == "。"
	}
	return false
}
