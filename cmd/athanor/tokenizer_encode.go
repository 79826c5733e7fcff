package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tokenizer"
)

type tokenizerEncodeCmd struct {
	Tokenizer string `arg:"" help:"Tokenizer: a file (tokenizer.json, .model, .tiktoken, vocab.txt) or a directory that holds one."`
	File      string `arg:"" optional:"" help:"File to encode; standard input if left out."`
	Text      string `short:"t" help:"Encode this text instead of a file."`
	Special   bool   `short:"s" help:"Add the tokens the tokenizer's template puts around a text, such as BOS."`
	Plain     bool   `help:"Take special tokens in the text as plain text."`

	Show    bool `xor:"form" help:"Print a line for each token: id, tab, its text in quotes."`
	Offsets bool `help:"Print with each token the bytes of the text it stands for: a line a token, or a field of --jsonl."`
	Count   bool `xor:"form" help:"Print only bytes, tokens, bytes a token and what is not UTF-8."`
	Color   bool `short:"c" xor:"form" help:"Show the text as it is cut, each token on a ground of its own; without colours between bars."`

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

func (t *tokenizerEncodeCmd) Run(c *cliContext) error {
	switch {
	case t.Text != "" && t.File != "":
		return fmt.Errorf("both a file (%s) and --text are given, want one", t.File)
	case t.Text != "" && t.JSONL:
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
	text := []byte(t.Text)
	if t.Text == "" {
		if text, err = readInput(c, t.File); err != nil {
			return err
		}
	}
	if st := tok.Check(text); st.Unencodable > 0 && !t.Color {
		fmt.Fprintf(c.stderr, "athanor: %d bytes or characters have no token in this vocabulary\n", st.Unencodable)
	}
	if t.Offsets || t.Color {
		e, err := tok.EncodeFull(text, nil, t.options())
		if err != nil {
			return err
		}
		if t.Color {
			return showTokens(c.stdout, runlog.NewTerminal(c.stdout), tok, text, &e)
		}
		return printOffsets(c.stdout, tok, &e)
	}
	ids := t.encode(tok, text)
	if t.Count {
		st := tok.Check(text)
		_, err := fmt.Fprintf(c.stdout, "%d bytes, %d tokens, %.3f bytes a token, %d sequences that are not UTF-8\n",
			st.Bytes, len(ids), float64(st.Bytes)/float64(max(len(ids), 1)), st.InvalidUTF8)
		return err
	}
	return printIDs(c.stdout, tok, ids, t.Show)
}

func (t *tokenizerEncodeCmd) options() tokenizer.EncodeOptions {
	return tokenizer.EncodeOptions{AddSpecial: t.Special, Plain: t.Plain}
}

func (t *tokenizerEncodeCmd) encode(tok *tokenizer.Tokenizer, text []byte) []uint32 {
	if t.Plain {
		return tok.AppendEncodePlain(nil, text)
	}
	return tok.AppendEncode(nil, text, t.Special)
}

func printIDs(out io.Writer, tok *tokenizer.Tokenizer, ids []uint32, show bool) error {
	w := bufio.NewWriter(out)
	for k, id := range ids {
		if show {
			b, _ := tok.TokenBytes(id)
			fmt.Fprintf(w, "%d\t%q\n", id, b)
			continue
		}
		if k > 0 {
			w.WriteByte(' ')
		}
		w.WriteString(strconv.FormatUint(uint64(id), 10))
	}
	if !show {
		w.WriteByte('\n')
	}
	return w.Flush()
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
