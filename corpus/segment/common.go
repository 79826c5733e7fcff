package segment

import (
	"math/bits"
	"slices"

	"github.com/athanor-lm/athanor/internal/eights"
	"github.com/athanor-lm/athanor/internal/kernel"
)

// byteSets are the letters, the white space and the marks.
var byteSets = kernel.NewByteSets(plainBytes[:]...)

// common appends the words of the text up to a place near its end, which it returns.
func (s *scanner) common() (i int) {
	s.windows.Reset(byteSets, s.s)
	for i+64+16 <= len(s.s) {
		w := s.windows.At(i)
		i = s.chunks(i, w[0], w[1], w[2])
	}
	return i
}

// chunks appends the words of the chunks that begin and end in the 64 bytes at i, whose masks are given, and returns where the first
// other one begins. It deals with most chunks itself: up to 16 letters of ASCII that are no exception, alone or with one mark behind
// them. What does not depend on the chunk before is done without branches where a guess would often be wrong.
func (s *scanner) chunks(i int, letters, spaces, marks uint64) int {
	s.words = slices.Grow(s.words, 66)
	text, words, k := s.s[i:i+64+16], s.words[:cap(s.words)], len(s.words)
	seen := &s.exceptions.seen
	for starts := ^spaces & (spaces<<1 | 1); starts != 0; {
		p := bits.TrailingZeros64(starts)
		n := bits.TrailingZeros64(^(letters >> (p & 63)))
		end := p + n
		mark := int(marks >> (end & 63) & 1)
		if fits := uint(n-1) < 16 && end+mark < 64 && spaces>>((end+mark)&63)&1 != 0; fits {
			// hashAt(text, p, end)
			x := text[p : p+16]
			hash := uint64(n)*hashB ^ eights.Load(x[:8])&(^uint64(0)>>((64-8*uint(min(n, 8)))&63))
			if n > 8 {
				hash = fold(hash, hashA) ^ eights.Load(x[8:])&(^uint64(0)>>((128-8*uint(n))&63))
			}
			hash = fold(hash, hashB)
			if seen[hash>>54]>>(hash>>48&63)&1 == 0 {
				// Both words are written, and the second one kept where there is a mark.
				pair := words[k : k+2]
				pair[0].set(hash, i+p, i+end, n, HasLetter|HasText)
				pair[1].set(hashByte(text[end]), i+end, i+end+1, 1, 0)
				k += 1 + mark
				starts &= starts - 1
				continue
			}
		}
		s.words = words[:k]
		if end+1 >= 64 && p > 0 {
			return i + p // another window shows where it ends
		}
		end = s.next(i+p) - i
		if end >= 64 {
			return i + end
		}
		s.words = slices.Grow(s.words, 66)
		words, k = s.words[:cap(s.words)], len(s.words)
		// White space beyond ASCII ends chunks too.
		starts = starts&(^uint64(0)<<end) | ^spaces&(1<<end)
	}
	s.words = words[:k]
	return i + 64
}
