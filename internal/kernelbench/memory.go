package kernelbench

import (
	"unsafe"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// memory holds what a measurement works on.
type memory struct{ pages [][]byte }

func (m *memory) bytes(n int) []byte {
	p := kernel.Pages(n)
	m.pages = append(m.pages, p)
	return p
}

func (m *memory) f32(n int) []float32 {
	x := unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(m.bytes(4*n)))), n)
	for i := range x {
		x[i] = float32(i%61)/64 - 0.5
	}
	return x
}

func (m *memory) bf16(n int) []kernel.BF16Bits {
	x := unsafe.Slice((*kernel.BF16Bits)(unsafe.Pointer(unsafe.SliceData(m.bytes(2*n)))), n)
	for i := range x {
		x[i] = kernel.ToBF16(float32(i%61)/64 - 0.5)
	}
	return x
}

func (m *memory) mat(dt kernel.DType, rows, cols int) kernel.Mat {
	if dt == kernel.BF16 {
		return kernel.MatBF16(m.bf16(rows*cols), rows, cols)
	}
	return kernel.MatF32(m.f32(rows*cols), rows, cols)
}

func (m *memory) free() {
	for _, p := range m.pages {
		kernel.FreePages(p)
	}
	m.pages = nil
}
