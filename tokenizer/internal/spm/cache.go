package spm

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
)

// Sizes of a cache: about 2 MB.
const (
	cacheSlots  = 1 << 15
	cacheInline = 3       // ids kept in the slot itself
	cacheIDs    = 1 << 17 // ids of the other slots
	cacheText   = 1 << 18 // bytes of pieces longer than 16
	cacheMost   = 128     // bytes of a piece
)

// What a slot says of a piece in place of the number of its ids.
const (
	unknownChar = 0xff // it is a character without a piece
	uncertain   = 0xfe // how it is cut depends on what is before it
)

// slot is a piece that is known. Pieces of up to 16 bytes are in lo and hi, of
// longer ones their hash and place.
type slot struct {
	lo, hi uint64
	age    uint16 // the cache's; a slot of another age is free
	size   uint8
	n      uint8 // ids, or one of the constants
	ids    [cacheInline]uint32
}

// cache maps pieces to ids, for one goroutine. Two slots share a hash; a new
// piece takes the place of the older of them.
type cache struct {
	slots []slot
	age   uint16
	ids   []uint32
	text  []byte
	mix   [2]uint64 // so that nobody can make texts whose pieces collide
	seed  maphash.Seed
}

func newCache() *cache {
	return &cache{slots: make([]slot, cacheSlots), age: 1, mix: [2]uint64{rand.Uint64(), rand.Uint64()}, seed: maphash.MakeSeed()}
}

// key returns what a piece's slot has in lo and hi but the place of a long one.
func (c *cache) key(text []byte, i, j int) (lo, hi uint64) {
	n := uint(j - i)
	switch {
	case n > 16:
		return maphash.Bytes(c.seed, text[i:j]), 0
	case i+16 > len(text):
		var buf [16]byte
		copy(buf[:], text[i:j])
		return binary.LittleEndian.Uint64(buf[:]), binary.LittleEndian.Uint64(buf[8:])
	}
	lo = binary.LittleEndian.Uint64(text[i:])
	if n > 8 {
		return lo, binary.LittleEndian.Uint64(text[i+8:]) & (1<<(8*(n-8)) - 1) // a shift by 64 gives 0, so n = 16 keeps all
	}
	return lo & (1<<(8*n) - 1), 0
}

func (c *cache) place(lo, hi uint64) int {
	a, b := bits.Mul64(lo^c.mix[0], hi^c.mix[1])
	return int((a ^ b) & (cacheSlots - 1))
}

// find returns the slot of the piece text[i:j], nil if it is not known. It is
// valid until the next put.
func (c *cache) find(text []byte, i, j int) *slot {
	lo, hi := c.key(text, i, j)
	at := c.place(lo, hi)
	if j-i > 16 {
		return c.findLong(text[i:j], lo, at)
	}
	if s := &c.slots[at]; s.lo == lo && s.hi == hi && int(s.size) == j-i && s.age == c.age {
		return s
	}
	if s := &c.slots[at^1]; s.lo == lo && s.hi == hi && int(s.size) == j-i && s.age == c.age {
		return s
	}
	return nil
}

func (c *cache) findLong(piece []byte, hash uint64, at int) *slot {
	for _, at := range [2]int{at, at ^ 1} {
		if s := &c.slots[at]; s.lo == hash && int(s.size) == len(piece) && s.age == c.age && string(c.text[s.hi:s.hi+uint64(s.size)]) == string(piece) {
			return s
		}
	}
	return nil
}

// idsOf returns the ids of a slot that has some.
func (c *cache) idsOf(s *slot) []uint32 {
	if s.n <= cacheInline {
		return s.ids[:s.n]
	}
	return c.ids[s.ids[0] : s.ids[0]+uint32(s.n)]
}

// put stores n, the number of ids or what is known otherwise, and the ids of
// the piece text[i:j]. A piece too long, or of too many ids, is not stored.
func (c *cache) put(text []byte, i, j int, n uint8, ids []uint32) {
	if j-i > cacheMost || len(ids) >= uncertain {
		return
	}
	if len(c.ids) > cacheIDs || len(c.text) > cacheText {
		c.ids, c.text = c.ids[:0], c.text[:0]
		if c.age++; c.age == 0 {
			clear(c.slots)
			c.age = 1
		}
	}
	lo, hi := c.key(text, i, j)
	at := c.place(lo, hi)
	if c.slots[at].age == c.age {
		c.slots[at^1] = c.slots[at]
	}
	if j-i > 16 {
		hi = uint64(len(c.text))
		c.text = append(c.text, text[i:j]...)
	}
	s := slot{lo: lo, hi: hi, age: c.age, size: uint8(j - i), n: n}
	if len(ids) <= cacheInline {
		copy(s.ids[:], ids)
	} else {
		s.ids[0] = uint32(len(c.ids))
		c.ids = append(c.ids, ids...)
	}
	c.slots[at] = s
}
