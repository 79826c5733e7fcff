package bpetrain

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// run is a spilled table: for every part its pieces, in no order, as
//
//	uvarint size, uvarint count, the bytes
type run struct {
	Name string   `json:"name"` // in the directory of runs
	Ends []int64  `json:"ends"` // end of every part in the file
	file *os.File `json:"-"`    // open for reading once counting has ended
}

// writeRun writes a table to dir/name, on stable storage when it returns.
func writeRun(dir, name string, t *table) (r run, err error) {
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return run{}, err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	r = run{Name: name, Ends: make([]int64, parts)}
	w := bufio.NewWriterSize(f, 1<<20)
	var head [2 * binary.MaxVarintLen64]byte
	var size int64
	for p := range parts {
		t.part(p, func(piece []byte, n int64) {
			k := binary.PutUvarint(head[:], uint64(len(piece)))
			k += binary.PutUvarint(head[k:], uint64(n))
			w.Write(head[:k]) // the writer keeps its first error for Flush
			w.Write(piece)
			size += int64(k + len(piece))
		})
		r.Ends[p] = size
	}
	if err = w.Flush(); err != nil {
		return run{}, err
	}
	return r, f.Sync()
}

func (r *run) size() int64 { return r.Ends[parts-1] }

// open checks the run against the file and opens it.
func (r *run) open(dir string) error {
	if r.file != nil {
		return nil
	}
	f, err := os.Open(filepath.Join(dir, r.Name))
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err == nil && st.Size() != r.size() {
		err = fmt.Errorf("%s has %d bytes, want %d", f.Name(), st.Size(), r.size())
	}
	if err != nil {
		f.Close()
		return err
	}
	r.file = f
	return nil
}

// part calls f with the pieces of part p. It may run beside others.
func (r *run) part(p int, f func(piece []byte, n int64)) error {
	var from int64
	if p > 0 {
		from = r.Ends[p-1]
	}
	in := bufio.NewReaderSize(io.NewSectionReader(r.file, from, r.Ends[p]-from), 1<<16)
	var buf [maxPiece]byte
	for {
		size, err := binary.ReadUvarint(in)
		if err == io.EOF {
			return nil
		}
		n, err2 := binary.ReadUvarint(in)
		if err = errors.Join(err, err2); err == nil && (size == 0 || size > maxPiece || n == 0 || n > countLimit) {
			err = fmt.Errorf("a piece of %d bytes that occurs %d times", size, n)
		}
		if err == nil {
			_, err = io.ReadFull(in, buf[:size])
		}
		if err != nil {
			return fmt.Errorf("read %s, part %d: %w", r.file.Name(), p, err)
		}
		f(buf[:size], int64(n))
	}
}
