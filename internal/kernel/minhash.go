package kernel

// Minima lowers sig[i] to the least mul[i]·x + add[i] modulo 2^32 over xs, which is what MinHash (Broder 1997) asks of each
// permutation. sig, mul and add have one length. The result is the same at every level.
func Minima(sig, mul, add, xs []uint32) {
	same("Minima", len(mul), len(sig))
	same("Minima", len(add), len(sig))
	if len(xs) == 0 {
		return
	}
	for _, b := range minimaBlocks[currentLevel] {
		for len(sig) >= b.permutations {
			b.minima(&sig[0], &mul[0], &add[0], &xs[0], len(xs))
			sig, mul, add = sig[b.permutations:], mul[b.permutations:], add[b.permutations:]
		}
	}
	minimaGeneric(sig, mul, add, xs)
}

// minimaBlock takes a fixed number of permutations.
type minimaBlock struct {
	permutations int
	minima       func(sig, mul, add, xs *uint32, n int)
}

// minimaBlocks are the blocks of each level, the largest first; the platform's file puts in what it has.
var minimaBlocks [numLevels][]minimaBlock

func minimaGeneric(sig, mul, add, xs []uint32) {
	i := 0
	for ; i+4 <= len(sig); i += 4 {
		s, a, b := (*[4]uint32)(sig[i:]), (*[4]uint32)(mul[i:]), (*[4]uint32)(add[i:])
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
		m, a, b := sig[i], mul[i], add[i]
		for _, x := range xs {
			m = min(m, a*x+b)
		}
		sig[i] = m
	}
}
