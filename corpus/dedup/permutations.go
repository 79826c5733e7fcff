package dedup

import "math/rand/v2"

// permutations are functions x ↦ mul·x + add modulo 2^32 with odd mul, which permute the numbers of 32 bits.
type permutations struct {
	mul, add []uint32
}

// newPermutations draws n permutations from a seed.
func newPermutations(n int, seed uint64) *permutations {
	rng := rand.New(rand.NewPCG(seed, 0x4d696e48617368))
	p := &permutations{make([]uint32, n), make([]uint32, n)}
	for i := range n {
		p.mul[i], p.add[i] = rng.Uint32()|1, rng.Uint32()
	}
	return p
}
