package dedup

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/zeebo/xxh3"
)

// An index is a sorted list of hashes without repeats:
//
//	magic, u16 length and text of the settings that shape hashes, u16 bytes a hash, hashes, u64 number, u64 xxh3 of them   (little endian)
const (
	indexMagic = "ATHINDX1"
	indexEnd   = 16
)

// indexWriter writes an index.
type indexWriter struct {
	*indexFile
	n    uint64
	last []byte
}

// save begins the index the settings ask for; nil where they ask for none.
func (e *Earlier) save(env corpus.Env, settings string, size int) (*indexWriter, error) {
	f, err := e.create(env)
	if f == nil {
		return nil, err
	}
	f.put(binary.LittleEndian.AppendUint16(indexHead(indexMagic, settings), uint16(size))) //nolint:errcheck // commit tells
	return &indexWriter{indexFile: f}, nil
}

// add takes the next hash; one that is the last again is left out.
func (w *indexWriter) add(hash []byte) error {
	if w == nil || w.n > 0 && bytes.Equal(hash, w.last) {
		return nil
	}
	w.n++
	w.last = append(w.last[:0], hash...)
	return w.write(hash)
}

// end puts the index in place.
func (w *indexWriter) end() error {
	if w == nil {
		return nil
	}
	w.put(binary.LittleEndian.AppendUint64(nil, w.n)) //nolint:errcheck // commit tells
	return w.commit()
}

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
		var x *index
		f, err := openIndex(env.Path(p), func(f readerAt, bytes int64) (err error) {
			x, err = readIndex(f, bytes, settings, size)
			return err
		})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("dedup: against index %s: %w", p, err), all.Close())
		}
		x.path, x.c = p, f
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

func readIndex(f readerAt, size int64, settings string, hash int) (*index, error) {
	x := &index{r: bufio.NewReaderSize(f, 1<<17), size: hash, hash: xxh3.New(), at: make([]byte, hash)}
	if err := readIndexHead(x.r, indexMagic, settings); err != nil {
		return nil, err
	}
	var width [2]byte
	if _, err := io.ReadFull(x.r, width[:]); err != nil {
		return nil, errDamaged
	}
	if got := int(binary.LittleEndian.Uint16(width[:])); got != hash {
		return nil, fmt.Errorf("hashes of %d bytes, want %d", got, hash)
	}
	var end [indexEnd]byte
	hashes := size - int64(len(indexHead(indexMagic, settings))+len(width)+indexEnd)
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
