// Package read turns files into documents: plain text, Markdown, JSON Lines, Parquet, mail, web pages, web archives (WARC
// and WET) and source trees, each also compressed with gzip, zstd, bzip2 or xz.
//
//	c, err := read.Open([]string{"books/", "web/*.jsonl.zst"}, read.Options{})
//	for doc, err := range c.Documents(ctx) { … }
//
// The order of documents is a function of the inputs alone. Files are streamed; one record is in memory at a time. A
// record that cannot be used is set aside with file, line and reason and counted ([Stats], [Options.OnBad]); a file
// that cannot be read ends the reading with an error that names it, or is set aside too ([Options.OnBadFile]). Text in
// another character set becomes UTF-8 ([Options.Charset]), all other is kept byte for byte, invalid UTF-8 included,
// which is counted.
package read

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/athanor-lm/athanor/corpus/charset"
)

// Document is one text with what is known of it.
type Document struct {
	ID     string // the record's own, or file name and line
	Text   []byte // the raw bytes, as a rule UTF-8; the receiver's to keep
	Source string // the record's own, or the name of the input it came from
	Lang   string // the record's own, or empty
	URL    string // the record's own, or empty
	// Synthetic is the record's own mark of text that a model wrote.
	Synthetic bool
	// Meta is a JSON object of the record's other fields, nil where there are none or Options.KeepMeta is false.
	Meta json.RawMessage

	charset string // what the text was decoded from, empty where it is as it was
	invalid int64  // bytes that belong to no character
	checked bool   // invalid is known
}

// Options say how files become documents. The zero value is ready to use.
type Options struct {
	// Format forces one of Formats instead of going by the file name.
	Format string
	// Charset is the character set of text, Markdown, source code, HTML and JSON Lines, by any of its usual names; empty or
	// "auto" = it is found out for every document, and what can be nothing but damaged UTF-8 is left as it is; "utf-8" leaves
	// all as it is. In mail "auto" goes by what a message declares where that can be. Parquet is UTF-8.
	Charset string
	// Markdown is what becomes of Markdown: empty or "body" = its front matter becomes Meta, the rest is the text; "plain" =
	// mark-up is taken out as well; "raw" = the file as it is.
	Markdown string
	// TextField names the JSON field or Parquet column that holds the text; empty = "text".
	TextField string
	// Separator, where not empty, cuts text files into documents at lines that consist of it ("<|endoftext|>"). White space around
	// it and around a line does not count, so that one of white space alone cuts at blank lines.
	Separator string
	// Extensions, where not empty, are the only ones taken from directories (".go", ".md").
	Extensions []string
	// Keep, where not nil, chooses among the files found in directories and by globs.
	Keep func(f *File) bool
	// MaxRecord is the size in bytes above which a record (a JSON line, a text, a mail, a page of Parquet) is refused; 0 =
	// 256 MiB. It bounds the memory: a longer line is passed over without being held.
	MaxRecord int
	// MaxWindow is the largest window or dictionary, in bytes, that a zstd or xz file may ask for; 0 = 128 MiB, what zstd
	// --long=27 and xz -9 stay below.
	MaxWindow int64
	// MaxRatio is how many bytes of text one byte of a compressed file may become, looked at beyond 64 MiB of text; 0 = 1000,
	// below 0 = any number.
	MaxRatio float64
	// Readers is the number of files read at once; 0 = one a processor, at most 8.
	Readers int
	// KeepMeta fills Document.Meta.
	KeepMeta bool
	// OnBad, where not nil, is called for every record set aside, from the goroutine that iterates.
	OnBad func(Bad)
	// OnBadFile, where not nil, is called for every file that cannot be read, or no further than it was, and every directory
	// that cannot be listed; the reading goes on with the next. What a file gave before is kept. Where it is nil, such a file
	// ends the reading with an error. It is called from the goroutine that iterates, for directories by Open.
	OnBadFile func(Bad)
}

const (
	defaultMaxRecord = 256 << 20
	defaultMaxWindow = 128 << 20
	defaultMaxRatio  = 1000
)

func (o *Options) defaults() {
	o.TextField = cmp.Or(o.TextField, "text")
	o.MaxRecord = cmp.Or(o.MaxRecord, defaultMaxRecord)
	o.Readers = cmp.Or(o.Readers, min(8, runtime.GOMAXPROCS(0)))
	o.MaxWindow = cmp.Or(o.MaxWindow, defaultMaxWindow)
	o.MaxRatio = cmp.Or(o.MaxRatio, defaultMaxRatio)
	o.Charset = strings.ToLower(cmp.Or(o.Charset, "auto"))
	o.Markdown = cmp.Or(o.Markdown, "body")
}

// validate refuses what cannot be.
func (o *Options) validate() error {
	switch {
	case o.MaxRecord < 0:
		return fmt.Errorf("read: largest record %d bytes, want more than 0", o.MaxRecord)
	case o.MaxWindow < 0:
		return fmt.Errorf("read: largest window %d bytes, want more than 0", o.MaxWindow)
	case o.Format != "" && formatByName(o.Format) == nil:
		return fmt.Errorf("read: format %q is not known, want one of %v", o.Format, Formats())
	case o.Markdown != "body" && o.Markdown != "plain" && o.Markdown != "raw":
		return fmt.Errorf("read: markdown %q, want body, plain or raw", o.Markdown)
	}
	if o.Charset != "auto" {
		name, ok := charset.Lookup(o.Charset)
		if !ok {
			return fmt.Errorf("read: character set %q is not known, want auto or one of %v", o.Charset, charset.Names())
		}
		o.Charset = name
	}
	return nil
}

// Bad is a record or a file that was set aside.
type Bad struct {
	File   string `json:"file"`
	Line   int64  `json:"line,omitempty"`   // 1-based; 0 where the whole file is meant, or Record says which
	Record int64  `json:"record,omitempty"` // 1-based, of a file whose records have no lines
	Reason string `json:"reason"`
	Head   string `json:"head,omitempty"` // the first bytes of the record, at most 512
}

// String gives file:line: reason.
func (b Bad) String() string {
	switch {
	case b.Line > 0:
		return fmt.Sprintf("%s:%d: %s", b.File, b.Line, b.Reason)
	case b.Record > 0:
		return fmt.Sprintf("%s: record %d: %s", b.File, b.Record, b.Reason)
	}
	return fmt.Sprintf("%s: %s", b.File, b.Reason)
}

// Stats counts what was read so far.
type Stats struct {
	Files            int   `json:"files"`              // files begun
	Documents        int64 `json:"documents"`          // documents given out
	TextBytes        int64 `json:"text_bytes"`         // bytes of their text
	Empty            int64 `json:"empty"`              // records without any text, left out
	Bad              int64 `json:"bad"`                // records set aside
	BadFiles         int64 `json:"bad_files"`          // files set aside, or the rest of them
	Decoded          int64 `json:"decoded"`            // documents whose text was in another character set than UTF-8
	InvalidUTF8Docs  int64 `json:"invalid_utf8_docs"`  // documents kept that are not all text in their character set
	InvalidUTF8Bytes int64 `json:"invalid_utf8_bytes"` // bytes in them that belong to no character
	// LeftOut counts, by extension, the files in directories and behind globs whose format is not read, and links that
	// lead to no file; not the hidden ones, and not those Options leaves out.
	LeftOut map[string]int `json:"left_out,omitempty"`
	// LeftOutRecords counts, by what they are, records that are none of those read: of a web archive requests, responses
	// with another status than 200, other content than HTML, and the like.
	LeftOutRecords map[string]int `json:"left_out_records,omitempty"`
}

// Add adds the counts of another reading.
func (s *Stats) Add(o Stats) {
	s.Files += o.Files
	s.Documents += o.Documents
	s.TextBytes += o.TextBytes
	s.Empty += o.Empty
	s.Bad += o.Bad
	s.BadFiles += o.BadFiles
	s.Decoded += o.Decoded
	s.InvalidUTF8Docs += o.InvalidUTF8Docs
	s.InvalidUTF8Bytes += o.InvalidUTF8Bytes
	s.LeftOut = sum(s.LeftOut, o.LeftOut)
	s.LeftOutRecords = sum(s.LeftOutRecords, o.LeftOutRecords)
}

// sum adds counts up, in a map of its own.
func sum(a, b map[string]int) map[string]int {
	if len(b) == 0 {
		return maps.Clone(a)
	}
	a = maps.Clone(a)
	if a == nil {
		a = map[string]int{}
	}
	for key, n := range b {
		a[key] += n
	}
	return a
}

// clone is a copy that further counting does not change.
func (s Stats) clone() Stats {
	s.LeftOutRecords = maps.Clone(s.LeftOutRecords)
	return s
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
	if err := opts.validate(); err != nil {
		return nil, err
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
func (c *Corpus) Stats() Stats { return c.stats.clone() }

// Progress returns the bytes read from disk so far and the bytes there are, compressed as they lie there.
func (c *Corpus) Progress() (done, total int64) { return c.done.Load(), c.total }

// Documents yields all documents. An error is the last thing it yields: a cancelled context, or a file that is
// missing, unreadable, truncated or damaged, which it names. Several files are read at once (Options.Readers), but what
// is yielded, and in which order, does not depend on that.
func (c *Corpus) Documents(ctx context.Context) iter.Seq2[Document, error] {
	return c.DocumentsFrom(ctx, Position{})
}

// reader gives the documents of one file.
type reader interface {
	// next fills d, or returns io.EOF, a *badRecord to set aside or a leftOut to count before going on, or the error that
	// ends the file.
	next(d *Document) error
}

// badRecord reports a record that cannot be used.
type badRecord struct {
	line   int64 // or record, as in Bad
	record int64
	reason string
	head   []byte
}

func (b *badRecord) Error() string { return b.reason }

// headBytes is how much of a bad record is reported: more than people look at, so that private data can be found before it is cut.
const headBytes = 512

// of is the record as it is reported.
func (b *badRecord) of(f *File) Bad {
	return Bad{File: f.Path, Line: b.line, Record: b.record, Reason: b.reason, Head: string(b.head[:min(len(b.head), headBytes)])}
}

// item is what reading a file gives: a document, or a record that is none.
type item struct {
	doc  Document
	bad  *Bad
	file bool    // bad is of the rest of the file
	left leftOut // what the record is, if it is none of those read
}

// errStopped ends the reading when the receiver wants no more.
var errStopped = errors.New("stopped")

// readFile hands everything in a file behind the first skip records to emit, which returns false to stop. What ends a
// file early is one more record of it if files are set aside (OnBadFile), else an error.
func (c *Corpus) readFile(ctx context.Context, f *File, skip int64, emit func(item) bool) error {
	err := c.readRecords(ctx, f, skip, emit)
	var ended *fileError
	switch {
	case err == nil, !errors.As(err, &ended):
		return err
	case c.opts.OnBadFile == nil:
		return fmt.Errorf("read: %s: %w", f.Path, ended.err)
	case ended.before:
		return nil
	}
	if !emit(item{bad: &Bad{File: f.Path, Reason: ended.err.Error()}, file: true}) {
		return errStopped
	}
	return nil
}

// fileError is what a file ended with instead of its end.
type fileError struct {
	err    error
	before bool // it was the last of the records that were passed over
}

func (e *fileError) Error() string { return e.err.Error() }

func (c *Corpus) readRecords(ctx context.Context, f *File, skip int64, emit func(item) bool) error {
	in, err := openFile(f, &c.opts, &c.done)
	if err != nil {
		return &fileError{err: withoutPath(err), before: skip == 1}
	}
	defer in.Close()
	r := f.format.open(in, &c.opts)
	if closer, ok := r.(io.Closer); ok {
		defer closer.Close()
	}
	if skip > 0 {
		switch left, err := skipRecords(r, skip); {
		case err == io.EOF:
			return &fileError{err: fmt.Errorf("fewer than the %d records after which reading was to go on: the file was changed", skip)}
		case err != nil:
			return &fileError{err: behind(skip-left, in.explain(err)), before: left == 1}
		}
	}
	for record := skip; ; {
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
		case errors.As(err, &it.left):
		case err != nil:
			return &fileError{err: behind(record, in.explain(err))}
		default:
			it.doc.check()
		}
		record++
		if !emit(it) {
			return errStopped
		}
	}
}

// behind says behind which record of its file an error came.
func behind(record int64, err error) error {
	if record == 0 {
		return err
	}
	return fmt.Errorf("behind record %d: %w", record, err)
}

// check counts the bytes of the text that belong to no character, and tells whether there are none.
func (d *Document) check() bool {
	if d.charset == "" && !d.checked && !validUTF8(d.Text) {
		_, bad, _ := charset.Decode(d.Text, charset.UTF8) // it knows that
		d.invalid = int64(bad)
	}
	d.checked = true
	return d.invalid == 0
}

// take counts an item, in the goroutine that iterates, and yields it if it is a document with text.
func (c *Corpus) take(it item, yield func(Document) bool) bool {
	switch {
	case it.file:
		c.stats.BadFiles++
		c.opts.OnBadFile(*it.bad)
		return true
	case it.bad != nil:
		c.stats.Bad++
		if c.opts.OnBad != nil {
			c.opts.OnBad(*it.bad)
		}
		return true
	case it.left != "":
		c.stats.leaveOut(it.left)
		return true
	case len(it.doc.Text) == 0:
		c.stats.Empty++
		return true
	}
	c.stats.Documents++
	c.stats.TextBytes += int64(len(it.doc.Text))
	if it.doc.charset != "" {
		c.stats.Decoded++
	}
	if it.doc.invalid > 0 {
		c.stats.InvalidUTF8Docs++
		c.stats.InvalidUTF8Bytes += it.doc.invalid
	}
	return yield(it.doc)
}
