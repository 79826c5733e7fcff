//go:build !amd64

package kernel

import "unsafe"

// prefetchRows does nothing: processors of other kinds fetch by themselves.
func prefetchRows(_ unsafe.Pointer, _, _, _ int) {}
