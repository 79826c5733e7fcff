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
	tag    uint16 // the piece's bytes + 256 × the cache's age; a slot of another age is free
	n      uint8  // ids, or one of the constants
	ids    [cacheInline]uint32
}

// cache maps pieces to ids, for one goroutine. Two slots share a hash; a new
// piece takes the place of the older of them.
type cache struct {
	slots []slot
	age   uint16 // 1 … 255
	ids   []uint32
	text  []byte
	masks [17]struct{ lo, hi uint64 } // of a piece's bytes, by its size
	mix   [2]uint64                   // so that nobody can make texts whose pieces collide
	seed  maphash.Seed
}

func newCache() *cache {
	c := &cache{slots: make([]slot, cacheSlots), age: 1, mix: [2]uint64{rand.Uint64(), rand.Uint64()}, seed: maphash.MakeSeed()}
	for n := range c.masks {
		c.masks[n].lo = 1<<(8*min(n, 8)) - 1 // a shift by 64 gives 0
		c.masks[n].hi = 1<<(8*max(n-8, 0)) - 1
	}
	return c
}

// key returns what a piece's slot has in lo and hi but the place of a long one.
func (c *cache) key(text []byte, i, j int) (lo, hi uint64) {
	if j-i > 16 {
		return maphash.Bytes(c.seed, text[i:j]), 0
	}
	var buf [16]byte
	copy(buf[:], text[i:j])
	return binary.LittleEndian.Uint64(buf[:]), binary.LittleEndian.Uint64(buf[8:])
}

func (c *cache) place(lo, hi uint64) int {
	a, b := bits.Mul64(lo^c.mix[0], hi^c.mix[1])
	return int((a ^ b) & (cacheSlots - 1))
}

// find returns the slot of the piece text[i:j], nil if it is not known. It is
// valid until the next put.
func (c *cache) find(text []byte, i, j int) *slot {
	n := j - i
	var lo, hi uint64
	if rest := text[i:]; n <= 16 && len(rest) >= 16 {
		lo, hi = binary.LittleEndian.Uint64(rest)&c.masks[n].lo, binary.LittleEndian.Uint64(rest[8:])&c.masks[n].hi
	} else {
		lo, hi = c.key(text, i, j)
	}
	at := c.place(lo, hi)
	if n > 16 {
		return c.findLong(text[i:j], lo, at)
	}
	tag := uint16(n) | c.age<<8
	if s := &c.slots[at]; s.lo == lo && s.hi == hi && s.tag == tag {
		return s
	}
	if s := &c.slots[at^1]; s.lo == lo && s.hi == hi && s.tag == tag {
		return s
	}
	return nil
}

func (c *cache) findLong(piece []byte, hash uint64, at int) *slot {
	for _, at := range [2]int{at, at ^ 1} {
		if s := &c.slots[at]; s.lo == hash && s.tag == uint16(len(piece))|c.age<<8 && string(c.text[s.hi:s.hi+uint64(len(piece))]) == string(piece) {
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
		if c.age++; c.age == 256 {
			clear(c.slots)
			c.age = 1
		}
	}
	lo, hi := c.key(text, i, j)
	at := c.place(lo, hi)
	if c.slots[at].tag>>8 == c.age {
		c.slots[at^1] = c.slots[at]
	}
	if j-i > 16 {
		hi = uint64(len(c.text))
		c.text = append(c.text, text[i:j]...)
	}
	s := slot{lo: lo, hi: hi, tag: uint16(j-i) | c.age<<8, n: n}
	if len(ids) <= cacheInline {
		copy(s.ids[:], ids)
	} else {
		s.ids[0] = uint32(len(c.ids))
		c.ids = append(c.ids, ids...)
	}
	c.slots[at] = s
}
