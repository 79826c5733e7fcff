package tokenizer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/athanor-lm/athanor/tokenizer/internal/bpetrain"
	"github.com/athanor-lm/athanor/tokenizer/internal/bytelevel"
)

// Progress reports how far Train is. Phase "count" counts bytes of text, of
// TrainConfig.TotalBytes; phase "merge" counts tokens of the vocabulary.
type Progress struct {
	Phase       string
	Done, Total int64 // Total is 0 where it is not known
}

// TrainReport says what a training went through: what it read, and what it
// wrote to disk or left out to stay within its memory limit.
type TrainReport = bpetrain.Report

// Train learns a byte-level BPE vocabulary from documents. A document's bytes
// need be valid only until the next one is asked for; an error from docs ends
// the training.
//
// Pieces are counted in parallel, then the most frequent adjacent pair becomes
// a token, over and over (Sennrich et al. 2016). Among equally frequent pairs
// the one with the smaller ids wins, as in Hugging Face's trainer. The result
// depends on the texts alone, not on their order or on the number of workers.
// A corpus too small for VocabSize gives a smaller vocabulary. A piece longer
// than 64 KiB counts as several.
//
// With a MemoryLimit tables of pieces that outgrow their share of it go to disk,
// and are added up there: counts stay exact. Only if all distinct pieces of the
// corpus do not fit into the learner's share are the rarest left out, all that
// occur less often than a threshold; TrainReport tells how much that was.
func Train(ctx context.Context, cfg TrainConfig, docs iter.Seq2[[]byte, error]) (*Tokenizer, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("tokenizer: train: %w", err)
	}
	t, err := cfg.train(ctx, docs)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: train: %w", err)
	}
	return t, nil
}

func (c *TrainConfig) train(ctx context.Context, docs iter.Seq2[[]byte, error]) (*Tokenizer, error) {
	cutter, err := c.cutter()
	if err != nil {
		return nil, err
	}
	counts, err := bpetrain.Count(ctx, bpetrain.CountConfig{
		Workers: c.Workers, Memory: c.MemoryLimit, Dir: c.StateDir, Key: c.stateKey(cutter),
		Cutter: cutter.pieceCutter, Lines: cutter.cutsAtLines(), Progress: c.progress("count", c.TotalBytes),
	}, cutter.watch(docs))
	if err != nil {
		return nil, err
	}
	defer counts.Close()
	if err := cutter.failure(); err != nil {
		return nil, errors.Join(err, counts.Remove()) // they are not those of the corpus
	}
	t, err := c.learn(ctx, counts)
	if err != nil {
		return nil, errors.Join(err, counts.Keep())
	}
	return t, counts.Remove()
}

// learn turns counts into a tokenizer.
func (c *TrainConfig) learn(ctx context.Context, counts *bpetrain.Counts) (*Tokenizer, error) {
	plan, err := counts.Plan(ctx, c.VocabSize)
	if err != nil {
		return nil, err
	}
	if c.Report != nil {
		*c.Report = plan.Report
	}
	if plan.Report.Occurrences == 0 {
		return nil, errors.New("the corpus holds no text")
	}
	var start bpetrain.LearnConfig
	if c.Base != nil {
		start, err = c.extend()
	} else {
		start, err = c.begin(plan)
	}
	if err != nil {
		return nil, err
	}
	start.VocabSize, start.MinFrequency, start.MaxLength = c.VocabSize, c.MinFrequency, c.MaxTokenLength
	start.Progress = c.progress("merge", int64(c.VocabSize))
	learned, err := plan.Learn(ctx, start)
	if err != nil {
		return nil, err
	}
	if c.Base != nil {
		return c.extended(start.Tokens, learned)
	}
	d := c.document()
	d.merges = learned.Merges
	for id, token := range append(start.Tokens, learned.Tokens...) {
		d.vocab = append(d.vocab, entry{token, uint32(id)})
	}
	return d.build(roles{bos: c.BOS, eos: c.EOS, pad: c.PAD, unk: c.UNK})
}

func (c *TrainConfig) progress(phase string, total int64) func(int64) {
	if c.Progress == nil {
		return nil
	}
	return func(done int64) { c.Progress(Progress{phase, done, total}) }
}

// document describes the tokenizer but for its vocabulary.
func (c *TrainConfig) document() document {
	d := document{byteLevel: true, nfc: c.NFC, pattern: c.Pattern, regex: c.Regex}
	for k, s := range c.Special {
		d.added = append(d.added, AddedToken{ID: uint32(k), Content: s, Special: true})
	}
	for k, s := range c.Forced {
		d.added = append(d.added, AddedToken{ID: uint32(len(c.Special) + k), Content: s})
	}
	if c.AddBOS {
		d.before = c.BOS
	}
	if c.AddEOS {
		d.after = c.EOS
	}
	return d
}

// begin numbers the special tokens, the forced ones and the bytes, these in the
// order of the byte alphabet's code points, as Hugging Face's trainer does.
func (c *TrainConfig) begin(plan *bpetrain.Plan) (bpetrain.LearnConfig, error) {
	l := bpetrain.LearnConfig{}
	ids := map[string]uint32{}
	add := func(token string, fixed bool) {
		ids[token] = uint32(len(l.Tokens))
		l.Tokens, l.Fixed = append(l.Tokens, token), append(l.Fixed, fixed)
	}
	for _, s := range c.Special {
		add(s, true)
	}
	for _, s := range c.Forced {
		add(s, true)
	}
	has := c.alphabet(&plan.Bytes)
	for r := range rune(math.MaxInt16) {
		b, ok := bytelevel.Byte(r)
		if !ok || !has[b] {
			continue
		}
		if _, taken := ids[string(r)]; !taken {
			add(string(r), false)
		}
	}
	for b := range l.Bytes {
		l.Bytes[b] = bpetrain.NoToken
		if has[b] {
			l.Bytes[b] = ids[string(bytelevel.Rune(byte(b)))]
		}
	}
	if len(l.Tokens) > c.VocabSize {
		return l, fmt.Errorf("vocabulary size %d, want at least %d: special and forced tokens and %d bytes", c.VocabSize, len(l.Tokens), len(l.Tokens)-len(c.Special)-len(c.Forced))
	}
	return l, nil
}

// alphabet chooses the bytes that have tokens.
func (c *TrainConfig) alphabet(seen *[256]int64) (has [256]bool) {
	rank := make([]byte, 0, 256)
	for b := range 256 {
		if c.Alphabet == nil && c.AlphabetLimit == 0 || seen[b] > 0 {
			rank = append(rank, byte(b))
		}
	}
	weight := *seen
	for _, b := range c.Alphabet {
		if seen[b] == 0 {
			rank = append(rank, b)
		}
		weight[b] = math.MaxInt64
	}
	slices.SortStableFunc(rank, func(a, b byte) int { return cmp.Compare(weight[b], weight[a]) })
	if c.AlphabetLimit > 0 {
		rank = rank[:min(c.AlphabetLimit, len(rank))]
	}
	for _, b := range rank {
		has[b] = true
	}
	return has
}

// build writes the file and reads it back, so that a trained tokenizer is what
// Load will make of it.
func (d *document) build(r roles) (*Tokenizer, error) {
	data, err := d.json()
	if err != nil {
		return nil, fmt.Errorf("write: %w", err)
	}
	t, err := Parse(data, nil)
	if err != nil {
		return nil, fmt.Errorf("read back what was trained: %w", err)
	}
	t.roles = r
	return t, nil
}
