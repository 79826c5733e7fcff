package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/athanor-lm/athanor/tokenizer"
)

type tokenizerEncodeCmd struct {
	Tokenizer string `arg:"" help:"tokenizer.json, or a directory that holds it (or vocab.json and merges.txt)."`
	File      string `arg:"" optional:"" help:"File to encode; standard input if left out."`
	Text      string `short:"t" help:"Encode this text instead of a file."`
	Special   bool   `short:"s" help:"Add the tokens the tokenizer's template puts around a text, such as BOS."`
	Plain     bool   `help:"Take special tokens in the text as plain text."`
	Show      bool   `help:"Print a line for each token: id, tab, its text in quotes."`
	Count     bool   `help:"Print only bytes, tokens, bytes a token and what is not UTF-8."`
}

// Help is shown by athanor tokenizer encode --help.
func (*tokenizerEncodeCmd) Help() string {
	return `Ids are printed on one line, separated by spaces.

Examples:
  athanor tokenizer encode tok --text "Hello, world" --show
  athanor tokenizer encode tok book.txt --count`
}

func (t *tokenizerEncodeCmd) Run(c *cliContext) error {
	if t.Text != "" && t.File != "" {
		return fmt.Errorf("both a file (%s) and --text are given, want one", t.File)
	}
	if t.Plain && t.Special {
		return errors.New("--plain and --special exclude each other")
	}
	tok, err := tokenizer.Load(t.Tokenizer)
	if err != nil {
		return err
	}
	text := []byte(t.Text)
	if t.Text == "" {
		if text, err = readInput(c, t.File); err != nil {
			return err
		}
	}
	var ids []uint32
	if t.Plain {
		ids = tok.AppendEncodePlain(nil, text)
	} else {
		ids = tok.AppendEncode(nil, text, t.Special)
	}
	st := tok.Check(text)
	if st.Unencodable > 0 {
		fmt.Fprintf(c.stderr, "athanor: %d bytes or characters have no token in this vocabulary\n", st.Unencodable)
	}
	if t.Count {
		_, err := fmt.Fprintf(c.stdout, "%d bytes, %d tokens, %.3f bytes a token, %d sequences that are not UTF-8\n",
			st.Bytes, len(ids), float64(st.Bytes)/float64(max(len(ids), 1)), st.InvalidUTF8)
		return err
	}
	return printIDs(c.stdout, tok, ids, t.Show)
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

type tokenizerDecodeCmd struct {
	Tokenizer   string   `arg:"" help:"tokenizer.json, or a directory that holds it (or vocab.json and merges.txt)."`
	IDs         []string `arg:"" optional:"" name:"ids" help:"Ids, separated by spaces or commas; read from standard input if left out."`
	SkipSpecial bool     `help:"Leave special tokens out."`
}

// Help is shown by athanor tokenizer decode --help.
func (*tokenizerDecodeCmd) Help() string {
	return `The text's bytes are written as they are, with nothing added.

Examples:
  athanor tokenizer decode tok 40 739 11
  athanor tokenizer encode tok book.txt | athanor tokenizer decode tok | cmp - book.txt`
}

func (t *tokenizerDecodeCmd) Run(c *cliContext) error {
	tok, err := tokenizer.Load(t.Tokenizer)
	if err != nil {
		return err
	}
	list := strings.Join(t.IDs, " ")
	if len(t.IDs) == 0 {
		data, err := readInput(c, "")
		if err != nil {
			return err
		}
		list = string(data)
	}
	ids, err := parseIDs(tok, list)
	if err != nil {
		return err
	}
	_, err = io.WriteString(c.stdout, tok.Decode(ids, t.SkipSpecial))
	return err
}

// parseIDs reads ids and refuses what the vocabulary does not have.
func parseIDs(tok *tokenizer.Tokenizer, list string) ([]uint32, error) {
	var ids []uint32
	for k, word := range strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(" ,\t\r\n[]", r) }) {
		n, err := strconv.ParseUint(word, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("id %d of the list is %q, want a whole number", k+1, word)
		}
		if _, ok := tok.Token(uint32(n)); !ok {
			return nil, fmt.Errorf("id %d of the list is %d, which the vocabulary of %d ids does not use", k+1, n, tok.VocabSize())
		}
		ids = append(ids, uint32(n))
	}
	return ids, nil
}

// readInput is a file's content, or standard input's where no file is named.
func readInput(c *cliContext, file string) ([]byte, error) {
	if file != "" && file != "-" {
		return os.ReadFile(file)
	}
	data, err := io.ReadAll(c.stdin)
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	return data, nil
}
