package tensor

import (
	"sync"
	"unsafe"
)

// slabBytes is the size of the pieces small tensors share: several huge pages.
const slabBytes = 8 << 20

// slabGap lies between tensors, so that those of one size (a weight, its gradient and moments, which are read together) do not fall
// into the same sets of the caches.
const slabGap = 3 * arenaAlign

// slab hands out memory for tensors too small for pages of their own. The parameters, gradients and moments of a small model then lie in a
// few huge pages instead of thousands of small ones, whose page walks are felt under a hypervisor. Slabs come from the Go
// heap: one is freed when nothing points into it any more.
type slab struct {
	mu   sync.Mutex
	rest []byte // of the newest slab
}

var slabs slab

// take returns size bytes, zeroed and aligned to arenaAlign.
func (s *slab) take(size int) unsafe.Pointer {
	s.mu.Lock()
	defer s.mu.Unlock()
	size = (size + slabGap + arenaAlign - 1) &^ (arenaAlign - 1)
	if len(s.rest) < size {
		mem := make([]byte, slabBytes)
		adviseHuge(mem)
		off := int(-uintptr(unsafe.Pointer(&mem[0])) & (arenaAlign - 1))
		s.rest = mem[off:]
	}
	p := unsafe.Pointer(&s.rest[0])
	s.rest = s.rest[size:]
	return p
}
