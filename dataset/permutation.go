package dataset

import "math/bits"

// mix64 is the finaliser of SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators"):
// a bijection on 64-bit words whose output bits each depend on all input bits.
func mix64(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// hashKey folds words into one key; the order of the words matters.
func hashKey(words ...uint64) uint64 {
	var h uint64
	for _, w := range words {
		h = mix64(h + 0x9e3779b97f4a7c15 + w)
	}
	return h
}

// below maps a uniform 64-bit word to [0, n) by multiply-shift (Lemire 2019); the bias is at most n/2⁶⁴.
func below(word uint64, n int64) int64 {
	hi, _ := bits.Mul64(word, uint64(n))
	return int64(hi)
}

// permutation is a keyed bijection on [0, n), evaluated at any index without a table.
//
// It is a balanced Feistel network on 2·half bits, the smallest even width that holds n, which permutes
// [0, 4^half). To restrict it to [0, n) the walk goes on along the network's cycle until it is back inside
// ("cycle walking", Black and Rogaway 2002): since 4^half < 4n it takes fewer than four steps on average, and since
// x itself is inside [0, n) it always ends.
type permutation struct {
	n    uint64
	half uint
	mask uint64
	keys [feistelRounds]uint64
}

// Four rounds of a good round function make a pseudo-random permutation (Luby and Rackoff 1988); small domains have
// few round inputs, so more rounds are spent to mix them.
const feistelRounds = 8

func newPermutation(n int64, key uint64) permutation {
	p := permutation{n: uint64(n), half: 1}
	for p.half < 31 && uint64(1)<<(2*p.half) < p.n {
		p.half++
	}
	p.mask = 1<<p.half - 1
	for i := range p.keys {
		p.keys[i] = hashKey(key, uint64(i))
	}
	return p
}

// at returns the image of i, 0 ≤ i < n.
func (p *permutation) at(i int64) int64 {
	x := uint64(i)
	for {
		l, r := x>>p.half, x&p.mask
		for _, k := range p.keys {
			l, r = r, l^(mix64(r+k)&p.mask)
		}
		if x = l<<p.half | r; x < p.n {
			return int64(x)
		}
	}
}
