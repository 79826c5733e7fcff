package dedup

import (
	"errors"
	"fmt"
	"math"
	"os"
	"unsafe"

	"github.com/edsrzf/mmap-go"
)

// sets are disjoint sets of the numbers 0 to n-1 (union-find): 4 bytes a number and 2 bits, in memory, or in a mapped file where
// that would be too much.
type sets struct {
	parent []uint32
	joined bits // is in a set with others
	old    bits // an earlier corpus has it
	file   mmap.MMap
	f      *os.File
}

// maxClustered is the most documents among which clusters can be found.
const maxClustered = math.MaxUint32 - 1

var errTooMany = fmt.Errorf("dedup: clusters can be found among at most %d documents with a signature", uint64(maxClustered))

// newSets makes n sets of one number, in at most so many bytes of memory or else in a file below dir.
func newSets(n uint64, memory int64, dir string) (*sets, error) {
	if n > maxClustered {
		return nil, errTooMany
	}
	s := &sets{joined: newBits(n), old: newBits(n)}
	if need := int64(n) * 4; need <= memory {
		s.parent = make([]uint32, n)
	} else {
		f, err := os.CreateTemp(dir, "clusters-*")
		if err == nil {
			s.f = f
			if err = f.Truncate(need); err == nil {
				s.file, err = mmap.Map(f, mmap.RDWR, 0)
			}
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("dedup: map %d bytes for the clusters: %w", need, err), s.Close())
		}
		s.parent = unsafe.Slice((*uint32)(unsafe.Pointer(&s.file[0])), n)
	}
	for i := range s.parent {
		s.parent[i] = uint32(i)
	}
	return s, nil
}

// find returns the smallest number of the set that i is in, and halves the way there.
func (s *sets) find(i uint32) uint32 {
	for s.parent[i] != i {
		s.parent[i] = s.parent[s.parent[i]]
		i = s.parent[i]
	}
	return i
}

// union joins the sets of two numbers.
func (s *sets) union(a, b uint32) {
	s.joined.set(a)
	s.joined.set(b)
	a, b = s.find(a), s.find(b)
	s.parent[max(a, b)] = min(a, b)
}

// spread lets what an earlier corpus has of a set hold for all of the set.
func (s *sets) spread() {
	for i := range s.parent {
		if s.old.has(uint32(i)) {
			s.old.set(s.find(uint32(i)))
		}
	}
}

// Close gives the file back.
func (s *sets) Close() error {
	if s.f == nil {
		return nil
	}
	s.parent = nil
	var err error
	if s.file != nil {
		err = s.file.Unmap()
	}
	return errors.Join(err, s.f.Close())
}

type bits []uint64

func newBits(n uint64) bits      { return make(bits, (n+63)/64) }
func (b bits) set(i uint32)      { b[i/64] |= 1 << (i % 64) }
func (b bits) has(i uint32) bool { return b[i/64]>>(i%64)&1 != 0 }
