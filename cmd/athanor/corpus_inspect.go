package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/inspect"
	"github.com/athanor-lm/athanor/corpus/pipeline"
	"github.com/athanor-lm/athanor/runlog"
)

type corpusInspectCmd struct {
	Recipe string   `arg:"" type:"existingfile" help:"The recipe, a YAML file."`
	ID     string   `xor:"what" placeholder:"ID" help:"Look at the document of this ID among the recipe's inputs."`
	N      int64    `xor:"what" placeholder:"N" help:"Look at the N-th document of the inputs, the first being 1."`
	File   string   `xor:"what" placeholder:"FILE" help:"Look at a text; - is standard input."`
	Lang   string   `placeholder:"CODE" help:"With --file: the text's language."`
	Source string   `placeholder:"NAME" help:"With --file: the source that the text is of."`
	Set    []string `help:"Change a key of the recipe outside its inputs and steps." placeholder:"KEY=VALUE" sep:"none"`
	Step   string   `placeholder:"NAME" help:"Show this step alone."`
	Full   bool     `help:"Show all of the text, not only the surroundings of what was found."`
}

// Help is shown by athanor corpus inspect --help.
func (*corpusInspectCmd) Help() string {
	return `Passes one document through the filters of a recipe, also behind one that drops it, and shows the value of every rule, its limit, and
the places in the text that it found. The text is shown as it is, with private data.

Examples:
  athanor corpus inspect examples/corpus-english-web.yaml --n 1
  athanor corpus inspect examples/corpus-chinese-web.yaml --file page.txt --lang zh --full`
}

func (i *corpusInspectCmd) Run(c *cliContext) error {
	if i.ID == "" && i.N == 0 && i.File == "" {
		return errors.New("no document is named, want --id, --n or --file")
	}
	if i.File == "" && (i.Lang != "" || i.Source != "") {
		return errors.New("--lang and --source say what the text of --file is; documents of the inputs say it themselves")
	}
	recipe, err := pipeline.LoadRecipe(i.Recipe, i.Set)
	if err != nil {
		return err
	}
	in, err := inspect.New(recipe)
	if err != nil {
		return err
	}
	d, err := i.document(c, recipe)
	if err != nil {
		return err
	}
	looks := in.Look(d)
	if i.Step != "" {
		looks = lookOf(looks, i.Step)
		if looks == nil {
			return fmt.Errorf("the recipe has no step %q, want one of %s", i.Step, strings.Join(stepNames(recipe), ", "))
		}
	}
	v := lookView{w: bufio.NewWriter(c.stdout), term: runlog.NewTerminal(c.stdout), full: i.Full}
	v.head(d)
	for k := range looks {
		v.look(&looks[k])
	}
	return v.w.Flush()
}

func lookOf(looks []inspect.Look, step string) []inspect.Look {
	for k := range looks {
		if looks[k].Step == step {
			return looks[k : k+1]
		}
	}
	return nil
}

func stepNames(r *pipeline.Recipe) []string {
	var names []string
	for k := range r.Steps {
		names = append(names, r.Steps[k].Name)
	}
	return names
}

// document finds the document to look at.
func (i *corpusInspectCmd) document(c *cliContext, r *pipeline.Recipe) (*corpus.Document, error) {
	if i.File != "" {
		in, err := openInput(c, i.File, "read")
		if err != nil {
			return nil, err
		}
		defer in.Close()
		text, err := io.ReadAll(io.LimitReader(in, wholeMost+1))
		if err != nil {
			return nil, fmt.Errorf("read the text: %w", err)
		}
		if len(text) > wholeMost {
			return nil, fmt.Errorf("the text has more than %d bytes, want a document to look at", wholeMost)
		}
		d := corpus.NewDocument(strings.ToValidUTF8(string(text), "\uFFFD"), nil)
		d.ID, d.Lang, d.Source = i.File, i.Lang, i.Source
		if d.Source == "" {
			d.Source = r.Sources()[0]
		}
		if !slices.Contains(r.Sources(), d.Source) {
			return nil, fmt.Errorf("the recipe has no source %q, want one of %s", d.Source, strings.Join(r.Sources(), ", "))
		}
		return d, nil
	}
	n := int64(0)
	for d, err := range r.Documents(c.ctx) {
		if err != nil {
			return nil, err
		}
		if n++; d.ID == i.ID && i.ID != "" || n == i.N {
			return d, nil
		}
	}
	if i.ID != "" {
		return nil, fmt.Errorf("none of the %d documents has the ID %q", n, i.ID)
	}
	return nil, fmt.Errorf("there is no document %d, the inputs have %d", i.N, n)
}
