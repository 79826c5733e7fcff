package kernel

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// allocPages maps size bytes and asks for huge pages, which it gets where the mapping is aligned; refusal is no error.
// The kernel aligns large mappings; where it does not, the first and last piece are in small pages.
func allocPages(size int) []byte {
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		panic(fmt.Sprintf("kernel: map %d bytes: %v", size, err))
	}
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE)
	return b
}

func freePages(b []byte) {
	if err := unix.Munmap(b[:cap(b)]); err != nil {
		panic(fmt.Sprintf("kernel: unmap %d bytes: %v", cap(b), err))
	}
}
