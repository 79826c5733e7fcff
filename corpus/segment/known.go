package segment

import (
	"math/bits"

	"github.com/athanor-lm/athanor/internal/eights"
)

// Chunks that are not plain take several looks at prefixes, suffixes and infixes, and many come again: "(the", "e.g.", "x_max". Their
// words are kept.

// known are chunks of up to 16 visible characters of ASCII with their words. Each has one place by its hash, where the last one stands.
type known [1 << knownBits]knownChunk

const (
	knownBits  = 11
	knownWords = 4       // of a chunk
	knownFrom  = 4 << 10 // bytes of a text for which the memory is worth it
)

// knownChunk fills a line of the processor's caches.
type knownChunk struct {
	key    [2]uint64 // its bytes, and zeros
	hashes [knownWords]uint64
	sizes  [knownWords]uint8
	kinds  [knownWords]Kind
	n      uint64 // words
}

// again appends the words of the chunk at i if it is known, and returns its end. Else it returns 0 and, where the chunk could be known,
// the place and the key under which [scanner.learn] puts it.
func (s *scanner) again(i int) (end int, at *knownChunk, key [2]uint64) {
	text := s.s
	if i+24 > len(text) || s.known == nil {
		return 0, nil, key
	}
	end = i
	for k := range key {
		x := eights.Load(text[end : end+8])
		if n := bits.TrailingZeros64(invisible(x)); n < 64 {
			key[k] = x & (1<<(n&^7) - 1)
			end += n / 8
			break
		}
		key[k] = x
		end += 8
	}
	if byteIs[text[end]] != isSpace {
		return 0, nil, key
	}
	at = &s.known[fold(key[0]^key[1]*hashA, hashB)>>(64-knownBits)]
	if at.key != key {
		return 0, at, key
	}
	for j := range min(at.n, knownWords) {
		size := int(at.sizes[j])
		s.put(at.hashes[j], i, i+size, size, at.kinds[j])
		i += size
	}
	return end, nil, key
}

// learn makes the words from first on those of a chunk.
func (s *scanner) learn(at *knownChunk, key [2]uint64, first int) {
	words := s.words[first:]
	if len(words) > knownWords {
		return
	}
	at.key, at.n = key, uint64(len(words))
	for j, w := range words {
		at.hashes[j], at.sizes[j], at.kinds[j] = w.Hash, uint8(w.End-w.Start), w.Kind
	}
}

// invisible sets the upper bit of the first byte that is no visible character of ASCII; of those behind it, perhaps.
func invisible(x uint64) uint64 {
	return ((x - 0x21*eights.Ones) | x) & eights.Tops
}
