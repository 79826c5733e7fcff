package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/alecthomas/kong"

	"github.com/athanor-lm/athanor/corpus/read"
	"github.com/athanor-lm/athanor/quickstart"
	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tokenizer"
)

type benchTokenizerCmd struct {
	Inputs    []string `arg:"" optional:"" help:"Files, directories or globs of text; default: the source of the Go toolchain."`
	Tokenizer string   `short:"t" placeholder:"PATH" help:"Tokenizer to time: a directory or a tokenizer.json; default: one trained on the text, which is timed too."`
	VocabSize int      `short:"v" default:"8192" help:"Vocabulary of the tokenizer that is trained."`
	Limit     int64    `default:"64" placeholder:"MB" help:"Use the first so many MB of text."`
	Threads   int      `default:"0" help:"Threads, 0 = all."`
	JSON      bool     `name:"json" help:"Print as JSON."`
}

// Help is shown by athanor bench tokenizer --help.
func (*benchTokenizerCmd) Help() string {
	return `The text is read into memory first: only training, encoding and decoding are timed.

Examples:
  athanor bench tokenizer
  athanor bench tokenizer --tokenizer qwen3/ corpora/zh-laws --json`
}

func (b *benchTokenizerCmd) Run(c *cliContext, k *kong.Context) error {
	if b.Tokenizer != "" {
		if err := refuseGiven(k, "is for a tokenizer that is trained, but --tokenizer names one that is there", "vocab-size"); err != nil {
			return err
		}
	}
	docs, bytes, err := b.read(c)
	if err != nil {
		return err
	}
	var tok *tokenizer.Tokenizer
	trainMBs := 0.0
	if b.Tokenizer != "" {
		tok, err = tokenizer.Load(b.Tokenizer)
	} else {
		start := time.Now()
		tok, err = tokenizer.Train(c.ctx, tokenizer.TrainConfig{VocabSize: b.VocabSize, Workers: b.Threads}, func(yield func([]byte, error) bool) {
			for d := range slices.Values(docs) {
				if !yield(d, nil) {
					return
				}
			}
		})
		trainMBs = float64(bytes) / 1e6 / time.Since(start).Seconds()
	}
	if err != nil {
		return err
	}
	r, err := tokenizer.Measure(c.ctx, tok, docs, b.Threads)
	if err != nil {
		return err
	}
	if b.JSON {
		return printJSON(c.stdout, struct {
			tokenizer.Benchmark
			TrainMBs  float64 `json:"train_mbs,omitempty"`
			VocabSize int     `json:"vocab_size"`
		}{r, trainMBs, tok.VocabSize()})
	}
	rows := []runlog.Row{
		{Name: "text", Value: fmt.Sprintf("%d documents, %s", r.Documents, runlog.Bytes(r.Bytes))},
		{Name: "tokens", Value: fmt.Sprintf("%s, %.2f bytes each, vocabulary %d", runlog.Count(float64(r.Tokens)), r.BytesToken, tok.VocabSize())},
		{Name: "encode", Value: fmt.Sprintf("%.1f MB/s on %d threads, %.1f on one", r.EncodeMBs, r.Workers, r.OneMBs)},
		{Name: "decode", Value: fmt.Sprintf("%.1f MB/s on one thread", r.DecodeMBs)},
	}
	if b.Tokenizer == "" {
		rows = append(rows, runlog.Row{Name: "train", Value: fmt.Sprintf("%.1f MB/s on %d threads", trainMBs, r.Workers)})
	}
	return runlog.RenderSummary(runlog.NewTerminal(c.stdout), "", []runlog.Section{{Rows: rows}})
}

// read returns the first documents of the text, up to the limit.
func (b *benchTokenizerCmd) read(c *cliContext) (docs [][]byte, bytes int64, err error) {
	if b.Limit < 1 {
		return nil, 0, fmt.Errorf("--limit %d: want at least 1 MB", b.Limit)
	}
	src := quickstart.Corpus{Inputs: b.Inputs}
	if len(b.Inputs) == 0 {
		if src, err = quickstart.CollectGoSources(c.ctx, ""); err != nil {
			return nil, 0, err
		}
	}
	corpus, err := read.Open(src.Inputs, src.Read)
	if err != nil {
		return nil, 0, err
	}
	for doc, err := range corpus.Documents(c.ctx) {
		if err != nil {
			return nil, 0, err
		}
		docs, bytes = append(docs, doc.Text), bytes+int64(len(doc.Text))
		if bytes >= b.Limit*1e6 {
			break
		}
	}
	return docs, bytes, nil
}
