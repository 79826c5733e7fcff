package pipeline

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/s2"
	"github.com/zeebo/xxh3"
)

// A block file holds documents or records between stages. It is a run of blocks and an end:
//
//	block = u32 size packed, u32 size, u32 items, u64 checksum, the packed bytes
//	end   = a block of no items, whose 8 packed bytes are the number of items in the file
//
// all little-endian; the checksum is the XXH3 of the packed bytes, with that of the three numbers by exclusive or. The end tells a whole file from one that was cut off. Records are
// packed with S2. Documents are stored as they are, with both sizes the same: packing them would take longer than all rules for their language, and only stage 0 stores all of them.
const blockHeader = 4 + 4 + 4 + 8

// maxBlock bounds what a damaged header can make the reader allocate, in bytes.
const maxBlock = 1 << 31

// packBlock appends a block of items items, laid out in raw, to dst; one that packing does not make smaller is stored.
func packBlock(dst, raw []byte, items int) []byte {
	at := len(dst)
	need := blockHeader + s2.MaxEncodedLen(len(raw))
	if cap(dst)-at < need {
		dst = append(make([]byte, 0, at+need), dst...)
	}
	packed := s2.Encode(dst[at+blockHeader:cap(dst)], raw)
	if len(packed) >= len(raw) {
		packed = append(packed[:0], raw...)
	}
	dst = dst[:at+blockHeader+len(packed)]
	putBlockHeader(dst[at:], len(raw), items)
	return dst
}

// beginBlock appends the room for the header of a block that is stored as it is; its items follow, then comes endStored.
func beginBlock(dst []byte) []byte { return append(dst, make([]byte, blockHeader)...) }

// endStored fills in the header of the stored block that b is.
func endStored(b []byte, items int) { putBlockHeader(b, len(b)-blockHeader, items) }

// putBlockHeader fills in the header of the block that b is.
func putBlockHeader(b []byte, size, items int) {
	packed := b[blockHeader:]
	binary.LittleEndian.PutUint32(b, uint32(len(packed)))
	binary.LittleEndian.PutUint32(b[4:], uint32(size))
	binary.LittleEndian.PutUint32(b[8:], uint32(items))
	binary.LittleEndian.PutUint64(b[12:], xxh3.Hash(packed)^xxh3.Hash(b[:12]))
}

// endBlock is the end of a file of items items.
func endBlock(items int64) []byte {
	b := make([]byte, blockHeader+8)
	binary.LittleEndian.PutUint64(b[blockHeader:], uint64(items))
	putBlockHeader(b, 8, 0)
	return b
}

// blockReader reads the blocks of a file.
type blockReader struct {
	in     *bufio.Reader
	file   string
	packed []byte
	items  int64
	read   int64 // bytes
}

func newBlockReader(in io.Reader, file string) *blockReader {
	return &blockReader{in: bufio.NewReaderSize(in, 1<<14), file: file} // blocks are larger, and are read without it
}

// next unpacks the next block into dst, which is made larger where need be; io.EOF behind the last. One that is stored, the reader gives away.
func (r *blockReader) next(dst []byte) (raw []byte, items int, err error) {
	var head [blockHeader]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return nil, 0, r.damaged("it is cut off", err)
	}
	n, size := int(binary.LittleEndian.Uint32(head[:])), int(binary.LittleEndian.Uint32(head[4:]))
	items = int(binary.LittleEndian.Uint32(head[8:]))
	if n > maxBlock || size > maxBlock {
		return nil, 0, r.damaged(fmt.Sprintf("a block of %d bytes", max(n, size)), nil)
	}
	if err := r.fill(n); err != nil {
		return nil, 0, r.damaged("it is cut off", err)
	}
	r.read += int64(blockHeader + n)
	if sum := xxh3.Hash(r.packed) ^ xxh3.Hash(head[:12]); sum != binary.LittleEndian.Uint64(head[12:]) {
		return nil, 0, r.damaged("a checksum does not fit", nil)
	}
	if items == 0 {
		if n != 8 || binary.LittleEndian.Uint64(r.packed) != uint64(r.items) {
			return nil, 0, r.damaged("its end counts other items than it holds", nil)
		}
		return nil, 0, io.EOF
	}
	r.items += int64(items)
	if n == size {
		raw, r.packed = r.packed, nil
		return raw, items, nil
	}
	if n, err := s2.DecodedLen(r.packed); err != nil || n != size {
		return nil, 0, r.damaged("a block is of another size than it says", err)
	}
	if cap(dst) < size {
		dst = make([]byte, size)
	}
	if raw, err = s2.Decode(dst[:size], r.packed); err != nil || len(raw) != size {
		return nil, 0, r.damaged("a block cannot be unpacked", err)
	}
	return raw, items, nil
}

// fill reads n bytes. A number from a damaged header must not be believed before so much is there.
func (r *blockReader) fill(n int) error {
	const step = 16 << 20
	r.packed = r.packed[:0]
	for len(r.packed) < n {
		at := len(r.packed)
		r.packed = slices.Grow(r.packed, min(step, n-at))[:at+min(step, n-at)]
		if _, err := io.ReadFull(r.in, r.packed[at:]); err != nil {
			return err
		}
	}
	return nil
}

func (r *blockReader) damaged(what string, err error) error {
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read %s: %w", r.file, err)
	}
	return fmt.Errorf("%s is damaged: %s after %d bytes; remove it and run again", r.file, what, r.read)
}
