package dedup

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/zeebo/xxh3"
)

// The decisions of a merge are two files. "decisions" has a section a task, which lists the documents that are touched, then a table:
//
//	magic, kind
//	section: for each document { uvarint documents since the last, uvarint length, what the kind of pass says of it }
//	table: for each task { u64 offset, u64 length, u64 documents, u64 xxh3 of the section and the documents }, u64 tasks, magic   (little endian)
//
// "names" has the names of documents that decisions refer to by their place: { uvarint length, bytes }.
const (
	decisionsFile  = "decisions"
	decisionsMagic = "ATHDECI1"
	namesFile      = "names"
	namesMagic     = "ATHNAME1"
	tableRow       = 32
	tableEnd       = 16
)

// decisionWriter writes decisions in the order of the documents.
type decisionWriter struct {
	f     *os.File
	w     *bufio.Writer
	docs  []int64
	task  int
	first uint64 // number of the task's first document
	last  uint64 // number after the last document touched
	at    uint64
	open  uint64 // where the section begins
	hash  *xxh3.Hasher
	table []byte
	room  []byte
}

func newDecisions(dir string, kind byte, docs []int64) (*decisionWriter, error) {
	f, err := os.Create(filepath.Join(dir, decisionsFile))
	if err != nil {
		return nil, fmt.Errorf("dedup: %w", err)
	}
	w := &decisionWriter{f: f, w: bufio.NewWriterSize(f, 1<<18), docs: docs, hash: xxh3.New()}
	w.room = append(append(w.room, decisionsMagic...), kind)
	w.at = uint64(len(w.room))
	w.open = w.at
	w.w.Write(w.room) //nolint:errcheck // Flush tells
	return w, nil
}

// put says what becomes of a document; numbers ascend.
func (w *decisionWriter) put(seq uint64, what []byte) error {
	for w.task < len(w.docs) && seq >= w.first+uint64(w.docs[w.task]) {
		w.endTask()
	}
	if w.task == len(w.docs) || seq < w.last {
		return fmt.Errorf("dedup: a decision upon document %d after %d in a corpus of %d tasks", seq, w.last, len(w.docs))
	}
	w.room = binary.AppendUvarint(w.room[:0], seq-w.last)
	w.room = binary.AppendUvarint(w.room, uint64(len(what)))
	w.room = append(w.room, what...)
	w.hash.Write(w.room) //nolint:errcheck // never fails
	w.at += uint64(len(w.room))
	w.last = seq + 1
	if _, err := w.w.Write(w.room); err != nil {
		return fmt.Errorf("dedup: write decisions: %w", err)
	}
	return nil
}

func (w *decisionWriter) endTask() {
	docs := uint64(w.docs[w.task])
	w.hash.Write(binary.LittleEndian.AppendUint64(w.room[:0], docs)) //nolint:errcheck // never fails
	for _, v := range [...]uint64{w.open, w.at - w.open, docs, w.hash.Sum64()} {
		w.table = binary.LittleEndian.AppendUint64(w.table, v)
	}
	w.task++
	w.first += docs
	w.last, w.open = w.first, w.at
	w.hash.Reset()
}

// end writes the table and makes all of it durable.
func (w *decisionWriter) end() error {
	for w.task < len(w.docs) {
		w.endTask()
	}
	w.table = binary.LittleEndian.AppendUint64(w.table, uint64(len(w.docs)))
	w.table = append(w.table, decisionsMagic...)
	_, err := w.w.Write(w.table)
	if err == nil {
		err = w.w.Flush()
	}
	if err == nil {
		err = w.f.Sync()
	}
	if e := w.f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("dedup: write decisions: %w", err)
	}
	return nil
}

// section reads a task's decisions.
type section struct {
	docs uint64
	at   uint64 // the next document
	rest []byte
	next uint64 // the next document touched, where rest is not empty or what is not nil
	what []byte
	some bool
}

func openSection(dir string, kind byte, task int) (*section, error) {
	path := filepath.Join(dir, decisionsFile)
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dedup: open decisions: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("dedup: open decisions: %w", err)
	}
	s, err := readSection(f, info.Size(), kind, task)
	if err != nil {
		return nil, fmt.Errorf("dedup: decisions %s, task %d: %w", path, task, err)
	}
	return s, nil
}

var errDamaged = errors.New("the file is damaged")

func readSection(f io.ReaderAt, size int64, kind byte, task int) (*section, error) {
	const head = len(decisionsMagic) + 1
	room := make([]byte, tableRow)
	if size < int64(head+tableEnd) {
		return nil, fmt.Errorf("%w: %d bytes", errDamaged, size)
	}
	if _, err := f.ReadAt(room[:head], 0); err != nil {
		return nil, err
	}
	if string(room[:head-1]) != decisionsMagic || room[head-1] != kind {
		return nil, fmt.Errorf("the file begins with %q, want %q", room[:head], decisionsMagic+string(rune(kind)))
	}
	if _, err := f.ReadAt(room[:tableEnd], size-tableEnd); err != nil {
		return nil, err
	}
	tasks := binary.LittleEndian.Uint64(room)
	if string(room[8:tableEnd]) != decisionsMagic || tasks > uint64(size-int64(head)-tableEnd)/tableRow {
		return nil, fmt.Errorf("%w: it does not end with its table", errDamaged)
	}
	if uint64(task) >= tasks {
		return nil, fmt.Errorf("no such task, the file has %d", tasks)
	}
	table := size - tableEnd - int64(tasks-uint64(task))*tableRow
	if _, err := f.ReadAt(room, table); err != nil {
		return nil, err
	}
	var row [4]uint64
	for i := range row {
		row[i] = binary.LittleEndian.Uint64(room[8*i:])
	}
	end := uint64(size - tableEnd - int64(tasks)*tableRow)
	if row[0] > end || row[1] > end-row[0] {
		return nil, fmt.Errorf("%w: a section of %d bytes at %d", errDamaged, row[1], row[0])
	}
	s := &section{docs: row[2], rest: make([]byte, row[1])}
	if _, err := f.ReadAt(s.rest, int64(row[0])); err != nil {
		return nil, err
	}
	hash := xxh3.New()
	hash.Write(s.rest)      //nolint:errcheck // never fails
	hash.Write(room[16:24]) //nolint:errcheck // never fails
	if hash.Sum64() != row[3] {
		return nil, fmt.Errorf("%w: the section's checksum is another", errDamaged)
	}
	return s, s.advance(0)
}

// advance finds the next document touched; last is the number after the one before it.
func (s *section) advance(last uint64) error {
	s.some = len(s.rest) > 0
	if !s.some {
		return nil
	}
	gap, n := binary.Uvarint(s.rest)
	if n > 0 {
		if size, k := binary.Uvarint(s.rest[n:]); k > 0 && size <= uint64(len(s.rest)-n-k) && gap < s.docs-last {
			s.next = last + gap
			s.what = s.rest[n+k : n+k+int(size)]
			s.rest = s.rest[n+k+int(size):]
			return nil
		}
	}
	return fmt.Errorf("dedup: decisions after document %d of %d: %w", last, s.docs, errDamaged)
}

// decide returns what is said of the task's next document, nil where nothing is.
func (s *section) decide() ([]byte, error) {
	at := s.at
	if at >= s.docs {
		return nil, fmt.Errorf("dedup: a document more than the %d the decisions are for: the input has changed", s.docs)
	}
	s.at++
	if !s.some || s.next != at {
		return nil, nil
	}
	what := s.what
	return what, s.advance(at + 1)
}

// names looks up names of documents.
type names struct{ f *os.File }

func openNames(dir string) (*names, error) {
	f, err := os.Open(filepath.Join(dir, namesFile))
	if err != nil {
		return nil, fmt.Errorf("dedup: open the names of documents: %w", err)
	}
	return &names{f}, nil
}

func (n *names) at(offset uint64) (string, error) {
	var room [maxID + binary.MaxVarintLen16]byte
	k, err := n.f.ReadAt(room[:], int64(offset))
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("dedup: read the name of a document: %w", err)
	}
	size, u := binary.Uvarint(room[:k])
	if u <= 0 || size > uint64(k-u) {
		return "", fmt.Errorf("dedup: names of documents, at %d of %s: %w", offset, n.f.Name(), errDamaged)
	}
	return string(room[u : u+int(size)]), nil
}
