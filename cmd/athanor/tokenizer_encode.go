package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tokenizer"
)

type tokenizerEncodeCmd struct {
	Tokenizer string  `arg:"" help:"Tokenizer: a file (tokenizer.json, .model, .tiktoken, vocab.txt) or a directory that holds one."`
	File      string  `arg:"" optional:"" help:"File to encode, also as .gz, .zst, .bz2 or .xz; standard input if left out."`
	Text      *string `short:"t" help:"Encode this text instead of a file."`
	Special   bool    `short:"s" help:"Add the tokens the tokenizer's template puts around a text, such as BOS."`
	Plain     bool    `help:"Take special tokens in the text as plain text."`

	Show    bool `xor:"form" help:"Print a line for each token: id, tab, its text in quotes."`
	Offsets bool `help:"Print with each token the bytes of the text it stands for: a line a token, or a field of --jsonl."`
	Count   bool `xor:"form" help:"Print only bytes, tokens, bytes a token and what is not UTF-8."`
	Color   bool `short:"c" xor:"form" help:"Show the text as it is cut, each token on a ground of its own; without colours between bars."`

	Dropout float64 `placeholder:"P" help:"Leave each BPE merge out with this probability: one of the other ways to cut the text."`
	Alpha   float64 `placeholder:"A" help:"Unigram models: cut the text at random, ways with probabilities in proportion to exp(A · score)."`
	NBest   int     `name:"nbest" placeholder:"N" help:"Unigram models: choose with --alpha among the N best ways; 0 = among all."`
	Seed    uint64  `help:"Seed of --dropout and --alpha; with the same one a text is cut in the same way."`

	JSONL     bool   `name:"jsonl" xor:"form" help:"The input is JSON Lines; print a line of JSON for each record: its id and the ids."`
	TextField string `default:"text" placeholder:"NAME" help:"JSON field that holds the text."`
	Workers   int    `help:"Goroutines for --jsonl; 0 = one a CPU. The output is the same for any number."`
}

// Help is shown by athanor tokenizer encode --help.
func (*tokenizerEncodeCmd) Help() string {
	return `Ids are printed on one line, separated by spaces.

Examples:
  athanor tokenizer encode tok --text "Hello, world" --color
  zstd -dc web.jsonl.zst | athanor tokenizer encode tok --jsonl --offsets > ids.jsonl`
}

func (t *tokenizerEncodeCmd) Run(c *cliContext, k *kong.Context) error {
	if !t.JSONL {
		if err := refuseGiven(k, "goes with --jsonl", "workers", "text-field"); err != nil {
			return err
		}
	}
	if !t.samples() {
		if err := refuseGiven(k, "goes with --dropout, --alpha or --nbest", "seed"); err != nil {
			return err
		}
	}
	switch {
	case t.Text != nil && t.File != "":
		return fmt.Errorf("both a file (%s) and --text are given, want one", t.File)
	case t.Text != nil && t.JSONL:
		return errors.New("--text is one text, --jsonl reads records: want one of them")
	case t.Plain && t.Special:
		return errors.New("--plain and --special exclude each other")
	case t.Offsets && (t.Count || t.Color):
		return errors.New("--offsets goes with --show and --jsonl alone")
	}
	tok, err := tokenizer.Load(t.Tokenizer)
	if err != nil {
		return err
	}
	if t.JSONL {
		return t.records(c, tok)
	}
	if t.Offsets || t.Color || t.samples() {
		return t.whole(c, tok)
	}
	return t.stream(c, tok)
}

// wholeMost bounds a text that is held in memory with its offsets, which take up to a hundred times as much.
const wholeMost = 32 << 20

// whole encodes a text that is held in memory.
func (t *tokenizerEncodeCmd) whole(c *cliContext, tok *tokenizer.Tokenizer) error {
	in, err := t.input(c)
	if err != nil {
		return err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, wholeMost+1))
	if err != nil {
		return fmt.Errorf("read the input: %w", err)
	}
	if len(text) > wholeMost {
		return fmt.Errorf("the text has more than %d bytes: too much to show offsets or colours, or to cut at random, in one piece", wholeMost)
	}
	e, err := tok.EncodeFull(text, nil, t.options())
	if err != nil {
		return err
	}
	if t.Color {
		return showTokens(c.stdout, runlog.NewTerminal(c.stdout), tok, text, &e)
	}
	if t.Offsets {
		return printOffsets(c.stdout, tok, &e)
	}
	w := t.writer(c.stdout, tok)
	w.write(e.IDs)
	return w.close(tok.Check(text))
}

// input is where the text comes from.
func (t *tokenizerEncodeCmd) input(c *cliContext) (io.ReadCloser, error) {
	if t.Text != nil {
		return io.NopCloser(strings.NewReader(*t.Text)), nil
	}
	return openInput(c, t.File, "encode")
}

// stream encodes a text of any length in bounded memory.
func (t *tokenizerEncodeCmd) stream(c *cliContext, tok *tokenizer.Tokenizer) error {
	in, err := t.input(c)
	if err != nil {
		return err
	}
	defer in.Close()
	watch := newTextWatch(tok, in)
	enc := tok.NewStreamEncoder(watch, t.Special)
	if t.Plain {
		enc = tok.NewPlainStreamEncoder(watch)
	}
	w := t.writer(c.stdout, tok)
	var ids []uint32
	for {
		var err error
		ids, err = enc.Next(ids[:0])
		if err == io.EOF {
			break
		}
		if err == nil {
			err = c.ctx.Err()
		}
		if err != nil {
			return err
		}
		w.write(ids)
	}
	st := watch.stats()
	if st.Unencodable > 0 {
		fmt.Fprintf(c.stderr, "athanor: %d bytes or characters have no token in this vocabulary\n", st.Unencodable)
	}
	return w.close(st)
}

func (t *tokenizerEncodeCmd) options() tokenizer.EncodeOptions {
	o := tokenizer.EncodeOptions{AddSpecial: t.Special, Plain: t.Plain}
	if t.samples() {
		o.Sampling = &tokenizer.Sampling{Dropout: t.Dropout, Alpha: t.Alpha, NBest: t.NBest, Seed: t.Seed}
	}
	return o
}

// samples tells whether the text is cut at random.
func (t *tokenizerEncodeCmd) samples() bool { return t.Dropout != 0 || t.Alpha != 0 || t.NBest != 0 }

// idWriter prints ids in one of the forms, as they come.
type idWriter struct {
	w           *bufio.Writer
	tok         *tokenizer.Tokenizer
	show, count bool
	n           int64
}

func (t *tokenizerEncodeCmd) writer(out io.Writer, tok *tokenizer.Tokenizer) *idWriter {
	return &idWriter{w: bufio.NewWriterSize(out, 1<<16), tok: tok, show: t.Show, count: t.Count}
}

func (w *idWriter) write(ids []uint32) {
	for _, id := range ids {
		switch {
		case w.count:
		case w.show:
			b, _ := w.tok.TokenBytes(id)
			fmt.Fprintf(w.w, "%d\t%q\n", id, b)
		default:
			if w.n > 0 {
				w.w.WriteByte(' ')
			}
			w.w.Write(strconv.AppendUint(w.w.AvailableBuffer(), uint64(id), 10))
		}
		w.n++
	}
}

// close ends the output.
func (w *idWriter) close(st tokenizer.TextStats) error {
	switch {
	case w.count:
		fmt.Fprintf(w.w, "%d bytes, %d tokens, %.3f bytes a token, %d sequences that are not UTF-8\n",
			st.Bytes, w.n, float64(st.Bytes)/float64(max(w.n, 1)), st.InvalidUTF8)
	case !w.show:
		w.w.WriteByte('\n')
	}
	return w.w.Flush()
}

// printOffsets prints a line a token: id, first byte, the byte behind the last, its text.
func printOffsets(out io.Writer, tok *tokenizer.Tokenizer, e *tokenizer.Encoding) error {
	w := bufio.NewWriter(out)
	for k, id := range e.IDs {
		b, _ := tok.TokenBytes(id)
		fmt.Fprintf(w, "%d\t%d\t%d\t%q\n", id, e.Offsets[k].Lo, e.Offsets[k].Hi, b)
	}
	return w.Flush()
}
