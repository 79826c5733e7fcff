package kernel

import "unsafe"

// prefetchRows asks for the cache lines of rows rows of size bytes each, stride bytes apart, which are about to be written. It is
// a hint: it never faults, also where rows lie outside of what is mapped. rows ≥ 1, size ≥ 1.
//
//go:noescape
func prefetchRows(p unsafe.Pointer, stride, rows, size int)
