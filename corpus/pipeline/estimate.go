package pipeline

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/athanor-lm/athanor/corpus/mix"
	"github.com/athanor-lm/athanor/corpus/read"
)

// What an estimate reads of an input.
const (
	estimateBytes = 32 << 20 // on disk
	estimateFiles = 16       // at least, where there are so many
	estimateAhead = 1 << 20  // text that reading may be ahead
)

// Estimate is what is known before anything runs.
type Estimate struct {
	// Stocks are the sources as they are before any step drops anything: from the sizes of the files, and what a part of them holds.
	Stocks []mix.Stock `json:"stocks"`
	// Looked is, for each of Stocks, the share of its bytes on disk that was read to estimate it: 1 where all was read. nil where Exact.
	Looked []float64 `json:"looked,omitempty"`
	// Mix is the plan that they would give; nil where the recipe has no mix.
	Mix *mix.Plan `json:"mix,omitempty"`
	// Exact is set where all stages are done, and the sources are what came through them.
	Exact bool `json:"exact"`
}

// Estimate looks at the inputs and works out the mix. It writes nothing.
func (p *Pipeline) Estimate(ctx context.Context) (*Estimate, error) {
	weigh := p.recipe.Mix
	if weigh == nil {
		weigh = &mix.Settings{}
		if err := weigh.Validate(p.recipe.Sources()); err != nil {
			return nil, err
		}
	}
	e := &Estimate{Exact: p.recipe.Mix != nil && len(p.missing(len(p.stages)-1)) == 0}
	var err error
	if e.Exact {
		if err := p.loadFinals(); err != nil {
			return nil, err
		}
		e.Stocks = p.stocks()
	} else {
		e.Stocks, e.Looked, err = p.estimateStocks(ctx)
		weigh.EstimateTokens(e.Stocks)
	}
	if err == nil && p.recipe.Mix != nil {
		e.Mix, err = p.recipe.Mix.Plan(e.Stocks, !e.Exact || !p.countTokens())
	}
	return e, err
}

// estimateStocks looks into every input.
func (p *Pipeline) estimateStocks(ctx context.Context) (stocks []mix.Stock, shares []float64, err error) {
	var all, looked []sample // by stock
	for i, in := range p.recipe.Inputs {
		whole, part, err := p.estimateInput(ctx, i)
		if err != nil {
			return nil, nil, fmt.Errorf("corpus: source %s: %w", in.Source, err)
		}
		k := slices.IndexFunc(stocks, func(s mix.Stock) bool { return s.Source == in.Source && s.Synthetic == in.Synthetic })
		if k < 0 {
			k = len(stocks)
			stocks, all, looked = append(stocks, mix.Stock{Source: in.Source, Synthetic: in.Synthetic}), append(all, sample{}), append(looked, sample{})
		}
		all[k].add(whole)
		looked[k].add(part)
	}
	for k := range stocks {
		stocks[k].Documents, stocks[k].Bytes = int64(math.Round(all[k].documents)), int64(math.Round(all[k].bytes))
		shares = append(shares, min(looked[k].disk/max(all[k].disk, 1), 1))
	}
	return stocks, shares, nil
}

// estimateInput estimates documents and bytes of text of an input from some of its files, and tells how many of its bytes on disk were read for
// it: all, where that is little.
func (p *Pipeline) estimateInput(ctx context.Context, input int) (all, looked sample, err error) {
	files := p.inputs[input].Files()
	for _, f := range files {
		all.disk += float64(f.Size)
	}
	n := len(files)
	if all.disk > estimateBytes { // as many files as the bytes are, if all were of a size, or parts of some that are larger
		n = min(n, max(estimateFiles, int(float64(n)*estimateBytes/all.disk)))
	}
	for k := range n {
		s, err := p.sampleFile(ctx, input, (2*k+1)*len(files)/(2*n), estimateBytes/int64(n)) // in the middles of n equal parts of the list
		if err != nil {
			return all, looked, err
		}
		looked.add(s)
	}
	if looked.disk > 0 {
		all.documents, all.bytes = looked.documents*all.disk/looked.disk, looked.bytes*all.disk/looked.disk
	}
	return all, looked, nil
}

// sample is a part of an input that was read.
type sample struct{ documents, bytes, disk float64 }

func (s *sample) add(o sample) {
	s.documents, s.bytes, s.disk = s.documents+o.documents, s.bytes+o.bytes, s.disk+o.disk
}

// sampleFile reads about so many bytes on disk of a file. What reading has taken from disk is ahead of the documents it has given out, so that a part
// of a file is measured from behind its first documents on, where it is ahead as far as at the end.
func (p *Pipeline) sampleFile(ctx context.Context, input, file int, most int64) (sample, error) {
	part := p.inputs[input].Part(file, file+1, func(read.Bad) {})
	var now, start sample
	for d, err := range part.Documents(ctx) {
		if ctx.Err() != nil {
			return now, ctx.Err()
		}
		if err != nil {
			break // the run will name the file and set it aside
		}
		now.documents++
		now.bytes += float64(len(d.Text))
		done, _ := part.Progress()
		now.disk = float64(done)
		if start.documents == 0 && now.bytes >= estimateAhead {
			start = now
		}
		if done >= most && done < part.Files()[0].Size && now.bytes >= 2*estimateAhead {
			return sample{now.documents - start.documents, now.bytes - start.bytes, max(now.disk-start.disk, 1)}, nil
		}
	}
	now.disk = float64(part.Files()[0].Size)
	return now, nil
}

// Describe names the parts of the work in order, for people.
func (p *Pipeline) Describe() []string {
	var parts []string
	for k := range p.stages {
		parts = append(parts, p.describe(k))
		if i := p.stages[k].collect; i >= 0 {
			parts = append(parts, fmt.Sprintf("merge %d: %s", k, p.recipe.Steps[i].Name))
		}
	}
	return parts
}
