package segment

import (
	"math/bits"

	"github.com/athanor-lm/athanor/internal/eights"
)

const (
	hashA = 0x9e3779b97f4a7c15
	hashB = 0xd6e8feb86659fd93
)

// Hash returns the hash that words have: 64 bits that serve as the word's identity within a text.
func Hash(s string) uint64 { return hashAt(s, 0, len(s)) }

// hashAt returns the hash of s[a:b].
func hashAt(s string, a, b int) uint64 {
	h := uint64(b-a) * hashB
	for b-a > 8 {
		h = fold(h^eights.Load(s[a:a+8]), hashA)
		a += 8
	}
	var x uint64
	if a+8 <= len(s) {
		x = eights.Load(s[a:a+8]) & (^uint64(0) >> (64 - 8*uint(b-a)))
	} else {
		for i := b - 1; i >= a; i-- {
			x = x<<8 | uint64(s[i])
		}
	}
	return fold(h^x, hashB)
}

// hashByte returns the hash of one byte.
func hashByte(c byte) uint64 { return fold(hashB^uint64(c), hashB) }

// fold multiplies to 128 bits and adds the halves without carry.
func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^hashA, b)
	return hi ^ lo
}
