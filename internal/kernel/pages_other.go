//go:build !linux

package kernel

func allocPages(size int) []byte { return make([]byte, size) }

func freePages([]byte) {}
