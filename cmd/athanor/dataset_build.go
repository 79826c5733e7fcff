package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"github.com/athanor-lm/athanor/dataset"
	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tokenizer"
)

// defaultVal is the share of documents held out where nothing else is said.
const defaultVal = 0.01

type datasetBuildCmd struct {
	Inputs    []string `arg:"" help:"Files, directories or globs: .txt, .md, .jsonl and source code, each also as .gz or .zst."`
	Tokenizer string   `short:"t" required:"" placeholder:"PATH" help:"Tokenizer: a file (tokenizer.json, .model, .tiktoken, vocab.txt) or a directory that holds one."`
	Out       string   `short:"o" required:"" placeholder:"DIR" help:"Directory to make."`
	Overwrite bool     `help:"Replace a dataset that stands there."`
	Restart   bool     `help:"Begin anew, whatever an earlier start of this build has done."`

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

A build that was interrupted or killed goes on where it stopped when the same command is given again, and ends with the
same bytes. It refuses to go on if inputs, tokenizer or options have changed; --restart begins anew.

Examples:
  athanor dataset build --tokenizer books-tok --out data/books corpora/en-books
  athanor dataset build --tokenizer char-tok --split tail --val 0.1 --out data/shakespeare input.txt`
}

func (d *datasetBuildCmd) Run(c *cliContext, k *kong.Context) error {
	if d.Split == "tail" {
		if err := refuseGiven(k, "decides which documents --split hash holds out; --split tail holds out the end of each", "seed"); err != nil {
			return err
		}
	}
	tok, err := tokenizer.Load(d.Tokenizer)
	if err != nil {
		return err
	}
	cfg, err := d.config(tok)
	if err != nil {
		return err
	}
	progress := runlog.NewProgress(runlog.ProgressOptions{Terminal: runlog.NewTerminal(c.stderr), Label: "encode", Unit: runlog.ByteUnit})
	var last dataset.Progress
	cfg.Progress = func(p dataset.Progress) {
		if last.TotalBytes == 0 && p.Before.Documents > 0 {
			progress.Print("going on after %d documents of an earlier start", p.Before.Documents)
			progress.SetBefore(p.Before.ReadBytes)
		}
		last = p
		progress.SetTotal(p.TotalBytes)
		detail := fmt.Sprintf("%s documents, %s tokens, %s/s of text", runlog.Count(float64(p.Documents)), runlog.Count(float64(p.Tokens)), runlog.Bytes(int64(p.BytesPerSecond())))
		progress.Update(p.ReadBytes, detail)
	}
	m, err := dataset.Build(c.ctx, cfg)
	switch {
	case errors.Is(err, context.Canceled) && last.Documents == 0:
		return fmt.Errorf("interrupted; nothing was written to %s", d.Out)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("interrupted; %s is not there yet. What is done is kept: the same command goes on, with --restart it begins anew", d.Out)
	case errors.Is(err, dataset.ErrOtherBuild):
		return fmt.Errorf("%w (--restart)", err)
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
	if n := m.Read.Decoded; n > 0 {
		fmt.Fprintf(w, "%d documents were in other character sets and became UTF-8\n", n)
	}
	if n := m.Read.InvalidUTF8Docs; n > 0 {
		fmt.Fprintf(w, "%d documents hold %d bytes that are not UTF-8; they were kept as they are\n", n, m.Read.InvalidUTF8Bytes)
	}
	if m.Unencodable > 0 {
		fmt.Fprintf(w, "%d characters have no token in this vocabulary and were left out\n", m.Unencodable)
	}
}
