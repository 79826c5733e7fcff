package safetensors

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"sync"
	"unicode/utf8"
)

// Writer writes a file whose tensors are declared up front and whose data then follows in that order,
// so that a checkpoint larger than memory can be streamed. Every byte goes through a SHA-256.
// A Writer is not safe for use from several goroutines. After an error every later call returns it.
type Writer struct {
	*buffers
	hash    hash.Hash
	infos   []Info
	current int   // tensor being written
	at      int64 // data bytes written
	size    int64 // all bytes written
	err     error
}

// buffers are what a Writer needs beside its description. They are kept for the next one, since a training run writes
// checkpoints all its life.
type buffers struct {
	w   *bufio.Writer
	buf []byte
}

var spare = sync.Pool{New: func() any { return &buffers{bufio.NewWriterSize(nil, 128<<10), make([]byte, chunk)} }}

// Create writes the header for tensors, in that order, with metadata (may be nil) to w and returns a
// Writer for their data. Of an Info only Name, DType and Shape are used. A declaration that would place a
// tensor at an offset its type cannot be loaded from is refused: declare wider types first.
// The header is a function of the arguments alone, so equal content has an equal SHA-256.
func Create(w io.Writer, tensors []Info, metadata map[string]string) (*Writer, error) {
	infos, err := layout(tensors)
	if err != nil {
		return nil, fmt.Errorf("safetensors: create: %w", err)
	}
	header, err := encodeHeader(infos, metadata)
	if err != nil {
		return nil, fmt.Errorf("safetensors: create: %w", err)
	}
	b := spare.Get().(*buffers)
	b.w.Reset(w)
	wr := &Writer{buffers: b, hash: sha256.New(), infos: infos}
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], uint64(len(header)))
	wr.put(n[:])
	wr.put(header)
	if wr.err != nil {
		return nil, wr.err
	}
	wr.skipFull()
	return wr, nil
}

// layout copies the declarations with their offsets filled in.
func layout(tensors []Info) ([]Info, error) {
	infos := make([]Info, len(tensors))
	seen := make(map[string]bool, len(tensors))
	at := int64(0)
	for i, t := range tensors {
		span, err := t.span()
		switch {
		case err != nil:
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		case seen[t.Name]:
			return nil, fmt.Errorf("tensor %q is declared twice", t.Name)
		case t.Name == metadataKey:
			return nil, fmt.Errorf("a tensor cannot be named %q", t.Name)
		case !utf8.ValidString(t.Name):
			return nil, fmt.Errorf("tensor %q: its name is not UTF-8", t.Name)
		case at%int64(t.DType.Size()) != 0:
			return nil, fmt.Errorf("tensor %q: its data would begin at byte %d, not a multiple of %s's %d: declare wider types first",
				t.Name, at, t.DType, t.DType.Size())
		case at+span < at:
			return nil, fmt.Errorf("tensor %q: the data passes 2^63 bytes", t.Name)
		}
		seen[t.Name] = true
		t.Begin, t.End = at, at+span
		t.Shape = slices.Clone(t.Shape)
		infos[i] = t
		at = t.End
	}
	return infos, nil
}

// encodeHeader renders the header by hand because the order of keys matters to the SHA-256, and pads it
// with spaces so that the data begins at a multiple of 8, as the reference implementation does.
func encodeHeader(infos []Info, metadata map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	if len(metadata) > 0 {
		b.WriteString(quote(metadataKey) + ":{")
		for i, k := range slices.Sorted(maps.Keys(metadata)) {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quote(k) + ":" + quote(metadata[k]))
		}
		b.WriteByte('}')
	}
	for _, t := range infos {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		shape := t.Shape
		if shape == nil {
			shape = []int{}
		}
		entry, err := json.Marshal(struct {
			DType   DType    `json:"dtype"`
			Shape   []int    `json:"shape"`
			Offsets [2]int64 `json:"data_offsets"`
		}{t.DType, shape, [2]int64{t.Begin, t.End}})
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		b.WriteString(quote(t.Name) + ":")
		b.Write(entry)
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len() > MaxHeader {
		return nil, fmt.Errorf("the header takes %d bytes, want at most %d", b.Len(), MaxHeader)
	}
	return b.Bytes(), nil
}

// quote renders s as a JSON string; encoding a string cannot fail.
func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// WriteF32 writes the next elements of the current tensor, rounding to its floating-point type (to nearest,
// ties to even). A tensor may be written in several slices; a slice must not cross into the next tensor.
func (w *Writer) WriteF32(src []float32) error {
	info, err := w.room(len(src), -1)
	if err != nil {
		return err
	}
	if !info.DType.Float() && len(src) > 0 {
		return w.fail("write tensor %q: it is declared %s, want a floating-point type for f32 values", info.Name, info.DType)
	}
	size := info.DType.Size()
	for len(src) > 0 {
		n := min(len(src), chunk/size)
		encodeF32(w.buf[:n*size], src[:n], info.DType)
		w.put(w.buf[:n*size])
		w.at += int64(n * size)
		src = src[n:]
	}
	w.skipFull()
	return w.err
}

// WriteRaw writes the next bytes of the current tensor as they are: little-endian elements of its type.
// The same rules as for WriteF32 hold.
func (w *Writer) WriteRaw(b []byte) error {
	if _, err := w.room(-1, len(b)); err != nil {
		return err
	}
	w.put(b)
	w.at += int64(len(b))
	w.skipFull()
	return w.err
}

// Close flushes, and fails if tensors are incomplete. It does not close or sync the underlying writer.
func (w *Writer) Close() error {
	if w.err != nil || w.buffers == nil {
		return w.err
	}
	if w.current < len(w.infos) {
		t := w.infos[w.current]
		return w.fail("close: tensor %q has %d of %d bytes and %d tensors after it have none",
			t.Name, w.at-t.Begin, t.End-t.Begin, len(w.infos)-w.current-1)
	}
	if err := w.w.Flush(); err != nil {
		return w.fail("close: %w", err)
	}
	w.w.Reset(nil)
	spare.Put(w.buffers)
	w.buffers = nil
	return nil
}

// Sum returns the SHA-256 of all bytes written so far; of the whole file after Close.
func (w *Writer) Sum() [sha256.Size]byte { return [sha256.Size]byte(w.hash.Sum(nil)) }

// Size returns the number of bytes written so far; the file's after Close.
func (w *Writer) Size() int64 { return w.size }

// room returns the current tensor after checking that elems elements or raw bytes (the other is -1) still
// fit into it.
func (w *Writer) room(elems, raw int) (Info, error) {
	if w.err != nil {
		return Info{}, w.err
	}
	if w.current == len(w.infos) {
		if elems <= 0 && raw <= 0 {
			return Info{DType: F32}, nil
		}
		return Info{}, w.fail("write past the last of %d declared tensors", len(w.infos))
	}
	t := w.infos[w.current]
	n := int64(raw)
	if elems >= 0 {
		n = int64(elems) * int64(t.DType.Size())
	}
	if n > t.End-w.at {
		return Info{}, w.fail("write tensor %q: %d bytes more, but only %d of its %d are missing",
			t.Name, n, t.End-w.at, t.End-t.Begin)
	}
	return t, nil
}

// skipFull moves to the next tensor that still wants data; tensors without elements want none.
func (w *Writer) skipFull() {
	for w.current < len(w.infos) && w.at == w.infos[w.current].End {
		w.current++
	}
}

func (w *Writer) put(b []byte) {
	if w.err != nil {
		return
	}
	n, err := w.w.Write(b)
	w.size += int64(n)
	w.hash.Write(b[:n])
	if err != nil {
		w.fail("write: %w", err)
	}
}

func (w *Writer) fail(format string, args ...any) error {
	w.err = fmt.Errorf("safetensors: "+format, args...)
	return w.err
}
