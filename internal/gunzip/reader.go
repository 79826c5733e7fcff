package gunzip

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// Flags of a member's header.
const (
	flagChecksum = 1 << 1
	flagExtra    = 1 << 2
	flagName     = 1 << 3
	flagComment  = 1 << 4
	flagReserved = 0xE0
)

// longestName bounds a name or comment in a header, in bytes with the zero at its end.
const longestName = 512

// Reader reads the members of a gzip file one after the other as one text.
type Reader struct {
	inflater
	sum    uint32 // CRC-32 of the member so far, or of its header
	size   uint32 // of the member so far
	member bool   // within one
	err    error  // comes behind what is still to be given out
}

// NewReader reads the header of the first member. The error is io.EOF where there is nothing at all, and gzip.ErrHeader where it is none.
func NewReader(r io.Reader) (*Reader, error) {
	z := &Reader{inflater: newInflater(r)}
	if err := z.header(); err != nil {
		return nil, err
	}
	return z, nil
}

// Read gives out text. It ends with io.EOF behind the last member, io.ErrUnexpectedEOF where the file is cut off, gzip.ErrChecksum,
// gzip.ErrHeader or a flate.CorruptInputError where it is damaged, or what the reader below said; all text before comes first.
func (z *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for z.given == z.made {
		if z.err != nil {
			return 0, z.err
		}
		z.err = z.more()
	}
	n := copy(p, z.out[z.given:z.made])
	z.given += n
	return n, nil
}

// more makes more text, or ends a member and begins the next.
func (z *Reader) more() error {
	if !z.member {
		return z.header()
	}
	z.slide()
	err := z.inflate()
	text := z.out[z.given:z.made]
	z.sum = crc32.Update(z.sum, crc32.IEEETable, text)
	z.size += uint32(len(text))
	if err != io.EOF {
		return err
	}
	return z.trailer()
}

// trailer checks what stands behind a member's data.
func (z *Reader) trailer() error {
	z.member = false
	z.toByte()
	var t [8]byte
	if err := z.full(t[:]); err != nil {
		return noEOF(err)
	}
	if binary.LittleEndian.Uint32(t[:]) != z.sum || binary.LittleEndian.Uint32(t[4:]) != z.size {
		return gzip.ErrChecksum
	}
	return nil
}

// header reads the header of a member and begins it; io.EOF where there is no more.
func (z *Reader) header() error {
	z.sum, z.size = 0, 0
	var h [10]byte
	if err := z.full(h[:]); err != nil {
		return err
	}
	if h[0] != 0x1F || h[1] != 0x8B || h[2] != 8 {
		return gzip.ErrHeader
	}
	z.sum = crc32.ChecksumIEEE(h[:])
	if err := z.optional(h[3]); err != nil {
		return err
	}
	if h[3]&flagReserved != 0 {
		return gzip.ErrHeader
	}
	z.begin()
	z.sum, z.member = 0, true
	return nil
}

// optional passes over the parts of a header that its flags announce.
func (z *Reader) optional(flags byte) error {
	var two [2]byte
	if flags&flagExtra != 0 {
		if err := z.summed(two[:]); err != nil {
			return err
		}
		if err := z.summed(make([]byte, binary.LittleEndian.Uint16(two[:]))); err != nil {
			return err
		}
	}
	for _, flag := range [...]byte{flagName, flagComment} {
		if flags&flag == 0 {
			continue
		}
		if err := z.name(); err != nil {
			return err
		}
	}
	if flags&flagChecksum != 0 {
		if err := z.full(two[:]); err != nil {
			return noEOF(err)
		}
		if binary.LittleEndian.Uint16(two[:]) != uint16(z.sum) {
			return gzip.ErrHeader
		}
	}
	return nil
}

// summed reads a part of a header into its checksum.
func (z *Reader) summed(p []byte) error {
	err := z.full(p)
	z.sum = crc32.Update(z.sum, crc32.IEEETable, p)
	return noEOF(err)
}

// name passes over a name or comment.
func (z *Reader) name() error {
	for n := 0; n < longestName; {
		if z.pos == z.end {
			if err := z.load(); err != nil {
				return noEOF(err)
			}
		}
		part := z.in[z.pos:min(z.end, z.pos+longestName-n)]
		zero := bytes.IndexByte(part, 0)
		if zero >= 0 {
			part = part[:zero+1]
		}
		z.sum = crc32.Update(z.sum, crc32.IEEETable, part)
		z.pos += len(part)
		if n += len(part); zero >= 0 {
			return nil
		}
	}
	return gzip.ErrHeader
}

// noEOF is err, but that an end where something is missing is unexpected.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
