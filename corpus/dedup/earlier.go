package dedup

import (
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

// Writes names the index that the merge writes.
func (e *Earlier) Writes() []string {
	if e.Save == "" {
		return nil
	}
	return []string{e.Save}
}

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

// indexFile is an index that is written aside, with checksums, and put in place when it is whole.
type indexFile struct {
	path string
	w    *durable.Aside
	hash *xxh3.Hasher // of what was written since the last checksum
}

// create begins the index the settings ask for; nil where they ask for none.
func (e *Earlier) create(env corpus.Env) (*indexFile, error) {
	if e.Save == "" {
		return nil, nil
	}
	path := env.Path(e.Save)
	durable.RemoveAsides(path)
	w, err := durable.Create(path)
	if err != nil {
		return nil, fmt.Errorf("dedup: save the index: %w", err)
	}
	return &indexFile{path: path, w: w, hash: xxh3.New()}, nil
}

// put writes what no checksum is of.
func (f *indexFile) put(p []byte) error {
	if _, err := f.w.Write(p); err != nil {
		return fmt.Errorf("dedup: save the index %s: %w", f.path, err)
	}
	return nil
}

func (f *indexFile) write(p []byte) error {
	f.hash.Write(p) //nolint:errcheck // never fails
	return f.put(p)
}

// seal writes the checksum.
func (f *indexFile) seal() error {
	sum := f.hash.Sum64()
	f.hash.Reset()
	return f.put(binary.LittleEndian.AppendUint64(nil, sum))
}

// commit writes the checksum and puts the index in place.
func (f *indexFile) commit() error {
	if err := f.seal(); err != nil {
		return err
	}
	if err := f.w.Commit(); err != nil {
		return fmt.Errorf("dedup: save the index %s: %w", f.path, err)
	}
	return nil
}

// Close removes what was written of an index that did not come to its end.
func (f *indexFile) Close() error { return f.w.Close() }

// indexHead is what an index begins with: its kind, and the settings it was made with.
func indexHead(magic, settings string) []byte {
	return append(binary.LittleEndian.AppendUint16([]byte(magic), uint16(len(settings))), settings...)
}

// readIndexHead wants the head of an index of a kind and settings.
func readIndexHead(in io.Reader, magic, settings string) error {
	head := make([]byte, len(magic)+2)
	if _, err := io.ReadFull(in, head); err != nil || string(head[:len(magic)]) != magic {
		return fmt.Errorf("the file begins with %q, which is not that of an index of this kind, %q", head, magic)
	}
	got := make([]byte, binary.LittleEndian.Uint16(head[len(magic):]))
	if _, err := io.ReadFull(in, got); err != nil {
		return errDamaged
	}
	if string(got) != settings {
		return fmt.Errorf("it was made with %q, this step has %q", got, settings)
	}
	return nil
}

type readerAt interface {
	io.Reader
	io.ReaderAt
}

// openIndex opens a file for read, which says whether it is an index.
func openIndex(path string, read func(f readerAt, size int64) error) (io.Closer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = read(f, info.Size())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
