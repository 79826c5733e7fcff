// Package inspect passes single documents through the steps of a recipe and keeps what every rule said, for people who ask why
// a document was dropped, kept or changed.
package inspect

import (
	"fmt"
	"slices"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/pipeline"
)

// Look is what a step did to a document.
type Look struct {
	Step string // its name in the recipe
	Use  string // its kind
	// Skipped says why the step did not look: it is for other sources or languages, or it must see the whole corpus.
	Skipped string
	Before  string // the text the step was given; spans are in it
	After   string
	Report  corpus.Report
	Attrs   []corpus.Attr // as they are behind the step
	Lang    string        // as it is behind the step
}

// Changed tells whether the step changed the text.
func (l *Look) Changed() bool { return l.Before != l.After }

// Inspector holds a recipe's filters. One goroutine uses it.
type Inspector struct {
	recipe  *pipeline.Recipe
	filters []corpus.Filter // by step; nil for passes
}

// New opens the filters of a recipe.
func New(r *pipeline.Recipe) (*Inspector, error) {
	i := &Inspector{recipe: r}
	env := r.Env(1)
	for k := range r.Steps {
		s := &r.Steps[k]
		f, ok := s.Settings.(corpus.FilterSettings)
		if !ok {
			i.filters = append(i.filters, nil)
			continue
		}
		open, err := f.Open(env)
		if err != nil {
			return nil, fmt.Errorf("inspect: step %s: %w", s.Name, err)
		}
		i.filters = append(i.filters, open())
	}
	return i, nil
}

// Look passes a document through all filters, also behind one that drops it: each is asked for everything it finds. The document
// is changed as a run would change it.
func (i *Inspector) Look(d *corpus.Document) []Look {
	var looks []Look
	for k := range i.recipe.Steps {
		s := &i.recipe.Steps[k]
		l := Look{Step: s.Name, Use: s.Use, Before: d.Text(), After: d.Text()}
		switch {
		case i.filters[k] == nil:
			l.Skipped = "it must see the whole corpus: the report of a run shows what it did"
		case !s.Applies(d):
			l.Skipped = "it is for other sources or languages"
		default:
			l.Report.Explain = true
			i.filters[k].Apply(d, &l.Report)
			l.After = d.Text()
		}
		l.Attrs, l.Lang = slices.Clone(d.Attrs), d.Lang
		looks = append(looks, l)
	}
	return looks
}
