package dataset

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus/read"
	"github.com/athanor-lm/athanor/internal/durable"
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
//	read (1 goroutine, and one a file that is read ahead) → encode (Workers) → write (the caller's goroutine, in the order of reading)
type builder struct {
	cfg       *BuildConfig
	dir       *aside
	dtype     DType
	tokenizer string          // its hash
	corpora   [2]*read.Corpus // train (or both), validation inputs
	readErr   error           // set before the channel of batches is closed
	onBad     func(read.Bad)  // of the stage that reads

	// Of the stage that writes, and what the journal keeps.
	shards     [2]*shardWriter // val is nil where nothing is held out
	reading    int             // the corpus that is being read
	at         [2]read.Position
	sources    sourceTable
	inputs     [2][]SourceInfo // by corpus
	quarantine quarantine
	lost       int64 // characters the vocabulary cannot express

	check func(text []byte) tokenizer.TextStats // nil where the vocabulary expresses every byte

	saving    chan error // receives when the state is durable; nil where none is on its way
	journaled time.Time
	durable   int64 // bytes of the shards when it began

	start    time.Time
	reported time.Time
	before   Before // what earlier starts of the program had done
	from     int    // the corpus this start began with
}

// batch is a run of documents on its way through the stages.
type batch struct {
	docs   []read.Document
	inputs []int32       // of each document, as an index of the corpus's inputs
	bad    []read.Bad    // records that were set aside among them
	corpus int           // val for validation inputs, else train
	at     read.Position // behind the last of them
	size   int
	out    [2]encoded // by split
	ids    []uint32   // scratch
	lost   int64      // characters without a token
	err    error
	done   chan struct{} // receives when out is filled
}

// encoded is what a batch gives to one split.
type encoded struct {
	bin     []byte
	lengths []int32 // tokens of each document
	docs    []docCount
}

type docCount struct {
	source string
	input  int32
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
	b := &builder{cfg: cfg, dir: dir, dtype: dtypeFor(cfg.Tokenizer.VocabSize()), tokenizer: cfg.Tokenizer.Hash(), start: time.Now()}
	if t, ok := cfg.Tokenizer.(checker); ok && t.Check(everyByte()).Unencodable > 0 {
		b.check = t.Check
	}
	opts := cfg.Read
	opts.OnBad = func(bad read.Bad) { b.onBad(bad) }
	for corpus, inputs := range [2][]string{train: cfg.Inputs, val: cfg.ValInputs} {
		if corpus == val && len(inputs) == 0 {
			continue
		}
		var err error
		if b.corpora[corpus], err = read.Open(inputs, opts); err != nil {
			return nil, err
		}
	}
	if err := b.open(); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// open begins the files of the dataset, or goes on with those of an earlier start.
func (b *builder) open() error {
	p := b.plan()
	var s *state
	var err error
	if !b.cfg.Restart {
		if s, err = loadJournal(b.dir, &p); err != nil {
			return err
		}
	}
	if s == nil {
		if s, err = b.begin(&p); err != nil {
			return err
		}
	}
	b.reading, b.at, b.inputs, b.lost = s.Reading, s.At, s.Inputs, s.Lost
	b.sources = newSourceTable(s.Sources)
	held := [2]bool{train: true, val: b.cfg.ValFraction > 0 || len(b.cfg.ValInputs) > 0}
	for i := range b.shards {
		if !held[i] {
			continue
		}
		if b.shards[i], err = openShard(b.dir, splitNames[i], b.dtype, s.Shards[i]); err != nil {
			return err
		}
	}
	b.journaled, b.durable = time.Now(), b.written()
	if err := openQuarantine(&b.quarantine, b.dir, s.Quarantine); err != nil {
		return err
	}
	b.from = s.Reading
	done := b.progress()
	b.before = Before{done.ReadBytes + b.corpora[b.reading].SizeBefore(b.at[b.reading]), done.TextBytes, done.Documents}
	return nil
}

// begin empties the directory and writes the plan.
func (b *builder) begin(p *plan) (*state, error) {
	if err := b.dir.clear(); err != nil {
		return nil, err
	}
	data, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	s := &state{}
	for corpus, inputs := range [2][]string{train: b.cfg.Inputs, val: b.cfg.ValInputs} {
		for _, name := range inputs {
			s.Inputs[corpus] = append(s.Inputs[corpus], SourceInfo{Name: name})
		}
	}
	return s, durable.Replace(b.dir.join(planName), data)
}

func (b *builder) close() {
	for _, s := range b.shards {
		if s != nil {
			s.close()
		}
	}
	b.quarantine.close()
}

// readStats is what was read of both corpora, as far as it is written.
func (b *builder) readStats() read.Stats {
	st := b.at[train].Stats
	st.Add(b.at[val].Stats)
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
	defer cancel()              // before the wait
	from, at := b.reading, b.at // what the writing stage goes on to change
	stages.Go(func() {
		defer close(ordered)
		defer close(work)
		b.readErr = b.read(ctx, from, at, free, work, ordered)
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
		if b.journalDue() {
			if err := b.journal(); err != nil {
				return err
			}
		}
	}
	return b.readErr
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
		case t.corpus == val:
			b.encodeText(t, val, i, d.Text)
		case b.cfg.ValFraction == 0:
			b.encodeText(t, train, i, d.Text)
		case b.cfg.SplitBy == ByTail:
			cut := tailCut(d.Text, b.cfg.ValFraction)
			b.encodeText(t, train, i, d.Text[:cut])
			b.encodeText(t, val, i, d.Text[cut:])
		default:
			b.encodeText(t, hashSplit(d.Text, b.cfg.Seed, b.cfg.ValFraction), i, d.Text)
		}
		if t.err != nil {
			return
		}
		d.Text = nil // the batch lives on, the text need not
	}
}

func (b *builder) encodeText(t *batch, split, doc int, text []byte) {
	if len(text) == 0 || t.err != nil {
		return
	}
	cfg, ids := b.cfg, t.ids[:0]
	if id, ok := cfg.Tokenizer.BOS(); ok && cfg.PrependBOS {
		ids = append(ids, id)
	}
	ids, err := cfg.Tokenizer.TryEncode(ids, text, tokenizer.EncodeOptions{Plain: !cfg.Special})
	if b.check != nil {
		t.lost += b.check(text).Unencodable
	}
	if cfg.AppendEOS {
		ids = append(ids, *cfg.EOS)
	}
	t.ids = ids
	o := &t.out[split]
	switch {
	case err != nil:
	case len(ids) > 1<<31-1:
		err = fmt.Errorf("%d tokens, Megatron's index holds at most %d a document", len(ids), 1<<31-1)
	default:
		o.bin, err = b.dtype.append(o.bin, ids, cfg.Tokenizer.VocabSize())
	}
	if err != nil {
		d := &t.docs[doc]
		t.err = fmt.Errorf("document %q of %s: %w", d.ID, d.Source, err)
		return
	}
	o.lengths = append(o.lengths, int32(len(ids)))
	o.docs = append(o.docs, docCount{t.docs[doc].Source, t.inputs[doc], int64(len(text))})
}

// hashSplit sends a text to val for a share of all hashes.
func hashSplit(text []byte, seed uint64, fraction float64) int {
	h := hashKey(seed, xxhash.Sum64(text))
	if float64(h>>11)/(1<<53) < fraction {
		return val
	}
	return train
}

// tailCut returns where the held-out end of a text begins, not within a character. A text too short to be cut is not held out.
func tailCut(text []byte, fraction float64) int {
	cut := int(float64(len(text)) * (1 - fraction))
	for back := 0; back < utf8.UTFMax-1 && cut < len(text) && !utf8.RuneStart(text[cut]); back++ {
		cut++
	}
	if cut == 0 {
		return len(text)
	}
	return cut
}

// write appends a batch to the shards.
func (b *builder) write(t *batch) error {
	if t.err != nil {
		return t.err
	}
	b.lost += t.lost
	b.reading, b.at[t.corpus] = t.corpus, t.at
	for _, bad := range t.bad {
		if err := b.quarantine.add(bad); err != nil {
			return fmt.Errorf("write %s: %w", quarantineName, err)
		}
		if b.cfg.Read.OnBad != nil {
			b.cfg.Read.OnBad(bad)
		}
	}
	for split := range t.out {
		o := &t.out[split]
		if len(o.lengths) == 0 {
			continue
		}
		for i, d := range o.docs {
			c := Count{1, int64(o.lengths[i]), d.bytes}
			b.sources.add(d.source, split, c)
			b.inputs[t.corpus][d.input].add(split, c)
			b.shards[split].count.add(c)
		}
		if err := b.shards[split].append(o.bin, o.lengths); err != nil {
			return err
		}
	}
	return nil
}
