package gunzip

import (
	"compress/flate"
	"encoding/binary"
	"io"
)

const (
	inputSize = 64 << 10
	kept      = 8        // bytes of the input that stay before what is read next: bits of them may be held
	window    = 32 << 10 // how far back text is repeated
	longest   = 258      // bytes repeated at once
	outSize   = window + 64<<10
	// slack is room behind out's end for what is written before it is looked at again: two literals, a repetition, and what that writes
	// beyond its end.
	slack = 2 + longest + 24
)

// What comes next in the data of a member.
type place uint8

const (
	atBlock  place = iota // a block's header
	inStored              // text as it is
	inCodes               // codes
	atEnd                 // nothing
)

// inflater undoes DEFLATE.
type inflater struct {
	src      io.Reader
	srcErr   error // what src ended with
	in       []byte
	pos, end int    // of in, what is there
	bits     uint64 // read from in already, the lowest first; above held nothing, or the bits of in[pos:]
	held     uint   // bits

	out         []byte // the last text, up to made
	given, made int
	offset      int64 // where in the input of the member in begins

	place   place
	last    bool // block
	stored  int  // bytes left of a stored block
	lits    litTable
	dists   distTable
	lengths [maxLits + maxDists]uint8
}

func newInflater(r io.Reader) inflater {
	return inflater{src: r, in: make([]byte, kept+inputSize), pos: kept, end: kept, out: make([]byte, outSize+slack)}
}

// begin begins the data of a member, which knows nothing of the text before it.
func (z *inflater) begin() {
	z.place, z.last = atBlock, false
	z.bits, z.held = 0, 0
	z.given, z.made = 0, 0
	z.offset = -int64(z.pos)
}

// slide makes room when all text was given out, and keeps what may be repeated.
func (z *inflater) slide() {
	if z.made > outSize-window {
		copy(z.out, z.out[z.made-window:z.made])
		z.made = window
	}
	z.given = z.made
}

// inflate makes text until there is no more room; io.EOF is the end of the member's data.
func (z *inflater) inflate() (err error) {
	for err == nil && z.made < outSize {
		switch z.place {
		case atBlock:
			err = z.block()
		case inStored:
			err = z.copyStored()
		case inCodes:
			err = z.codes()
		case atEnd:
			return io.EOF
		}
	}
	return err
}

// block reads the header of a block.
func (z *inflater) block() error {
	head, err := z.take(3)
	if err != nil {
		return err
	}
	z.last = head&1 != 0
	switch head >> 1 {
	case 0:
		return z.beginStored()
	case 1:
		z.place = inCodes
		return z.fixedCodes()
	case 2:
		z.place = inCodes
		return z.readCodes()
	}
	return z.corrupt()
}

// endBlock ends a block.
func (z *inflater) endBlock() {
	z.place = atBlock
	if z.last {
		z.place = atEnd
	}
}

// beginStored begins a block of text as it is.
func (z *inflater) beginStored() error {
	z.toByte()
	var head [4]byte
	if err := z.full(head[:]); err != nil {
		return noEOF(err)
	}
	n := binary.LittleEndian.Uint16(head[:])
	if binary.LittleEndian.Uint16(head[2:]) != ^n {
		return z.corrupt()
	}
	z.stored, z.place = int(n), inStored
	return nil
}

func (z *inflater) copyStored() error {
	for z.stored > 0 && z.made < outSize {
		if z.pos == z.end {
			if err := z.load(); err != nil {
				return noEOF(err)
			}
		}
		n := copy(z.out[z.made:min(outSize, z.made+z.stored)], z.in[z.pos:z.end])
		z.pos += n
		z.made += n
		z.stored -= n
	}
	if z.stored == 0 {
		z.endBlock()
	}
	return nil
}

// load reads more input where all there was is read, but for bits that are held.
func (z *inflater) load() error {
	if z.srcErr != nil {
		return z.srcErr
	}
	copy(z.in, z.in[z.pos-kept:z.pos])
	z.offset += int64(z.pos - kept)
	z.pos, z.end = kept, kept
	for range 100 { // as many as bufio allows
		n, err := z.src.Read(z.in[kept:])
		z.end, z.srcErr = kept+n, err
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	z.srcErr = io.ErrNoProgress
	return z.srcErr
}

// full reads bytes, when no bits are held. The error is io.EOF where there is none of them, io.ErrUnexpectedEOF where there are too few.
func (z *inflater) full(p []byte) error {
	for n := 0; n < len(p); {
		if z.pos == z.end {
			if err := z.load(); err != nil {
				if n > 0 {
					err = noEOF(err)
				}
				return err
			}
		}
		k := copy(p[n:], z.in[z.pos:z.end])
		z.pos += k
		n += k
	}
	return nil
}

// want holds at least n bits, at most 32.
func (z *inflater) want(n uint) error {
	z.bits &= 1<<z.held - 1
	for z.held < n {
		if z.pos == z.end {
			if err := z.load(); err != nil {
				return noEOF(err)
			}
		}
		z.bits |= uint64(z.in[z.pos]) << z.held
		z.pos++
		z.held += 8
	}
	return nil
}

// take reads n bits.
func (z *inflater) take(n uint) (uint32, error) {
	if err := z.want(n); err != nil {
		return 0, err
	}
	v := uint32(z.bits & (1<<n - 1))
	z.drop(n)
	return v, nil
}

func (z *inflater) drop(n uint) {
	z.bits >>= n
	z.held -= n
}

// toByte passes over bits up to the next byte, and gives those back that were read ahead: no more are held.
func (z *inflater) toByte() {
	z.pos -= int(z.held / 8)
	z.bits, z.held = 0, 0
}

// corrupt says up to where the data of the member makes sense.
func (z *inflater) corrupt() error {
	return flate.CorruptInputError(z.offset + int64(z.pos) - int64(z.held/8))
}
