// Package piececache remembers the ids of pieces of text: most pieces of a
// text occur again and again.
package piececache

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
)

// Sizes of a cache. A full part is emptied: the frequent pieces are back at
// once, and memory stays bounded (about 4 MB).
const (
	shortSlots = 1 << 15 // pieces of up to shortBytes bytes, kept in the table itself
	shortBytes = 16
	longSlots  = 1 << 13 // pieces of up to maxBytes bytes
	maxBytes   = 128
	maxIDs     = 1 << 18
)

// Cache maps pieces to ids. It is for one goroutine at a time.
type Cache struct {
	short     []shortEntry
	long      []longEntry
	shortUsed int
	longUsed  int
	ids       []uint32 // of entries with more than one id
	text      []byte   // of long pieces
	seed      maphash.Seed
	mix       [2]uint64 // seeds of short pieces: nobody can make texts whose pieces collide
}

// shortEntry holds a piece of 1 … 16 bytes in lo and hi.
type shortEntry struct {
	lo, hi uint64
	size   uint8 // bytes of the piece, 0 for a free slot
	n      uint8 // ids
	ids    uint32
}

type longEntry struct {
	hash uint64
	text uint32
	size uint8
	n    uint8
	ids  uint32
}

// New returns an empty cache.
func New() *Cache {
	return &Cache{
		short: make([]shortEntry, shortSlots),
		long:  make([]longEntry, longSlots),
		seed:  maphash.MakeSeed(),
		mix:   [2]uint64{rand.Uint64(), rand.Uint64()},
	}
}

func (c *Cache) reset() {
	clear(c.short)
	clear(c.long)
	c.shortUsed, c.longUsed = 0, 0
	c.ids, c.text = c.ids[:0], c.text[:0]
}

// words reads the piece text[i:j] of at most 16 bytes as two words.
func words(text []byte, i, j int) (lo, hi uint64) {
	n := uint(j - i)
	if i+16 <= len(text) {
		lo = binary.LittleEndian.Uint64(text[i:])
		if n > 8 {
			hi = binary.LittleEndian.Uint64(text[i+8:])
			return lo, hi & (1<<(8*(n-8)) - 1) // a shift by 64 gives 0, so n = 16 keeps all
		}
		return lo & (1<<(8*n) - 1), 0
	}
	var buf [16]byte
	copy(buf[:], text[i:j])
	return binary.LittleEndian.Uint64(buf[:]), binary.LittleEndian.Uint64(buf[8:])
}

func (c *Cache) shortSlot(lo, hi uint64) int {
	a, b := bits.Mul64(lo^c.mix[0], hi^c.mix[1])
	return int((a ^ b) & (shortSlots - 1))
}

// Append appends the ids of the piece text[lo:hi], lo < hi, to dst; ok is false
// when it is not known. Text beyond hi may be looked at, not judged.
func (c *Cache) Append(dst []uint32, text []byte, lo, hi int) (out []uint32, ok bool) {
	if hi-lo > shortBytes {
		return c.appendLong(dst, text[lo:hi])
	}
	a, b := words(text, lo, hi)
	for at := c.shortSlot(a, b); c.short[at].size != 0; at = (at + 1) & (shortSlots - 1) {
		if s := &c.short[at]; s.lo == a && s.hi == b && int(s.size) == hi-lo {
			return c.found(dst, s.n, s.ids), true
		}
	}
	return dst, false
}

func (c *Cache) appendLong(dst []uint32, piece []byte) ([]uint32, bool) {
	if len(piece) > maxBytes {
		return dst, false
	}
	hash := maphash.Bytes(c.seed, piece)
	for at := int(hash & (longSlots - 1)); c.long[at].size != 0; at = (at + 1) & (longSlots - 1) {
		s := &c.long[at]
		if s.hash == hash && string(c.text[s.text:s.text+uint32(s.size)]) == string(piece) {
			return c.found(dst, s.n, s.ids), true
		}
	}
	return dst, false
}

func (c *Cache) found(dst []uint32, n uint8, ids uint32) []uint32 {
	if n == 1 {
		return append(dst, ids)
	}
	return append(dst, c.ids[ids:ids+uint32(n)]...)
}

// Put stores the ids of the piece text[lo:hi], lo < hi, which is not in the
// cache. A piece too long, or of too many ids, is not stored.
func (c *Cache) Put(text []byte, lo, hi int, ids []uint32) {
	if hi-lo > maxBytes || len(ids) > 255 {
		return
	}
	if c.shortUsed >= shortSlots/4*3 || c.longUsed >= longSlots/4*3 || len(c.ids) > maxIDs {
		c.reset()
	}
	if hi-lo > shortBytes {
		piece := text[lo:hi]
		hash := maphash.Bytes(c.seed, piece)
		at := int(hash & (longSlots - 1))
		for c.long[at].size != 0 {
			at = (at + 1) & (longSlots - 1)
		}
		c.longUsed++
		n, where := c.keep(ids)
		c.long[at] = longEntry{hash, uint32(len(c.text)), uint8(len(piece)), n, where}
		c.text = append(c.text, piece...)
		return
	}
	a, b := words(text, lo, hi)
	at := c.shortSlot(a, b)
	for c.short[at].size != 0 {
		at = (at + 1) & (shortSlots - 1)
	}
	c.shortUsed++
	n, where := c.keep(ids)
	c.short[at] = shortEntry{a, b, uint8(hi - lo), n, where}
}

// keep stores ids and returns how to find them: a single one in place.
func (c *Cache) keep(ids []uint32) (n uint8, at uint32) {
	if len(ids) == 1 {
		return 1, ids[0]
	}
	at = uint32(len(c.ids))
	c.ids = append(c.ids, ids...)
	return uint8(len(ids)), at
}
