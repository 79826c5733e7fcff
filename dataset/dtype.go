package dataset

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// DType is how a token id is stored.
type DType string

// The stored types: both are read and written; others that Megatron knows are refused.
const (
	U16 DType = "u16" // vocabularies up to 65,536
	I32 DType = "i32"
)

// dtypeFor returns the smallest type that holds every id of a vocabulary.
func dtypeFor(vocab int) DType {
	if vocab <= 1<<16 {
		return U16
	}
	return I32
}

// Size returns the bytes of one id.
func (d DType) Size() int {
	if d == U16 {
		return 2
	}
	return 4
}

// code returns Megatron's number for the type (megatron/core/datasets/indexed_dataset.py, class DType).
func (d DType) code() byte {
	if d == U16 {
		return 8
	}
	return 4
}

// megatronDTypes are the names of Megatron's type codes, for errors.
var megatronDTypes = [...]string{1: "u8", 2: "i8", 3: "i16", 4: "i32", 5: "i64", 6: "f64", 7: "f32", 8: "u16"}

func dtypeFromCode(code byte) (DType, error) {
	switch code {
	case 8:
		return U16, nil
	case 4:
		return I32, nil
	}
	if code >= 1 && int(code) < len(megatronDTypes) {
		return "", fmt.Errorf("ids are stored as %s (code %d), want u16 (8) or i32 (4)", megatronDTypes[code], code)
	}
	return "", fmt.Errorf("dtype code %d is unknown, want u16 (8) or i32 (4)", code)
}

// append encodes ids behind dst. An id at or above vocab is an error and leaves dst as it was.
func (d DType) append(dst []byte, ids []uint32, vocab int) ([]byte, error) {
	limit := uint32(1) << 31
	if d == U16 {
		limit = 1 << 16
	}
	limit = min(limit, uint32(vocab))
	for i, id := range ids {
		if id >= limit {
			return dst, fmt.Errorf("token id %d at position %d does not fit: want ids below %d (vocabulary %d, stored as %s)", id, i, limit, vocab, d)
		}
	}
	start, size := len(dst), len(ids)*d.Size()
	dst = slices.Grow(dst, size)[:start+size]
	out := dst[start:]
	if d == U16 {
		for i, id := range ids {
			binary.LittleEndian.PutUint16(out[2*i:], uint16(id))
		}
	} else {
		for i, id := range ids {
			binary.LittleEndian.PutUint32(out[4*i:], id)
		}
	}
	return dst, nil
}
