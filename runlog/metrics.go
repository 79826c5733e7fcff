package runlog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxLine bounds a line of metrics.jsonl; a longer one is not a record.
const maxLine = 1 << 20

// MetricsWriter appends records to a metrics.jsonl, one JSON object a line. Every record is handed to the
// operating system before Write returns, so a killed process loses none; Sync makes them survive a power cut.
// Not safe for use from several goroutines.
type MetricsWriter struct {
	f    *os.File
	path string
	buf  []byte // records not written yet: one, or more after writes that failed
	size int64  // of the file up to its last whole record
	last int64
}

// Resumption says what OpenMetrics found and removed.
type Resumption struct {
	Kept    int  // records up to the resumed step
	Removed int  // whole records past it, which the resumed run will write again
	Partial bool // a torn last line was removed
}

// OpenMetrics opens the metrics file at path for a run that continues after resumedStep (0 for a new run),
// creating it where absent. Records past that step and a torn last line, which a kill leaves behind, are cut
// off. A malformed line that whole records follow is an error: the file was damaged in some other way, and
// cutting there would lose them.
func OpenMetrics(path string, resumedStep int64) (*MetricsWriter, Resumption, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, Resumption{}, fmt.Errorf("runlog: open metrics: %w", err)
	}
	w := &MetricsWriter{f: f, path: path}
	keep, res, err := scanForResume(f, path, resumedStep, &w.last)
	w.size = keep
	if err == nil {
		err = f.Truncate(keep)
	}
	if err != nil {
		f.Close()
		return nil, res, fmt.Errorf("runlog: resume metrics: %w", err)
	}
	return w, res, nil
}

// scanForResume returns the length of the prefix to keep.
func scanForResume(r io.Reader, path string, step int64, last *int64) (keep int64, res Resumption, err error) {
	cutting := false
	err = eachLine(r, func(n int, at int64, line []byte, whole bool, rec *Record, bad error) error {
		switch {
		case res.Partial:
			if bad == nil {
				return fmt.Errorf("%s: line %d is a record, but one before it is malformed; repair or move the file", path, n)
			}
		case bad != nil || !whole:
			res.Partial = true
			cutting = true
		case cutting || rec.Step > step:
			cutting = true
			res.Removed++
		default:
			res.Kept++
			*last = rec.Step
			keep = at + int64(len(line)) + 1
		}
		return nil
	})
	return keep, res, err
}

// eachLine calls fn with each line (without its newline), its number from 1 and its offset. whole is false for
// a last line without a newline. bad says why the line is no record.
func eachLine(r io.Reader, fn func(n int, at int64, line []byte, whole bool, rec *Record, bad error) error) error {
	br := bufio.NewReaderSize(r, 64<<10)
	var line []byte
	at := int64(0)
	for n := 1; ; n++ {
		line = line[:0]
		long := false
		size := int64(0)
		var err error
		for {
			var part []byte
			part, err = br.ReadSlice('\n')
			size += int64(len(part))
			if len(line)+len(part) > maxLine {
				long = true
			} else {
				line = append(line, part...)
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				break
			}
		}
		if err != nil && err != io.EOF {
			return err
		}
		if size == 0 {
			return nil
		}
		whole := err == nil
		text := bytes.TrimSuffix(line, []byte("\n"))
		var rec Record
		var bad error
		if long {
			bad = fmt.Errorf("%d bytes, want at most %d", size, maxLine)
		} else {
			bad = json.Unmarshal(text, &rec)
		}
		if e := fn(n, at, text, whole, &rec, bad); e != nil {
			return e
		}
		at += size
		if !whole {
			return nil
		}
	}
}

// Write appends r. Steps must not go backwards. A record that cannot be written, because the disk is full, is
// kept and written together with the next; nothing of it stays in the file meanwhile.
func (w *MetricsWriter) Write(r *Record) error {
	if r.Step < w.last {
		return fmt.Errorf("runlog: write metrics to %s: step %d after step %d", w.path, r.Step, w.last)
	}
	b, err := r.appendJSON(w.buf)
	if err != nil {
		return err
	}
	w.buf = append(b, '\n')
	w.last = r.Step
	return w.flush()
}

func (w *MetricsWriter) flush() error {
	n, err := w.f.WriteAt(w.buf, w.size)
	if err != nil {
		if n > 0 {
			err = errors.Join(err, w.f.Truncate(w.size))
		}
		return fmt.Errorf("runlog: write metrics up to step %d: %w", w.last, err)
	}
	w.size += int64(n)
	w.buf = w.buf[:0]
	return nil
}

// Sync makes the records written so far durable.
func (w *MetricsWriter) Sync() error {
	if len(w.buf) > 0 {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if err := w.f.Sync(); err != nil {
		return fmt.Errorf("runlog: sync metrics: %w", err)
	}
	return nil
}

// Close syncs and closes the file.
func (w *MetricsWriter) Close() error {
	return errors.Join(w.Sync(), w.f.Close())
}

// ReadMetrics reads all records of r. A torn last line is ignored, since the run may be writing it; any other
// malformed line is an error with its number. The name stands for r in errors.
func ReadMetrics(r io.Reader, name string) ([]Record, error) {
	var recs []Record
	err := eachLine(r, func(n int, _ int64, _ []byte, whole bool, rec *Record, bad error) error {
		if bad != nil && whole {
			return fmt.Errorf("%s: line %d: %w", name, n, bad)
		}
		if bad == nil {
			recs = append(recs, *rec)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("runlog: read metrics: %w", err)
	}
	return recs, nil
}

// ReadMetricsFile reads the metrics.jsonl at path; see ReadMetrics.
func ReadMetricsFile(path string) ([]Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("runlog: read metrics: %w", err)
	}
	defer f.Close()
	return ReadMetrics(f, path)
}
