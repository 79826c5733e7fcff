package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/decontaminate"
	"github.com/athanor-lm/athanor/corpus/read"
)

type corpusDecontaminateCmd struct {
	Benchmark []string `short:"b" required:"" placeholder:"NAME[:FORMAT]=PATH,…" sep:"none" help:"A benchmark's files or directories; the format is csv, jsonl or hellaswag where the name does not say it. May be repeated."`
	Inputs    []string `arg:"" optional:"" help:"Documents to look at: files, directories and globs."`
	Rule      string   `enum:"gpt3,palm" default:"gpt3" help:"An n-gram of an item (gpt3), or 70 % of an item's 8-grams (palm)."`
	Common    []string `placeholder:"PATH" help:"Ignore n-grams that more than 10 documents of these files have."`
	Most      int      `default:"20" help:"Items to print of each list."`
	readFlags
	JSON bool `name:"json" help:"Print all of it as JSON."`
}

// Help is shown by athanor corpus decontaminate --help.
func (*corpusDecontaminateCmd) Help() string {
	return `Shows what of benchmarks can be found, and what of it documents hold, item by item. It changes nothing: the step decontaminate of a recipe drops or
cuts documents.

Examples:
  athanor corpus decontaminate -b mmlu=mmlu/data/test -b hellaswag:hellaswag=hellaswag_val_full.txt.gz web/*.jsonl.zst
  athanor corpus decontaminate -b ceval=ceval/val,ceval/test zh-laws.jsonl.gz --rule palm --json`
}

// contamination is what documents hold of benchmarks.
type contamination struct {
	Items     map[string]int `json:"items"` // indexed, by benchmark
	NGrams    int            `json:"ngrams"`
	Ignored   int            `json:"ignored"`   // n-grams that are common phrases
	TooShort  []string       `json:"too_short"` // items that cannot be found
	Documents int            `json:"documents"`
	Holding   int            `json:"holding"` // documents that hold an item
	Hits      map[string]int `json:"hits"`    // documents by item
}

func (d *corpusDecontaminateCmd) Run(c *cliContext) error {
	if d.Most < 0 {
		return fmt.Errorf("--most %d: want 0 or more", d.Most)
	}
	s := decontaminate.DefaultDecontaminate()
	s.Rule, s.Common = d.Rule, d.Common
	for _, b := range d.Benchmark {
		name, paths, ok := strings.Cut(b, "=")
		if !ok {
			return fmt.Errorf("--benchmark %s: want NAME=PATH", b)
		}
		name, format, _ := strings.Cut(name, ":")
		s.Benchmarks = append(s.Benchmarks, decontaminate.Benchmark{Name: name, Format: format, Files: strings.Split(paths, ",")})
	}
	x, err := s.Index(corpus.Env{Context: c.ctx})
	if err != nil {
		return err
	}
	found := contamination{Items: x.Items(), NGrams: x.Grams(), Ignored: x.Ignored(), TooShort: x.Short(), Hits: map[string]int{}}
	if len(d.Inputs) > 0 {
		if err := d.scan(c, x, &found); err != nil {
			return err
		}
	}
	if d.JSON {
		return printJSON(c.stdout, found)
	}
	return d.print(c, &found)
}

// scan looks at the documents.
func (d *corpusDecontaminateCmd) scan(c *cliContext, x *decontaminate.Index, found *contamination) error {
	o := d.options()
	o.OnBad = func(b read.Bad) { fmt.Fprintf(c.stderr, "left out: %s\n", b) }
	docs, err := read.Open(d.Inputs, o)
	if err != nil {
		return err
	}
	f := x.Filter()
	var r corpus.Report
	for doc, err := range docs.Documents(c.ctx) {
		if err != nil {
			return err
		}
		found.Documents++
		r.Reset()
		f.Apply(corpus.NewDocument(string(doc.Text), nil), &r)
		if r.Dropped == "" {
			continue
		}
		found.Holding++
		for _, n := range r.Counts {
			if strings.Contains(n.Kind, "#") { // the others are benchmarks
				found.Hits[n.Kind]++
			}
		}
	}
	return nil
}

func (d *corpusDecontaminateCmd) print(c *cliContext, found *contamination) error {
	short := map[string]int{}
	for _, item := range found.TooShort {
		benchmark, _, _ := strings.Cut(item, "/")
		short[benchmark]++
	}
	var items table
	items.add("benchmark", "items", "too short")
	for _, b := range slices.Sorted(maps.Keys(found.Items)) {
		items.add(b, fmt.Sprint(found.Items[b]), fmt.Sprint(short[b]))
	}
	if err := items.write(c.stdout, ""); err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "%d n-grams, %d of them ignored as common\n", found.NGrams, found.Ignored)
	d.list(c, "too short to be found", found.TooShort)
	if len(d.Inputs) == 0 {
		return nil
	}
	fmt.Fprintf(c.stdout, "%d of %d documents hold an item\n", found.Holding, found.Documents)
	names := slices.SortedFunc(maps.Keys(found.Hits), func(a, b string) int {
		return cmp.Or(-cmp.Compare(found.Hits[a], found.Hits[b]), cmp.Compare(a, b))
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s in %d", name, found.Hits[name])
	}
	d.list(c, "items held, with the number of documents", names)
	return nil
}

func (d *corpusDecontaminateCmd) list(c *cliContext, title string, names []string) {
	if len(names) == 0 {
		return
	}
	fmt.Fprintf(c.stdout, "%s:\n", title)
	for _, name := range names[:min(len(names), d.Most)] {
		fmt.Fprintf(c.stdout, "  %s\n", name)
	}
	if len(names) > d.Most {
		fmt.Fprintf(c.stdout, "  … and %d more (--most)\n", len(names)-d.Most)
	}
}
