package dedup

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/internal/extsort"
)

const (
	seqBytes  = 5 // documents of the corpus, counted from 0
	nameBytes = 6 // where a document's name stands in the file of names

	defaultMemory = 1 << 30
)

// entry is a document's record as a merge sees it.
type entry struct {
	seq  uint64 // the document's number in the corpus
	head []byte // rank and tie
	id   []byte
	body []byte // the pass's own part
}

// merge is the work of one merge: its directories, its memory, its report.
type merge struct {
	corpus.Merge
	env   corpus.Env
	tmp   string
	files []io.Closer // closed at the end
	// docs are the numbers of documents of each task.
	docs []int64
}

func begin(m corpus.Merge, env corpus.Env) (*merge, error) {
	if env.Memory <= 0 {
		env.Memory = defaultMemory
	}
	if env.Workers <= 0 {
		env.Workers = runtime.GOMAXPROCS(0)
	}
	tmp := filepath.Join(m.Dir, "tmp")
	if err := os.Mkdir(tmp, 0o777); err != nil {
		return nil, fmt.Errorf("dedup: begin to merge: %w", err)
	}
	return &merge{Merge: m, env: env, tmp: tmp}, nil
}

// close gives back and removes all that is not part of the result.
func (m *merge) close() error {
	var errs []error
	for _, f := range m.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(m.tmp))...)
}

// sorter returns one that may use a share of the memory, in percent.
func (m *merge) sorter(size, percent int, compress bool) (*extsort.Sorter, error) {
	s, err := extsort.New(extsort.Options{Size: size, Memory: m.env.Memory * int64(percent) / 100, Dir: m.tmp,
		Workers: m.env.Workers, Compress: compress})
	if err == nil {
		m.files = append(m.files, s)
	}
	return s, err
}

// walk calls f with every record that is not empty, in the corpus's order.
func (m *merge) walk(ctx context.Context, f func(e *entry) error) error {
	seq := uint64(0)
	m.docs = m.docs[:0]
	for task, open := range m.Tasks {
		first := seq
		r, err := open()
		if err != nil {
			return fmt.Errorf("dedup: open the records of task %d: %w", task, err)
		}
		for err == nil {
			seq, err = m.step(ctx, r, seq, f)
		}
		if e := r.Close(); err == io.EOF {
			err = e
		}
		if err != nil {
			return fmt.Errorf("dedup: merge record %d of task %d: %w", seq-first, task, err)
		}
		m.docs = append(m.docs, int64(seq-first))
	}
	if m.Progress != nil {
		m.Progress(int64(seq))
	}
	return nil
}

// step takes one record.
func (m *merge) step(ctx context.Context, r corpus.RecordReader, seq uint64, f func(e *entry) error) (uint64, error) {
	if seq%4096 == 0 {
		if err := ctx.Err(); err != nil {
			return seq, err
		}
		if m.Progress != nil {
			m.Progress(int64(seq))
		}
	}
	record, err := r.Next()
	if err != nil {
		return seq, err
	}
	if len(record) > 0 {
		e := entry{seq: seq}
		if err := e.parse(record); err != nil {
			return seq, err
		}
		if err := f(&e); err != nil {
			return seq, err
		}
	}
	return seq + 1, nil
}

func (e *entry) parse(record []byte) error {
	if len(record) >= headBytes {
		if n, k := binary.Uvarint(record[headBytes:]); k > 0 && n <= maxID && uint64(len(record)-headBytes-k) >= n {
			name := headBytes + k
			e.head, e.id, e.body = record[:headBytes], record[name:name+int(n)], record[name+int(n):]
			return nil
		}
	}
	return fmt.Errorf("a record of %d bytes that does not begin with rank, hash and name", len(record))
}

func (m *merge) stat(name string, v float64) {
	if m.Stats != nil {
		m.Stats(name, v)
	}
}

// putUint writes the low n bytes of v in big-endian order and returns what is behind them.
func putUint(dst []byte, v uint64, n int) []byte {
	for i := n - 1; i >= 0; i-- {
		dst[i] = byte(v)
		v >>= 8
	}
	return dst[n:]
}

func getUint(b []byte, n int) uint64 {
	v := uint64(0)
	for _, c := range b[:n] {
		v = v<<8 | uint64(c)
	}
	return v
}

// each takes records in order until the end, watching ctx.
func each(ctx context.Context, r *extsort.Reader, f func(rec []byte) error) error {
	for n := 0; ; n++ {
		if n%65536 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		rec, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := f(rec); err != nil {
			return err
		}
	}
}

// ended turns the end of the records into no error.
func ended(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// nameWriter writes the names of documents, so that a decision can say what a document is a copy of.
type nameWriter struct {
	f  *os.File
	w  *bufio.Writer
	at uint64
}

func (m *merge) names() (*nameWriter, error) {
	f, err := os.Create(filepath.Join(m.Dir, namesFile))
	if err != nil {
		return nil, fmt.Errorf("dedup: %w", err)
	}
	n := &nameWriter{f: f, w: bufio.NewWriterSize(f, 1<<18)}
	m.files = append(m.files, f)
	return n, n.write([]byte(namesMagic))
}

func (n *nameWriter) write(p []byte) error {
	k, err := n.w.Write(p)
	n.at += uint64(k)
	if err != nil {
		return fmt.Errorf("dedup: write the names of documents: %w", err)
	}
	return nil
}

// add writes a name and returns where.
func (n *nameWriter) add(id []byte) (uint64, error) {
	at := n.at
	var room [binary.MaxVarintLen64]byte
	if err := n.write(binary.AppendUvarint(room[:0], uint64(len(id)))); err != nil {
		return at, err
	}
	return at, n.write(id)
}

func (n *nameWriter) end() error {
	if err := n.w.Flush(); err != nil {
		return fmt.Errorf("dedup: write the names of documents: %w", err)
	}
	return nil
}
