// Package eights looks at text eight bytes at a time, as one number: the top bit of each of its bytes says whether that byte is of a
// kind (Warren, Hacker's Delight, section 6-1; Anderson, Bit Twiddling Hacks).
package eights

// One number of eight bytes that are all the same: c*Ones.
const (
	Ones = 0x0101010101010101
	Tops = 0x80 * Ones
)

// Load returns the first eight bytes of a string as a number, the first byte lowest. The compiler makes it one instruction. It panics
// where there are fewer.
func Load(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// Within sets the top bits of the bytes from lo to hi, and clears those of the others. The bytes of low, and lo and hi, are below 0x80;
// the other bits of the result mean nothing.
func Within(low uint64, lo, hi byte) uint64 {
	return (low + (0x80-uint64(lo))*Ones) &^ (low + (0x7F-uint64(hi))*Ones)
}

// Except clears the top bits of the bytes that are c, and sets those of the others. The bytes of low, and c, are below 0x80; the other
// bits of the result mean nothing.
func Except(low uint64, c byte) uint64 {
	return (low ^ uint64(c)*Ones) + 0x7F*Ones
}
