package spmtrain

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
)

// Model is what was learnt.
type Model struct {
	Config Config // as asked for, with the defaults filled in
	Pieces []Piece
	Report Report
}

// Train learns a model from documents. A document's lines are the sentences; it
// need be valid only until the next one is asked for, and an error from docs
// ends the training. rules is the character map that normalizes them, or nil.
//
// The result depends on the lines alone: not on their order, on how documents
// hold them or on the number of workers.
func Train(ctx context.Context, cfg Config, rules rewriter, docs iter.Seq2[[]byte, error]) (*Model, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	metas, err := cfg.metaPieces()
	if err != nil {
		return nil, err
	}
	m := &Model{Config: cfg}
	cuts := cfg.shape().cuts
	if cfg.Kind == Word {
		cuts = func(_, b rune) bool { return b == space }
	}
	table, err := cfg.count(ctx, cfg.normalizer(rules, metas), cuts, docs, &m.Report)
	if err != nil {
		return nil, err
	}
	m.Report.Units = len(table.units)
	if len(table.units) == 0 {
		return nil, emptyCorpus(&m.Report, cfg.MaxSentence)
	}
	alphabet, err := cfg.alphabetOf(table, &m.Report)
	if err != nil {
		return nil, err
	}
	size := cfg.VocabSize - len(metas)
	if size < 0 {
		return nil, fmt.Errorf("vocabulary size %d, want at least %d for the special pieces", cfg.VocabSize, len(metas))
	}
	if least := len(alphabet.chars) + len(metas); (cfg.Kind == Unigram || cfg.Kind == BPE) && least > cfg.VocabSize {
		return nil, fmt.Errorf("vocabulary size %d, want at least %d: %d characters cover %.4g of the text, and there are %d special pieces; a smaller character coverage needs fewer",
			cfg.VocabSize, least, len(alphabet.chars), cfg.Coverage, len(metas))
	}
	var learnt []Piece
	switch cfg.Kind {
	case Unigram:
		learnt, err = cfg.trainUnigram(ctx, table, alphabet, size)
	case BPE:
		learnt, err = cfg.trainBPE(ctx, table, alphabet, size)
	case Word:
		learnt, err = cfg.words(table, alphabet, size)
	case Char:
		learnt, err = cfg.characters(alphabet, size)
	}
	if err != nil {
		return nil, err
	}
	return m, m.place(metas, learnt)
}

func emptyCorpus(r *Report, longest int) error {
	if r.TooLong+r.Reserved > 0 {
		return fmt.Errorf("the corpus holds no text to train on: of %d lines, %d are longer than %d bytes and %d hold the reserved character ▅",
			r.Lines, r.TooLong, longest, r.Reserved)
	}
	return errors.New("the corpus holds no text")
}

// place puts the special pieces at their ids and what was learnt at the others.
func (m *Model) place(metas map[int]Piece, learnt []Piece) error {
	c := &m.Config
	if c.UseAll {
		c.VocabSize = len(metas) + len(learnt)
	}
	total := len(learnt) + len(metas)
	seen := make(map[string]int)
	for id := 0; id < c.VocabSize && (len(learnt) > 0 || len(metas) > 0); id++ {
		p, ok := metas[id]
		switch {
		case ok:
			if id != len(m.Pieces) {
				return fmt.Errorf("%s has id %d, but there are only %d pieces before it", p.Text, id, len(m.Pieces))
			}
			delete(metas, id)
		case len(learnt) > 0:
			p, learnt = learnt[0], learnt[1:]
		default:
			continue
		}
		if other, twice := seen[p.Text]; twice {
			return fmt.Errorf("pieces %d and %d are both %q", other, len(m.Pieces), p.Text)
		}
		seen[p.Text] = len(m.Pieces)
		m.Pieces = append(m.Pieces, p)
	}
	if total < c.VocabSize {
		if !c.SoftLimit && c.Kind != Char {
			return fmt.Errorf("vocabulary size %d is more than the text yields, want at most %d", c.VocabSize, total)
		}
		c.VocabSize = total
	}
	return nil
}

// words makes the most frequent words pieces.
func (c *Config) words(t *unitTable, a *alphabet, size int) ([]Piece, error) {
	merged := newUnitTable() // without what follows the words
	var sum int64
	for k := range t.units {
		u := &t.units[k]
		merged.add(t.text[u.at:u.at+uint64(u.size)], 0, u.count)
		sum += u.count
	}
	slices.SortFunc(merged.units, func(x, y unit) int {
		return cmp.Or(cmp.Compare(y.count, x.count), bytes.Compare(merged.key(&x), merged.key(&y)))
	})
	out := make([]Piece, 0, len(merged.units))
	for k := range merged.units {
		u := &merged.units[k]
		word := string(merged.key(u))
		rare := func(r rune) bool { return !a.has[r] }
		if !strings.ContainsFunc(word, rare) {
			out = append(out, Piece{word, logRatio(u.count, sum), Normal})
		}
	}
	return c.first(out, size), nil
}

// characters makes the alphabet pieces.
func (c *Config) characters(a *alphabet, size int) ([]Piece, error) {
	var sum int64
	for _, cc := range a.chars {
		sum += cc.count
	}
	out := make([]Piece, len(a.chars))
	for i, cc := range a.chars {
		out[i] = Piece{string(cc.char), logRatio(cc.count, sum), Normal}
	}
	return c.first(out, size), nil
}

func (c *Config) first(p []Piece, size int) []Piece {
	if c.UseAll {
		return p
	}
	return p[:min(size, len(p))]
}

// logRatio is the log probability of n among sum, in the original's precision.
func logRatio(n, sum int64) float32 {
	return float32(math.Log(float64(float32(n)))) - float32(math.Log(float64(float32(sum))))
}
