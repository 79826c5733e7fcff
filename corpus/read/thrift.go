package read

import "encoding/binary"

// thriftWalker measures structures of thrift's compact protocol, in which Parquet's footers and page headers are written,
// without building them: a list that states more elements than there are bytes is found before memory is taken for it.
//
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
type thriftWalker struct {
	data     []byte
	at       int
	elements int // in all lists, sets and maps
}

// maxThriftDepth is deeper than any structure of Parquet's.
const maxThriftDepth = 32

// Types of the compact protocol.
const (
	thriftStop = iota
	thriftTrue
	thriftFalse
	thriftByte
	thriftI16
	thriftI32
	thriftI64
	thriftDouble
	thriftBinary
	thriftList
	thriftSet
	thriftMap
	thriftStruct
)

// structure passes over a structure; false where the data is none, or ends before it.
func (w *thriftWalker) structure(depth int) bool {
	if depth > maxThriftDepth {
		return false
	}
	for {
		b, ok := w.byte()
		if !ok {
			return false
		}
		if b == thriftStop {
			return true
		}
		if b>>4 == 0 {
			if _, ok := w.varint(); !ok {
				return false
			}
		}
		if t := b & 0xf; t != thriftTrue && t != thriftFalse && !w.value(t, depth) {
			return false
		}
	}
}

// value passes over a value, of a list or map: a boolean of a field is its type alone.
func (w *thriftWalker) value(t byte, depth int) bool {
	switch t {
	case thriftTrue, thriftFalse, thriftByte:
		return w.skip(1)
	case thriftI16, thriftI32, thriftI64:
		_, ok := w.varint()
		return ok
	case thriftDouble:
		return w.skip(8)
	case thriftBinary:
		n, ok := w.varint()
		return ok && w.skip(n)
	case thriftList, thriftSet:
		return w.list(depth)
	case thriftMap:
		return w.pairs(depth)
	case thriftStruct:
		return w.structure(depth + 1)
	}
	return false
}

func (w *thriftWalker) list(depth int) bool {
	b, ok := w.byte()
	n := uint64(b >> 4)
	if ok && n == 15 {
		n, ok = w.varint()
	}
	if !ok || !w.count(n) {
		return false
	}
	for range n {
		if !w.value(b&0xf, depth+1) {
			return false
		}
	}
	return true
}

func (w *thriftWalker) pairs(depth int) bool {
	n, ok := w.varint()
	if !ok || n == 0 {
		return ok
	}
	b, ok := w.byte()
	if !ok || !w.count(n) {
		return false
	}
	for range n {
		if !w.value(b>>4, depth+1) || !w.value(b&0xf, depth+1) {
			return false
		}
	}
	return true
}

// count takes note of elements; each is at least a byte.
func (w *thriftWalker) count(n uint64) bool {
	if n > uint64(len(w.data)-w.at) {
		return false
	}
	w.elements += int(n)
	return true
}

func (w *thriftWalker) byte() (byte, bool) {
	if w.at >= len(w.data) {
		return 0, false
	}
	w.at++
	return w.data[w.at-1], true
}

func (w *thriftWalker) varint() (uint64, bool) {
	v, n := binary.Uvarint(w.data[w.at:])
	if n <= 0 {
		return 0, false
	}
	w.at += n
	return v, true
}

func (w *thriftWalker) skip(n uint64) bool {
	if n > uint64(len(w.data)-w.at) {
		return false
	}
	w.at += int(n)
	return true
}
