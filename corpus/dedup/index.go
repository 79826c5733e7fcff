package dedup

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/internal/durable"
	"github.com/zeebo/xxh3"
)

// Earlier lets a corpus be deduplicated against others that were deduplicated before it.
type Earlier struct {
	// Against are indexes that earlier runs have saved, with the same settings: what they have counts as a copy, and the earlier
	// corpus keeps its own.
	Against []string `yaml:"against"`
	// Save is where an index of this corpus is written, for later ones; empty = none.
	Save string `yaml:"save_index"`
}

// Files names the indexes the outcome depends on.
func (e *Earlier) Files() []string { return e.Against }

// validate refuses an index that would be written over another that is read: a merge that is killed and done again would find its own
// corpus in it, and drop all of it.
func (e *Earlier) validate() error {
	for _, a := range e.Against {
		if e.Save != "" && filepath.Clean(a) == filepath.Clean(e.Save) {
			return fmt.Errorf("save_index: %s, which is also in against: want a file of its own", e.Save)
		}
	}
	return nil
}

// An index is a sorted list of hashes without repeats:
//
//	magic, u16 length and text of the settings that shape hashes, u16 bytes a hash, hashes, u64 number, u64 xxh3 of them   (little endian)
const (
	indexMagic = "ATHINDX1"
	indexEnd   = 16
)

// indexWriter writes an index aside and puts it in place when it is whole.
type indexWriter struct {
	path string
	w    *durable.Aside
	hash *xxh3.Hasher
	n    uint64
	last []byte
}

// save begins the index the settings ask for; nil where they ask for none.
func (e *Earlier) save(env corpus.Env, settings string, size int) (*indexWriter, error) {
	if e.Save == "" {
		return nil, nil
	}
	path := env.Path(e.Save)
	durable.RemoveAsides(path)
	f, err := durable.Create(path)
	if err != nil {
		return nil, fmt.Errorf("dedup: save the index: %w", err)
	}
	w := &indexWriter{path: path, w: f, hash: xxh3.New()}
	head := binary.LittleEndian.AppendUint16([]byte(indexMagic), uint16(len(settings)))
	head = binary.LittleEndian.AppendUint16(append(head, settings...), uint16(size))
	w.w.Write(head) //nolint:errcheck // Commit tells
	return w, nil
}

// add takes the next hash; one that is the last again is left out.
func (w *indexWriter) add(hash []byte) error {
	if w == nil || w.n > 0 && bytes.Equal(hash, w.last) {
		return nil
	}
	w.n++
	w.last = append(w.last[:0], hash...)
	w.hash.Write(hash) //nolint:errcheck // never fails
	if _, err := w.w.Write(hash); err != nil {
		return fmt.Errorf("dedup: save the index %s: %w", w.path, err)
	}
	return nil
}

// end puts the index in place.
func (w *indexWriter) end() error {
	if w == nil {
		return nil
	}
	end := binary.LittleEndian.AppendUint64(nil, w.n)
	_, err := w.w.Write(binary.LittleEndian.AppendUint64(end, w.hash.Sum64()))
	if err == nil {
		err = w.w.Commit()
	}
	if err != nil {
		return fmt.Errorf("dedup: save the index %s: %w", w.path, err)
	}
	return nil
}

// Close removes what was written of an index that did not come to its end.
func (w *indexWriter) Close() error { return w.w.Close() }

// earlier answers for hashes in ascending order whether earlier corpora have them.
type earlier struct{ indexes []*index }

type index struct {
	path string
	c    io.Closer
	r    *bufio.Reader
	size int
	left uint64
	hash *xxh3.Hasher
	sum  uint64
	at   []byte // the hash at hand, empty at the end
}

func (e *Earlier) open(env corpus.Env, settings string, size int) (*earlier, error) {
	var all earlier
	for _, p := range e.Against {
		x, err := openIndex(env.Path(p), settings, size)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("dedup: against index %s: %w", p, err), all.Close())
		}
		all.indexes = append(all.indexes, x)
	}
	return &all, nil
}

// indexes opens what the settings name: earlier corpora, and the index to save, which is nil where they name none.
func (m *merge) indexes(e *Earlier, settings string, size int) (*earlier, *indexWriter, error) {
	old, err := e.open(m.env, settings, size)
	if err != nil {
		return nil, nil, err
	}
	m.files = append(m.files, old)
	save, err := e.save(m.env, settings, size)
	if save != nil {
		m.files = append(m.files, save)
	}
	return old, save, err
}

func openIndex(path, settings string, size int) (*index, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		var x *index
		if x, err = readIndex(f, info.Size(), settings, size); err == nil {
			x.path, x.c = path, f
			return x, nil
		}
	}
	return nil, errors.Join(err, f.Close())
}

type indexFile interface {
	io.Reader
	io.ReaderAt
}

func readIndex(f indexFile, size int64, settings string, hash int) (*index, error) {
	x := &index{r: bufio.NewReaderSize(f, 1<<17), size: hash, hash: xxh3.New(), at: make([]byte, hash)}
	head := make([]byte, len(indexMagic)+2)
	if _, err := io.ReadFull(x.r, head); err != nil || string(head[:len(indexMagic)]) != indexMagic {
		return nil, fmt.Errorf("the file begins with %q, which is not that of an index", head)
	}
	rest := make([]byte, int(binary.LittleEndian.Uint16(head[len(indexMagic):]))+2)
	if _, err := io.ReadFull(x.r, rest); err != nil {
		return nil, errDamaged
	}
	if got := string(rest[:len(rest)-2]); got != settings {
		return nil, fmt.Errorf("it was made with %q, this step has %q", got, settings)
	}
	if got := int(binary.LittleEndian.Uint16(rest[len(rest)-2:])); got != hash {
		return nil, fmt.Errorf("hashes of %d bytes, want %d", got, hash)
	}
	var end [indexEnd]byte
	hashes := size - int64(len(head)+len(rest)+indexEnd)
	if hashes < 0 || hashes%int64(hash) != 0 {
		return nil, errDamaged
	}
	if _, err := f.ReadAt(end[:], size-indexEnd); err != nil {
		return nil, err
	}
	x.left, x.sum = binary.LittleEndian.Uint64(end[:]), binary.LittleEndian.Uint64(end[8:])
	if x.left != uint64(hashes)/uint64(hash) {
		return nil, fmt.Errorf("%w: %d bytes of hashes for %d", errDamaged, hashes, x.left)
	}
	return x, x.next()
}

// next takes the next hash, and checks the sum behind the last.
func (x *index) next() error {
	if x.left == 0 {
		x.at = x.at[:0]
		if x.hash.Sum64() != x.sum {
			return fmt.Errorf("index %s: %w: its checksum is another", x.path, errDamaged)
		}
		return nil
	}
	x.left--
	if _, err := io.ReadFull(x.r, x.at); err != nil {
		return fmt.Errorf("index %s: %w", x.path, err)
	}
	x.hash.Write(x.at) //nolint:errcheck // never fails
	return nil
}

// has says whether an earlier corpus has the hash, which is not smaller than the last asked for.
func (e *earlier) has(hash []byte) (bool, error) {
	found := false
	for _, x := range e.indexes {
		for len(x.at) > 0 {
			c := bytes.Compare(x.at, hash)
			found = found || c == 0
			if c >= 0 {
				break
			}
			if err := x.next(); err != nil {
				return false, err
			}
		}
	}
	return found, nil
}

// drain reads the rest of the indexes, for their checksums.
func (e *earlier) drain() error {
	for _, x := range e.indexes {
		for len(x.at) > 0 {
			if err := x.next(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close closes the files.
func (e *earlier) Close() error {
	var errs []error
	for _, x := range e.indexes {
		errs = append(errs, x.c.Close())
	}
	return errors.Join(errs...)
}
