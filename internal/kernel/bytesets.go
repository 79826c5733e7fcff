package kernel

import (
	"fmt"
	"slices"
	"unsafe"
)

// ByteSets tells bytes of up to three sets of ASCII characters apart.
type ByteSets struct {
	tables [32 + byteSets + 1]uint8 // of the lower and the upper half of a byte: bits, which both have for the bytes of a set
	of     [256]uint8               // for each byte the sets it is in, a bit each, and bit 3 beyond ASCII
}

// byteSets is how many sets there are.
const byteSets = 3

// ByteMasks has for each of 64 bytes a bit in the masks of the sets that the byte is in, and in the last one where it is 0x80 or above.
// The lowest bit is the first byte's.
type ByteMasks [byteSets + 1]uint64

// NewByteSets returns sets of the characters of strings. It panics where there are more than three, where a character is no ASCII, and
// where the sets take more than eight different rows: those of the code table that are alike within a set are one.
func NewByteSets(sets ...string) *ByteSets {
	if len(sets) > byteSets {
		panic(fmt.Sprintf("kernel.NewByteSets: %d sets, want at most %d", len(sets), byteSets))
	}
	s, next := new(ByteSets), 0
	for i, set := range sets {
		var rows [8]uint16 // of the characters that have the same upper half, a bit each
		for _, c := range []byte(set) {
			rows[c>>4] |= 1 << (c & 15)
			s.of[c] |= 1 << i
		}
		bits := map[uint16]uint8{}
		for upper, row := range rows {
			if row != 0 && bits[row] == 0 {
				if next == 8 {
					panic(fmt.Sprintf("kernel.NewByteSets: %q takes more than 8 rows", sets))
				}
				bits[row] = 1 << next
				next++
				s.tables[32+i] |= bits[row]
				for lower := range 16 {
					s.tables[lower] |= uint8(row>>lower&1) * bits[row]
				}
			}
			s.tables[16+upper] |= bits[row]
		}
	}
	s.tables[32+byteSets] = 15
	for c := 0x80; c < 256; c++ {
		s.of[c] = 1 << byteSets
	}
	return s
}

// Masks writes the masks of a text to dst, which has ⌈len(text)/64⌉ of them; bits behind the text's end are 0.
func (s *ByteSets) Masks(dst []ByteMasks, text string) {
	same("ByteSets.Masks", len(dst), (len(text)+63)/64)
	blocks := len(text) / 64
	if blocks == 0 || !byteMasks(&dst[0][0], unsafe.StringData(text), &s.tables[0], blocks) {
		blocks = 0
	}
	s.masksGeneric(dst[blocks:], text[64*blocks:])
}

func (s *ByteSets) masksGeneric(dst []ByteMasks, text string) {
	for i := range dst {
		block := text[64*i : min(64*i+64, len(text))]
		if len(block) < 64 {
			dst[i] = ByteMasks{}
			for at := range len(block) {
				for set := range dst[i] {
					dst[i][set] |= uint64(s.of[block[at]]>>set&1) << at
				}
			}
			return
		}
		var m0, m1, m2, m3 uint64
		for at := 0; at < 64; at += 8 {
			// The sets of eight bytes. The multiplication brings the lowest bit of each byte to the highest byte.
			b, of := block[at:at+8], &s.of
			x := uint64(of[b[0]]) | uint64(of[b[1]])<<8 | uint64(of[b[2]])<<16 | uint64(of[b[3]])<<24 |
				uint64(of[b[4]])<<32 | uint64(of[b[5]])<<40 | uint64(of[b[6]])<<48 | uint64(of[b[7]])<<56
			const ones, gather = 0x0101010101010101, 0x0102040810204080
			m0 |= x & ones * gather >> 56 << at
			m1 |= x >> 1 & ones * gather >> 56 << at
			m2 |= x >> 2 & ones * gather >> 56 << at
			m3 |= x >> 3 & ones * gather >> 56 << at
		}
		dst[i] = ByteMasks{m0, m1, m2, m3}
	}
}

// ByteWindows gives the masks of any 64 bytes of a text, of which it finds those of a part at a time. The zero value wants a Reset.
type ByteWindows struct {
	sets  *ByteSets
	text  string
	masks []ByteMasks // of the part, and none behind it
	from  int         // where the part begins
}

// partBlocks is how many blocks of 64 bytes a part has.
const partBlocks = 128

// Reset gives w another text.
func (w *ByteWindows) Reset(sets *ByteSets, text string) {
	w.sets, w.text, w.masks = sets, text, w.masks[:0]
}

// At returns the masks of the 64 bytes from i on, i < the text's length; bits behind its end are 0.
func (w *ByteWindows) At(i int) ByteMasks {
	at := uint(i - w.from)
	if at/64+1 >= uint(len(w.masks)) {
		w.part(i)
		at = 0
	}
	a, b, n := &w.masks[at/64], &w.masks[at/64+1], at%64
	return ByteMasks{a[0]>>n | b[0]<<(64-n), a[1]>>n | b[1]<<(64-n), a[2]>>n | b[2]<<(64-n), a[3]>>n | b[3]<<(64-n)}
}

// part finds the masks of the part that begins at i.
func (w *ByteWindows) part(i int) {
	part := w.text[i:min(i+64*partBlocks, len(w.text))]
	blocks := (len(part) + 63) / 64
	w.masks = slices.Grow(w.masks[:0], partBlocks+1)[:blocks+1]
	w.sets.Masks(w.masks[:blocks], part)
	w.masks[blocks], w.from = ByteMasks{}, i
	if len(part) == 64*partBlocks { // its last block lacks what follows
		w.masks = w.masks[:blocks]
	}
}
