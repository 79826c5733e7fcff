package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/athanor-lm/athanor/dataset"
	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tokenizer"
)

type datasetInfoCmd struct {
	Dir    string `arg:"" help:"Directory of the dataset."`
	Verify bool   `help:"Read every file and check its SHA-256."`
	Sample int    `default:"1" placeholder:"N" help:"Show the beginnings of N documents, decoded."`
	JSON   bool   `name:"json" help:"Print the manifest as JSON."`
}

// Help is shown by athanor dataset info --help.
func (*datasetInfoCmd) Help() string {
	return `Sizes, headers and indices are always checked; --verify reads all bytes.

Examples:
  athanor dataset info data/books --sample 3
  athanor dataset info data/books --verify --json | jq '.splits[] | {name, tokens}'`
}

func (d *datasetInfoCmd) Run(c *cliContext) error {
	set, err := dataset.Open(d.Dir)
	if err != nil {
		return err
	}
	defer set.Close()
	if d.Verify {
		if err := set.Verify(c.ctx); err != nil {
			return err
		}
	}
	if d.JSON {
		return printJSON(c.stdout, set.Manifest())
	}
	if err := printManifest(c.stdout, d.Dir, set.Manifest()); err != nil {
		return err
	}
	if d.Verify {
		fmt.Fprintf(c.stdout, "\nall %d files match their checksums\n", len(set.Manifest().Files))
	}
	if d.Sample > 0 {
		return printSamples(c.stdout, set, d.Sample)
	}
	return nil
}

// printSamples decodes the beginnings of n documents, evenly spread over the training split.
func printSamples(w io.Writer, set *dataset.Set, n int) error {
	tok, err := tokenizer.Load(set.TokenizerDir())
	if err != nil {
		return err
	}
	if err := set.CheckTokenizer(tok.Hash()); err != nil {
		return err
	}
	split := set.Split("train")
	if split == nil {
		return nil
	}
	docs := split.Docs()
	shown := min(int64(n), docs)
	for i := range shown {
		doc := docs * (2*i + 1) / (2 * shown)
		lo, hi := split.Doc(doc)
		ids := make([]int32, min(hi-lo, 100))
		if err := split.Read(ids, lo); err != nil {
			return err
		}
		var text []byte
		for _, id := range ids {
			text = tok.AppendDecode(text, uint32(id))
		}
		more := ""
		if int64(len(ids)) < hi-lo {
			more = " …"
			text = text[:len(text)-unfinished(text)]
		}
		fmt.Fprintf(w, "\ndocument %d of %s, %d tokens:\n%s%s\n", doc, split.Name(), hi-lo, indent(strings.ToValidUTF8(string(text), "\ufffd")), more)
	}
	return nil
}

func indent(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }

// maxShownSources keeps the table on a screen.
const maxShownSources = 20

// printManifest prints what a dataset holds as aligned tables.
func printManifest(w io.Writer, dir string, m *dataset.Manifest) error {
	fmt.Fprintf(w, "%s: %s ids, vocabulary %d, tokenizer %.12s\n\n", dir, m.DType, m.Tokenizer.VocabSize, m.Tokenizer.Hash)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "split\tdocuments\ttokens\ttext\tbytes/token\ton disk\t")
	for _, s := range m.Splits {
		var disk int64
		for _, f := range m.Files {
			if strings.HasPrefix(f.Name, s.Name+".") {
				disk += f.Size
			}
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t\n", s.Name, s.Documents, runlog.Count(float64(s.Tokens)), runlog.Bytes(s.Bytes), ratio(s.Bytes, s.Tokens), runlog.Bytes(disk))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if !slices.EqualFunc(m.Inputs, m.Sources, sameCounts) {
		if err := printSources(w, "input", m.Inputs); err != nil {
			return err
		}
	}
	return printSources(w, "source", m.Sources)
}

// sameCounts tells whether the sources are no more than other names of the inputs.
func sameCounts(a, b dataset.SourceInfo) bool { return a.Train == b.Train && a.Val == b.Val }

// printSources prints a table of what each source gave, the largest first.
func printSources(w io.Writer, kind string, sources []dataset.SourceInfo) error {
	if len(sources) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "train tokens\tshare\tval tokens\tdocuments\tbytes/token\t  %s\n", kind)
	sources = slices.Clone(sources)
	slices.SortStableFunc(sources, func(a, b dataset.SourceInfo) int { return cmp.Compare(b.Train.Tokens, a.Train.Tokens) })
	var all int64
	for _, s := range sources {
		all += s.Train.Tokens
	}
	for i, s := range sources {
		if i == maxShownSources {
			fmt.Fprintf(t, "\t\t\t\t\t  … and %d more\n", len(sources)-i)
			break
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\t  %s\n", runlog.Count(float64(s.Train.Tokens)), runlog.Percent(float64(s.Train.Tokens)/float64(max(all, 1))),
			runlog.Count(float64(s.Val.Tokens)), s.Train.Documents+s.Val.Documents, ratio(s.Train.Bytes+s.Val.Bytes, s.Train.Tokens+s.Val.Tokens), s.Name)
	}
	return t.Flush()
}

func ratio(a, b int64) string {
	if b == 0 {
		return "–"
	}
	return strconv.FormatFloat(float64(a)/float64(b), 'f', 2, 64)
}
