package read

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	pqformat "github.com/parquet-go/parquet-go/format"
)

// Bounds of what a Parquet file may state.
const (
	maxFooter         = 128 << 20 // bytes
	maxFooterElements = 4 << 20   // in all its lists: columns of row groups, encodings, statistics
	maxPageHeader     = 16 << 20  // bytes; some writers put the least and greatest text there
	maxPageValues     = 16 << 20  // run-length encoding makes any number out of a few bytes
)

// guardFooter looks at the end of a file before the library does.
func guardFooter(r io.ReaderAt, size int64) error {
	var head [4]byte
	var tail [8]byte
	if size < int64(len(head)+len(tail)) {
		return fmt.Errorf("%d bytes, too few for a Parquet file", size)
	}
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return err
	}
	if _, err := r.ReadAt(tail[:], size-8); err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(tail[:]))
	switch {
	case string(head[:]) != "PAR1":
		return fmt.Errorf("it begins with %q, want PAR1: no Parquet file", head[:])
	case string(tail[4:]) != "PAR1":
		return fmt.Errorf("it ends with %q, want PAR1: the file is cut off or damaged", tail[4:])
	case n > size-12:
		return fmt.Errorf("the end states a footer of %d bytes, but the file has %d", n, size)
	case n > maxFooter:
		return fmt.Errorf("a footer of %d bytes, want at most %d", n, maxFooter)
	}
	footer := make([]byte, n)
	if _, err := r.ReadAt(footer, size-8-n); err != nil {
		return err
	}
	w := thriftWalker{data: footer}
	switch {
	case !w.structure(0):
		return fmt.Errorf("the footer of %d bytes is damaged at byte %d", n, w.at)
	case w.elements > maxFooterElements:
		return fmt.Errorf("a footer with %d elements in its lists, want at most %d", w.elements, maxFooterElements)
	}
	return nil
}

// pageGuard looks at the pages of a row group before the library does: that what they state is within bounds, and that what
// they decompress to is what they state.
type pageGuard struct {
	r    io.ReaderAt
	size int64 // of the file
	opts *Options
	buf  []byte // a header, then a page
	zstd *zstd.Decoder
}

func (g *pageGuard) close() {
	if g.zstd != nil {
		g.zstd.Close()
	}
}

// column goes through the pages of a column.
func (g *pageGuard) column(m *pqformat.ColumnMetaData) error {
	at := m.DataPageOffset
	if m.DictionaryPageOffset != 0 {
		at = m.DictionaryPageOffset
	}
	end := at + m.TotalCompressedSize
	if at < 0 || m.TotalCompressedSize < 0 || end < at || end > g.size {
		return fmt.Errorf("its pages lie at bytes %d to %d of a file of %d", at, end, g.size)
	}
	for n := 0; at < end; n++ {
		h, size, err := g.header(at, end)
		if err == nil {
			at += int64(size)
			err = g.page(h, m.Codec, at, end)
		}
		if err != nil {
			return fmt.Errorf("page %d: %w", n, err)
		}
		at += int64(h.CompressedPageSize)
	}
	return nil
}

// header reads the header of the page at a place.
func (g *pageGuard) header(at, end int64) (*pqformat.PageHeader, int, error) {
	for size := int64(1 << 10); ; size *= 8 {
		data, err := g.read(at, min(size, end-at))
		if err != nil {
			return nil, 0, err
		}
		w := thriftWalker{data: data}
		if w.structure(0) {
			h := new(pqformat.PageHeader)
			err := thrift.Unmarshal(new(thrift.CompactProtocol), data[:w.at], h)
			return h, w.at, err
		}
		if size >= end-at || size >= maxPageHeader {
			return nil, 0, errors.New("its header is damaged")
		}
	}
}

func (g *pageGuard) read(at, n int64) ([]byte, error) {
	if int64(cap(g.buf)) < n {
		g.buf = make([]byte, n)
	}
	g.buf = g.buf[:n]
	_, err := g.r.ReadAt(g.buf, at)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return g.buf, err
}

// page looks at one page, whose data lies at a place.
func (g *pageGuard) page(h *pqformat.PageHeader, codec pqformat.CompressionCodec, at, end int64) error {
	packed, plain, values := int64(h.CompressedPageSize), int64(h.UncompressedPageSize), int32(0)
	levels := int64(0) // bytes that are not compressed
	compressed := codec != pqformat.Uncompressed
	switch {
	case h.DataPageHeader.Valid:
		values = h.DataPageHeader.V.NumValues
	case h.DictionaryPageHeader.Valid:
		values = h.DictionaryPageHeader.V.NumValues
	case h.DataPageHeaderV2.Valid:
		v := &h.DataPageHeaderV2.V
		values = v.NumValues
		levels = int64(v.RepetitionLevelsByteLength) + int64(v.DefinitionLevelsByteLength)
		compressed = compressed && (!v.IsCompressed.Valid || v.IsCompressed.V)
	}
	most := int64(g.opts.MaxRecord)
	switch {
	case packed < 0 || packed > end-at:
		return fmt.Errorf("it states %d bytes, but its column has %d more", packed, end-at)
	case plain < 0 || plain > most || packed > most:
		return fmt.Errorf("%d bytes, %d compressed, above the largest record of %d", plain, packed, most)
	case values < 0 || values > maxPageValues:
		return fmt.Errorf("%d values, want at most %d", values, maxPageValues)
	case levels < 0 || levels > packed || levels > plain:
		return fmt.Errorf("levels of %d bytes in a page of %d", levels, packed)
	case !compressed:
		return nil
	}
	data, err := g.read(at, packed)
	if err != nil {
		return err
	}
	n, err := g.decompressed(data[levels:], codec, plain-levels)
	if err == nil && n != plain-levels {
		err = fmt.Errorf("it decompresses to %d bytes or more, want %d", n, plain-levels)
	}
	return err
}

// decompressed is how many bytes data decompresses to, or more than want.
func (g *pageGuard) decompressed(data []byte, codec pqformat.CompressionCodec, want int64) (int64, error) {
	if want == 0 && len(data) == 0 {
		return 0, nil // a page of nulls
	}
	var r io.Reader
	switch codec {
	case pqformat.Snappy:
		n, err := snappy.DecodedLen(data) // decoding ends there
		return int64(n), err
	case pqformat.Gzip:
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return 0, err
		}
		r = z
	case pqformat.Brotli:
		r = brotli.NewReader(bytes.NewReader(data))
	case pqformat.Zstd:
		if g.zstd == nil {
			z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(uint64(max(g.opts.MaxWindow, zstd.MinWindowSize))))
			if err != nil {
				return 0, err
			}
			g.zstd = z
		}
		if err := g.zstd.Reset(bytes.NewReader(data)); err != nil {
			return 0, err
		}
		r = g.zstd
	default:
		// LZ4_RAW among them: parquet-go 0.32 gives the contents of an old buffer for a page of it that grew less than
		// threefold (Column.decompress takes no notice that the codec took another buffer).
		return 0, fmt.Errorf("compression %v is not read; read are snappy, gzip, brotli and zstd", codec)
	}
	return io.Copy(io.Discard, io.LimitReader(r, want+1))
}
