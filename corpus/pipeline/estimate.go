package pipeline

import (
	"context"
	"fmt"
	"slices"

	"github.com/athanor-lm/athanor/corpus/mix"
	"github.com/athanor-lm/athanor/corpus/read"
)

// Sizes of what an estimate reads of an input.
const (
	estimateFiles = 3
	estimateBytes = 4 << 20 // of the text of each
)

// Estimate is what is known before anything runs.
type Estimate struct {
	// Stocks are the sources as they are before any step drops anything: from the sizes of the files, and the ratio of text to file in
	// the first, middle and last of them.
	Stocks []mix.Stock
	// Mix is the plan that they would give; nil where the recipe has no mix.
	Mix *mix.Plan
	// Exact is set where all stages are done, and the sources are what came through them.
	Exact bool
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
		e.Stocks, err = p.estimateStocks(ctx)
		weigh.EstimateTokens(e.Stocks)
	}
	if err == nil && p.recipe.Mix != nil {
		e.Mix, err = p.recipe.Mix.Plan(e.Stocks, !e.Exact || !p.countTokens())
	}
	return e, err
}

// estimateStocks looks into every input.
func (p *Pipeline) estimateStocks(ctx context.Context) ([]mix.Stock, error) {
	var stocks []mix.Stock
	for i, in := range p.recipe.Inputs {
		documents, bytes, err := p.estimateInput(ctx, i)
		if err != nil {
			return nil, fmt.Errorf("corpus: source %s: %w", in.Source, err)
		}
		k := slices.IndexFunc(stocks, func(s mix.Stock) bool { return s.Source == in.Source && s.Synthetic == in.Synthetic })
		if k < 0 {
			k = len(stocks)
			stocks = append(stocks, mix.Stock{Source: in.Source, Synthetic: in.Synthetic})
		}
		stocks[k].Documents += documents
		stocks[k].Bytes += bytes
	}
	return stocks, nil
}

// estimateInput estimates documents and bytes of text of an input from parts of some of its files.
func (p *Pipeline) estimateInput(ctx context.Context, input int) (documents, bytes int64, err error) {
	files := p.inputs[input].Files()
	var size, looked, text, docs int64
	for _, f := range files {
		size += f.Size
	}
	look := []int{0, len(files) / 2, len(files) - 1}[:min(estimateFiles, len(files))]
	for _, i := range slices.Compact(look) {
		part := p.inputs[input].Part(i, i+1, func(read.Bad) {})
		var here int64
		for d, err := range part.Documents(ctx) {
			if ctx.Err() != nil {
				return 0, 0, ctx.Err()
			}
			if err != nil {
				break // the run will name the file and set it aside
			}
			docs++
			if here += int64(len(d.Text)); here >= estimateBytes {
				break
			}
		}
		done, _ := part.Progress()
		text, looked = text+here, looked+done
	}
	if looked == 0 {
		return 0, 0, nil
	}
	scale := float64(size) / float64(looked)
	return int64(float64(docs) * scale), int64(float64(text) * scale), nil
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
