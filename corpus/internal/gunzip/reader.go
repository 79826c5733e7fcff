// Package gunzip reads gzip files (RFC 1952) of any number of members. It is for reading large ones in order: it decodes in half the
// time of compress/gzip and packages like it, for which it looks at 64 bits of input at once and finds symbols, in tables of up to 15 bits,
// by one or two looks.
package gunzip

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
)

// Reader decompresses. Its errors are those of compress/gzip: io.ErrUnexpectedEOF where the input is cut off, else one that says what is wrong.
type Reader struct {
	in  input
	err error // once the window is read

	window  []byte
	read    int // what of the window was given out
	written int // the end of what was decoded
	first   int // where the member, or what is still in the window of it, begins
	summed  int // the end of what is in sum
	sum     uint32
	size    uint32 // bytes of the member, modulo 2^32

	state  state
	last   bool // the block at hand is the member's last
	stored int  // bytes left of a stored block
	lit    table
	dist   table
}

// state is what comes next in the input.
type state int

const (
	inBlockHead state = iota
	inStored
	inCodes
	inTrailer
)

const (
	history    = 32 << 10 // how far back a match reaches at most
	windowSize = history + 96<<10
	longest    = 258          // bytes of a match
	spare      = longest + 16 // a match, literals before it, and bytes copied too many
)

// NewReader reads the header of the first member; the error is io.EOF where the input is empty.
func NewReader(r io.Reader) (*Reader, error) {
	z := &Reader{in: input{r: r, buf: make([]byte, 64<<10)}, window: make([]byte, windowSize)}
	if err := z.header(); err != nil {
		return nil, err
	}
	return z, nil
}

// Read reads text.
func (z *Reader) Read(p []byte) (int, error) {
	for z.read == z.written {
		if z.err != nil {
			return 0, z.err
		}
		if len(p) == 0 {
			return 0, nil
		}
		z.slide()
		z.err = z.decode()
		z.addSum()
	}
	n := copy(p, z.window[z.read:z.written])
	z.read += n
	return n, nil
}

// slide makes room in the window, of which all was read.
func (z *Reader) slide() {
	if by := z.written - history; by > 0 {
		copy(z.window, z.window[by:z.written])
		z.read, z.written, z.summed, z.first = history, history, history, max(z.first-by, 0)
	}
}

func (z *Reader) addSum() {
	z.sum = crc32.Update(z.sum, crc32.IEEETable, z.window[z.summed:z.written])
	z.size += uint32(z.written - z.summed)
	z.summed = z.written
}

// decode goes on until the window is full.
func (z *Reader) decode() error {
	for len(z.window)-z.written >= spare {
		var err error
		switch z.state {
		case inBlockHead:
			err = z.blockHead()
		case inStored:
			err = z.copyStored()
		case inCodes:
			err = z.codes()
		case inTrailer:
			err = z.trailer()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// corrupt is an error about the input at hand.
func (z *Reader) corrupt() error { return flate.CorruptInputError(z.in.total()) }

// blockHead begins a block.
func (z *Reader) blockHead() error {
	if z.last {
		z.state = inTrailer
		return nil
	}
	head, err := z.in.take(3)
	if err != nil {
		return err
	}
	z.last = head&1 != 0
	switch head >> 1 {
	case 0:
		z.in.align()
		sizes, err := z.in.take(32)
		if err != nil {
			return err
		}
		if uint16(sizes) != ^uint16(sizes>>16) {
			return z.corrupt()
		}
		z.state, z.stored = inStored, int(uint16(sizes))
	case 1:
		z.fixed()
		z.state = inCodes
	case 2:
		if err := z.dynamic(); err != nil {
			return err
		}
		z.state = inCodes
	default:
		return z.corrupt()
	}
	return nil
}

// copyStored copies of a stored block what the window has room for.
func (z *Reader) copyStored() error {
	n, err := z.in.read(z.window[z.written:][:min(z.stored, len(z.window)-z.written)])
	z.written += n
	if z.stored -= n; z.stored == 0 {
		z.state = inBlockHead
	}
	return err
}

// trailer checks a member and begins the next, if there is one: io.EOF behind the last.
func (z *Reader) trailer() error {
	z.addSum()
	z.in.align()
	sum, err := z.in.take(32)
	if err != nil {
		return err
	}
	size, err := z.in.take(32)
	if err != nil {
		return err
	}
	if uint32(sum) != z.sum || uint32(size) != z.size {
		return gzip.ErrChecksum
	}
	z.sum, z.size, z.first = 0, 0, z.written
	z.last, z.state = false, inBlockHead
	return z.header()
}

// Marks of a member's header.
const (
	markSum     = 1 << 1
	markExtra   = 1 << 2
	markName    = 1 << 3
	markComment = 1 << 4
)

// header reads a member's header; io.EOF where there is none.
func (z *Reader) header() error {
	if err := z.in.more(); err != nil {
		return err // io.EOF too
	}
	h := header{in: &z.in}
	head := h.bytes(10)
	if h.err != nil {
		return h.err
	}
	if head[0] != 0x1F || head[1] != 0x8B || head[2] != 8 {
		return gzip.ErrHeader
	}
	marks := head[3]
	if marks&markExtra != 0 {
		h.bytes(int(binary.LittleEndian.Uint16(h.bytes(2))))
	}
	if marks&markName != 0 {
		h.string()
	}
	if marks&markComment != 0 {
		h.string()
	}
	if marks&markSum != 0 {
		want := uint16(h.sum)
		if got := binary.LittleEndian.Uint16(h.bytes(2)); h.err == nil && got != want {
			return gzip.ErrHeader
		}
	}
	return h.err
}

// header reads bytes and their checksum.
type header struct {
	in  *input
	sum uint32
	err error
	buf []byte
}

// bytes returns n bytes, zeros behind an error.
func (h *header) bytes(n int) []byte {
	h.buf = append(h.buf[:0], make([]byte, n)...)
	for at := 0; at < n && h.err == nil; {
		var k int
		k, h.err = h.in.read(h.buf[at:])
		at += k
	}
	h.sum = crc32.Update(h.sum, crc32.IEEETable, h.buf)
	return h.buf
}

// longestString bounds a file's name and comment, of which nothing is kept, as compress/gzip does.
const longestString = 512

// string passes over a string that ends with a zero byte.
func (h *header) string() {
	for n := 0; h.err == nil && h.bytes(1)[0] != 0; n++ {
		if n == longestString {
			h.err = fmt.Errorf("%w: a name of more than %d bytes", gzip.ErrHeader, longestString)
		}
	}
}
