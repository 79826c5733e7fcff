package tensor

import (
	"sort"
	"unsafe"
)

// arenaAlign is the alignment of buffers in the arena: a cache line, which is also the widest vector.
const arenaAlign = 64

// span is the first and last event that touches a buffer; events count from 1, zero means never.
type span struct{ first, last int }

func (s *span) note(event int) {
	if s.first == 0 {
		s.first = event
	}
	s.last = event
}

func (s span) overlaps(o span) bool { return s.first <= o.last && o.first <= s.last }

// buffer is a piece of memory of one program: a value, a gradient or scratch. A value made inside a Recompute segment
// lives twice: in the forward pass, and again when the segment is run for its backward pass. So does a value that is cheap to
// make again (Tensor.maker).
type buffer struct {
	size   int
	home   *segmentStart // the segment the value is made in, if any
	remade bool          // in this run the value was made again: the second life has begun
	life   [2]span
	off    [2]int
	at     [2]unsafe.Pointer
}

// place is one life of a buffer on its way to an offset.
type place struct {
	b    *buffer
	life int
	size int
}

// layout gives every life of every buffer an offset such that lives which overlap in time do not overlap in memory,
// and returns the bytes needed. Largest first, each into the smallest gap it fits in among those already placed whose life
// overlaps (greedy by size, Pisarchyk & Lee 2020, "Efficient memory management for deep neural net inference").
func layout(bufs []*buffer) (bytes int) {
	var todo []place
	for _, b := range bufs {
		for l := range b.life {
			if b.life[l].first != 0 && b.size > 0 {
				todo = append(todo, place{b, l, (b.size + arenaAlign - 1) &^ (arenaAlign - 1)})
			}
		}
	}
	sort.SliceStable(todo, func(i, j int) bool { return todo[i].size > todo[j].size })
	done := make([]place, 0, len(todo)) // by offset
	for _, p := range todo {
		off := bestGap(done, p)
		p.b.off[p.life] = off
		bytes = max(bytes, off+p.size)
		i := sort.Search(len(done), func(i int) bool { return done[i].offset() > off })
		done = append(done, place{})
		copy(done[i+1:], done[i:])
		done[i] = p
	}
	return bytes
}

func (p place) offset() int { return p.b.off[p.life] }
func (p place) span() span  { return p.b.life[p.life] }

// bestGap returns the offset of the smallest gap that holds p among the placed lives that overlap its own.
func bestGap(done []place, p place) int {
	best, bestSize, end := -1, 0, 0
	for _, d := range done {
		if !d.span().overlaps(p.span()) {
			continue
		}
		if gap := d.offset() - end; gap >= p.size && (best < 0 || gap < bestSize) {
			best, bestSize = end, gap
		}
		end = max(end, d.offset()+d.size)
	}
	if best < 0 {
		return end
	}
	return best
}

// arena is the memory all programs of a tape share; a program's buffers hold nothing between runs.
type arena struct {
	base unsafe.Pointer
	size int
}

// reserve makes the arena at least size bytes; what it held is lost.
func (a *arena) reserve(size int) {
	if size <= a.size {
		return
	}
	release(a.base, a.size)
	a.base, a.size = allocate(size), size
}

// bigAllocation is where allocate turns from slabs in the Go heap to pages of its own: they stay out of the garbage collector's
// pacing (a heap of gigabytes would let as much garbage gather) and can be backed by huge pages.
const bigAllocation = 1 << 20

// allocate returns zeroed memory of at least size bytes, aligned to arenaAlign.
func allocate(size int) unsafe.Pointer {
	if size >= bigAllocation {
		if p := mapPages(size); p != nil {
			return p
		}
	}
	if size < bigAllocation {
		return slabs.take(size)
	}
	mem := make([]byte, size+arenaAlign)
	off := int(-uintptr(unsafe.Pointer(&mem[0])) & (arenaAlign - 1))
	return unsafe.Pointer(&mem[off])
}

// release gives memory of allocate back; what came from the Go heap is left to the garbage collector.
func release(p unsafe.Pointer, size int) {
	if p != nil && size >= bigAllocation {
		unmapPages(p)
	}
}
