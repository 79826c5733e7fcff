package tokenizer

import (
	"encoding/binary"
	"hash/maphash"
)

// Sizes of an encoder's cache of pieces. A full part is emptied: the frequent
// pieces are back at once, and memory stays bounded.
const (
	shortSlots  = 1 << 15 // pieces of up to 16 bytes, kept in the table itself
	longSlots   = 1 << 13 // pieces of up to maxCached bytes
	maxCached   = 128
	maxCacheIDs = 1 << 18
)

// cache remembers the ids of pieces. It belongs to one encoder at a time.
type cache struct {
	short     []shortEntry
	long      []longEntry
	shortUsed int
	longUsed  int
	ids       []uint32 // of entries with more than one id
	text      []byte   // of long pieces
	seed      maphash.Seed
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

func newCache() *cache {
	return &cache{
		short: make([]shortEntry, shortSlots),
		long:  make([]longEntry, longSlots),
		seed:  maphash.MakeSeed(),
	}
}

func (c *cache) reset() {
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

func shortSlot(lo, hi uint64) int {
	h := lo*0x9E3779B97F4A7C15 ^ (hi+0x94D049BB133111EB)*0xBF58476D1CE4E5B9
	h ^= h >> 29
	return int(h * 0x9E3779B97F4A7C15 >> (64 - 15))
}

// encodeCached appends the ids of the piece text[i:j], i < j.
func (m *bpe) encodeCached(dst []uint32, text []byte, i, j int, e *encoder) []uint32 {
	if j-i == 1 && m.byteLevel && !m.ignoreMerges {
		if id := m.byteIDs[text[i]]; id != noID {
			return append(dst, id)
		}
		return dst
	}
	switch c := &e.cache; {
	case j-i <= 16:
		lo, hi := words(text, i, j)
		at := shortSlot(lo, hi)
		for ; c.short[at].size != 0; at = (at + 1) & (shortSlots - 1) {
			if s := &c.short[at]; s.lo == lo && s.hi == hi && int(s.size) == j-i {
				if s.n == 1 {
					return append(dst, s.ids)
				}
				return append(dst, c.ids[s.ids:s.ids+uint32(s.n)]...)
			}
		}
		first := len(dst)
		dst = m.encode(dst, text[i:j], e)
		if c.shortUsed >= shortSlots/4*3 || len(c.ids) > maxCacheIDs {
			c.reset()
			at = shortSlot(lo, hi)
		}
		c.shortUsed++
		n, ids := c.keep(dst[first:])
		c.short[at] = shortEntry{lo, hi, uint8(j - i), n, ids}
		return dst
	case j-i <= maxCached:
		return m.encodeLongCached(dst, text[i:j], e)
	}
	return m.encode(dst, text[i:j], e)
}

func (m *bpe) encodeLongCached(dst []uint32, piece []byte, e *encoder) []uint32 {
	c := &e.cache
	hash := maphash.Bytes(c.seed, piece)
	at := int(hash & (longSlots - 1))
	for ; c.long[at].size != 0; at = (at + 1) & (longSlots - 1) {
		s := &c.long[at]
		if s.hash == hash && string(c.text[s.text:s.text+uint32(s.size)]) == string(piece) {
			if s.n == 1 {
				return append(dst, s.ids)
			}
			return append(dst, c.ids[s.ids:s.ids+uint32(s.n)]...)
		}
	}
	first := len(dst)
	dst = m.encode(dst, piece, e)
	if c.longUsed >= longSlots/4*3 || len(c.ids) > maxCacheIDs {
		c.reset()
		at = int(hash & (longSlots - 1))
	}
	c.longUsed++
	n, ids := c.keep(dst[first:])
	c.long[at] = longEntry{hash, uint32(len(c.text)), uint8(len(piece)), n, ids}
	c.text = append(c.text, piece...)
	return dst
}

// keep stores ids and returns how to find them: a single one in place.
func (c *cache) keep(ids []uint32) (n uint8, at uint32) {
	if len(ids) == 1 {
		return 1, ids[0]
	}
	at = uint32(len(c.ids))
	c.ids = append(c.ids, ids...)
	return uint8(len(ids)), at
}
