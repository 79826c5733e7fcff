package kernel

// pageSize is what Pages rounds up to: a huge page of x86-64 and of most arm64 systems.
const pageSize = 2 << 20

// Pages returns at least size bytes of zeroed memory outside the Go heap, in huge pages where the system grants
// them: strided passes over large matrices otherwise spend their time in page walks, twice as long under a
// hypervisor. The memory holds no Go pointers and is never collected; FreePages gives it back.
func Pages(size int) []byte {
	return allocPages((max(size, 1) + pageSize - 1) &^ (pageSize - 1))
}

// FreePages gives back what Pages returned. nil is allowed.
func FreePages(b []byte) {
	if b != nil {
		freePages(b)
	}
}
