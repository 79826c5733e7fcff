//go:build unix

package tensor

import (
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapped remembers the mappings, so that release knows which pieces came from mapPages.
var mapped sync.Map // unsafe.Pointer → []byte

// mapPages returns zeroed pages from the system, huge ones where it offers them, or nil if it refuses.
func mapPages(size int) unsafe.Pointer {
	mem, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	adviseHuge(mem)
	p := unsafe.Pointer(&mem[0])
	mapped.Store(p, mem)
	return p
}

func unmapPages(p unsafe.Pointer) {
	mem, ok := mapped.LoadAndDelete(p)
	if !ok {
		return
	}
	if err := unix.Munmap(mem.([]byte)); err != nil {
		panic("tensor: unmap: " + err.Error())
	}
}
