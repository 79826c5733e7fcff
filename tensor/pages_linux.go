package tensor

import "golang.org/x/sys/unix"

// adviseHuge asks for huge pages; a system without them ignores it, which costs speed only.
func adviseHuge(mem []byte) { _ = unix.Madvise(mem, unix.MADV_HUGEPAGE) }
