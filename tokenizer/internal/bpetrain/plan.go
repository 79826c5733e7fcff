package bpetrain

import (
	"context"
	"fmt"
	"math/bits"
)

// Plan is what the totals of a corpus say about learning from it.
type Plan struct {
	Report Report
	Bytes  [256]int64 // occurrences of every byte value in the text

	counts *Counts
	least  int64 // pieces that occur less often are left out
	words  int64 // length of the learner's text, at most
}

const (
	learnShare = 80      // percent of the memory limit that learning may take
	sizes      = 1 << 12 // counts told apart by Plan; a piece that occurs as often as this is never left out

	// Learning takes wordCost bytes for a piece and byteCost for each of its
	// bytes: 4 for its symbol; 8 for its place in the list of a pair, twice,
	// as new pairs come while the lists of old ones still stand; and 12 for a
	// share in the pairs' own numbers, measured on English and Chinese text.
	wordCost = 16
	byteCost = 32
	// Learning takes vocabCost bytes for every token of the vocabulary.
	vocabCost = 512
)

// tally is what the pieces of one count, or of several parts, come to.
type tally struct {
	pieces, occurrences, need, words int64
}

func (a *tally) add(b tally) {
	a.pieces += b.pieces
	a.occurrences += b.occurrences
	a.need += b.need
	a.words += b.words
}

// totals are tallies by count, counts from sizes on together.
type totals struct {
	by    [sizes + 1]tally
	bytes [256]int64
	sum   uint64 // of bytes times counts
}

// Plan adds up the counts and chooses what to leave out. Vocab is the size of
// the vocabulary to be learned.
func (c *Counts) Plan(ctx context.Context, vocab int) (*Plan, error) {
	if c.runs != nil {
		if err := c.free(); err != nil {
			return nil, err
		}
	}
	shares := make([]totals, c.cfg.Workers)
	if err := c.sum(ctx, func(worker int, t *table) error { return shares[worker].take(t) }); err != nil {
		return nil, err
	}
	all := &shares[0]
	for k := range shares[1:] {
		if err := all.add(&shares[k+1]); err != nil {
			return nil, err
		}
	}
	p := &Plan{Report: c.report, Bytes: all.bytes, counts: c}
	room := c.cfg.Memory/100*learnShare - int64(vocab)*vocabCost
	kept := p.choose(all, room)
	need := kept.need + int64(vocab)*vocabCost
	if c.cfg.Memory != 0 && kept.need > room {
		return nil, fmt.Errorf("memory limit of %d bytes: the %d pieces that occur %d times or more take %d bytes; want a higher limit or fewer documents",
			c.cfg.Memory, kept.pieces, p.least, need)
	}
	held := c.held()
	if c.cfg.Memory != 0 && held+need > c.cfg.Memory/100*(learnShare+10) {
		if err := c.free(); err != nil {
			return nil, err
		}
		held = 0
	}
	p.Report.Spills, p.Report.SpilledBytes = c.report.Spills, c.report.SpilledBytes
	p.Report.PeakEstimate = max(c.peak, held+need)
	return p, nil
}

// choose finds the lowest threshold at which the learner's need fits into room.
func (p *Plan) choose(all *totals, room int64) (kept tally) {
	for _, t := range all.by {
		kept.add(t)
	}
	p.Report.Pieces, p.Report.Occurrences = kept.pieces, kept.occurrences
	every := kept
	for p.least = 1; p.counts.cfg.Memory != 0 && kept.need > room && p.least < sizes; p.least++ {
		t := all.by[p.least]
		kept.add(tally{-t.pieces, -t.occurrences, -t.need, -t.words})
	}
	p.words = kept.words
	r := &p.Report
	r.Threshold, r.PrunedPieces, r.PrunedOccurrences = p.least, every.pieces-kept.pieces, every.occurrences-kept.occurrences
	if every.occurrences > 0 {
		r.PrunedShare = float64(r.PrunedOccurrences) / float64(every.occurrences)
	}
	return kept
}

// held is the memory of the tables.
func (c *Counts) held() (n int64) {
	for _, t := range c.tables {
		n += t.bytes()
	}
	return n
}

func (a *totals) take(t *table) error {
	over := false
	t.each(func(piece []byte, n int64) {
		hi, lo := bits.Mul64(uint64(len(piece)), uint64(n))
		sum, carry := bits.Add64(a.sum, lo, 0)
		if a.sum = sum; n <= 0 || hi|carry != 0 || sum > countLimit {
			over, a.sum = true, countLimit
		}
		for _, b := range piece {
			a.bytes[b] += n
		}
		one := tally{pieces: 1, occurrences: n}
		if len(piece) > 1 { // others have nothing to merge
			one.words = int64(len(piece)) + 3
			one.need = wordCost + byteCost*int64(len(piece))
		}
		a.by[min(n, sizes)].add(one)
	})
	if over {
		return errOverflow
	}
	return nil
}

func (a *totals) add(b *totals) error {
	if a.sum += b.sum; a.sum > countLimit {
		return errOverflow
	}
	for k := range a.by {
		a.by[k].add(b.by[k])
	}
	for k := range a.bytes {
		a.bytes[k] += b.bytes[k]
	}
	return nil
}
