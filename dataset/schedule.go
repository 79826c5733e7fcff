package dataset

import (
	"fmt"
	"math"
)

// maxPeriod bounds the length of a mixture's schedule: 1.5 MB of table, weights resolved to 4·10⁻⁶.
const maxPeriod = 1 << 18

// schedule interleaves k sources with weights w₁…w_k, Σw = 1, so that among the first n samples of the run, for every
// n, the number c_i(n) from source i differs from n·w_i by less than one sample.
//
// Drawing sources at random would stray by √n. Rounding n·w_i source by source does not add up to n. This is the
// chairman assignment problem, and Tijdeman's rule solves it ("The chairman assignment problem", Discrete Mathematics
// 32, 1980, theorem 1): with slack = 1/(2k−2), give sample n to the source that, among those with
// n·w_i − c_i(n−1) ≥ slack, would fall behind first, i.e. minimises (1 − slack − (n·w_i − c_i(n−1))) / w_i. It keeps
// |c_i(n) − n·w_i| ≤ 1 − slack < 1 for all n and i.
//
// The rule is sequential, but for weights W_i/D with whole W_i it is periodic: after D samples every c_i is exactly W_i
// and the state is that of the start. So one period is worked out beforehand, and sample n is found by arithmetic:
//
//	source  i = source[n mod D]
//	ordinal c_i(n) = (n div D)·W_i + ordinal[n mod D]
//
// Weights as people write them (0.7, 0.2, 0.1) have a small common denominator D and are met exactly. Others are
// rounded to multiples of 1/D with D = 2¹⁸, by largest remainder; the weights in force are Sampler.Weights.
type schedule struct {
	period  int64
	quota   []int64 // W_i
	source  []uint16
	ordinal []uint32
}

func newSchedule(weights []float64) (*schedule, error) {
	var sum float64
	for i, w := range weights {
		if !(w > 0) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("dataset: weight %d of the mixture is %v, want a positive number", i, w)
		}
		sum += w
	}
	if len(weights) == 0 || len(weights) > 1<<12 {
		return nil, fmt.Errorf("dataset: a mixture of %d sources, want 1 to %d", len(weights), 1<<12)
	}
	quota, period := wholeWeights(weights, sum)
	s := &schedule{period: period, quota: quota, source: make([]uint16, period), ordinal: make([]uint32, period)}
	s.fill()
	return s, nil
}

// at returns the source of global sample n and the number of samples of that source before it.
func (s *schedule) at(n int64) (source int, ordinal int64) {
	slot := n % s.period
	i := s.source[slot]
	return int(i), n/s.period*s.quota[i] + int64(s.ordinal[slot])
}

// fill works out one period by Tijdeman's rule in whole numbers: everything is multiplied by D·(2k−2).
func (s *schedule) fill() {
	k := int64(len(s.quota))
	if k == 1 { // the rule divides by 2k−2; a single source gets everything
		for n := range s.ordinal {
			s.ordinal[n] = uint32(n)
		}
		return
	}
	d, m := s.period, 2*k-2
	given := make([]int64, k)
	for n := int64(1); n <= d; n++ {
		best, bestKey := -1, int64(0)
		for i, w := range s.quota {
			lag := w*n - d*given[i] // D·(n·w_i − c_i), below D in size
			if m*lag < d {
				continue
			}
			key := d*(m-1) - m*lag // the numerator, times D·(2k−2); the denominator is W_i
			if best < 0 || key*s.quota[best] < bestKey*w {
				best, bestKey = i, key
			}
		}
		s.source[n-1], s.ordinal[n-1] = uint16(best), uint32(given[best])
		given[best]++
	}
}

// wholeWeights finds the smallest D ≤ maxPeriod such that all weights are multiples of sum/D, or rounds to D = maxPeriod.
func wholeWeights(weights []float64, sum float64) ([]int64, int64) {
	quota := make([]int64, len(weights))
	for d := int64(1); d <= maxPeriod; d++ {
		if asMultiples(weights, sum, d, quota) {
			return quota, d
		}
	}
	return largestRemainder(weights, sum, maxPeriod), maxPeriod
}

// asMultiples writes weights·d/sum to quota and reports whether they are whole, to the precision decimals have.
func asMultiples(weights []float64, sum float64, d int64, quota []int64) bool {
	var total int64
	for i, w := range weights {
		x := w / sum * float64(d)
		q := math.Round(x)
		if q < 1 || math.Abs(x-q) > 1e-9*float64(d) {
			return false
		}
		quota[i] = int64(q)
		total += quota[i]
	}
	return total == d
}

// largestRemainder rounds weights·d/sum to whole numbers ≥ 1 that add up to d.
func largestRemainder(weights []float64, sum float64, d int64) []int64 {
	quota := make([]int64, len(weights))
	left := d
	for i, w := range weights {
		quota[i] = max(1, int64(w/sum*float64(d)))
		left -= quota[i]
	}
	for ; left != 0; left -= sign(left) {
		best, bestErr := 0, math.Inf(-1)
		for i, w := range weights {
			short := (w/sum*float64(d) - float64(quota[i])) * float64(sign(left))
			if short > bestErr && (left > 0 || quota[i] > 1) {
				best, bestErr = i, short
			}
		}
		quota[best] += sign(left)
	}
	return quota
}

func sign(x int64) int64 {
	if x < 0 {
		return -1
	}
	return 1
}
