package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/athanor-lm/athanor/tokenizer"
)

type tokenizerDecodeCmd struct {
	Tokenizer   string   `arg:"" help:"Tokenizer: a file (tokenizer.json, .model, .tiktoken, vocab.txt) or a directory that holds one."`
	IDs         []string `arg:"" optional:"" name:"ids" help:"Ids, separated by spaces or commas; read from standard input if left out."`
	SkipSpecial bool     `help:"Leave special tokens out."`
	JSONL       bool     `name:"jsonl" help:"Standard input is JSON Lines with a field \"ids\"; print a line of JSON for each record: its id and the text."`
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
	if t.JSONL {
		if len(t.IDs) > 0 {
			return fmt.Errorf("--jsonl reads standard input, but ids are given (%s …): want one of them", t.IDs[0])
		}
		return t.records(c, tok)
	}
	list := strings.Join(t.IDs, " ")
	if len(t.IDs) == 0 {
		if list, err = readList(c); err != nil {
			return err
		}
	}
	ids, err := parseIDs(tok, list)
	if err != nil {
		return err
	}
	_, err = io.WriteString(c.stdout, tok.Decode(ids, t.SkipSpecial))
	return err
}

// records decodes JSON Lines, one record at a time.
func (t *tokenizerDecodeCmd) records(c *cliContext, tok *tokenizer.Tokenizer) error {
	input, err := openInput(c, "", "decode")
	if err != nil {
		return err
	}
	defer input.Close()
	in, out := json.NewDecoder(bufio.NewReaderSize(input, 1<<18)), bufio.NewWriterSize(c.stdout, 1<<18)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for n := 1; ; n++ {
		var r struct {
			ID  json.RawMessage `json:"id"`
			IDs []uint32        `json:"ids"`
		}
		err := in.Decode(&r)
		if err == io.EOF {
			return out.Flush()
		}
		if err == nil && r.IDs == nil {
			err = errors.New("no list \"ids\"")
		}
		if err == nil {
			err = checkIDs(tok, r.IDs)
		}
		if err == nil {
			err = lines.Encode(struct {
				ID   json.RawMessage `json:"id,omitempty"`
				Text string          `json:"text"`
			}{r.ID, tok.Decode(r.IDs, t.SkipSpecial)})
		}
		if err != nil {
			return fmt.Errorf("record %d of standard input: %w", n, err)
		}
	}
}

func checkIDs(tok *tokenizer.Tokenizer, ids []uint32) error {
	for k, id := range ids {
		if _, ok := tok.Token(id); !ok {
			return fmt.Errorf("id %d of the list is %d, which the vocabulary of %d ids does not use", k+1, id, tok.VocabSize())
		}
	}
	return nil
}

// parseIDs reads ids and refuses what the vocabulary does not have.
func parseIDs(tok *tokenizer.Tokenizer, list string) ([]uint32, error) {
	var ids []uint32
	for k, word := range strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(" ,\t\r\n[]", r) }) {
		n, err := strconv.ParseUint(word, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("id %d of the list is %q, want a whole number", k+1, word)
		}
		ids = append(ids, uint32(n))
	}
	return ids, checkIDs(tok, ids)
}

// listMost bounds a list of ids, which takes several times as much in memory.
const listMost = 256 << 20

// readList reads ids from standard input.
func readList(c *cliContext) (string, error) {
	data, err := io.ReadAll(io.LimitReader(c.stdin, listMost+1))
	if err != nil {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	if len(data) > listMost {
		return "", fmt.Errorf("standard input has more than %d bytes of ids; --jsonl decodes any number of shorter texts", listMost)
	}
	return string(data), nil
}
