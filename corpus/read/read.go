// Package read turns files into documents: plain text and Markdown, JSON Lines, and source trees, each also
// compressed with gzip or zstd.
//
//	c, err := read.Open([]string{"books/", "web/*.jsonl.zst"}, read.Options{})
//	for doc, err := range c.Documents(ctx) { … }
//
// The order of documents is a function of the inputs alone. Files are streamed; one record is in memory at a time. A
// record that cannot be used is set aside with file, line and reason and counted ([Stats], [Options.OnBad]); a file
// that cannot be read ends the reading with an error that names it. Text is kept byte for byte, invalid UTF-8
// included, which is counted.
package read

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"sync/atomic"
	"unicode/utf8"
)

// Document is one text with what is known of it.
type Document struct {
	ID     string // the record's own, or file name and line
	Text   []byte // the raw bytes, as a rule UTF-8; the receiver's to keep
	Source string // the record's own, or the name of the input it came from
	Lang   string // the record's own, or empty
	// Meta is a JSON object of the record's other fields, nil where there are none or Options.KeepMeta is false.
	Meta json.RawMessage
}

// Options say how files become documents. The zero value is ready to use.
type Options struct {
	// Format forces one format, "text" or "jsonl", instead of going by the file name.
	Format string
	// TextField names the JSON field that holds the text; empty = "text".
	TextField string
	// Separator, where not empty, cuts text files into documents at lines that consist of it ("<|endoftext|>"). White space around
	// it and around a line does not count, so that one of white space alone cuts at blank lines.
	Separator string
	// Extensions, where not empty, are the only ones taken from directories (".go", ".md").
	Extensions []string
	// Keep, where not nil, chooses among the files found in directories and by globs.
	Keep func(f *File) bool
	// MaxRecord is the size in bytes above which a JSON line or a text document is refused; 0 = 256 MiB.
	MaxRecord int
	// Readers is the number of files read at once; 0 = one a processor, at most 8.
	Readers int
	// KeepMeta fills Document.Meta.
	KeepMeta bool
	// OnBad, where not nil, is called for every record set aside, from the goroutine that iterates.
	OnBad func(Bad)
}

const defaultMaxRecord = 256 << 20

func (o *Options) defaults() {
	o.TextField = cmp.Or(o.TextField, "text")
	o.MaxRecord = cmp.Or(o.MaxRecord, defaultMaxRecord)
	o.Readers = cmp.Or(o.Readers, min(8, runtime.GOMAXPROCS(0)))
}

// Bad is a record that was set aside.
type Bad struct {
	File   string `json:"file"`
	Line   int64  `json:"line,omitempty"` // 1-based; 0 where the whole file is meant
	Reason string `json:"reason"`
	Head   string `json:"head,omitempty"` // the first bytes of the record
}

// String gives file:line: reason.
func (b Bad) String() string {
	if b.Line == 0 {
		return fmt.Sprintf("%s: %s", b.File, b.Reason)
	}
	return fmt.Sprintf("%s:%d: %s", b.File, b.Line, b.Reason)
}

// Stats counts what was read so far.
type Stats struct {
	Files            int   `json:"files"`              // files begun
	Documents        int64 `json:"documents"`          // documents given out
	TextBytes        int64 `json:"text_bytes"`         // bytes of their text
	Empty            int64 `json:"empty"`              // records without any text, left out
	Bad              int64 `json:"bad"`                // records set aside
	InvalidUTF8Docs  int64 `json:"invalid_utf8_docs"`  // documents kept that are not all UTF-8
	InvalidUTF8Bytes int64 `json:"invalid_utf8_bytes"` // bytes in them that belong to no character
	// LeftOut counts, by extension, the files in directories and behind globs whose format is not read, and links that
	// lead to no file; not the hidden ones, and not those Options leaves out.
	LeftOut map[string]int `json:"left_out,omitempty"`
}

// Corpus is a list of files to read. One goroutine may iterate over it; Progress may be called from any.
type Corpus struct {
	opts  Options
	files []File
	stats Stats
	done  atomic.Int64 // bytes read from disk
	total int64

	at      int   // the file that is being taken
	records int64 // of it, taken so far
}

// Open finds the files behind inputs: files, directories (walked in lexical order) and globs ("**" matches any number
// of directories). A file that two inputs name is read once. It is an error if an input matches nothing.
func Open(inputs []string, opts Options) (*Corpus, error) {
	opts.defaults()
	if opts.MaxRecord < 0 {
		return nil, fmt.Errorf("read: largest record %d bytes, want more than 0", opts.MaxRecord)
	}
	if opts.Format != "" && formatByName(opts.Format) == nil {
		return nil, fmt.Errorf("read: format %q is not known, want one of %v", opts.Format, formatNames())
	}
	files, left, err := discover(inputs, &opts)
	if err != nil {
		return nil, err
	}
	c := &Corpus{opts: opts, files: files, stats: Stats{LeftOut: left}}
	for _, f := range files {
		c.total += f.Size
	}
	return c, nil
}

// Files returns the files in the order in which they are read.
func (c *Corpus) Files() []File { return c.files }

// Stats returns the counts so far; complete once Documents has ended.
func (c *Corpus) Stats() Stats { return c.stats }

// Progress returns the bytes read from disk so far and the bytes there are, compressed as they lie there.
func (c *Corpus) Progress() (done, total int64) { return c.done.Load(), c.total }

// Documents yields all documents. An error is the last thing it yields: a cancelled context, or a file that is
// missing, unreadable, truncated or damaged, which it names. Several files are read at once (Options.Readers), but what
// is yielded, and in which order, does not depend on that.
func (c *Corpus) Documents(ctx context.Context) iter.Seq2[Document, error] {
	return c.DocumentsFrom(ctx, Position{})
}

// reader gives the documents of one file. A new file format is one of these and a row in the table formats.
type reader interface {
	// next fills d, or returns io.EOF, a *badRecord to set aside before going on, or the error that ends the file.
	next(d *Document) error
}

// badRecord reports a record that cannot be used.
type badRecord struct {
	line   int64
	reason string
	head   []byte
}

func (b *badRecord) Error() string { return b.reason }

// of is the record as it is reported.
func (b *badRecord) of(f *File) Bad {
	return Bad{File: f.Path, Line: b.line, Reason: b.reason, Head: string(b.head[:min(len(b.head), 120)])}
}

// item is what reading a file gives: a document, or a record that is none.
type item struct {
	doc     Document
	bad     *Bad
	invalid int64 // bytes of the text that belong to no character
}

// errStopped ends the reading when the receiver wants no more.
var errStopped = errors.New("stopped")

// readFile hands everything in a file behind the first skip records to emit, which returns false to stop.
func (c *Corpus) readFile(ctx context.Context, f *File, skip int64, emit func(item) bool) error {
	in, err := openFile(f, &c.done)
	if err != nil {
		return err
	}
	defer in.Close()
	r := f.format.open(in, f, &c.opts)
	if skip > 0 {
		switch err := skipRecords(r, skip); {
		case err == io.EOF:
			return fmt.Errorf("read: %s: fewer than the %d records after which reading was to go on: the file was changed", f.Path, skip)
		case err != nil:
			return in.explain(err)
		}
	}
	for {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read: %s: %w", f.Path, err)
		}
		it := item{doc: Document{Source: f.Source}}
		err := r.next(&it.doc)
		var bad *badRecord
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &bad):
			reported := bad.of(f)
			it.bad = &reported
		case err != nil:
			return in.explain(err)
		case !validUTF8(it.doc.Text):
			it.invalid = invalidBytes(it.doc.Text)
		}
		if !emit(it) {
			return errStopped
		}
	}
}

// take counts an item, in the goroutine that iterates, and yields it if it is a document with text.
func (c *Corpus) take(it item, yield func(Document) bool) bool {
	switch {
	case it.bad != nil:
		c.stats.Bad++
		if c.opts.OnBad != nil {
			c.opts.OnBad(*it.bad)
		}
		return true
	case len(it.doc.Text) == 0:
		c.stats.Empty++
		return true
	}
	c.stats.Documents++
	c.stats.TextBytes += int64(len(it.doc.Text))
	if it.invalid > 0 {
		c.stats.InvalidUTF8Docs++
		c.stats.InvalidUTF8Bytes += it.invalid
	}
	return yield(it.doc)
}

// invalidBytes counts the bytes that belong to no UTF-8 character.
func invalidBytes(text []byte) (n int64) {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			n++
		}
		text = text[size:]
	}
	return n
}
