package pipeline

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/athanor-lm/athanor/corpus"
)

// The documents of a task lie in a file of stage 0. The file of a later stage says what is left of those of the stage before, and what is
// different: most texts pass all further steps as they are. An item of its blocks is the number of documents passed over since the one
// before (of a block's first: since the beginning) as a varint and what follows:
const (
	sameDocument = iota // nothing
	otherRest           // the document without its text
	otherText           // the document
	changeKinds
)

// origin is what a document was behind the stage before.
type origin struct {
	at   int64 // its number there, within the task
	text string
	rest []byte // see appendRest
}

// changes lays out the items of a block.
type changes struct {
	rest []byte
	next int64 // number behind that of the document before
}

// begin begins a block.
func (c *changes) begin() { c.next = 0 }

// append appends an item for a document that came from o.
func (c *changes) append(dst []byte, d *corpus.Document, o *origin) []byte {
	dst = binary.AppendUvarint(dst, uint64(o.at-c.next))
	c.next = o.at + 1
	if changed(o.text, d.Text()) {
		return appendDocument(append(dst, otherText), d)
	}
	if c.rest = appendRest(c.rest[:0], d); bytes.Equal(c.rest, o.rest) {
		return append(dst, sameDocument)
	}
	return append(append(dst, otherRest), c.rest...)
}

// changedReader reads the documents behind a later stage than 0.
type changedReader struct {
	source        // the stage before
	taken   int64 // of source
	changes *documentReader
	behind  int64 // number behind that of the block's document before
	items   int64
}

func openChanged(before source, path string) (source, error) {
	changes, err := openDocuments(path)
	if err != nil {
		return nil, errors.Join(err, before.Close())
	}
	return &changedReader{source: before, changes: changes}, nil
}

// next returns the next document or io.EOF.
func (r *changedReader) next() (*corpus.Document, origin, error) {
	first, err := r.changes.advance()
	if err != nil {
		return nil, origin{}, err
	}
	if first {
		r.behind = 0
	}
	f := &r.changes.fields
	passed, kind := f.uint(), f.byte()
	at := r.behind + int64(passed)
	if f.bad || kind >= changeKinds || at < r.taken {
		return nil, origin{}, r.failed(errDocument)
	}
	r.behind = at + 1
	d, o, err := r.goTo(at)
	if err != nil {
		return nil, origin{}, err
	}
	switch kind {
	case otherRest:
		d, o.rest, err = f.rest(o.text)
	case otherText:
		d, o, err = f.document()
	}
	if err != nil {
		return nil, origin{}, r.failed(err)
	}
	o.at = r.items
	r.items++
	return d, o, nil
}

// goTo returns a document of the stage before.
func (r *changedReader) goTo(at int64) (d *corpus.Document, o origin, err error) {
	for ; r.taken <= at; r.taken++ {
		if d, o, err = r.source.next(); err == io.EOF {
			return nil, origin{}, r.failed(fmt.Errorf("it names document %d, and there are %d", at, r.taken))
		}
		if err != nil {
			return nil, origin{}, err
		}
	}
	return d, o, nil
}

func (r *changedReader) failed(err error) error {
	return fmt.Errorf("read %s: %w; remove it and run again", r.changes.blocks.file, err)
}

// Close closes the files of all stages.
func (r *changedReader) Close() error { return errors.Join(r.source.Close(), r.changes.Close()) }
