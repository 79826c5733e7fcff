// Package eights reads text eight bytes at a time.
package eights

// Load returns the first eight bytes of a string as a number, the first byte lowest. The compiler makes it one instruction. It panics
// where there are fewer.
func Load(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
