// Package extsort sorts more fixed-size records than memory holds: buffers are sorted in memory by their bytes, written to
// disk as runs when they are full, and merged while they are read.
//
//	s, err := extsort.New(extsort.Options{Size: 13, Memory: 1 << 30, Dir: dir, Workers: 2})
//	defer s.Close() // also removes what is on the disk
//	… s.Add(record) …
//	r, err := s.Sort()
//	for rec, err := r.Next(); err != io.EOF; rec, err = r.Next() { … }
//
// Records are compared as strings of bytes, so numbers in them stand in big-endian order. What is not written to disk never
// leaves memory: a small sort is a sort in memory. Counting how often values occur is a sort of their hashes: equal ones
// come one after the other.
package extsort

import (
	"errors"
	"fmt"
	"sync"

	"github.com/edsrzf/mmap-go"
)

// Options say what is sorted and what may be used for it.
type Options struct {
	Size     int    // bytes of a record, 1 to 1,024
	Memory   int64  // bytes the sort may hold in all; buffers hold 1,024 records even where that is more
	Dir      string // an existing directory for the runs
	Workers  int    // goroutines that sort and write while more is added; 0 = 1
	Compress bool   // compress the runs (S2): for records whose bytes repeat, not for hashes
}

const (
	maxSize    = 1024
	minRecords = 1024
)

// Sorter takes records and then gives them back in order. One goroutine uses it.
type Sorter struct {
	o       Options
	buffer  int // bytes of a buffer, whole records
	filling mmap.MMap
	at      int // bytes filled
	count   int64
	created int
	free    chan mmap.MMap
	work    sync.WaitGroup
	merged  []mmap.MMap // the merge's blocks

	mu   sync.Mutex
	err  error // the first of the goroutines
	runs []*run
	dirs runFiles
}

// New returns an empty sorter.
func New(o Options) (*Sorter, error) {
	if o.Size < 1 || o.Size > maxSize {
		return nil, fmt.Errorf("extsort: records of %d bytes, want 1 to %d", o.Size, maxSize)
	}
	o.Workers = max(o.Workers, 1)
	s := &Sorter{o: o, free: make(chan mmap.MMap, o.Workers+1), dirs: runFiles{dir: o.Dir, create: createRun}}
	records := max(minRecords, int(o.Memory*3/4)/(o.Workers+1)/o.Size)
	s.buffer = records * o.Size
	return s, nil
}

// Len returns the number of records added.
func (s *Sorter) Len() int64 { return s.count }

// Add takes a copy of a record.
func (s *Sorter) Add(record []byte) error {
	if len(record) != s.o.Size {
		return fmt.Errorf("extsort: a record of %d bytes, want %d", len(record), s.o.Size)
	}
	if s.filling == nil {
		if err := s.next(); err != nil {
			return err
		}
	}
	s.at += copy(s.filling[s.at:], record)
	s.count++
	if s.at == s.buffer {
		s.flush()
	}
	return nil
}

// next finds a buffer to fill: a new one while there may be more, or the first that becomes free.
func (s *Sorter) next() error {
	if err := s.failed(); err != nil {
		return err
	}
	s.at = 0
	select {
	case s.filling = <-s.free:
		return nil
	default:
	}
	if s.created > s.o.Workers {
		s.filling = <-s.free
		return s.failed()
	}
	b, err := reserve(s.buffer)
	if err != nil {
		return err
	}
	s.filling = b
	s.created++
	return nil
}

// flush sorts the full buffer and writes it to disk, in the background.
func (s *Sorter) flush() {
	b := s.filling
	s.filling = nil
	s.work.Go(func() {
		sortRecords(b, s.o.Size, 0)
		r, err := s.dirs.write(b, s.o.Compress)
		s.mu.Lock()
		if err != nil {
			s.err = errors.Join(s.err, err)
		} else {
			s.runs = append(s.runs, r)
		}
		s.mu.Unlock()
		s.free <- b
	})
}

func (s *Sorter) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Sort ends the adding and returns the records in order. It is called once.
func (s *Sorter) Sort() (*Reader, error) {
	s.work.Wait()
	if err := s.failed(); err != nil {
		return nil, err
	}
	var rest []byte
	if s.filling != nil {
		rest = s.filling[:s.at]
		sortParallel(rest, s.o.Size, s.o.Workers)
	}
	if err := s.release(); err != nil {
		return nil, err
	}
	return s.merge(rest)
}

// release gives the buffers back that are not in use.
func (s *Sorter) release() error {
	for len(s.free) > 0 {
		b := <-s.free
		if err := b.Unmap(); err != nil {
			return fmt.Errorf("extsort: give memory back: %w", err)
		}
	}
	return nil
}

// Close gives the memory back and removes the runs. The records of the reader are gone.
func (s *Sorter) Close() error {
	s.work.Wait()
	var errs []error
	for _, r := range s.runs {
		errs = append(errs, r.remove())
	}
	errs = append(errs, s.release())
	if s.filling != nil {
		errs = append(errs, s.filling.Unmap())
	}
	for _, b := range s.merged {
		errs = append(errs, b.Unmap())
	}
	s.runs, s.filling, s.merged = nil, nil, nil
	return errors.Join(errs...)
}

// reserve returns zeroed memory outside the collected heap: it counts only where it is touched, and is given back at once.
func reserve(bytes int) (mmap.MMap, error) {
	b, err := mmap.MapRegion(nil, bytes, mmap.RDWR, mmap.ANON, 0)
	if err != nil {
		return nil, fmt.Errorf("extsort: reserve %d bytes of memory: %w", bytes, err)
	}
	return b, nil
}
