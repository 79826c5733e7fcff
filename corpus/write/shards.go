package write

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/internal/durable"
)

// File is a file that was written.
type File struct {
	Name      string `json:"name"` // in its directory
	Size      int64  `json:"size"` // bytes on disk
	SHA256    string `json:"sha256"`
	Documents int64  `json:"documents"`
	Bytes     int64  `json:"bytes"` // of text
}

// Options say how files are written.
type Options struct {
	Dir  string // exists
	Name string // of the files: NAME-00000.jsonl.zst, NAME-00001.jsonl.zst, …
	// Compression of JSON Lines: "zstd", "gzip" or "none".
	Compression string
	ShardSize   int64  // bytes of text after which a file ends
	Recipe      string // hash that every row carries; empty = none
}

// Writer writes documents to shards. Not for use from several goroutines.
type Writer struct {
	o     Options
	ext   string
	open  func(io.Writer) (encoder, error)
	out   *output // nil between files
	files []File
}

// encoder writes documents in a format.
type encoder interface {
	add(d *corpus.Document) error
	close() error
}

// Add writes a document.
func (w *Writer) Add(d *corpus.Document) error {
	if w.out == nil {
		var err error
		if w.out, err = w.begin(); err != nil {
			return err
		}
	}
	if err := w.out.enc.add(d); err != nil {
		return fmt.Errorf("write %s: %w", w.out.path, err)
	}
	w.out.file.Documents++
	w.out.file.Bytes += int64(len(d.Text()))
	if w.out.file.Bytes >= w.o.ShardSize {
		return w.end()
	}
	return nil
}

// Close ends the last file and returns all of them.
func (w *Writer) Close() ([]File, error) {
	err := w.end()
	return w.files, err
}

// Drop removes the file that is being written. It does nothing behind Close.
func (w *Writer) Drop() {
	if w.out != nil {
		w.out.aside.Close()
		w.out = nil
	}
}

// output is a file on its way.
type output struct {
	path  string
	aside *durable.Aside
	sum   hash.Hash
	enc   encoder
	file  File
}

func (w *Writer) begin() (*output, error) {
	name := fmt.Sprintf("%s-%05d.%s", w.o.Name, len(w.files), w.ext)
	o := &output{path: filepath.Join(w.o.Dir, name), sum: sha256.New(), file: File{Name: name}}
	var err error
	if o.aside, err = durable.Create(o.path); err != nil {
		return nil, fmt.Errorf("write %s: %w", o.path, err)
	}
	if o.enc, err = w.open(io.MultiWriter(o.aside, o.sum)); err != nil {
		o.aside.Close()
		return nil, fmt.Errorf("write %s: %w", o.path, err)
	}
	return o, nil
}

// end makes the file durable and gives it its name, which is durable once its directory is synced.
func (w *Writer) end() error {
	if w.out == nil {
		return nil
	}
	o := w.out
	err := o.enc.close()
	if err == nil {
		err = o.aside.Place()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", o.path, err)
	}
	o.file.Size = o.aside.Size()
	o.file.SHA256 = hex.EncodeToString(o.sum.Sum(nil))
	w.files, w.out = append(w.files, o.file), nil
	return nil
}

// NewJSONL writes JSON Lines, a document a line: {"id", "text", "source", "lang"?, "url"?, "synthetic"?, "recipe"?, "meta"?}. What steps found stands
// in meta beside the record's own fields.
func NewJSONL(o Options) (*Writer, error) {
	w := &Writer{o: o}
	switch o.Compression {
	case "zstd":
		w.ext = "jsonl.zst"
	case "gzip":
		w.ext = "jsonl.gz"
	case "none":
		w.ext = "jsonl"
	default:
		return nil, fmt.Errorf("write: compression %q, want zstd, gzip or none", o.Compression)
	}
	w.open = func(out io.Writer) (encoder, error) {
		e := &jsonl{recipe: o.Recipe}
		switch o.Compression {
		case "none":
			e.out = nopCloser{out}
			return e, nil
		case "gzip":
			e.out = gzip.NewWriter(out)
			return e, nil
		}
		var err error
		e.out, err = zstd.NewWriter(out, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest)) // one frame a file: some readers know no more
		return e, err
	}
	return w, nil
}

// jsonl writes a row a line.
type jsonl struct {
	out    io.WriteCloser
	row    []byte
	recipe string
}

func (j *jsonl) add(d *corpus.Document) error {
	j.row = appendRow(j.row[:0], d, j.recipe)
	_, err := j.out.Write(j.row)
	return err
}

func (j *jsonl) close() error { return j.out.Close() }

type nopCloser struct{ io.Writer }

// Close does nothing.
func (nopCloser) Close() error { return nil }
