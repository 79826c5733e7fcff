package scan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/internal/eights"
)

// lowerRun returns how many of the 8 bytes of w, from the lowest, are a to z.
// Words are short: one test for 8 bytes spares the branch that ends a loop at
// a place nobody can foretell.
func lowerRun(w uint64) int {
	in := eights.Within(w&^eights.Tops, 'a', 'z') &^ w & eights.Tops
	return bits.TrailingZeros64(in^eights.Tops) >> 3
}

// letters is run for class letter in tables where it holds all ASCII letters
// and Chinese characters.
func (t *table) letters(s []byte, i int) int {
	for i+8 <= len(s) {
		n := lowerRun(binary.LittleEndian.Uint64(s[i:]) | 0x20*eights.Ones)
		if i += n; n == 8 {
			continue
		}
		if s[i] < utf8.RuneSelf {
			return i
		}
		break
	}
	return t.run(s, han(s, i), letter)
}

// han returns the end of the run of U+5000 … U+9FFF from s[i] on: all of them
// are letters without a case.
func han(s []byte, i int) int {
	for i+3 <= len(s) && s[i]-0xe5 < 5 && s[i+1]^0x80 < 0x40 && s[i+2]^0x80 < 0x40 {
		i += 3
	}
	return i
}

// lowers is run for lower|letter|mark in a table of cases.
func (t *table) lowers(s []byte, i int) int {
	for i+8 <= len(s) {
		n := lowerRun(binary.LittleEndian.Uint64(s[i:]))
		if i += n; n == 8 {
			continue
		}
		if s[i] < utf8.RuneSelf {
			return i
		}
		break
	}
	return t.run(s, i, lower|letter|mark)
}
