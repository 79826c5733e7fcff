// Package kernel holds the numeric kernels: vectorised where the processor allows it,
// each with a plain-Go twin that is the oracle of its test and the path everywhere else.
//
// Three kinds of function live here:
//
//   - serial vector kernels over slices (Exp, GELUTanh, RMSNormRow, …), called by the ops of
//     package tensor on the rows a worker owns;
//   - parallel kernels that take a *Pool and an argument struct (Gemm, Attention…);
//   - the Pool itself, persistent workers over static partitions.
//
// Results never depend on the number of workers: kernels partition outputs, and every reduction
// has a fixed order. They may differ in the last bits between levels (see Level).
//
// Letters in shape comments: B batch, T time, C channels (width), H heads, K kv heads, D head size,
// F feed-forward, V vocabulary, L layers; in matrix products M rows, N columns, K the summed dimension.
package kernel

import (
	"fmt"
	"unsafe"
)

// DType is the type of a stored number.
type DType uint8

// The storage types. F32, BF16 and F16 hold activations and parameters, I32 holds ids and positions.
const (
	F32 DType = iota
	BF16
	F16
	I32
)

// Size returns the bytes one element takes.
func (d DType) Size() int {
	switch d {
	case BF16, F16:
		return 2
	default:
		return 4
	}
}

// String returns the name used in configs, manifests and errors: f32, bf16, f16, i32.
func (d DType) String() string {
	switch d {
	case F32:
		return "f32"
	case BF16:
		return "bf16"
	case F16:
		return "f16"
	case I32:
		return "i32"
	}
	return fmt.Sprintf("dtype(%d)", uint8(d))
}

// BF16Bits is a bfloat16 number: the upper half of an IEEE binary32.
type BF16Bits uint16

// F16Bits is an IEEE binary16 number.
type F16Bits uint16

// Mat is a view of a row-major matrix: element (i, j) is at Ptr + (i·Stride + j)·DT.Size().
// A zero Mat (nil Ptr) means "absent" where an argument is optional.
type Mat struct {
	Ptr        unsafe.Pointer
	DT         DType
	Rows, Cols int
	Stride     int // elements from one row to the next, ≥ Cols
}

// MatF32 views s as a rows × cols matrix.
func MatF32(s []float32, rows, cols int) Mat {
	if len(s) < rows*cols {
		panic(fmt.Sprintf("kernel.MatF32: %d elements, want %d × %d", len(s), rows, cols))
	}
	return Mat{Ptr: unsafe.Pointer(unsafe.SliceData(s)), DT: F32, Rows: rows, Cols: cols, Stride: cols}
}

// MatBF16 views s as a rows × cols matrix.
func MatBF16(s []BF16Bits, rows, cols int) Mat {
	if len(s) < rows*cols {
		panic(fmt.Sprintf("kernel.MatBF16: %d elements, want %d × %d", len(s), rows, cols))
	}
	return Mat{Ptr: unsafe.Pointer(unsafe.SliceData(s)), DT: BF16, Rows: rows, Cols: cols, Stride: cols}
}

// IsNil reports whether the view is absent.
func (m Mat) IsNil() bool { return m.Ptr == nil }

// RowF32 returns row i of an F32 matrix as a slice of Cols elements.
func (m Mat) RowF32(i int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Add(m.Ptr, i*m.Stride*4)), m.Cols)
}

// RowBF16 returns row i of a BF16 matrix as a slice of Cols elements.
func (m Mat) RowBF16(i int) []BF16Bits {
	return unsafe.Slice((*BF16Bits)(unsafe.Add(m.Ptr, i*m.Stride*2)), m.Cols)
}

// RowF16 returns row i of an F16 matrix as a slice of Cols elements.
func (m Mat) RowF16(i int) []F16Bits {
	return unsafe.Slice((*F16Bits)(unsafe.Add(m.Ptr, i*m.Stride*2)), m.Cols)
}

// RowsFrom returns the view of rows [lo, hi).
func (m Mat) RowsFrom(lo, hi int) Mat {
	m.Ptr = unsafe.Add(m.Ptr, lo*m.Stride*m.DT.Size())
	m.Rows = hi - lo
	return m
}

// ColsFrom returns the view of columns [lo, hi).
func (m Mat) ColsFrom(lo, hi int) Mat {
	m.Ptr = unsafe.Add(m.Ptr, lo*m.DT.Size())
	m.Cols = hi - lo
	return m
}
