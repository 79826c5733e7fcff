package pipeline

import (
	"slices"

	"github.com/athanor-lm/athanor/corpus/mix"
)

// finalSource is what came through the steps of a source. What models wrote of it is one of its own, as the mix can cap it.
type finalSource struct {
	source    string
	synthetic bool
	tally     *stepTally
}

// loadFinals adds up what came through the steps, when all stages are done: in the order of the sources.
func (p *Pipeline) loadFinals() error {
	names := p.recipe.Sources()
	finals := make([]finalSource, 2*len(names))
	for i, name := range names {
		for synthetic, tally := range newFinal() {
			finals[2*i+synthetic] = finalSource{name, synthetic == 1, tally}
		}
	}
	for t := range p.tasks {
		var st taskStats
		if err := readJSON(p.taskFile(len(p.stages)-1, t, extStats), &st); err != nil {
			return err
		}
		i := slices.Index(names, p.sourceOf(t))
		for synthetic, tally := range st.Final {
			finals[2*i+synthetic].tally.add(tally)
		}
	}
	p.finals = slices.DeleteFunc(finals, func(f finalSource) bool { return f.tally.Out.Documents == 0 })
	return nil
}

// sourceOf is the source of a task.
func (p *Pipeline) sourceOf(task int) string { return p.recipe.Inputs[p.tasks[task].input].Source }

// plan works out the mix from what came through the steps; nil where every document is taken once. All stages must be done.
func (p *Pipeline) plan() (*mix.Plan, error) {
	if err := p.loadFinals(); err != nil {
		return nil, err
	}
	if p.recipe.Mix == nil {
		return nil, nil
	}
	return p.recipe.Mix.Plan(p.stocks(), !p.countTokens())
}

// stocks is what came through the steps, with tokens counted or estimated.
func (p *Pipeline) stocks() []mix.Stock {
	var stocks []mix.Stock
	for _, f := range p.finals {
		stocks = append(stocks, mix.Stock{Source: f.source, Synthetic: f.synthetic, Documents: f.tally.Out.Documents, Bytes: f.tally.Out.Bytes, Tokens: f.tally.Tokens})
	}
	if !p.countTokens() {
		p.recipe.Mix.EstimateTokens(stocks)
	}
	return stocks
}

// passesOf is how often a source's documents are gone through.
func passesOf(plan *mix.Plan, part int) int {
	if plan == nil {
		return 1
	}
	return plan.Parts[part].Passes()
}
