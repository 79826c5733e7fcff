package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/dataset"
	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tokenizer"
)

type datasetCmd struct {
	Build datasetBuildCmd `cmd:"" help:"Encode text into token shards for training."`
	Info  datasetInfoCmd  `cmd:"" help:"Show what a dataset holds, and check it."`
}

// Help is shown by athanor dataset --help.
func (*datasetCmd) Help() string {
	return `Examples:
  athanor dataset build --tokenizer tok --out data/books books/
  athanor dataset info data/books --sample 3`
}

// defaultVal is the share of documents held out where nothing else is said.
const defaultVal = 0.01

type datasetBuildCmd struct {
	Inputs    []string `arg:"" help:"Files, directories or globs: .txt, .md, .jsonl and source code, each also as .gz or .zst."`
	Tokenizer string   `short:"t" required:"" placeholder:"PATH" help:"Tokenizer: a directory or a tokenizer.json."`
	Out       string   `short:"o" required:"" placeholder:"DIR" help:"Directory to make."`
	Overwrite bool     `help:"Replace a dataset that stands there."`

	Val      *float64 `placeholder:"F" help:"Share of the text held out for validation, 0 to hold out none (default 0.01)."`
	ValInput []string `placeholder:"PATH" help:"Validation text of its own, instead of a share. May be repeated."`
	Split    string   `enum:"hash,tail" default:"hash" help:"What --val holds out: whole documents by a hash of their text, or the tail of every document."`
	Seed     uint64   `default:"0" help:"Seed of the hash split."`

	EOS     string `name:"eos" default:"auto" placeholder:"TOKEN" help:"Token that ends every document; auto = the tokenizer's end-of-text token where it has one; never = none."`
	BOS     bool   `name:"bos" help:"Begin documents with the beginning-of-text token."`
	Special bool   `help:"Recognise special tokens spelled in the text; otherwise they are text like any other."`

	readFlags

	Workers int  `default:"0" help:"Encoding workers, 0 = all processors. The result does not depend on it."`
	JSON    bool `name:"json" help:"Print the manifest as JSON."`
}

// Help is shown by athanor dataset build --help.
func (*datasetBuildCmd) Help() string {
	return `Encodes text into Megatron-compatible shards (train.bin/.idx, val.bin/.idx) with a checksummed manifest and a copy
of the tokenizer. The directory appears only when it is whole. Records that cannot be read are listed in its
quarantine.jsonl.

Examples:
  athanor dataset build --tokenizer books-tok --out data/books corpora/en-books
  athanor dataset build --tokenizer char-tok --split tail --val 0.1 --out data/shakespeare input.txt`
}

func (d *datasetBuildCmd) Run(c *cliContext) error {
	tok, err := tokenizer.Load(d.Tokenizer)
	if err != nil {
		return err
	}
	cfg, err := d.config(tok)
	if err != nil {
		return err
	}
	progress := runlog.NewProgress(runlog.ProgressOptions{Terminal: runlog.NewTerminal(c.stderr), Label: "encode", Unit: runlog.ByteUnit})
	cfg.Progress = func(p dataset.Progress) {
		progress.SetTotal(p.TotalBytes)
		detail := fmt.Sprintf("%s documents, %s tokens, %s/s of text", runlog.Count(float64(p.Documents)), runlog.Count(float64(p.Tokens)), runlog.Bytes(int64(p.BytesPerSecond())))
		progress.Update(p.ReadBytes, detail)
	}
	m, err := dataset.Build(c.ctx, cfg)
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted; nothing was written to %s", d.Out)
	}
	if errors.Is(err, dataset.ErrNoneHeldOut) {
		return fmt.Errorf("%w; try --split tail --val 0.1, or --val 0.1, or --val-input FILE", err)
	}
	if err != nil {
		return err
	}
	if err := progress.Close(); err != nil {
		return err
	}
	printCautions(c.stderr, d.Out, m)
	if d.JSON {
		return printJSON(c.stdout, m)
	}
	return printManifest(c.stdout, d.Out, m)
}

func (d *datasetBuildCmd) config(tok *tokenizer.Tokenizer) (dataset.BuildConfig, error) {
	cfg := dataset.BuildConfig{
		Inputs: d.Inputs, ValInputs: d.ValInput, Out: d.Out, Overwrite: d.Overwrite, Tokenizer: tok,
		Read:    d.readFlags.options(),
		SplitBy: dataset.SplitBy(d.Split), Seed: d.Seed, PrependBOS: d.BOS, Special: d.Special,
		Workers: d.Workers, Creator: "athanor " + version,
	}
	switch d.EOS {
	case "auto":
		_, cfg.AppendEOS = tok.EOS()
	case "never":
	default:
		id, ok := tok.ID(d.EOS)
		if !ok {
			return cfg, fmt.Errorf("--eos %q: the tokenizer has no such token; give one it has, or auto, or never", d.EOS)
		}
		cfg.AppendEOS, cfg.EOS = true, &id
	}
	switch {
	case d.Val != nil:
		cfg.ValFraction = *d.Val
	case len(d.ValInput) == 0:
		cfg.ValFraction = defaultVal
	}
	return cfg, nil
}

// printCautions says what a person should know about the text before training on it.
func printCautions(w io.Writer, dir string, m *dataset.Manifest) {
	printLeftOut(w, m.Read)
	if n := m.Read.Bad; n > 0 {
		fmt.Fprintf(w, "%d records were set aside; see %s/quarantine.jsonl\n", n, dir)
	}
	if n := m.Read.InvalidUTF8Docs; n > 0 {
		fmt.Fprintf(w, "%d documents hold %d bytes that are not UTF-8; they were kept as they are\n", n, m.Read.InvalidUTF8Bytes)
	}
	if m.Unencodable > 0 {
		fmt.Fprintf(w, "%d characters have no token in this vocabulary and were left out\n", m.Unencodable)
	}
}

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
			text = wholeCharacters(text)
		}
		fmt.Fprintf(w, "\ndocument %d of %s, %d tokens:\n%s%s\n", doc, split.Name(), hi-lo, indent(strings.ToValidUTF8(string(text), "\ufffd")), more)
	}
	return nil
}

// wholeCharacters drops a character that was cut off at the end.
func wholeCharacters(text []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(text); i++ {
		if tail := text[len(text)-i:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return text[:len(text)-i]
			}
			break
		}
	}
	return text
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
	fmt.Fprintln(t)
	fmt.Fprintln(t, "train tokens\tshare\tval tokens\tbytes/token\t  source")
	sources := slices.Clone(m.Sources)
	slices.SortStableFunc(sources, func(a, b dataset.SourceInfo) int { return cmp.Compare(b.Train.Tokens, a.Train.Tokens) })
	var all int64
	for _, s := range sources {
		all += s.Train.Tokens
	}
	for i, s := range sources {
		if i == maxShownSources {
			fmt.Fprintf(t, "\t\t\t\t  … and %d more\n", len(sources)-i)
			break
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t  %s\n", runlog.Count(float64(s.Train.Tokens)), runlog.Percent(float64(s.Train.Tokens)/float64(max(all, 1))),
			runlog.Count(float64(s.Val.Tokens)), ratio(s.Train.Bytes+s.Val.Bytes, s.Train.Tokens+s.Val.Tokens), s.Name)
	}
	return t.Flush()
}

func ratio(a, b int64) string {
	if b == 0 {
		return "–"
	}
	return strconv.FormatFloat(float64(a)/float64(b), 'f', 2, 64)
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
