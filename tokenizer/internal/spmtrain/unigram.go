package spmtrain

import (
	"cmp"
	"context"
	"slices"

	"github.com/athanor-lm/athanor/tokenizer/internal/spm"
)

// trainUnigram learns a unigram language model of size pieces.
func (c *Config) trainUnigram(ctx context.Context, t *unitTable, a *alphabet, size int) ([]spm.Piece, error) {
	e, ct, err := c.seedEM(ctx, t, a)
	if err != nil {
		return nil, err
	}
	target := int(float64(c.VocabSize) * 1.1)
	surplus := max(0, len(e.pieces)-target)
	for {
		for range c.SubIterations {
			c.report("em", int64(max(0, surplus+target-len(e.pieces))), int64(surplus))
			if err := e.round(ctx); err != nil {
				return nil, err
			}
		}
		if err := e.prune(ctx, target); err != nil {
			return nil, err
		}
		if len(e.pieces) <= target {
			break
		}
	}
	if err := e.dropUnreachable(ctx); err != nil {
		return nil, err
	}
	c.report("em", int64(surplus), int64(surplus))
	return e.final(ct, a, size), nil
}

// seedEM prepares EM. What only the seeds need is garbage when it returns.
func (c *Config) seedEM(ctx context.Context, t *unitTable, a *alphabet) (*em, *cellText, error) {
	c.report("seed", 0, 0)
	ct, err := cellsOf(ctx, t, a, true)
	if err != nil {
		return nil, nil, err
	}
	*t = unitTable{} // its memory serves the suffix array
	s, err := newSuffixes(ctx, ct)
	if err != nil {
		return nil, nil, err
	}
	seeds, err := s.seeds(ctx, c.shape(), c.SeedPieces)
	if err != nil {
		return nil, nil, err
	}
	l, pieces, counts, err := newLattices(s, a, seeds)
	if err != nil {
		return nil, nil, err
	}
	return newEM(c, l, pieces, counts, a.rest), ct, nil
}

// penaltyStep sets the scores of the characters that EM dropped apart.
const penaltyStep = 0.0001

// final takes all characters of the alphabet, then the most likely pieces, up to
// size in all, the most likely first.
func (e *em) final(ct *cellText, a *alphabet, size int) []spm.Piece {
	learnt := make(map[string]float32, len(e.pieces))
	all := make([]spm.Piece, len(e.pieces))
	var least float32
	for i, p := range e.pieces {
		all[i] = spm.Piece{Text: string(ct.text(p.at, p.n)), Score: e.scores[i], Type: spm.Normal}
		learnt[all[i].Text] = e.scores[i]
		if i == 0 || e.scores[i] < least {
			least = e.scores[i]
		}
	}
	out := make([]spm.Piece, 0, size)
	taken := make(map[string]bool, size)
	penalty := float32(0)
	for _, cc := range a.chars {
		p := spm.Piece{Text: string(cc.char), Type: spm.Normal}
		if score, ok := learnt[p.Text]; ok {
			p.Score = score
		} else {
			p.Score = least + penalty
			penalty += penaltyStep
		}
		out = append(out, p)
		taken[p.Text] = true
	}
	byScore(all)
	for _, p := range all {
		if len(out) >= size {
			break
		}
		if !taken[p.Text] {
			out = append(out, p)
		}
	}
	byScore(out)
	return out
}

func byScore(p []spm.Piece) {
	slices.SortFunc(p, func(x, y spm.Piece) int { return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(x.Text, y.Text)) })
}
