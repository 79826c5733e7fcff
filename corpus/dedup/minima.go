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

// minima lowers sig[i] to the least value that permutation i gives to any of xs.
func (p *permutations) minima(sig, xs []uint32) {
	i := 0
	for ; i+4 <= len(sig); i += 4 {
		s, a, b := (*[4]uint32)(sig[i:]), (*[4]uint32)(p.mul[i:]), (*[4]uint32)(p.add[i:])
		a0, a1, a2, a3 := a[0], a[1], a[2], a[3]
		b0, b1, b2, b3 := b[0], b[1], b[2], b[3]
		s0, s1, s2, s3 := s[0], s[1], s[2], s[3]
		for _, x := range xs {
			s0 = min(s0, a0*x+b0)
			s1 = min(s1, a1*x+b1)
			s2 = min(s2, a2*x+b2)
			s3 = min(s3, a3*x+b3)
		}
		s[0], s[1], s[2], s[3] = s0, s1, s2, s3
	}
	for ; i < len(sig); i++ {
		m, a, b := sig[i], p.mul[i], p.add[i]
		for _, x := range xs {
			m = min(m, a*x+b)
		}
		sig[i] = m
	}
}
