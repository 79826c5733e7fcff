package dataset

import (
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"
)

// Source is one ingredient of a training mixture.
type Source struct {
	Name   string // identifies the source in its random order; may be empty where there is only one
	Split  *Split
	Weight float64 // share of the samples, relative to the other weights; 0 for all sources = by their tokens
}

// SamplerConfig says what a Sampler draws from and how.
type SamplerConfig struct {
	Sources []Source
	SeqLen  int // T; a sample holds T+1 tokens
	Seed    uint64
	Packing Packing
}

// Sampler gives the training samples of a run by their global index. It holds no position: Sample(i) is a pure
// function of the configuration and i, costs no allocation, and may be called from many goroutines at once.
//
// With Concat and Documents, an epoch of a source of n tokens is ⌈n/T⌉ windows of T targets on the ring that its
// token stream forms when its end is joined to its beginning. Each epoch cuts the ring at another random place and
// visits the windows in another random order. Every token is a target exactly once an epoch (with Documents, every one but
// the first of each document): the last window is shortened (Sample.Valid) by what it would share with the first.
type Sampler struct {
	sources   []source
	schedule  *schedule
	seqLen    int
	documents bool
	random    bool
}

type source struct {
	split *Split
	key   uint64
	epoch int64 // samples an epoch
}

// NewSampler checks that every source holds at least one sample and works out the mixture's schedule.
func NewSampler(cfg SamplerConfig) (*Sampler, error) {
	if cfg.SeqLen < 1 || cfg.SeqLen > math.MaxInt32-1 {
		return nil, fmt.Errorf("dataset: sequence length %d, want at least 1", cfg.SeqLen)
	}
	if err := cfg.Packing.Validate(); err != nil {
		return nil, err
	}
	weights, err := mixtureWeights(cfg.Sources)
	if err != nil {
		return nil, err
	}
	s := &Sampler{seqLen: cfg.SeqLen, documents: cfg.Packing == Documents, random: cfg.Packing == Random}
	seen := map[string]bool{}
	for i, src := range cfg.Sources {
		if src.Split == nil {
			return nil, fmt.Errorf("dataset: source %d (%q) has no split to read from", i, src.Name)
		}
		if seen[src.Name] {
			return nil, fmt.Errorf("dataset: two sources are named %q; the name keys a source's random order and must be its own", src.Name)
		}
		seen[src.Name] = true
		if err := src.Split.holds(cfg.SeqLen); err != nil {
			return nil, err
		}
		s.sources = append(s.sources, source{
			split: src.Split,
			key:   hashKey(cfg.Seed, xxhash.Sum64String(src.Name)),
			epoch: ceilDiv(src.Split.Tokens(), int64(cfg.SeqLen)),
		})
	}
	if s.schedule, err = newSchedule(weights); err != nil {
		return nil, err
	}
	return s, nil
}

// holds refuses a split with fewer tokens than one sample.
func (sp *Split) holds(seqLen int) error {
	if sp.tokens < int64(seqLen)+1 {
		return fmt.Errorf("dataset: %s holds %d tokens, fewer than one sample of %d+1 (sequence length %d); use a shorter sequence or more text",
			sp.path, sp.tokens, seqLen, seqLen)
	}
	return nil
}

func mixtureWeights(sources []Source) ([]float64, error) {
	if len(sources) == 0 {
		return nil, fmt.Errorf("dataset: the mixture has no sources")
	}
	weights := make([]float64, len(sources))
	zeros := 0
	for i, src := range sources {
		weights[i] = src.Weight
		if src.Weight == 0 {
			zeros++
		}
	}
	switch {
	case zeros == len(sources):
		for i, src := range sources {
			if src.Split != nil {
				weights[i] = float64(src.Split.Tokens())
			}
		}
	case zeros > 0:
		return nil, fmt.Errorf("dataset: %d of %d sources have weight 0; give all a weight, or none to mix by tokens", zeros, len(sources))
	}
	return weights, nil
}

// Sample writes sample number index, counted from 0 over the whole run, to out. The error is non-nil where the shard
// holds an id outside the vocabulary.
func (s *Sampler) Sample(index int64, out *Sample) error {
	if index < 0 {
		return fmt.Errorf("dataset: sample %d, want 0 or more", index)
	}
	i, ordinal := s.schedule.at(index)
	src := &s.sources[i]
	t := int64(s.seqLen)
	out.fit(s.seqLen)
	out.Source, out.Epoch = i, ordinal/src.epoch
	n := src.split.tokens
	if s.random {
		start := below(hashKey(src.key, uint64(ordinal)), n-t) // nanoGPT: randint(len(data) − block_size)
		return src.split.fillWindow(out, start, s.seqLen+1, false)
	}
	key := hashKey(src.key, uint64(out.Epoch))
	order := newPermutation(src.epoch, key)
	window := order.at(ordinal % src.epoch)
	start := (below(mix64(key), n) + window*t) % n // window·t < n+t: no overflow
	valid := min(t, n-window*t) + 1
	return src.split.fillWindow(out, start, int(valid), s.documents)
}

// SeqLen returns T: a sample holds T+1 tokens.
func (s *Sampler) SeqLen() int { return s.seqLen }

// EpochSamples returns the number of samples after which about as many targets were seen as all sources hold tokens.
// With one source, and Concat or Documents packing, it is exactly one pass.
func (s *Sampler) EpochSamples() int64 {
	var n int64
	for i := range s.sources {
		n += s.sources[i].epoch
	}
	return n
}

// SourceEpochSamples returns the samples one pass over source i takes.
func (s *Sampler) SourceEpochSamples(i int) int64 { return s.sources[i].epoch }

// Weights returns the shares of the sources in force, which add up to 1.
func (s *Sampler) Weights() []float64 {
	w := make([]float64, len(s.schedule.quota))
	for i, q := range s.schedule.quota {
		w[i] = float64(q) / float64(s.schedule.period)
	}
	return w
}

func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }

// Sequential cuts a split into windows in their order on disk, each token but the first being a target exactly once:
// the fixed set that validation runs over.
type Sequential struct {
	split     *Split
	seqLen    int
	documents bool
}

// NewSequential returns the windows of split. Packing is Concat or Documents, as in training; Random counts as Concat.
func NewSequential(split *Split, seqLen int, packing Packing) (*Sequential, error) {
	if err := packing.Validate(); err != nil {
		return nil, err
	}
	if seqLen < 1 || seqLen > math.MaxInt32-1 {
		return nil, fmt.Errorf("dataset: sequence length %d, want at least 1", seqLen)
	}
	if split.tokens < 2 {
		return nil, fmt.Errorf("dataset: %s holds %d tokens, want at least 2 to predict one", split.path, split.tokens)
	}
	return &Sequential{split: split, seqLen: seqLen, documents: packing == Documents}, nil
}

// Len returns the number of windows; the last may be shorter than the others (Sample.Valid).
func (q *Sequential) Len() int64 { return ceilDiv(q.split.tokens-1, int64(q.seqLen)) }

// SeqLen returns T: a sample holds T+1 tokens.
func (q *Sequential) SeqLen() int { return q.seqLen }

// Sample writes window index, 0 ≤ index < Len, to out.
func (q *Sequential) Sample(index int64, out *Sample) error {
	if index < 0 || index >= q.Len() {
		return fmt.Errorf("dataset: window %d of %s, want 0 to %d", index, q.split.path, q.Len()-1)
	}
	out.fit(q.seqLen)
	out.Source, out.Epoch = 0, 0
	start := index * int64(q.seqLen)
	valid := min(int64(q.seqLen)+1, q.split.tokens-start)
	return q.split.fillWindow(out, start, int(valid), q.documents)
}
