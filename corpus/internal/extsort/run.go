package extsort

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/klauspost/compress/s2"
)

// runFiles makes the files of runs.
type runFiles struct {
	dir     string
	create  func(dir string) (runFile, error)
	written atomic.Int64 // bytes, for error messages
}

// runFile is what writing a run needs of *os.File.
type runFile interface {
	io.WriteCloser
	Name() string
}

func createRun(dir string) (runFile, error) { return os.CreateTemp(dir, "sort-*.run") }

// run is a sorted sequence of records on disk. Its file is open while it is written and read: there may be more runs than a process may
// have files open.
type run struct {
	name     string
	from     *os.File // while it is read
	bytes    int64    // of records
	compress bool
}

// write makes a run of sorted records.
func (d *runFiles) write(records []byte, compress bool) (*run, error) {
	w, err := d.begin(compress)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(records); err != nil {
		return nil, w.abandon(err)
	}
	return w.end()
}

// runWriter writes a run piece by piece.
type runWriter struct {
	d   *runFiles
	r   *run
	f   runFile
	out io.WriteCloser
}

func (d *runFiles) begin(compress bool) (*runWriter, error) {
	f, err := d.create(d.dir)
	if err != nil {
		return nil, fmt.Errorf("extsort: begin a sorted run: %w", err)
	}
	w := &runWriter{d: d, f: f, r: &run{name: f.Name(), compress: compress}}
	if compress {
		w.out = s2.NewWriter(f, s2.WriterConcurrency(1), s2.WriterBlockSize(256<<10))
	} else {
		w.out = bufferedFile{bufio.NewWriterSize(f, 256<<10)}
	}
	return w, nil
}

type bufferedFile struct{ *bufio.Writer }

func (b bufferedFile) Close() error { return b.Flush() }

func (w *runWriter) Write(p []byte) (int, error) {
	n, err := w.out.Write(p)
	w.r.bytes += int64(n)
	w.d.written.Add(int64(n))
	return n, err
}

func (w *runWriter) end() (*run, error) {
	err := w.out.Close()
	if err == nil {
		err = w.f.Close()
	}
	if err != nil {
		return nil, w.abandon(err)
	}
	return w.r, nil
}

// abandon removes the run and says what could not be written.
func (w *runWriter) abandon(err error) error {
	w.f.Close()  //nolint:errcheck // the write's error is the one to tell
	w.r.remove() //nolint:errcheck // the same
	return fmt.Errorf("extsort: write a sorted run to %s, %d MB of records written so far: %w", w.d.dir, w.d.written.Load()/1e6, err)
}

// reader starts reading from the run's beginning.
func (r *run) reader() (io.Reader, error) {
	f, err := os.Open(r.name)
	if err != nil {
		return nil, fmt.Errorf("extsort: read a sorted run: %w", err)
	}
	r.from = f
	if r.compress {
		return s2.NewReader(f), nil
	}
	return f, nil
}

func (r *run) remove() error {
	if r.from != nil {
		r.from.Close() //nolint:errcheck // nothing in it is wanted any more
	}
	return os.Remove(r.name)
}
