package spmtrain

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// viterbi finds the best segmentation of the n symbols from at on, without the
// piece that is all of them if whole is false. It returns the score and, in
// s.path, the pieces from last to first; a character that is no piece is piece
// 0, as in the original. Sums are in single precision, ties go to the longer
// last piece, likewise.
func (e *em) viterbi(s *emScratch, at, n int32, whole bool) float32 {
	best := s.best[:n+1]
	for i := range best {
		best[i] = float32(math.Inf(-1))
	}
	best[0] = 0
	for i := range n {
		here := best[i]
		edges := e.edges[e.starts[at+i]:e.starts[at+i+1]]
		if len(edges) == 0 || e.arcs[edges[0]].n != 1 {
			if score := here + e.unk; score > best[i+1] {
				best[i+1], s.back[i+1], s.backLen[i+1] = score, 0, 1
			}
		}
		for _, id := range edges {
			j := i + e.arcs[id].n
			if j > n || j-i == n && !whole {
				break
			}
			if score := here + e.scores[id]; score > best[j] {
				best[j], s.back[j], s.backLen[j] = score, id, e.arcs[id].n
			}
		}
	}
	s.path = s.path[:0]
	for j := n; j > 0; j -= s.backLen[j] {
		s.path = append(s.path, s.back[j])
	}
	return best[n]
}

// prune drops the pieces that the likelihood misses least (Kudo 2018, section
// 3.2), down to target or the shrinking factor, whichever is more. Characters
// stay, and so does nothing that the best segmentations do not use.
func (e *em) prune(ctx context.Context, target int) error {
	counts, err := e.counted(ctx, func(s *emScratch, b *block) {
		for _, c := range b.cells {
			e.viterbi(s, c.at, c.n, true)
			for _, id := range s.path {
				s.counts[id] += c.count
			}
		}
	})
	if err != nil {
		return err
	}
	counts[0] += e.rest
	freq := make([]float32, len(counts))
	sum := 0.0
	for i, n := range counts {
		freq[i] = float32(n)
		sum += float64(freq[i])
	}
	loss, err := e.losses(ctx, freq, float32(sum))
	if err != nil {
		return err
	}
	keep := make([]int32, 0, len(e.pieces)) // the new numbers' old ones
	var candidates []int32
	for i := range e.pieces {
		switch {
		case freq[i] == 0 || math.IsInf(float64(loss[i]), -1):
		case math.IsInf(float64(loss[i]), 1):
			keep = append(keep, int32(i))
		default:
			candidates = append(candidates, int32(i))
		}
	}
	slices.SortFunc(candidates, func(x, y int32) int { return cmp.Or(cmp.Compare(loss[y], loss[x]), cmp.Compare(x, y)) })
	size := max(target, int(float32(e.cfg.Shrink)*float32(len(e.pieces))))
	if room := size - len(keep); room >= 0 && room < len(candidates) {
		candidates = candidates[:room]
	}
	return e.reorder(ctx, append(keep, candidates...))
}

// losses returns how much the log likelihood of a token falls when a piece is
// replaced by the second-best way to spell it: +Inf where there is none, -Inf
// where it is the best way and the piece is not needed.
func (e *em) losses(ctx context.Context, freq []float32, sum float32) ([]float32, error) {
	loss := make([]float32, len(e.pieces))
	logSum := float32(math.Log(float64(sum)))
	const chunk = 1 << 12
	err := parallel(ctx, e.cfg.Workers, (len(loss)+chunk-1)/chunk, func(w, k int) {
		s := &e.work[w]
		for i := k * chunk; i < min(len(loss), (k+1)*chunk); i++ {
			p := e.pieces[i]
			switch {
			case p.n == 1:
				loss[i] = float32(math.Inf(1))
				continue
			case freq[i] == 0:
				continue
			case e.viterbi(s, p.at, p.n, false) > e.scores[i]:
				loss[i] = float32(math.Inf(-1))
				continue
			}
			with := float32(math.Log(float64(freq[i]))) - logSum
			logSumAlt := float32(math.Log(float64(sum + freq[i]*float32(len(s.path)-1))))
			without := float32(0)
			for _, id := range slices.Backward(s.path) {
				without += float32(math.Log(float64(freq[id]+freq[i]))) - logSumAlt
			}
			loss[i] = freq[i] / sum * (with - without)
		}
	})
	return loss, err
}

// reorder keeps the pieces given, in that order.
func (e *em) reorder(ctx context.Context, keep []int32) error {
	ids := make([]int32, len(e.pieces))
	for i := range ids {
		ids[i] = -1
	}
	pieces, scores := make([]piece, len(keep)), make([]float32, len(keep))
	for n, i := range keep {
		ids[i] = int32(n)
		pieces[n], scores[n] = e.pieces[i], e.scores[i]
	}
	e.pieces, e.scores = pieces, scores
	e.prepare()
	return e.renumber(ctx, e.cfg.Workers, ids)
}

// dropUnreachable drops the pieces that other pieces spell more likely: no best
// segmentation holds them.
func (e *em) dropUnreachable(ctx context.Context) error {
	var keep []int32
	for i, p := range e.pieces {
		if p.n == 1 || e.viterbi(&e.work[0], p.at, p.n, false) <= e.scores[i] {
			keep = append(keep, int32(i))
		}
	}
	return e.reorder(ctx, keep)
}
