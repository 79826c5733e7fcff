package dataset

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"os"
	"slices"
	"sync/atomic"

	"github.com/athanor-lm/athanor/corpus/read"
)

// sumFile writes a file and its checksum at once.
type sumFile struct {
	name string
	f    *os.File
	buf  *bufio.Writer
	sum  hash.Hash
	size int64
}

func newSumFile(dir *aside, name string) (*sumFile, error) {
	f, err := os.Create(dir.join(name))
	if err != nil {
		return nil, err
	}
	return &sumFile{name: name, f: f, buf: bufio.NewWriterSize(f, 1<<20), sum: sha256.New()}, nil
}

func (s *sumFile) Write(p []byte) (int, error) {
	s.sum.Write(p)
	s.size += int64(len(p))
	return s.buf.Write(p)
}

// finish flushes the file to the disk and closes it.
func (s *sumFile) finish() (FileInfo, error) {
	err := s.buf.Flush()
	if err == nil {
		err = s.f.Sync()
	}
	if e := s.f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return FileInfo{}, fmt.Errorf("write %s: %w", s.name, err)
	}
	return FileInfo{s.name, s.size, hex.EncodeToString(s.sum.Sum(nil))}, nil
}

// shardWriter writes the .bin of a split as documents come, and its .idx at the end.
type shardWriter struct {
	dir     *aside
	name    string
	dtype   DType
	bin     *sumFile
	lengths []int32
	count   Count
}

func newShardWriter(dir *aside, name string, dt DType) (*shardWriter, error) {
	bin, err := newSumFile(dir, name+".bin")
	if err != nil {
		return nil, err
	}
	return &shardWriter{dir: dir, name: name, dtype: dt, bin: bin}, nil
}

func (w *shardWriter) append(bin []byte, lengths []int32) error {
	w.lengths = append(w.lengths, lengths...)
	_, err := w.bin.Write(bin)
	return err
}

func (w *shardWriter) finish() ([]FileInfo, error) {
	bin, err := w.bin.finish()
	if err != nil {
		return nil, err
	}
	f, err := newSumFile(w.dir, w.name+".idx")
	if err != nil {
		return nil, err
	}
	defer f.f.Close() // for the case of an error
	if err := writeIndex(f, w.dtype, w.lengths); err != nil {
		return nil, err
	}
	idx, err := f.finish()
	return []FileInfo{bin, idx}, err
}

// close releases the file where finish was not reached.
func (w *shardWriter) close() { w.bin.f.Close() }

// quarantine keeps the records that were set aside, one JSON object a line. The file appears with the first of them.
type quarantine struct {
	dir   *aside
	f     *os.File
	buf   *bufio.Writer
	err   error
	first *read.Bad
	count atomic.Int64
}

func (q *quarantine) add(bad read.Bad) {
	q.count.Add(1)
	if q.err != nil {
		return
	}
	if q.first == nil {
		q.first = &bad
		if q.f, q.err = os.Create(q.dir.join(quarantineName)); q.err != nil {
			return
		}
		q.buf = bufio.NewWriter(q.f)
	}
	var line []byte
	if line, q.err = json.Marshal(bad); q.err == nil {
		_, q.err = q.buf.Write(append(line, '\n'))
	}
}

func (q *quarantine) finish() error {
	if q.f != nil && q.err == nil {
		q.err = q.buf.Flush()
	}
	if q.f != nil && q.err == nil {
		q.err = q.f.Sync()
	}
	if q.err != nil {
		return fmt.Errorf("write %s: %w", quarantineName, q.err)
	}
	return nil
}

func (q *quarantine) close() {
	if q.f != nil {
		q.f.Close()
	}
}

// sourceTable counts by source. A corpus that gives every document a source of its own is not listed in full.
type sourceTable map[string]*SourceInfo

const (
	maxSources   = 1000
	otherSources = "(others)"
)

func (t sourceTable) add(source string, split int, c Count) {
	info := t[source]
	if info == nil && len(t) >= maxSources {
		source = otherSources
		info = t[source]
	}
	if info == nil {
		info = &SourceInfo{Name: source}
		t[source] = info
	}
	if split == val {
		info.Val.add(c)
	} else {
		info.Train.add(c)
	}
}

func (t sourceTable) table() []SourceInfo {
	var out []SourceInfo
	for _, name := range slices.Sorted(maps.Keys(t)) {
		out = append(out, *t[name])
	}
	return out
}
