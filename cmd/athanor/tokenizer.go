package main

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/athanor-lm/athanor/corpus/read"
	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tokenizer"
)

type tokenizerCmd struct {
	Train   tokenizerTrainCmd   `cmd:"" help:"Train a tokenizer on text, JSON Lines or source trees."`
	Encode  tokenizerEncodeCmd  `cmd:"" help:"Turn text into token ids, or show how it is cut."`
	Decode  tokenizerDecodeCmd  `cmd:"" help:"Turn token ids into text."`
	Info    tokenizerInfoCmd    `cmd:"" help:"Describe a tokenizer."`
	Compare tokenizerCompareCmd `cmd:"" help:"Compare tokenizers on texts: size, fertility, losses, speed."`
}

// Help is shown by athanor tokenizer --help.
func (*tokenizerCmd) Help() string {
	return `Examples:
  athanor tokenizer train books/ -o tok -v 16384
  athanor tokenizer encode tok book.txt --count`
}

type tokenizerTrainCmd struct {
	Inputs       []string `arg:"" help:"Files, directories and globs: .txt, .md, .jsonl, source files; .gz and .zst of them."`
	Out          string   `short:"o" required:"" placeholder:"DIR" help:"Directory for tokenizer.json and tokenizer_config.json."`
	VocabSize    int      `short:"v" default:"8192" help:"Ids in all: special tokens, 256 bytes and merges."`
	Pattern      string   `default:"llama3" enum:"gpt2,llama3,qwen2" help:"How text is cut before merging: gpt2, llama3 (also cl100k) or qwen2."`
	MinFrequency int64    `default:"2" help:"Pairs seen less often are not merged."`
	NFC          bool     `name:"nfc" help:"Normalize text to Unicode NFC first (Qwen does). Decoding then gives the normalized text."`
	Special      []string `placeholder:"TOKEN" help:"Special tokens, ids 0, 1, …; default <|endoftext|> and <|pad|>."`
	BOS          string   `name:"bos" placeholder:"TOKEN" help:"The special token that begins a text."`
	EOS          string   `name:"eos" placeholder:"TOKEN" help:"The special token that ends a text."`
	PAD          string   `name:"pad" placeholder:"TOKEN" help:"The special token that fills up rows."`
	AddBOS       bool     `name:"add-bos" help:"Encoding puts the BOS token before a text."`
	AddEOS       bool     `name:"add-eos" help:"Encoding puts the EOS token after a text."`
	Chars        bool     `help:"One token for each character that occurs, no merges, no special tokens."`
	readFlags

	Workers int  `help:"Goroutines; 0 = one a CPU. The result is the same for any number."`
	JSON    bool `name:"json" help:"Print the summary as JSON."`
}

// Help is shown by athanor tokenizer train --help.
func (*tokenizerTrainCmd) Help() string {
	return `Examples:
  athanor tokenizer train books/ web.jsonl.zst -o tok -v 16384
  athanor tokenizer train input.txt -o tok-chars --chars`
}

func (t *tokenizerTrainCmd) Run(c *cliContext) error {
	opts := t.readFlags.options()
	opts.OnBad = func(b read.Bad) { fmt.Fprintln(c.stderr, "set aside:", b) }
	corpus, err := read.Open(t.Inputs, opts)
	if err != nil {
		return err
	}
	tok, err := t.train(c, corpus)
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted; nothing was written to %s", t.Out)
	}
	if err != nil {
		return err
	}
	if err := tok.Save(t.Out); err != nil {
		return err
	}
	return t.report(c, tok, corpus.Stats())
}

func (t *tokenizerTrainCmd) train(c *cliContext, corpus *read.Corpus) (*tokenizer.Tokenizer, error) {
	docs := texts(c.ctx, corpus)
	if t.Chars {
		if len(t.Special) > 0 || t.NFC || t.AddBOS || t.AddEOS {
			return nil, errors.New("--chars makes a vocabulary of characters alone: it cannot be used with --special, --nfc, --add-bos or --add-eos")
		}
		return tokenizer.TrainChars(c.ctx, docs)
	}
	var show *runlog.Progress
	phase := ""
	tok, err := tokenizer.Train(c.ctx, tokenizer.TrainConfig{
		VocabSize: t.VocabSize, MinFrequency: t.MinFrequency, Pattern: t.Pattern, NFC: t.NFC, AddBOS: t.AddBOS, AddEOS: t.AddEOS,
		Special: t.Special, BOS: t.BOS, EOS: t.EOS, PAD: t.PAD, Workers: t.Workers,
		Progress: func(p tokenizer.Progress) {
			if p.Phase != phase {
				if show != nil {
					show.Close()
				}
				o := runlog.ProgressOptions{Terminal: runlog.NewTerminal(c.stderr), Label: p.Phase, Total: p.Total}
				if phase = p.Phase; phase == "count" {
					o.Unit = runlog.ByteUnit
				}
				show = runlog.NewProgress(o)
			}
			show.Update(p.Done, "")
		},
	}, docs)
	if show != nil {
		show.Close()
	}
	return tok, err
}

// texts are the documents' texts, as the trainers take them.
func texts(ctx context.Context, corpus *read.Corpus) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for doc, err := range corpus.Documents(ctx) {
			if !yield(doc.Text, err) {
				return
			}
		}
	}
}

func (t *tokenizerTrainCmd) report(c *cliContext, tok *tokenizer.Tokenizer, st read.Stats) error {
	if t.JSON {
		return printJSON(c.stdout, struct {
			Out    string         `json:"out"`
			Corpus read.Stats     `json:"corpus"`
			Info   tokenizer.Info `json:"tokenizer"`
		}{t.Out, st, tok.Info(0)})
	}
	printLeftOut(c.stderr, st)
	if !t.Chars && tok.VocabSize() < t.VocabSize {
		fmt.Fprintf(c.stderr, "The corpus gives only %d tokens: no further pair occurs %d times.\n", tok.VocabSize(), t.MinFrequency)
	}
	return runlog.RenderSummary(runlog.NewTerminal(c.stdout), "Tokenizer "+t.Out, []runlog.Section{{Rows: []runlog.Row{
		{Name: "vocabulary", Value: fmt.Sprint(tok.VocabSize())},
		{Name: "documents", Value: fmt.Sprintf("%d, %s of text", st.Documents, runlog.Bytes(st.TextBytes))},
		{Name: "set aside", Value: fmt.Sprintf("%d records; %d documents are not all UTF-8", st.Bad, st.InvalidUTF8Docs)},
		{Name: "hash", Value: tok.Hash()[:16]},
		{Name: "next", Value: c.self + " tokenizer info " + t.Out},
	}}})
}
