package pipeline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"unsafe"

	"github.com/athanor-lm/athanor/corpus"
)

// A document in a block: five strings (text, id, source, language, URL), the metadata, a byte of marks, the findings. Strings are
// their length as a varint and their bytes; a finding is its key, then 's' and a string or 'n' and a float64.
const markSynthetic = 1

func appendDocument(dst []byte, d *corpus.Document) []byte {
	return appendRest(appendString(dst, d.Text()), d)
}

// appendRest appends what a document is beside its text.
func appendRest(dst []byte, d *corpus.Document) []byte {
	for _, s := range [...]string{d.ID, d.Source, d.Lang, d.URL} {
		dst = appendString(dst, s)
	}
	dst = binary.AppendUvarint(dst, uint64(len(d.Meta)))
	dst = append(dst, d.Meta...)
	marks := byte(0)
	if d.Synthetic {
		marks |= markSynthetic
	}
	dst = append(dst, marks)
	dst = binary.AppendUvarint(dst, uint64(len(d.Attrs)))
	for _, a := range d.Attrs {
		dst = appendString(dst, a.Key)
		if v, ok := a.Value.(float64); ok {
			dst = binary.LittleEndian.AppendUint64(append(dst, 'n'), math.Float64bits(v))
		} else {
			dst = appendString(append(dst, 's'), a.Value.(string))
		}
	}
	return dst
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

var errDocument = errors.New("a document in it is damaged")

// fields reads the fields of documents off a block. Strings are cut out of the block, which must not change any more.
type fields struct {
	b   []byte
	bad bool
}

func (f *fields) uint() uint64 {
	v, n := binary.Uvarint(f.b)
	if n <= 0 {
		f.bad, f.b = true, nil
		return 0
	}
	f.b = f.b[n:]
	return v
}

func (f *fields) bytes() []byte {
	n := f.uint()
	if n > uint64(len(f.b)) {
		f.bad, f.b = true, nil
		return nil
	}
	s := f.b[:n:n]
	f.b = f.b[n:]
	return s
}

func (f *fields) string() string {
	s := f.bytes()
	return unsafe.String(unsafe.SliceData(s), len(s))
}

func (f *fields) byte() byte {
	if len(f.b) == 0 {
		f.bad = true
		return 0
	}
	c := f.b[0]
	f.b = f.b[1:]
	return c
}

func (f *fields) number() float64 {
	if len(f.b) < 8 {
		f.bad = true
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(f.b))
	f.b = f.b[8:]
	return v
}

// document reads the next document.
func (f *fields) document() (d *corpus.Document, o origin, err error) {
	o.text = f.string()
	d, o.rest, err = f.rest(o.text)
	return d, o, err
}

// rest reads what appendRest appended about a document with a text, and returns it as it stands, too.
func (f *fields) rest(text string) (*corpus.Document, []byte, error) {
	from := f.b
	d := corpus.NewDocument(text, nil)
	d.ID, d.Source, d.Lang, d.URL = f.string(), f.string(), f.string(), f.string()
	if meta := f.bytes(); len(meta) > 0 {
		d.Meta = meta
	}
	d.Synthetic = f.byte()&markSynthetic != 0
	n := f.uint()
	if n > uint64(len(f.b)) {
		return nil, nil, errDocument
	}
	for range n {
		a := corpus.Attr{Key: f.string()}
		if f.byte() == 'n' {
			a.Value = f.number()
		} else {
			a.Value = f.string()
		}
		d.Attrs = append(d.Attrs, a)
	}
	if f.bad {
		return nil, nil, errDocument
	}
	return d, from[:len(from)-len(f.b)], nil
}

// documentReader reads a file of documents, or of what is different about them.
type documentReader struct {
	file   *os.File
	blocks *blockReader
	fields fields
	left   int   // items of the block
	at     int64 // items read
}

func openDocuments(path string) (*documentReader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open documents: %w", err)
	}
	return &documentReader{file: f, blocks: newBlockReader(f, path)}, nil
}

// advance goes to the next item, and tells whether it is the first of a block; io.EOF behind the last.
func (r *documentReader) advance() (first bool, err error) {
	for r.left == 0 {
		raw, items, err := r.blocks.next(nil) // a new one each: the documents are cut out of it
		if err != nil {
			return false, err
		}
		r.fields, r.left, first = fields{b: raw}, items, true
	}
	r.left--
	r.at++
	return first, nil
}

// next returns the next document or io.EOF.
func (r *documentReader) next() (*corpus.Document, origin, error) {
	if _, err := r.advance(); err != nil {
		return nil, origin{}, err
	}
	d, o, err := r.fields.document()
	if err != nil {
		return nil, origin{}, fmt.Errorf("read %s: %w", r.blocks.file, err)
	}
	o.at = r.at - 1
	return d, o, nil
}

// done is how much of the file was read, in bytes.
func (r *documentReader) done() int64 { return r.blocks.read }

func (r *documentReader) Close() error { return r.file.Close() }

// recordReader reads a file of records for a merge.
type recordReader struct {
	file   *os.File
	blocks *blockReader
	raw    []byte // the block
	at     []byte // what is left of it
	left   int
}

func openRecords(path string) (corpus.RecordReader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open records: %w", err)
	}
	return &recordReader{file: f, blocks: newBlockReader(f, path)}, nil
}

// Next returns the next record or io.EOF.
func (r *recordReader) Next() ([]byte, error) {
	for r.left == 0 {
		raw, items, err := r.blocks.next(r.raw)
		if err != nil {
			return nil, err
		}
		r.raw, r.at, r.left = raw, raw, items
	}
	r.left--
	f := fields{b: r.at}
	record := f.bytes()
	if f.bad {
		return nil, fmt.Errorf("read %s: %w", r.blocks.file, io.ErrUnexpectedEOF)
	}
	r.at = f.b
	return record, nil
}

// Close closes the file.
func (r *recordReader) Close() error { return r.file.Close() }
