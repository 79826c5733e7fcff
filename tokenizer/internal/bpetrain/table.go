package bpetrain

import (
	"encoding/binary"
	"math/bits"
)

// table counts pieces. Records lie one after the other in chunks that never
// move; an index of 8-byte slots finds them, so that a distinct piece costs its
// bytes, a head of 12 and at most 22 bytes of index.
type table struct {
	index  []slot // open addressing, a power of two; in the order of the hashes
	shift  uint   // tag → place in index
	used   int
	seed   uint64
	chunks [][]byte // of chunkBytes each
	last   int      // the chunk being filled
	fill   int      // bytes used of it
}

// slot refers to a record. The tag is the upper half of the piece's hash.
type slot struct {
	tag uint32
	at  uint32 // record's place in units of 4 bytes, plus 1; 0 for a free slot
}

const (
	chunkBytes = 1 << 20
	chunkShift = 18 // of a slot's at
	headBytes  = 12 // count 8, size 4
	firstIndex = 1 << 12

	// maxPiece bounds a piece: a longer one counts as pieces of this length. A
	// record must fit into a chunk, and no merge needs more context.
	maxPiece = 1 << 16
)

func newTable(seed uint64) *table {
	t := &table{seed: seed}
	t.resize(firstIndex)
	return t
}

func (t *table) resize(n int) {
	t.index = make([]slot, n)
	t.shift = uint(32 - bits.TrailingZeros(uint(n)))
}

// bytes is the memory of the table, with what its index takes to grow when that
// is near.
func (t *table) bytes() int64 {
	n := int64(len(t.index))*8 + int64(len(t.chunks))*chunkBytes
	if t.used > len(t.index)/8*5 {
		n += int64(len(t.index)) * 16
	}
	return n
}

// full tells that records are about to pass what a slot can refer to.
func (t *table) full() bool { return len(t.chunks) > 1<<(32-chunkShift)-256 }

// reset empties the table and keeps its memory.
func (t *table) reset() {
	clear(t.index)
	t.used, t.last, t.fill = 0, 0, 0
}

// add counts a piece of 1 to maxPiece bytes n times.
func (t *table) add(piece []byte, n int64) {
	tag := uint32(hash(t.seed, piece) >> 32)
	mask := uint32(len(t.index) - 1)
	i := tag >> t.shift
	for ; t.index[i].at != 0; i = (i + 1) & mask {
		if t.index[i].tag != tag {
			continue
		}
		r := t.record(t.index[i].at)
		size := int(binary.LittleEndian.Uint32(r[8:]))
		if size == len(piece) && string(r[headBytes:headBytes+size]) == string(piece) {
			// Counts of at most countLimit cannot overflow, whichever two are added.
			binary.LittleEndian.PutUint64(r, binary.LittleEndian.Uint64(r)+uint64(n))
			return
		}
	}
	t.index[i] = slot{tag, t.put(piece, n)}
	if t.used++; t.used > len(t.index)/4*3 {
		t.grow()
	}
}

func (t *table) record(at uint32) []byte {
	at--
	return t.chunks[at>>chunkShift][at&(1<<chunkShift-1)*4:]
}

// put appends a record and returns its place.
func (t *table) put(piece []byte, n int64) uint32 {
	size := (headBytes + len(piece) + 3) &^ 3
	if len(t.chunks) == 0 {
		t.chunks = append(t.chunks, make([]byte, chunkBytes))
	}
	if t.fill+size > chunkBytes {
		t.last, t.fill = t.last+1, 0
		if t.last == len(t.chunks) {
			t.chunks = append(t.chunks, make([]byte, chunkBytes))
		}
	}
	r := t.chunks[t.last][t.fill:]
	binary.LittleEndian.PutUint64(r, uint64(n))
	binary.LittleEndian.PutUint32(r[8:], uint32(len(piece)))
	copy(r[headBytes:], piece)
	at := uint32(t.last)<<chunkShift + uint32(t.fill/4) + 1
	t.fill += size
	return at
}

// grow doubles the index. Slots are taken in the order of their hashes, as they
// go back into it.
func (t *table) grow() {
	old := t.index
	t.resize(2 * len(old))
	mask := uint32(len(t.index) - 1)
	for _, s := range old {
		if s.at == 0 {
			continue
		}
		i := s.tag >> t.shift
		for t.index[i].at != 0 {
			i = (i + 1) & mask
		}
		t.index[i] = s
	}
}

// each calls f with every piece and its count.
func (t *table) each(f func(piece []byte, n int64)) {
	for _, s := range t.index {
		if s.at != 0 {
			t.yield(s, f)
		}
	}
}

// part calls f with the pieces whose hash begins with the partBits bits p. They
// stand together in the index, some of them behind their stretch of it where
// that was taken.
func (t *table) part(p int, f func(piece []byte, n int64)) {
	mask, width := len(t.index)-1, len(t.index)/parts
	for i := p * width; ; i++ {
		s := t.index[i&mask]
		switch {
		case s.at == 0 && i >= (p+1)*width:
			return
		case s.at != 0 && int(s.tag>>(32-partBits)) == p:
			t.yield(s, f)
		}
	}
}

func (t *table) yield(s slot, f func(piece []byte, n int64)) {
	r := t.record(s.at)
	size := binary.LittleEndian.Uint32(r[8:])
	f(r[headBytes:headBytes+size], int64(binary.LittleEndian.Uint64(r)))
}

// hash is a multiply-and-fold hash in the manner of wyhash. The seed is drawn
// anew for every training, so that no text can be made to collide.
func hash(seed uint64, p []byte) uint64 {
	const k0, k1 = 0xa0761d6478bd642f, 0xe7037ed1a0b428db
	h := seed ^ uint64(len(p))*k0
	for len(p) > 8 {
		h = fold(h^binary.LittleEndian.Uint64(p), k1)
		p = p[8:]
	}
	var v uint64
	switch {
	case len(p) == 8:
		v = binary.LittleEndian.Uint64(p)
	case len(p) >= 4:
		v = uint64(binary.LittleEndian.Uint32(p)) | uint64(binary.LittleEndian.Uint32(p[len(p)-4:]))<<32
	case len(p) > 0:
		v = uint64(p[0]) | uint64(p[len(p)/2])<<8 | uint64(p[len(p)-1])<<16
	}
	return fold(fold(h^v, k1), k0)
}

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
