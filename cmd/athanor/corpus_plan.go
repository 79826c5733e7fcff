package main

import (
	"fmt"
	"strings"

	"github.com/athanor-lm/athanor/corpus/pipeline"
	"github.com/athanor-lm/athanor/runlog"
)

type corpusPlanCmd struct {
	Recipe string   `arg:"" type:"existingfile" help:"The recipe, a YAML file."`
	Set    []string `help:"Change a key of the recipe outside its inputs and steps; may be given several times." placeholder:"KEY=VALUE" sep:"none"`
	JSON   bool     `name:"json" help:"Print the estimate as JSON."`
}

// Help is shown by athanor corpus plan --help.
func (*corpusPlanCmd) Help() string {
	return `Checks a recipe and finds its inputs, but runs nothing: the tasks, the stages, an estimate of documents and tokens of each source before
any step drops something, and the mix these would give. Up to 32 MiB of each input are read for it. When all stages of a recipe with a mix
have run, the sources are what came through them.

Examples:
  athanor corpus plan examples/corpus-domain-mix.yaml
  athanor corpus plan recipe.yaml --set memory=8GiB --json`
}

func (r *corpusPlanCmd) Run(c *cliContext) error {
	recipe, err := pipeline.LoadRecipe(r.Recipe, r.Set)
	if err != nil {
		return err
	}
	p, err := pipeline.Open(recipe, pipeline.Options{Creator: "athanor " + version})
	if err != nil {
		return err
	}
	noteReadTwice(c.stderr, p)
	e, err := p.Estimate(c.ctx)
	if err != nil {
		return err
	}
	if r.JSON {
		return printJSON(c.stdout, e)
	}
	fmt.Fprintf(c.stdout, "%s → %s\n", recipe.Name, recipe.Out)
	fmt.Fprintf(c.stdout, "  %s; %s\n", numberOf(p.Tasks(), "task"), strings.Join(p.Describe(), "; "))
	var t table
	if e.Exact {
		t.add("source", "documents left", "text", "tokens")
	} else {
		t.add("source", "documents", "text", "tokens", "read for it")
	}
	for k, s := range e.Stocks {
		name := s.Source
		if s.Synthetic {
			name += " (synthetic)"
		}
		row := []string{name, runlog.Count(float64(s.Documents)), runlog.Bytes(s.Bytes), runlog.Count(float64(s.Tokens))}
		if !e.Exact {
			row = append(row, runlog.Percent(e.Looked[k]))
		}
		t.add(row...)
	}
	if err := t.write(c.stdout, "  "); err != nil {
		return err
	}
	if !e.Exact {
		fmt.Fprintln(c.stdout, "  before any step; estimated where not all was read; tokens are estimated from bytes")
	}
	if e.Mix == nil {
		return nil
	}
	if !e.Exact {
		fmt.Fprintln(c.stdout, "  the mix, if no step took anything away:")
	}
	return printMix(c.stdout, e.Mix)
}
