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

	"github.com/athanor-lm/athanor/tokenizer/internal/spm"
)

// Train learns a model from documents and reports on them. A document's lines
// are the sentences; it need be valid only until the next one is asked for, and
// an error from docs ends the training.
//
// The model depends on the lines and the configuration alone: not on the order
// of the lines, on how documents hold them or on the number of workers.
func Train(ctx context.Context, cfg Config, docs iter.Seq2[[]byte, error]) (*spm.ModelProto, *Report, error) {
	if err := cfg.check(); err != nil {
		return nil, nil, err
	}
	t := trainer{cfg: &cfg}
	model, err := t.run(ctx, docs)
	return model, &t.report, err
}

// trainer is the state of a training.
type trainer struct {
	cfg    *Config
	report Report
	metas  map[int]spm.Piece
}

func (t *trainer) run(ctx context.Context, docs iter.Seq2[[]byte, error]) (*spm.ModelProto, error) {
	cfg := t.cfg
	var err error
	if t.metas, err = cfg.metaPieces(); err != nil {
		return nil, err
	}
	model, err := cfg.proto()
	if err != nil {
		return nil, err
	}
	rules, err := spm.NewNormalizer(&model.Normalizer, cfg.SpaceSuffix, nil)
	if err != nil {
		return nil, err
	}
	cuts := cfg.shape().cuts
	if cfg.Kind == Word {
		cuts = func(_, b rune) bool { return b == space }
	}
	table, err := cfg.count(ctx, rules, newMatcher(t.metas), cuts, docs, &t.report)
	if err != nil {
		return nil, err
	}
	t.report.Units = len(table.units)
	if len(table.units) == 0 {
		return nil, emptyCorpus(&t.report, cfg.MaxSentence)
	}
	learnt, err := t.learn(ctx, table)
	if err != nil {
		return nil, err
	}
	return model, t.place(model, learnt)
}

// learn chooses the pieces that are not special.
func (t *trainer) learn(ctx context.Context, table *unitTable) ([]spm.Piece, error) {
	cfg := t.cfg
	a, err := cfg.alphabetOf(table, &t.report)
	if err != nil {
		return nil, err
	}
	least := len(t.metas)
	if cfg.Kind == Unigram || cfg.Kind == BPE {
		least += len(a.chars)
	}
	if least > cfg.VocabSize {
		return nil, fmt.Errorf("vocabulary size %d, want at least %d: %d special pieces and the %d characters that cover %.6g of the text; a smaller character coverage needs fewer",
			cfg.VocabSize, least, len(t.metas), least-len(t.metas), cfg.Coverage)
	}
	size := cfg.VocabSize - len(t.metas)
	switch cfg.Kind {
	case Unigram:
		return cfg.trainUnigram(ctx, table, a, size)
	case BPE:
		return cfg.trainBPE(ctx, table, a, size)
	case Word:
		return cfg.words(table, a, size), nil
	}
	return cfg.characters(a, size), nil
}

func emptyCorpus(r *Report, longest int) error {
	if r.TooLong+r.Reserved > 0 {
		return fmt.Errorf("the corpus holds no text to train on: of %d lines, %d are longer than %d bytes and %d hold the reserved character ▅",
			r.Lines, r.TooLong, longest, r.Reserved)
	}
	return errors.New("the corpus holds no text")
}

// place puts the special pieces at their ids and what was learnt at the others.
func (t *trainer) place(model *spm.ModelProto, learnt []spm.Piece) error {
	cfg, total := t.cfg, len(learnt)+len(t.metas)
	if total < cfg.VocabSize && !cfg.SoftLimit && !cfg.UseAll && cfg.Kind != Char {
		return fmt.Errorf("vocabulary size %d is more than the text yields, want at most %d", cfg.VocabSize, total)
	}
	seen := make(map[string]int, total)
	for id := range total {
		p, special := t.metas[id]
		if !special {
			if len(learnt) == 0 {
				return fmt.Errorf("the vocabulary has only %d pieces, too few for the ids of the special ones", id)
			}
			p, learnt = learnt[0], learnt[1:]
		}
		if other, twice := seen[p.Text]; twice {
			return fmt.Errorf("pieces %d and %d are both %q", other, id, p.Text)
		}
		seen[p.Text] = id
		model.Pieces = append(model.Pieces, p)
	}
	model.Trainer.VocabSize = int32(total)
	return nil
}

// words makes the most frequent words pieces.
func (c *Config) words(t *unitTable, a *alphabet, size int) []spm.Piece {
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
	out := make([]spm.Piece, 0, len(merged.units))
	for k := range merged.units {
		u := &merged.units[k]
		word := string(merged.key(u))
		rare := func(r rune) bool { return !a.has[r] }
		if !strings.ContainsFunc(word, rare) {
			out = append(out, spm.Piece{Text: word, Score: logRatio(u.count, sum), Type: spm.Normal})
		}
	}
	return c.first(out, size)
}

// characters makes the alphabet pieces.
func (c *Config) characters(a *alphabet, size int) []spm.Piece {
	var sum int64
	for _, cc := range a.chars {
		sum += cc.count
	}
	out := make([]spm.Piece, len(a.chars))
	for i, cc := range a.chars {
		out[i] = spm.Piece{Text: string(cc.char), Score: logRatio(cc.count, sum), Type: spm.Normal}
	}
	return c.first(out, size)
}

func (c *Config) first(p []spm.Piece, size int) []spm.Piece {
	if c.UseAll {
		return p
	}
	return p[:min(size, len(p))]
}

// logRatio is the log probability of n among sum, in the original's precision.
func logRatio(n, sum int64) float32 {
	return float32(math.Log(float64(float32(n)))) - float32(math.Log(float64(float32(sum))))
}
