package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	"github.com/athanor-lm/athanor/corpus/ngram"
	"github.com/athanor-lm/athanor/corpus/read"
	"github.com/athanor-lm/athanor/tokenizer"
)

type corpusPerplexityCmd struct {
	Train   corpusPerplexityTrainCmd   `cmd:"" help:"Train an n-gram model on clean text."`
	Score   corpusPerplexityScoreCmd   `cmd:"" help:"Print the perplexity and the bucket of documents."`
	Buckets corpusPerplexityBucketsCmd `cmd:"" help:"Set a model's head, middle and tail by thirds of a sample."`
}

// Help is shown by athanor corpus perplexity --help.
func (*corpusPerplexityCmd) Help() string {
	return `Examples:
  athanor corpus perplexity train wiki-zh/ --unit character -o zh.ngram
  athanor corpus perplexity score zh.ngram web.jsonl.zst > scores.jsonl`
}

// ngramInputs are documents for an n-gram model.
type ngramInputs struct {
	Inputs []string `arg:"" help:"Files, directories and globs."`
	readFlags
}

func (in *ngramInputs) open(stderr io.Writer) (*read.Corpus, error) {
	o := in.options()
	o.OnBad = func(b read.Bad) { fmt.Fprintf(stderr, "left out: %s\n", b) }
	return read.Open(in.Inputs, o)
}

func (in *ngramInputs) documents(ctx context.Context, stderr io.Writer) (iter.Seq2[ngram.Document, error], error) {
	c, err := in.open(stderr)
	if err != nil {
		return nil, err
	}
	return func(yield func(ngram.Document, error) bool) {
		for d, err := range c.Documents(ctx) {
			if !yield(ngram.Document{Text: string(d.Text), Lang: d.Lang}, err) {
				return
			}
		}
	}, nil
}

type corpusPerplexityTrainCmd struct {
	ngramInputs
	Out       string   `short:"o" required:"" placeholder:"FILE" help:"File for the model."`
	Order     int      `default:"5" help:"Of the longest n-grams, 2..5."`
	Tokenizer string   `short:"t" placeholder:"DIR" help:"Tokenizer whose tokens are counted."`
	Unit      string   `enum:",character,word" default:"" help:"Count characters or words instead of tokens."`
	Fold      bool     `help:"Lower-case letters and make all digits 0 first."`
	Prune     []int    `placeholder:"N,…" help:"Leave out n-grams that occur at most N times: of pairs, of triples, …; the last counts for longer ones too."`
	HeldOut   float64  `default:"0.01" help:"Share of documents that are measured instead of trained on, and set the buckets."`
	Memory    byteSize `default:"1GB" placeholder:"SIZE" help:"Memory for sorting, ${default}; the model comes beside."`
	Temp      string   `placeholder:"DIR" help:"Where what does not fit goes; the system's place for temporary files by default."`
	Workers   int      `default:"1" help:"Goroutines that sort. The model does not depend on it."`
	JSON      bool     `name:"json" help:"Print the figures as JSON."`
}

// Help is shown by athanor corpus perplexity train --help.
func (*corpusPerplexityTrainCmd) Help() string {
	return `Interpolated modified Kneser-Ney smoothing, as KenLM estimates it. The same documents in the same order give the same file.

Examples:
  athanor corpus perplexity train wiki-en/ --tokenizer tok-en -o en.ngram
  athanor corpus perplexity train wiki-zh/ --unit character --prune 0,0,1 -o zh.ngram`
}

func (t *corpusPerplexityTrainCmd) Run(c *cliContext) error {
	cfg := ngram.DefaultConfig()
	cfg.Order, cfg.Fold, cfg.Prune, cfg.HeldOut = t.Order, t.Fold, t.Prune, t.HeldOut
	cfg.Memory, cfg.Workers = int64(t.Memory), t.Workers
	if t.Unit != "" {
		cfg.Unit = t.Unit
	}
	if t.Temp != "" {
		cfg.Dir = t.Temp
	}
	if (t.Unit == "") == (t.Tokenizer == "") {
		return fmt.Errorf("what is counted? Give --tokenizer, or --unit character or word")
	}
	if t.Tokenizer != "" {
		tok, err := tokenizer.Load(t.Tokenizer)
		if err != nil {
			return err
		}
		cfg.Tokenizer = tok
	}
	last := ""
	cfg.Progress = func(phase string, documents int64) {
		if phase != last {
			fmt.Fprintf(c.stderr, "%s, %d documents\n", phase, documents)
			last = phase
		}
	}
	if err := mayMakeFile(t.Out); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	documents, err := t.documents(c.ctx, c.stderr)
	if err != nil {
		return err
	}
	m, err := ngram.Train(c.ctx, cfg, documents)
	if err != nil {
		return err
	}
	if err := m.Save(t.Out); err != nil {
		return err
	}
	if t.JSON {
		return printJSON(c.stdout, m.Info())
	}
	return printModel(c.stdout, t.Out, m.Info())
}

// printModel describes an n-gram model.
func printModel(w io.Writer, path string, m ngram.Info) error {
	fmt.Fprintf(w, "%s: %d %ss of %d documents, %d different\n", path, m.Words, m.Unit, m.Documents, m.Vocab)
	var grams table
	grams.add("order", "n-grams", "D1", "D2", "D3+")
	for i, d := range m.Discounts {
		n := uint64(m.Vocab)
		if i > 0 {
			n = m.Grams[i-1]
		}
		grams.add(fmt.Sprint(i+1), fmt.Sprint(n), fmt.Sprintf("%.4f", d[0]), fmt.Sprintf("%.4f", d[1]), fmt.Sprintf("%.4f", d[2]))
	}
	if err := grams.write(w, "  "); err != nil {
		return err
	}
	if m.Fallback {
		fmt.Fprintln(w, "some discounts are not the text's own: it is small, or artificial")
	}
	if m.HeldOut != nil {
		fmt.Fprintf(w, "perplexity held out: %.2f\n", m.HeldOut.Perplexity())
	}
	return printBuckets(w, m.Buckets)
}

func printBuckets(w io.Writer, buckets map[string][2]float64) error {
	var t table
	for _, lang := range slices.Sorted(maps.Keys(buckets)) {
		if t.rows == nil {
			t.add("bucket of", "head up to", "middle up to")
		}
		name := lang
		if name == "" {
			name = "all"
		}
		t.add(name, fmt.Sprintf("%.1f", buckets[lang][0]), fmt.Sprintf("%.1f", buckets[lang][1]))
	}
	return t.write(w, "")
}

// openNgram loads a model with its tokenizer.
func openNgram(path, tok string) (*ngram.Model, *ngram.Scorer, error) {
	m, err := ngram.Load(path)
	if err != nil {
		return nil, nil, err
	}
	var t *tokenizer.Tokenizer
	if tok != "" {
		if t, err = tokenizer.Load(tok); err != nil {
			return nil, nil, err
		}
	}
	s, err := m.NewScorer(t)
	return m, s, err
}

type corpusPerplexityScoreCmd struct {
	Model     string `arg:"" help:"File of corpus perplexity train."`
	Tokenizer string `short:"t" placeholder:"DIR" help:"Tokenizer the model was trained with."`
	ngramInputs
}

// Help is shown by athanor corpus perplexity score --help.
func (*corpusPerplexityScoreCmd) Help() string {
	return `Prints a line of JSON a document: {"id": …, "lang": …, "perplexity": …, "bucket": …, "words": …, "unknown": …}, and the sum at the end on
standard error. A document without words has no perplexity.

Examples:
  athanor corpus perplexity score zh.ngram web.jsonl.zst > scores.jsonl
  athanor corpus perplexity score en.ngram --tokenizer tok-en web/ | jq -r 'select(.bucket == "tail").id'`
}

func (s *corpusPerplexityScoreCmd) Run(c *cliContext) error {
	m, scorer, err := openNgram(s.Model, s.Tokenizer)
	if err != nil {
		return err
	}
	docs, err := s.open(c.stderr)
	if err != nil {
		return err
	}
	type line struct {
		ID         string  `json:"id"`
		Lang       string  `json:"lang,omitempty"`
		Perplexity float64 `json:"perplexity,omitempty"` // 1 and more
		Bucket     string  `json:"bucket,omitempty"`
		Words      int64   `json:"words"`
		Unknown    int64   `json:"unknown"`
	}
	out := bufio.NewWriter(c.stdout)
	enc := json.NewEncoder(out)
	var sum ngram.Score
	counts := map[string]int{}
	for d, err := range docs.Documents(c.ctx) {
		if err != nil {
			return err
		}
		score := scorer.Score(string(d.Text))
		l := line{ID: d.ID, Lang: d.Lang, Words: score.Words, Unknown: score.Unknown}
		if score.Words > 0 {
			l.Perplexity = score.Perplexity()
			l.Bucket = m.Bucket(d.Lang, l.Perplexity)
			counts[l.Bucket]++
		}
		if err := enc.Encode(l); err != nil {
			return err
		}
		sum = ngram.Score{Log: sum.Log + score.Log, Words: sum.Words + score.Words, Unknown: sum.Unknown + score.Unknown}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(c.stderr, "perplexity %.2f of %d words, %d of them unknown\n", sum.Perplexity(), sum.Words, sum.Unknown)
	for _, b := range []string{ngram.Head, ngram.Middle, ngram.Tail} {
		if len(m.Buckets()) > 0 {
			fmt.Fprintf(c.stderr, "%s %d documents\n", b, counts[b])
		}
	}
	return nil
}

type corpusPerplexityBucketsCmd struct {
	Model     string `arg:"" help:"File of corpus perplexity train; it is written anew."`
	Tokenizer string `short:"t" placeholder:"DIR" help:"Tokenizer the model was trained with."`
	ngramInputs
	Most int `default:"100000" help:"Documents to take at most, from the beginning."`
}

// Help is shown by athanor corpus perplexity buckets --help.
func (*corpusPerplexityBucketsCmd) Help() string {
	return `The sample is what is to be filtered, not what the model was trained on: a third of it becomes head, a third middle, a third tail, by
language.

Examples:
  athanor corpus perplexity buckets zh.ngram web-zh.jsonl.zst
  athanor corpus perplexity buckets en.ngram --tokenizer tok-en web/`
}

func (b *corpusPerplexityBucketsCmd) Run(c *cliContext) error {
	m, scorer, err := openNgram(b.Model, b.Tokenizer)
	if err != nil {
		return err
	}
	documents, err := b.documents(c.ctx, c.stderr)
	if err != nil {
		return err
	}
	var sample []ngram.Document
	for d, err := range documents {
		if err != nil {
			return err
		}
		if sample = append(sample, d); len(sample) == b.Most {
			break
		}
	}
	if n := m.SetBuckets(scorer, sample); n < 3 {
		return fmt.Errorf("the sample has %d documents with words, want at least 3: %s stays as it is", n, b.Model)
	}
	if err := m.Save(b.Model); err != nil {
		return err
	}
	return printBuckets(c.stdout, m.Buckets())
}
