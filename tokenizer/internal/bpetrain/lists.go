package bpetrain

import "math/bits"

// lists keeps many lists of pieces, most of them short, each in one stretch of
// memory. Stretches given back are used again.
type lists struct {
	first  []uint32   // the lists there are at the beginning, one after the other
	base   uint32     // len(first), rounded up to a chunk
	chunks [][]uint32 // of chunkWords each, for places from base on

	fill, until uint32          // the stretch that is handed out now
	free        [classes]uint32 // by class: a stretch given back, plus 1; its first word is the next one
	large       []stretch       // those given back that are handed out anew
}

// stretch is words at .. at+size-1.
type stretch struct{ at, size uint32 }

const (
	chunkWords = 1 << 20
	classes    = 128
	largeWords = 1 << 12
)

// class returns the class of stretches of n words, 2 or more, and the size that
// all of the class have at least: exact up to 7 words, then four an octave.
func class(n uint32) (class, size uint32) {
	if n < 8 {
		return n, n
	}
	k := uint32(bits.Len32(n)) - 3 // n>>k is 4 … 7
	return 4*k + n>>k + 1, n >> k << k
}

// room rounds n up to the size of a class.
func room(n uint32) uint32 {
	_, size := class(n)
	if size < n {
		size += 1 << (bits.Len32(n) - 3)
	}
	return size
}

// reset makes room for the first lists, n words in all.
func (l *lists) reset(n int) {
	*l = lists{first: make([]uint32, n), base: uint32((n + chunkWords - 1) &^ (chunkWords - 1))}
}

// words returns a stretch for reading and writing.
func (l *lists) words(s stretch) []uint32 {
	if s.at < l.base {
		return l.first[s.at:][:s.size]
	}
	at := s.at - l.base
	return l.chunks[at/chunkWords][at%chunkWords:][:s.size]
}

// alloc returns a stretch of n words, 2 to chunkWords.
func (l *lists) alloc(n uint32) stretch {
	size := room(n)
	c, _ := class(size)
	if at := l.free[c]; at != 0 {
		s := stretch{at - 1, n}
		l.free[c] = l.words(s)[0]
		return s
	}
	if l.until-l.fill < size {
		l.refill(size)
	}
	s := stretch{l.fill, n}
	l.fill += size
	return s
}

// refill takes another stretch to hand out, a large one that was given back or
// a new chunk, and gives the rest of the present one back.
func (l *lists) refill(size uint32) {
	rest := stretch{l.fill, l.until - l.fill}
	l.fill, l.until = 0, 0
	for k := len(l.large) - 1; k >= 0; k-- {
		if s := l.large[k]; s.size >= size {
			l.large = append(l.large[:k], l.large[k+1:]...)
			l.fill, l.until = s.at, s.at+s.size
			break
		}
	}
	if l.until == 0 {
		l.fill = l.base + uint32(len(l.chunks))*chunkWords
		l.until = l.fill + chunkWords
		l.chunks = append(l.chunks, make([]uint32, chunkWords))
	}
	l.put(rest)
}

// giveBack takes a stretch that alloc returned, or one of the first lists.
func (l *lists) giveBack(s stretch) {
	if s.at >= l.base {
		s.size = room(s.size)
	}
	l.put(s)
}

func (l *lists) put(s stretch) {
	if s.size >= largeWords {
		l.large = append(l.large, s)
	} else if s.size >= 2 {
		c, _ := class(s.size)
		l.words(stretch{s.at, 1})[0] = l.free[c]
		l.free[c] = s.at + 1
	}
}
