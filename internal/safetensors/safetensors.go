// Package safetensors reads and writes the safetensors file format, the one Hugging Face
// checkpoints and Athanor's own use.
//
// A file is a little-endian u64 header length, a JSON header
//
//	{"__metadata__": {"k": "v"}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}
//
// and the tensors' bytes, row-major and little-endian, back to back with neither holes nor overlaps.
// The reader trusts nothing it has not checked: a header that is longer than 100 MB or than the file,
// spans that leave a hole, overlap or end elsewhere than the file does, a shape that does not fill its
// span, and a repeated name are refused, naming the file, the tensor, what was found and what was
// expected. See https://github.com/huggingface/safetensors (README, "Format").
package safetensors

import (
	"errors"
	"fmt"
	"math"
)

// MaxHeader is the longest header accepted, in bytes, the limit of the reference implementation.
const MaxHeader = 100_000_000

// ErrFormat is wrapped by every error that says a file is not a valid safetensors file, as opposed
// to one that could not be read.
var ErrFormat = errors.New("not a valid safetensors file")

// DType is an element type by its name in the header.
type DType string

// The element types of the format.
const (
	F64  DType = "F64"
	F32  DType = "F32"
	BF16 DType = "BF16"
	F16  DType = "F16"
	F8E4 DType = "F8_E4M3"
	F8E5 DType = "F8_E5M2"
	I64  DType = "I64"
	I32  DType = "I32"
	I16  DType = "I16"
	I8   DType = "I8"
	U64  DType = "U64"
	U32  DType = "U32"
	U16  DType = "U16"
	U8   DType = "U8"
	Bool DType = "BOOL"
)

// Size returns the bytes one element takes, and 0 for a type this package does not know.
func (d DType) Size() int {
	switch d {
	case F64, I64, U64:
		return 8
	case F32, I32, U32:
		return 4
	case BF16, F16, I16, U16:
		return 2
	case F8E4, F8E5, I8, U8, Bool:
		return 1
	}
	return 0
}

// Float reports whether ReadF32 and WriteF32 convert this type.
func (d DType) Float() bool {
	return d == F64 || d == F32 || d == BF16 || d == F16
}

// Info describes one tensor.
type Info struct {
	Name  string
	DType DType
	Shape []int // empty for a scalar
	// Begin and End bound the tensor's bytes, relative to the first byte after the header.
	// Create computes them; what a caller sets there is ignored.
	Begin, End int64
}

// Elements returns the number of elements; 1 for a scalar. The result is meaningful for an Info that
// a File returned or Create accepted; other shapes may overflow.
func (i Info) Elements() int {
	n := 1
	for _, d := range i.Shape {
		n *= d
	}
	return n
}

// span returns the bytes that shape and type take, refusing unknown types, negative sizes and overflow.
func (i Info) span() (int64, error) {
	size := int64(i.DType.Size())
	if size == 0 {
		return 0, fmt.Errorf("dtype %q is unknown", string(i.DType))
	}
	n := size
	zero := false
	for _, d := range i.Shape {
		switch {
		case d < 0:
			return 0, fmt.Errorf("shape %v has a negative size", i.Shape)
		case d == 0:
			zero = true
		case n > math.MaxInt64/int64(d):
			return 0, fmt.Errorf("shape %v takes more than 2^63 bytes", i.Shape)
		default:
			n *= int64(d)
		}
	}
	if zero {
		return 0, nil
	}
	return n, nil
}
