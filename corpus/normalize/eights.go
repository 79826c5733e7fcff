package normalize

import (
	"encoding/binary"
	"math/bits"

	"github.com/athanor-lm/athanor/internal/eights"
)

// equal marks the bytes of w that are c, of ASCII.
func equal(w uint64, c byte) uint64 {
	return ^(eights.Except(w&^eights.Tops, c) | w) & eights.Tops
}

// skipWords passes over eights of printing ASCII bytes with single spaces, and returns where something else begins, or may.
func skipWords(s string, i int) int {
	carry := uint64(0) // whether the byte before was a space
	if i > 0 && isBlank(s[i-1]) {
		carry = 0x80
	}
	for ; i+8 <= len(s); i += 8 {
		w := eights.Load(s[i:])
		// The high bit of a byte of t is set where it is above 0x20, of printing where it is not below it.
		t := w + (0x80-0x21)*eights.Ones
		printing := w + (0x80-0x20)*eights.Ones
		spaces := ^t & eights.Tops
		// No byte above 0x7E, none below 0x20, no two spaces beside each other.
		if w&eights.Tops != 0 || (w+eights.Ones)&eights.Tops != 0 || printing&eights.Tops != eights.Tops || spaces&(spaces<<8|carry) != 0 {
			return i
		}
		carry = spaces >> 56
	}
	return i
}

// plainASCII returns how many bytes at the start of s are printing ASCII, newlines and tabs, which no setting changes one by one.
func plainASCII(s string) (n int) {
	for ; n+8 <= len(s); n += 8 {
		w := eights.Load(s[n:])
		// Above 0x7E, or below 0x20 and neither newline nor tab.
		if other := (w | (w&^eights.Tops + eights.Ones) | ^(w&^eights.Tops+0x60*eights.Ones)&^equal(w, '\n')&^equal(w, '\t')) & eights.Tops; other != 0 {
			return n + bits.TrailingZeros64(other)/8
		}
	}
	for n < len(s) && (s[n] >= ' ' && s[n] < 0x7F || s[n] == '\n' || s[n] == '\t') {
		n++
	}
	return n
}

// untilRun returns where two spaces or tabs stand side by side, else the length.
func untilRun(line []byte) (n int) {
	for ; n+8 <= len(line); n += 7 { // the last of eight is the next eight's first
		w := binary.LittleEndian.Uint64(line[n:])
		blank := equal(w, ' ') | equal(w, '\t')
		if pair := blank & (blank >> 8); pair != 0 {
			return n + bits.TrailingZeros64(pair)/8
		}
	}
	for ; n+1 < len(line); n++ {
		if isBlank(line[n]) && isBlank(line[n+1]) {
			return n
		}
	}
	return len(line)
}
