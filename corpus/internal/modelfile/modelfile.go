// Package modelfile is the frame of the files that models are kept in:
//
//	magic     8 bytes, name and version of the format
//	length    u32 of the head
//	head      JSON
//	body      what the kind of model has
//	checksum  u64 XXH3 of all that   (little endian)
package modelfile

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/zeebo/xxh3"

	"github.com/athanor-lm/athanor/internal/durable"
)

const (
	magicBytes = 8
	before     = magicBytes + 4 // of the head
	behind     = 8              // the body
	maxHead    = 1 << 20
)

// Writer takes the body of a file.
type Writer struct {
	to   io.Writer
	hash *xxh3.Hasher
	at   int64
	err  error // the first; what comes after it is lost
}

// Write adds to the file.
func (w *Writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.hash.Write(p) //nolint:errcheck // never fails
	n, err := w.to.Write(p)
	w.at += int64(n)
	w.err = err
	return n, err
}

// Align adds zeros up to a multiple of n bytes from the file's beginning.
func (w *Writer) Align(n int) {
	if rest := int(w.at % int64(n)); rest > 0 {
		w.Write(make([]byte, n-rest)) //nolint:errcheck // kept
	}
}

// Write writes a file; body writes the body, and need not look at errors.
func Write(to io.Writer, magic string, head any, body func(w *Writer)) error {
	text, err := json.Marshal(head)
	if err != nil {
		return err
	}
	if len(text) > maxHead {
		return fmt.Errorf("a head of %d bytes, want at most %d", len(text), maxHead)
	}
	w := &Writer{to: to, hash: xxh3.New()}
	w.Write(binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(text)))) //nolint:errcheck // kept
	w.Write(text)                                                               //nolint:errcheck // kept
	body(w)
	w.Write(binary.LittleEndian.AppendUint64(nil, w.hash.Sum64())) //nolint:errcheck // kept
	return w.err
}

// Save writes the file at path, whole or not at all.
func Save(path, magic string, head any, body func(w *Writer)) error {
	f, err := durable.Create(path)
	if err != nil {
		return err
	}
	if err := Write(f, magic, head, body); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Commit()
}

// Parse checks the frame of a file and decodes its head, in which it knows all fields. It returns the body, and where that begins.
func Parse(data []byte, magic string, head any) (body []byte, at int, err error) {
	if len(data) < before+behind || string(data[:magicBytes]) != magic {
		return nil, 0, fmt.Errorf("no model of this kind and version: it does not begin with %q", magic)
	}
	n := int(binary.LittleEndian.Uint32(data[magicBytes:]))
	if n > maxHead || n > len(data)-before-behind {
		return nil, 0, fmt.Errorf("a head of %d bytes in a file of %d", n, len(data))
	}
	all, sum := data[:len(data)-behind], binary.LittleEndian.Uint64(data[len(data)-behind:])
	if got := xxh3.Hash(all); got != sum {
		return nil, 0, fmt.Errorf("checksum %016x, want %016x: the file is damaged", got, sum)
	}
	dec := json.NewDecoder(bytes.NewReader(all[before : before+n]))
	dec.DisallowUnknownFields()
	if err := dec.Decode(head); err != nil {
		return nil, 0, fmt.Errorf("head: %w", err)
	}
	return all[before+n:], before + n, nil
}

// Seal returns a copy of a file with the checksum that it should have, for tests that change files.
func Seal(data []byte) []byte {
	if len(data) < behind {
		return data
	}
	body := data[:len(data)-behind]
	return binary.LittleEndian.AppendUint64(bytes.Clone(body), xxh3.Hash(body))
}
