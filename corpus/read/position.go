package read

import (
	"bytes"
	"context"
	"fmt"
	"iter"
)

// Position is a place between two records of a corpus. The zero value is its beginning. A position is of use as long as
// the files are what they were.
type Position struct {
	File    int   `json:"file"`    // index in Corpus.Files
	Records int64 `json:"records"` // of that file before the place, with those set aside and those without text
	Stats   Stats `json:"stats"`   // of everything before the place
}

// Position returns the place behind the record that was yielded or set aside last. It may be called from the goroutine
// that iterates.
func (c *Corpus) Position() Position {
	return Position{File: max(c.at, 0), Records: c.records, Stats: c.stats.clone()}
}

// SizeBefore returns the size on disk of the files before the one of a place.
func (c *Corpus) SizeBefore(p Position) (n int64) {
	for _, f := range c.files[:min(p.File, len(c.files))] {
		n += f.Size
	}
	return n
}

// DocumentsFrom is Documents from a place on: it yields what Documents would yield behind that place, and the counts
// become the same. What lies before the place in a file is passed over, in JSON Lines without parsing it.
func (c *Corpus) DocumentsFrom(ctx context.Context, from Position) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		if from.File < 0 || from.Records < 0 || from.File >= max(len(c.files), 1) || len(c.files) == 0 && from.Records > 0 {
			yield(Document{}, fmt.Errorf("read: go on at record %d of file %d, but there are %d files", from.Records, from.File, len(c.files)))
			return
		}
		left := c.stats.LeftOut
		c.stats = from.Stats.clone()
		c.stats.LeftOut, c.stats.Files = left, from.File
		c.done.Store(c.SizeBefore(from))
		if err := c.readAll(ctx, from, func(d Document) bool { return yield(d, nil) }); err != nil && err != errStopped {
			yield(Document{}, err)
		}
	}
}

// skipper is a reader that passes over records faster than by reading them.
type skipper interface {
	skip(n int64) (left int64, err error) // as skipRecords
}

// skipRecords passes over the first n records of a file; io.EOF where there are fewer. With an error it says how many were
// left to pass over.
func skipRecords(r reader, n int64) (left int64, err error) {
	if s, ok := r.(skipper); ok {
		return s.skip(n)
	}
	for ; n > 0; n-- {
		err := r.next(&Document{})
		switch err.(type) {
		case nil, *badRecord, leftOut:
		default:
			return n, err
		}
	}
	return 0, nil
}

func (j *jsonlReader) skip(n int64) (left int64, err error) {
	for n > 0 {
		line, size, err := j.line()
		if err != nil {
			return n, err
		}
		if j.lines.line == 1 {
			line = withoutBOM(line)
		}
		if size > int64(j.opts.MaxRecord) || len(bytes.TrimSpace(line)) > 0 { // what next counts as a record
			n--
		}
	}
	return 0, nil
}
