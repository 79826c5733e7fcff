package kernel

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"unsafe"
)

// TestKernelsTouchNothingPastTheirSlices puts every slice right before a page that may not be read or written: a kernel
// that reaches over the end kills the test.
func TestKernelsTouchNothingPastTheirSlices(t *testing.T) {
	page := syscall.Getpagesize()
	var regions [12][]byte
	for i := range regions {
		m, err := syscall.Mmap(-1, 0, 2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			t.Fatalf("mmap: %v", err)
		}
		defer func() {
			if err := syscall.Munmap(m); err != nil {
				t.Errorf("munmap: %v", err)
			}
		}()
		if err := syscall.Mprotect(m[page:], syscall.PROT_NONE); err != nil {
			t.Fatalf("mprotect: %v", err)
		}
		regions[i] = m[:page]
	}
	eachLevel(t, func(t *testing.T) {
		for _, c := range vecCases {
			for n := range 70 {
				next := 0
				c.run(&feed{rng: rand.New(rand.NewPCG(1, 1)), edge: func(bytes int) unsafe.Pointer {
					m := regions[next]
					next++
					return unsafe.Pointer(unsafe.SliceData(m[page-bytes:]))
				}}, n)
			}
		}
	})
}
