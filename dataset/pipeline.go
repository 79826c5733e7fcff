package dataset

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus/read"
	"github.com/athanor-lm/athanor/tokenizer"
	"github.com/cespare/xxhash/v2"
)

// The splits, as indices.
const (
	train = iota
	val
)

var splitNames = [...]string{train: "train", val: "val"}

const (
	batchBytes    = 512 << 10 // text handed to an encoder at once
	batchDocs     = 1024
	batchesPerWay = 4 // batches in flight for every encoder
	reportEvery   = 200 * time.Millisecond
)

// builder is the state of one build. Three stages run at once, joined by channels of batches:
//
//	read (1 goroutine) → encode (Workers) → write (the caller's goroutine, in the order of reading)
type builder struct {
	cfg        *BuildConfig
	dir        *aside
	dtype      DType
	corpora    [2]*read.Corpus // train (or both), validation inputs
	shards     [2]*shardWriter // val is nil where nothing is held out
	sources    sourceTable
	quarantine quarantine
	readErr    error                                 // set before the channel of batches is closed
	check      func(text []byte) tokenizer.TextStats // nil where the vocabulary expresses every byte
	lost       int64                                 // characters it cannot express

	start    time.Time
	reported time.Time
}

// batch is a run of documents on its way through the stages.
type batch struct {
	docs  []read.Document
	split int // where whole documents go if the reader decides it: val for validation inputs, else train
	size  int
	out   [2]encoded // by split
	ids   []uint32   // scratch
	lost  int64      // characters without a token
	err   error
	done  chan struct{} // receives when out is filled
}

// encoded is what a batch gives to one split.
type encoded struct {
	bin     []byte
	lengths []int32 // tokens of each document
	docs    []docCount
}

type docCount struct {
	source string
	bytes  int64
}

// checker is a tokenizer that can say what it leaves out.
type checker interface {
	Check(text []byte) tokenizer.TextStats
}

func everyByte() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func newBuilder(cfg *BuildConfig, dir *aside) (*builder, error) {
	b := &builder{cfg: cfg, dir: dir, dtype: dtypeFor(cfg.Tokenizer.VocabSize()), start: time.Now(), sources: sourceTable{}}
	b.quarantine = quarantine{dir: dir}
	if t, ok := cfg.Tokenizer.(checker); ok && t.Check(everyByte()).Unencodable > 0 {
		b.check = t.Check
	}
	opts := cfg.Read
	opts.OnBad = func(bad read.Bad) {
		b.quarantine.add(bad)
		if cfg.Read.OnBad != nil {
			cfg.Read.OnBad(bad)
		}
	}
	var err error
	if b.corpora[train], err = read.Open(cfg.Inputs, opts); err != nil {
		return nil, err
	}
	if len(cfg.ValInputs) > 0 {
		if b.corpora[val], err = read.Open(cfg.ValInputs, opts); err != nil {
			return nil, err
		}
	}
	if b.shards[train], err = newShardWriter(dir, splitNames[train], b.dtype); err != nil {
		return nil, err
	}
	if cfg.ValFraction > 0 || len(cfg.ValInputs) > 0 {
		b.shards[val], err = newShardWriter(dir, splitNames[val], b.dtype)
	}
	return b, err
}

func (b *builder) close() {
	for _, s := range b.shards {
		if s != nil {
			s.close()
		}
	}
	b.quarantine.close()
}

func (b *builder) readStats() read.Stats {
	st := b.corpora[train].Stats()
	if b.corpora[val] != nil {
		v := b.corpora[val].Stats()
		st.Files += v.Files
		st.Documents += v.Documents
		st.TextBytes += v.TextBytes
		st.Empty += v.Empty
		st.Bad += v.Bad
		st.InvalidUTF8Docs += v.InvalidUTF8Docs
		st.InvalidUTF8Bytes += v.InvalidUTF8Bytes
		st.LeftOut = maps.Clone(st.LeftOut)
		for ext, n := range v.LeftOut {
			st.LeftOut[ext] += n
		}
	}
	return st
}

// run passes all documents through the stages.
func (b *builder) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	n := b.cfg.Workers * batchesPerWay
	free, work, ordered := make(chan *batch, n), make(chan *batch, n), make(chan *batch, n)
	for range n {
		free <- &batch{done: make(chan struct{}, 1)}
	}
	var stages sync.WaitGroup
	defer stages.Wait()
	defer cancel() // before the wait
	stages.Go(func() {
		defer close(ordered)
		defer close(work)
		b.readErr = b.read(ctx, free, work, ordered)
	})
	for range b.cfg.Workers {
		stages.Go(func() {
			for t := range work {
				b.encode(t)
				t.done <- struct{}{}
			}
		})
	}
	for t := range ordered {
		select {
		case <-t.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := b.write(t); err != nil {
			return err
		}
		free <- t
		b.report(false)
	}
	return b.readErr
}

// read fills batches with documents.
func (b *builder) read(ctx context.Context, free, work, ordered chan *batch) error {
	for split, corpus := range b.corpora {
		if corpus == nil {
			continue
		}
		var t *batch
		flush := func() {
			if t != nil && len(t.docs) > 0 {
				ordered <- t // has room for all batches there are
				work <- t
				t = nil
			}
		}
		for doc, err := range corpus.Documents(ctx) {
			if err != nil {
				return err
			}
			if t == nil {
				select {
				case t = <-free:
					t.docs, t.size, t.split = t.docs[:0], 0, split
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			t.docs = append(t.docs, doc)
			if t.size += len(doc.Text); t.size >= batchBytes || len(t.docs) >= batchDocs {
				flush()
			}
		}
		flush()
	}
	return nil
}

// encode turns a batch's documents into ids.
func (b *builder) encode(t *batch) {
	t.err, t.lost = nil, 0
	for i := range t.out {
		o := &t.out[i]
		o.bin, o.lengths, o.docs = o.bin[:0], o.lengths[:0], o.docs[:0]
	}
	for i := range t.docs {
		d := &t.docs[i]
		switch {
		case t.split == val:
			b.encodeText(t, val, d, d.Text)
		case b.cfg.ValFraction == 0:
			b.encodeText(t, train, d, d.Text)
		case b.cfg.SplitBy == ByTail:
			cut := tailCut(d.Text, b.cfg.ValFraction)
			b.encodeText(t, train, d, d.Text[:cut])
			b.encodeText(t, val, d, d.Text[cut:])
		default:
			b.encodeText(t, hashSplit(d.Text, b.cfg.Seed, b.cfg.ValFraction), d, d.Text)
		}
		if t.err != nil {
			return
		}
		d.Text = nil // the batch lives on, the text need not
	}
}

func (b *builder) encodeText(t *batch, split int, d *read.Document, text []byte) {
	if len(text) == 0 || t.err != nil {
		return
	}
	cfg, ids := b.cfg, t.ids[:0]
	if id, ok := cfg.Tokenizer.BOS(); ok && cfg.PrependBOS {
		ids = append(ids, id)
	}
	if cfg.Special {
		ids = cfg.Tokenizer.AppendEncode(ids, text, false)
	} else {
		ids = cfg.Tokenizer.AppendEncodePlain(ids, text)
	}
	if b.check != nil {
		t.lost += b.check(text).Unencodable
	}
	if cfg.AppendEOS {
		ids = append(ids, *cfg.EOS)
	}
	t.ids = ids
	o := &t.out[split]
	var err error
	if len(ids) > 1<<31-1 {
		err = fmt.Errorf("%d tokens, Megatron's index holds at most %d a document", len(ids), 1<<31-1)
	} else {
		o.bin, err = b.dtype.append(o.bin, ids, cfg.Tokenizer.VocabSize())
	}
	if err != nil {
		t.err = fmt.Errorf("document %q of %s: %w", d.ID, d.Source, err)
		return
	}
	o.lengths = append(o.lengths, int32(len(ids)))
	o.docs = append(o.docs, docCount{d.Source, int64(len(text))})
}

// hashSplit sends a text to val for a share of all hashes.
func hashSplit(text []byte, seed uint64, fraction float64) int {
	h := hashKey(seed, xxhash.Sum64(text))
	if float64(h>>11)/(1<<53) < fraction {
		return val
	}
	return train
}

// tailCut returns where the held-out end of a text begins, not within a character.
func tailCut(text []byte, fraction float64) int {
	cut := int(float64(len(text)) * (1 - fraction))
	for back := 0; back < utf8.UTFMax-1 && cut < len(text) && !utf8.RuneStart(text[cut]); back++ {
		cut++
	}
	return cut
}

// write appends a batch to the shards.
func (b *builder) write(t *batch) error {
	if t.err != nil {
		return t.err
	}
	b.lost += t.lost
	for split := range t.out {
		o := &t.out[split]
		if len(o.lengths) == 0 {
			continue
		}
		for i, d := range o.docs {
			c := Count{1, int64(o.lengths[i]), d.bytes}
			b.sources.add(d.source, split, c)
			b.shards[split].count.add(c)
		}
		if err := b.shards[split].append(o.bin, o.lengths); err != nil {
			return err
		}
	}
	return nil
}

// report calls the progress callback, at most once in reportEvery.
func (b *builder) report(done bool) {
	now := time.Now()
	if b.cfg.Progress == nil || (!done && now.Sub(b.reported) < reportEvery) {
		return
	}
	b.reported = now
	p := Progress{Elapsed: now.Sub(b.start), Done: done, Bad: b.quarantine.count.Load()}
	for _, c := range b.corpora {
		if c != nil {
			d, total := c.Progress()
			p.ReadBytes += d
			p.TotalBytes += total
		}
	}
	for _, s := range b.shards {
		if s != nil {
			p.Documents += s.count.Documents
			p.Tokens += s.count.Tokens
			p.TextBytes += s.count.Bytes
		}
	}
	if p.ReadBytes > 0 {
		p.Remaining = time.Duration(float64(p.Elapsed) * float64(p.TotalBytes-p.ReadBytes) / float64(p.ReadBytes))
	}
	b.cfg.Progress(p)
}
