package kernel

import (
	"fmt"
	"math/bits"
)

// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): four random words from a
// 128-bit counter and a 64-bit key, without state.
const (
	philoxM0 = 0xD2511F53
	philoxM1 = 0xCD9E8D57
	philoxW0 = 0x9E3779B9
	philoxW1 = 0xBB67AE85
)

// philox returns the block of counter (ctr[0] lowest) under key.
func philox(ctr [4]uint32, key uint64) [4]uint32 {
	k0, k1 := uint32(key), uint32(key>>32)
	for range 10 {
		hi0, lo0 := bits.Mul32(philoxM0, ctr[0])
		hi1, lo1 := bits.Mul32(philoxM1, ctr[2])
		ctr = [4]uint32{hi1 ^ ctr[1] ^ k0, lo1, hi0 ^ ctr[3] ^ k1, lo0}
		k0 += philoxW0
		k1 += philoxW1
	}
	return ctr
}

// block returns the four random words of elements 4b … 4b+3.
func (d *Drop) block(b uint64) [4]uint32 {
	return philox([4]uint32{uint32(b), uint32(b >> 32), uint32(d.Counter), uint32(d.Counter >> 32)}, d.Key)
}

// limits returns the word below which an element is dropped, P·2³², and the factor of the kept ones, 1/(1−P).
func (d *Drop) limits() (threshold uint64, scale float32) {
	if d.P >= 1 {
		return 1 << 32, 0
	}
	return uint64(float64(d.P) * (1 << 32)), 1 / (1 - d.P)
}

// DropRow applies d to src: dst[i] = src[i]/(1−P) where element index+i is kept, else 0. Element e is kept iff word
// e%4 of the Philox block (e/4, Counter) under Key is at least P·2³²: the mask is a pure function of d and the index,
// so that the backward pass recomputes it. dst may be src.
func DropRow(dst, src []float32, d Drop, index uint64) {
	if len(dst) != len(src) {
		panic(fmt.Sprintf("kernel.DropRow: lengths %d and %d, want equal", len(dst), len(src)))
	}
	if d.P <= 0 {
		copy(dst, src)
		return
	}
	threshold, scale := d.limits()
	if threshold>>32 != 0 {
		clear(dst)
		return
	}
	head := min(int(-index&3), len(src)) // to the start of a Philox block
	dropRowGeneric(dst[:head], src[:head], &d, index, uint32(threshold), scale)
	dst, src, index = dst[head:], src[head:], index+uint64(head)
	done := dropBlocks(dst, src, &d, index/4, uint32(threshold), scale)
	dropRowGeneric(dst[done:], src[done:], &d, index+uint64(done), uint32(threshold), scale)
}

// dropRowGeneric is the plain-Go twin of the vector kernels.
func dropRowGeneric(dst, src []float32, d *Drop, index uint64, threshold uint32, scale float32) {
	for i := 0; i < len(src); {
		words := d.block(index / 4)
		for lane := index % 4; lane < 4 && i < len(src); lane++ {
			if words[lane] >= threshold {
				dst[i] = src[i] * scale
			} else {
				dst[i] = 0
			}
			i++
			index++
		}
	}
}
