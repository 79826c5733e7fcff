package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus/read"
	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tokenizer"
)

type tokenizerCompareCmd struct {
	Tokenizers []string `arg:"" help:"Tokenizers to compare, each a file (tokenizer.json, .model, .tiktoken, vocab.txt) or a directory that holds one, or NAME=PATH."`
	Text       []string `short:"t" required:"" sep:"none" placeholder:"PATH" help:"A text: file, directory or glob, or NAME=PATH. May be repeated."`
	Limit      int64    `default:"16" placeholder:"MB" help:"Take so many MB from the beginning of each text."`
	NoSpeed    bool     `help:"Leave the timing out."`
	Threads    int      `default:"0" help:"Threads, 0 = all."`
	Chart      string   `placeholder:"FILE.svg" help:"Draw bytes a token, the bars grouped by text."`
	readFlags
	JSON bool `name:"json" help:"Print as JSON."`
}

// Help is shown by athanor tokenizer compare --help.
func (*tokenizerCompareCmd) Help() string {
	return `Encodes each text with each tokenizer, special tokens in it as text, and decodes it again. Shown are

  bytes/token, chars/token   how much text a token holds: the more, the shorter the sequences
  tokens/word                fertility. A word is a run of letters, marks and digits; 1.6 Chinese characters count as a
                             word too, the mean of the corpora of the second Chinese word segmentation bakeoff (2005)
  tokens/char                tokens a Chinese character, where most letters are Chinese
  in pieces                  share of tokens that hold a part of a character or stand for a single byte of one
  unknown                    share of unknown-tokens
  lost                       documents that decoding does not give back byte for byte, with the first of them below
  MB/s                       encoding speed, caches cold

Examples:
  athanor tokenizer compare tok qwen3/ cl100k_base.tiktoken --text zh=corpora/zh-laws --text en=corpora/en-books
  athanor tokenizer compare small=tok-8k large=tok-32k --text book.txt --chart tokens.svg --json`
}

func (t *tokenizerCompareCmd) Run(c *cliContext) error {
	if t.Limit < 1 {
		return fmt.Errorf("--limit %d: want at least 1 MB", t.Limit)
	}
	if t.Chart != "" {
		if filepath.Ext(t.Chart) != ".svg" {
			return fmt.Errorf("--chart %s: the chart is an SVG, want a name that ends with .svg", t.Chart)
		}
		if err := mayMakeFile(t.Chart); err != nil {
			return fmt.Errorf("--chart: %w", err)
		}
	}
	var contenders []tokenizer.Contender
	for _, arg := range t.Tokenizers {
		name, path := named(arg)
		tok, err := tokenizer.Load(path)
		if err != nil {
			return err
		}
		contenders = append(contenders, tokenizer.Contender{Name: name, Tokenizer: tok})
	}
	var samples []tokenizer.Sample
	for _, arg := range t.Text {
		name, path := named(arg)
		docs, err := t.read(c, path)
		if err != nil {
			return err
		}
		samples = append(samples, tokenizer.Sample{Name: name, Docs: docs})
	}
	progress := runlog.NewProgress(runlog.ProgressOptions{Terminal: runlog.NewTerminal(c.stderr), Label: "compare", Total: int64(len(contenders) * len(samples))})
	cmp, err := tokenizer.Compare(c.ctx, contenders, samples, tokenizer.CompareOptions{Workers: t.Threads, NoSpeed: t.NoSpeed, Progress: func(done, total int) {
		progress.Update(int64(done), samples[done/len(contenders)].Name+": "+contenders[done%len(contenders)].Name)
	}})
	if err != nil {
		return err
	}
	if t.Chart != "" {
		if err := writeChart(t.Chart, cmp); err != nil {
			return err
		}
	}
	if t.JSON {
		return printJSON(c.stdout, cmp)
	}
	return printComparison(c.stdout, cmp)
}

// named cuts NAME=PATH; a path alone is named for its last part.
func named(arg string) (name, path string) {
	if _, err := os.Stat(arg); err != nil {
		if name, path, ok := strings.Cut(arg, "="); ok && name != "" {
			return name, path
		}
	}
	base := filepath.Base(filepath.Clean(arg))
	if base == "tokenizer.json" || base == "tokenizer.model" || base == "vocab.txt" {
		base = filepath.Base(filepath.Dir(filepath.Clean(arg)))
	}
	return base, arg
}

// read returns the first documents of a text, up to the limit; the last one may be cut.
func (t *tokenizerCompareCmd) read(c *cliContext, path string) (docs [][]byte, err error) {
	corpus, err := read.Open([]string{path}, t.readFlags.options())
	if err != nil {
		return nil, err
	}
	room := t.Limit * 1e6
	for doc, err := range corpus.Documents(c.ctx) {
		if err != nil {
			return nil, err
		}
		text := doc.Text
		if int64(len(text)) > room {
			text = text[:room]
			for len(text) > 0 && !utf8.RuneStart(doc.Text[len(text)]) {
				text = text[:len(text)-1]
			}
		}
		docs = append(docs, text)
		if room -= int64(len(text)); room <= 0 || len(text) < len(doc.Text) {
			break
		}
	}
	if len(docs) == 0 {
		return nil, fmt.Errorf("%s holds no text", path)
	}
	return docs, nil
}

// printComparison prints a table a text and, where there are several, one of all of them side by side.
func printComparison(w io.Writer, c *tokenizer.Comparison) error {
	for i := range c.Texts {
		s := &c.Texts[i]
		fmt.Fprintf(w, "%s: %d documents, %s, %s characters, %s words\n", s.Name, s.Documents, runlog.Bytes(s.Bytes), runlog.Count(float64(s.Characters)), runlog.Count(s.Words))
		if err := textTable(c, i).write(w, "  "); err != nil {
			return err
		}
		for k := range c.Tokenizers {
			if r := c.Result(k, i); r.FirstFailure != nil {
				fmt.Fprintf(w, "  %s loses text in %d of %d documents; first: %s\n", r.Tokenizer, r.RoundTripFailures, s.Documents, r.FirstFailure)
			}
		}
		fmt.Fprintln(w)
	}
	if len(c.Texts) < 2 {
		return nil
	}
	fmt.Fprintln(w, "bytes/token, side by side")
	return sideBySide(c).write(w, "  ")
}

func textTable(c *tokenizer.Comparison, text int) *table {
	t := &table{}
	chinese, timed := c.Texts[text].Chinese(), c.Results[0].OneMBs > 0
	head := []string{"tokenizer", "vocabulary", "tokens", "bytes/token", "chars/token", "tokens/word"}
	if chinese {
		head = append(head, "tokens/char")
	}
	head = append(head, "in pieces", "unknown", "lost")
	if timed {
		head = append(head, "MB/s, 1 thread", fmt.Sprintf("%d threads", c.Workers))
	}
	t.add(head...)
	for k := range c.Tokenizers {
		r := c.Result(k, text)
		row := []string{r.Tokenizer, strconv.Itoa(r.VocabSize), runlog.Count(float64(r.Tokens)), fixed(r.BytesPerToken), fixed(r.CharactersPerToken), fixed(r.TokensPerWord)}
		if chinese {
			row = append(row, fixed(r.TokensPerHan))
		}
		row = append(row, runlog.Percent(r.PartShare), runlog.Percent(r.UnknownShare), strconv.Itoa(r.RoundTripFailures))
		if timed {
			row = append(row, fmt.Sprintf("%.1f", r.OneMBs), fmt.Sprintf("%.1f", r.AllMBs))
		}
		t.add(row...)
	}
	return t
}

func sideBySide(c *tokenizer.Comparison) *table {
	t := &table{}
	head := []string{"tokenizer"}
	for i := range c.Texts {
		head = append(head, c.Texts[i].Name)
	}
	t.add(head...)
	for k, name := range c.Tokenizers {
		row := []string{name}
		for i := range c.Texts {
			row = append(row, fixed(c.Result(k, i).BytesPerToken))
		}
		t.add(row...)
	}
	return t
}

func fixed(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

// writeChart draws bytes a token.
func writeChart(path string, c *tokenizer.Comparison) error {
	g := runlog.GroupedBars{Title: "Text a token holds", YLabel: "bytes a token", Format: "%.2f"}
	for i := range c.Texts {
		g.Groups = append(g.Groups, c.Texts[i].Name)
	}
	for k, name := range c.Tokenizers {
		s := runlog.BarSeries{Name: fmt.Sprintf("%s (%d)", name, c.Result(k, 0).VocabSize)}
		for i := range c.Texts {
			s.Values = append(s.Values, c.Result(k, i).BytesPerToken)
		}
		g.Series = append(g.Series, s)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := g.WriteSVG(f); err != nil {
		return err
	}
	return f.Close()
}
