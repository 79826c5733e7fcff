package ngram

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"

	"github.com/zeebo/xxh3"

	"github.com/athanor-lm/athanor/corpus/internal/extsort"
	"github.com/athanor-lm/athanor/tokenizer"
)

// Config is how a model is trained.
type Config struct {
	Order int    // of the longest n-grams, 2..5
	Unit  string // Tokens, Characters or Words
	Fold  bool   // lower-case letters, all digits 0
	// Tokenizer cuts the text where Unit is Tokens, nil otherwise. Scoring needs the same one.
	Tokenizer *tokenizer.Tokenizer
	// Prune leaves out n-grams with at most that many occurrences, by order: Prune[0] is of pairs. Missing ones are as the last;
	// none = nothing is pruned. They must not fall: what a longer n-gram ends with must be there.
	Prune []int
	// HeldOut is the share of documents, by a hash of their text, that are not trained on but measured, at most 16 MiB of them.
	HeldOut float64
	Memory  int64  // bytes for sorting; the model, the vocabulary and the text held out come beside
	Dir     string // an existing directory for what does not fit
	Workers int    // goroutines that sort; the model does not depend on it
	// Progress is called now and then with what is being done and how many documents are read, nil = not.
	Progress func(phase string, documents int64)
}

// DefaultConfig is CCNet's: 5-grams of tokens.
func DefaultConfig() Config {
	return Config{Order: 5, Unit: Tokens, HeldOut: 0.01, Memory: 1 << 30, Dir: os.TempDir(), Workers: 1}
}

const maxOrder = 5

// Validate refuses settings that cannot be.
func (c *Config) Validate() error {
	if _, err := newCutter(c.Unit, c.Fold, c.Tokenizer); err != nil {
		return err
	}
	switch {
	case c.Order < 2 || c.Order > maxOrder:
		return fmt.Errorf("ngram: order %d, want 2..%d", c.Order, maxOrder)
	case !(c.HeldOut >= 0 && c.HeldOut < 1):
		return fmt.Errorf("ngram: %v of the documents held out, want 0 or more, below 1", c.HeldOut)
	case len(c.Prune) > c.Order-1:
		return fmt.Errorf("ngram: %d numbers for pruning, want at most %d, from pairs on", len(c.Prune), c.Order-1)
	}
	last := 0
	for _, n := range c.Prune {
		if n < last {
			return fmt.Errorf("ngram: pruning %v, want numbers of at least 0 that do not fall", c.Prune)
		}
		last = n
	}
	return nil
}

// threshold is the number of occurrences up to which n-grams are pruned.
func (c *Config) threshold(n int) uint64 {
	if len(c.Prune) == 0 {
		return 0
	}
	return uint64(c.Prune[min(n-2, len(c.Prune)-1)])
}

// Document is a text to train on, or to set buckets by.
type Document struct {
	Text string
	Lang string
}

// maxHeld bounds the text that is held out.
const maxHeld = 16 << 20

// trainer is a training under way.
type trainer struct {
	Config
	vocab    *vocab
	grams    *extsort.Sorter
	key      []byte
	stats    []orderStats // by order
	unigrams []uint64     // adjusted counts
	discount [][4]float64 // by order
	fallback bool
	open     []*extsort.Sorter
	files    []*os.File
	held     []Document
	head     head
}

// Train estimates a model. It is a function of the documents, in their order, and the settings.
func Train(ctx context.Context, cfg Config, documents iter.Seq2[Document, error]) (m *Model, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	t := &trainer{Config: cfg, vocab: newVocab(cfg.Unit), key: make([]byte, maxOrder*wordBytes)}
	// A directory of its own: what a killed training leaves is known by its name.
	if t.Dir, err = os.MkdirTemp(cfg.Dir, "athanor-ngram-*"); err != nil {
		return nil, fmt.Errorf("ngram: %w", err)
	}
	defer func() {
		for _, s := range t.open {
			err = errors.Join(err, s.Close())
		}
		for _, f := range t.files {
			err = errors.Join(err, f.Close())
		}
		if err = errors.Join(err, os.RemoveAll(t.Dir)); err != nil {
			m = nil
		}
	}()
	if t.grams, err = t.sorter(t.Order * wordBytes); err != nil {
		return nil, err
	}
	if err := t.read(ctx, documents); err != nil {
		return nil, err
	}
	if m, err = t.estimate(ctx); err != nil {
		return nil, err
	}
	return m, t.measure(m)
}

// read cuts the documents and adds their n-grams.
func (t *trainer) read(ctx context.Context, documents iter.Seq2[Document, error]) error {
	c, err := newCutter(t.Unit, t.Fold, t.Tokenizer)
	if err != nil {
		return err
	}
	var ids []uint32
	var held int
	for d, err := range documents {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("ngram: documents: %w", err)
		}
		if t.Progress != nil && t.head.Documents%1000 == 0 {
			t.Progress("reading", t.head.Documents)
		}
		if u := float64(xxh3.HashString(d.Text)>>11) / (1 << 53); u < t.HeldOut && held+len(d.Text) <= maxHeld {
			held += len(d.Text)
			t.held = append(t.held, d)
			continue
		}
		t.head.Documents++
		c.eachSentence(d.Text, func(units []uint64) {
			ids = ids[:0]
			for _, u := range units {
				n, e := t.vocab.add(u)
				if e != nil {
					err = e
					return
				}
				ids = append(ids, n)
			}
			t.head.Sentences++
			t.head.Words += int64(len(ids)) + 1
			if e := t.addSentence(ids); e != nil {
				err = e
			}
		})
		if err != nil {
			return err
		}
	}
	if t.head.Sentences == 0 {
		return errors.New("ngram: there is no text to train on")
	}
	return nil
}

// estimate goes from the n-grams to the model.
func (t *trainer) estimate(ctx context.Context) (*Model, error) {
	say := func(phase string) error {
		if t.Progress != nil {
			t.Progress(phase, t.head.Documents)
		}
		return ctx.Err()
	}
	if err := say("counting"); err != nil {
		return nil, err
	}
	counted, err := t.adjust()
	if err != nil {
		return nil, err
	}
	t.discount = make([][4]float64, t.Order+1)
	for n := 1; n <= t.Order; n++ {
		var fallback bool
		t.discount[n], fallback = discounts(&t.stats[n])
		t.fallback = t.fallback || fallback
	}
	orders, gammas := make([]*extsort.Sorter, t.Order+1), make([]*os.File, t.Order+1)
	for n := 2; n <= t.Order; n++ {
		if err := say(fmt.Sprintf("normalizing %d-grams", n)); err != nil {
			return nil, err
		}
		f, err := os.CreateTemp(t.Dir, "gammas-*")
		if err != nil {
			return nil, fmt.Errorf("ngram: %w", err)
		}
		t.files = append(t.files, f)
		w := bufio.NewWriterSize(f, 1<<18)
		if orders[n], err = t.normalize(n, counted[n], w); err != nil {
			return nil, err
		}
		if err := w.Flush(); err != nil {
			return nil, fmt.Errorf("ngram: %w", err)
		}
		gammas[n-1] = f
	}
	if err := say("interpolating"); err != nil {
		return nil, err
	}
	b := t.begin()
	if err := t.join(orders, gammas, b.take); err != nil {
		return nil, err
	}
	return b.finish(), nil
}

// begin lays out the model's file.
func (t *trainer) begin() *tables {
	h := &t.head
	h.Unit, h.Fold, h.Order, h.Vocab = t.Unit, t.Fold, t.Order, t.vocab.len()
	if t.Tokenizer != nil {
		h.Tokenizer = t.Tokenizer.Hash()
	}
	h.Prune, h.Fallback = t.Prune, t.fallback
	for n := 1; n <= t.Order; n++ {
		h.Discounts = append(h.Discounts, [3]float64(t.discount[n][1:]))
		h.Seen = append(h.Seen, t.stats[n].all)
		if n > 1 {
			h.Grams = append(h.Grams, t.stats[n].kept)
			h.Slots = append(h.Slots, (t.stats[n].kept*10/7/bucketSlots+1)*bucketSlots) // 70 % full
			h.Probes = append(h.Probes, 0)
		}
	}
	return newTables(*h, t.vocab)
}

// measure scores the documents held out, and sets the buckets by them.
func (t *trainer) measure(m *Model) error {
	if len(t.held) == 0 {
		return nil
	}
	s, err := m.NewScorer(t.Tokenizer)
	if err != nil {
		return err
	}
	var sum Score
	for _, d := range t.held {
		sum.add(s.Score(d.Text))
	}
	if sum.Words > 0 {
		m.head.HeldOut = &sum
	}
	m.SetBuckets(s, t.held)
	return nil
}
