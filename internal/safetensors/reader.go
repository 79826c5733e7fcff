package safetensors

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// chunk is how many bytes a conversion reads at a time; a multiple of every element size.
const chunk = 64 << 10

// File is an open safetensors file. Its methods may be called from several goroutines at once.
type File struct {
	path   string
	r      io.ReaderAt
	closer io.Closer
	data   int64 // offset of the first tensor byte
	infos  []Info
	index  map[string]int
	meta   map[string]string
}

// Open reads and checks the header of the file at path. The tensors are read when asked for.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	file, err := New(f, st.Size(), path)
	if err != nil {
		f.Close()
		return nil, err
	}
	file.closer = f
	return file, nil
}

// New reads and checks the header of size bytes behind r. The name stands for the file in errors.
func New(r io.ReaderAt, size int64, name string) (*File, error) {
	f := &File{path: name, r: r}
	var lenBuf [8]byte
	if size < int64(len(lenBuf)) {
		return nil, f.invalid("%d bytes, want at least the 8 of the header length", size)
	}
	if err := f.readAt(lenBuf[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(lenBuf[:])
	if n > MaxHeader {
		return nil, f.invalid("the header claims %d bytes, want at most %d", n, MaxHeader)
	}
	if n > uint64(size)-8 {
		return nil, f.invalid("the header claims %d bytes, but only %d follow", n, size-8)
	}
	header := make([]byte, n)
	if err := f.readAt(header, 8); err != nil {
		return nil, err
	}
	infos, meta, err := parseHeader(header)
	if err != nil {
		return nil, f.invalid("%v", err)
	}
	if err := checkSpans(infos, size-8-int64(n)); err != nil {
		return nil, f.invalid("%v", err)
	}
	f.data = 8 + int64(n)
	f.infos = infos
	f.meta = meta
	f.index = make(map[string]int, len(infos))
	for i, info := range infos {
		f.index[info.Name] = i
	}
	return f, nil
}

// Close releases the file. A File made by New holds nothing to release.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// Path returns the name the file was opened by.
func (f *File) Path() string { return f.path }

// Names returns the tensors' names in the order of their data.
func (f *File) Names() []string {
	names := make([]string, len(f.infos))
	for i, info := range f.infos {
		names[i] = info.Name
	}
	return names
}

// Info describes the named tensor; ok is false when the file has none of that name.
func (f *File) Info(name string) (info Info, ok bool) {
	i, ok := f.index[name]
	if !ok {
		return Info{}, false
	}
	info = f.infos[i]
	info.Shape = slices.Clone(info.Shape)
	return info, true
}

// Metadata returns a copy of the header's __metadata__; nil when there is none.
func (f *File) Metadata() map[string]string { return maps.Clone(f.meta) }

// ReadF32 reads the named tensor into dst, converting from F64, F32, BF16 or F16.
// It is an error when dst does not have exactly the tensor's number of elements.
func (f *File) ReadF32(name string, dst []float32) error {
	info, err := f.lookup(name, len(dst))
	if err != nil {
		return err
	}
	if !info.DType.Float() {
		return fmt.Errorf("safetensors: read %q of %s: it is %s, want a floating-point type", name, f.path, info.DType)
	}
	size := info.DType.Size()
	return f.eachChunk(info, func(at int, b []byte) {
		decodeF32(dst[at/size:(at+len(b))/size], b, info.DType)
	})
}

// ReadInt reads the named tensor of an integer or boolean type into dst, whose length must be the
// tensor's number of elements. A U64 above 2^63-1 wraps.
func (f *File) ReadInt(name string, dst []int64) error {
	info, err := f.lookup(name, len(dst))
	if err != nil {
		return err
	}
	if info.DType.Float() || info.DType == F8E4 || info.DType == F8E5 {
		return fmt.Errorf("safetensors: read %q of %s: it is %s, want an integer type", name, f.path, info.DType)
	}
	size := info.DType.Size()
	return f.eachChunk(info, func(at int, b []byte) {
		decodeInt(dst[at/size:(at+len(b))/size], b, info.DType)
	})
}

// Bytes returns a copy of the named tensor's bytes.
func (f *File) Bytes(name string) ([]byte, error) {
	info, ok := f.Info(name)
	if !ok {
		return nil, f.missing(name)
	}
	b := make([]byte, info.End-info.Begin)
	return b, f.readAt(b, f.data+info.Begin)
}

// Section returns a reader of the named tensor's bytes.
func (f *File) Section(name string) (*io.SectionReader, error) {
	info, ok := f.Info(name)
	if !ok {
		return nil, f.missing(name)
	}
	return io.NewSectionReader(f.r, f.data+info.Begin, info.End-info.Begin), nil
}

func (f *File) lookup(name string, n int) (Info, error) {
	i, ok := f.index[name]
	if !ok {
		return Info{}, f.missing(name)
	}
	info := f.infos[i]
	if info.Elements() != n {
		return Info{}, fmt.Errorf("safetensors: read %q of %s: it has %d elements (%v), the destination %d",
			name, f.path, info.Elements(), info.Shape, n)
	}
	return info, nil
}

// eachChunk hands the tensor's bytes to fn piece by piece with their offset within the tensor.
func (f *File) eachChunk(info Info, fn func(at int, b []byte)) error {
	total := info.End - info.Begin
	buf := make([]byte, min(total, chunk))
	for at := int64(0); at < total; at += chunk {
		b := buf[:min(total-at, chunk)]
		if err := f.readAt(b, f.data+info.Begin+at); err != nil {
			return err
		}
		fn(int(at), b)
	}
	return nil
}

func (f *File) readAt(b []byte, at int64) error {
	if n, err := f.r.ReadAt(b, at); n < len(b) {
		return fmt.Errorf("safetensors: read %d bytes at %d of %s: got %d: %w", len(b), at, f.path, n, err)
	}
	return nil
}

func (f *File) missing(name string) error {
	return fmt.Errorf("safetensors: %s has no tensor %q", f.path, name)
}

func (f *File) invalid(format string, args ...any) error {
	return fmt.Errorf("safetensors: %s: %w: %s", f.path, ErrFormat, fmt.Sprintf(format, args...))
}
