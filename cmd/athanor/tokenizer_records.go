package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/athanor-lm/athanor/corpus/read"
	"github.com/athanor-lm/athanor/tokenizer"
)

// encodedRecord is what --jsonl prints for a document.
type encodedRecord struct {
	ID      string   `json:"id"`
	IDs     []uint32 `json:"ids"`
	Offsets [][2]int `json:"offsets,omitempty"` // bytes of the text [first, behind the last]
}

// A batch of records is encoded at once, so that memory is bounded whatever the input.
const (
	recordBatchBytes = 4 << 20
	recordBatchDocs  = 4096
)

// records encodes JSON Lines.
func (t *tokenizerEncodeCmd) records(c *cliContext, tok *tokenizer.Tokenizer) error {
	in, err := openInput(c, t.File, "encode")
	if err != nil {
		return err
	}
	defer in.Close()
	name := "standard input"
	if t.File != "" && t.File != "-" {
		name = t.File
	}
	bad := 0
	opts := read.Options{TextField: t.TextField, MaxRecord: t.mostRecord(), OnBad: func(b read.Bad) {
		bad++
		fmt.Fprintln(c.stderr, "set aside:", b)
	}}
	out := bufio.NewWriterSize(c.stdout, 1<<20)
	var docs []read.Document
	size := 0
	for d, err := range read.Records(in, name, opts) {
		if err == nil {
			err = c.ctx.Err()
		}
		if err != nil {
			return err
		}
		docs = append(docs, d)
		if size += len(d.Text); size < recordBatchBytes && len(docs) < recordBatchDocs {
			continue
		}
		if err := t.writeRecords(out, tok, docs); err != nil {
			return err
		}
		docs, size = docs[:0], 0
	}
	if err := t.writeRecords(out, tok, docs); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("%d records could not be encoded; the others were", bad)
	}
	return nil
}

// mostRecord is the largest record that is encoded; 0: as large as is read.
func (t *tokenizerEncodeCmd) mostRecord() int {
	if t.Offsets || t.samples() {
		return wholeMost
	}
	return 0
}

// writeRecords encodes documents on all workers and writes them in their order.
func (t *tokenizerEncodeCmd) writeRecords(w io.Writer, tok *tokenizer.Tokenizer, docs []read.Document) error {
	workers := t.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	lines, errs := make([][]byte, len(docs)), make([]error, len(docs))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(docs); i = int(next.Add(1)) - 1 {
				lines[i], errs[i] = t.record(tok, &docs[i])
			}
		})
	}
	wg.Wait()
	for i, line := range lines {
		if errs[i] != nil {
			return fmt.Errorf("record %s: %w", docs[i].ID, errs[i])
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

func (t *tokenizerEncodeCmd) record(tok *tokenizer.Tokenizer, d *read.Document) ([]byte, error) {
	r := encodedRecord{ID: d.ID}
	if t.Offsets || t.samples() {
		e, err := tok.EncodeFull(d.Text, nil, t.options())
		if err != nil {
			return nil, err
		}
		r.IDs = e.IDs
		if t.Offsets {
			r.Offsets = make([][2]int, len(e.Offsets))
			for k, o := range e.Offsets {
				r.Offsets[k] = [2]int{o.Lo, o.Hi}
			}
		}
	} else {
		var err error
		if r.IDs, err = tok.TryEncode([]uint32{}, d.Text, t.options()); err != nil {
			return nil, err
		}
	}
	return json.Marshal(r)
}
