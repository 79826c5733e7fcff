//go:build !unix

package tensor

import "unsafe"

// mapPages returns nil: this system's pages come from the Go heap.
func mapPages(int) unsafe.Pointer { return nil }

func unmapPages(unsafe.Pointer) {}

// adviseHuge does nothing: this system decides by itself.
func adviseHuge([]byte) {}
