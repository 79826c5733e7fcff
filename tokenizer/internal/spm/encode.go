package spm

import (
	"bytes"
	"slices"

	"github.com/athanor-lm/athanor/tokenizer/internal/bpe"
	"github.com/athanor-lm/athanor/tokenizer/internal/unigram"
)

// chunk is how many bytes of normalized text are made before they are
// segmented.
const chunk = 1 << 14

// State is the working memory of one goroutine.
type State struct {
	norm   []byte  // normalized text that is not yet segmented
	lo     int     // where the current segment begins in norm
	next   int     // the next character to look at
	prev   uint32  // the character before it, packed
	unk    bool    // the last id was that of an unknown piece
	acc    float32 // score of the text so far (unigram)
	calm   int     // acc is steady for so many more bytes
	cache  *cache
	uni    *unigram.State
	merge  mergeState
	dense  int        // up to here letters go on longer than words do
	linear *linear    // nil as long as there were no long pieces
	words  *bpe.State // of linear
	long   int        // bytes of long pieces so far

	tokens []unigram.Token // of a text cut as a whole
}

// NewState returns working memory for m. It must be used with no other model.
func (m *Model) NewState() *State {
	s := &State{cache: newCache()}
	if m.uni != nil {
		s.uni = m.uni.NewState()
	}
	return s
}

// AppendEncode appends the ids of text to dst.
//
// The text is normalized in chunks and cut into segments that no piece can
// reach across (see pairSet); the segments' ids come from a cache or from the
// model.
func (m *Model) AppendEncode(dst []uint32, text []byte, s *State) []uint32 {
	if m.bpe != nil && m.bpe.unused {
		s.norm = m.norm.Append(s.norm[:0], text)
		m.cutUnused(s.norm, s)
		return m.appendTokens(dst, s.norm, s.tokens)
	}
	s.unk, s.acc, s.calm = false, 0, 0
	return m.encode(dst, text, flow{}, s)
}

// AppendNext goes on where AppendEncode and AppendNext have ended with s: text
// follows theirs, which ended at a place where it can be cut (see CutsBefore).
func (m *Model) AppendNext(dst []uint32, text []byte, s *State) []uint32 {
	return m.encode(dst, text, flow{begun: true}, s)
}

func (m *Model) encode(dst []uint32, text []byte, f flow, s *State) []uint32 {
	s.norm, s.lo, s.next, s.dense = s.norm[:0], 0, 0, 0
	dst = slices.Grow(dst, len(text)/3) // what most texts need
	step, wait := chunk, chunk
	for {
		if m.fast != nil {
			// What the fast road leaves is mostly a character, up to the next word.
			step = 1 + len(s.norm)/64
		}
		s.norm = m.norm.fill(s.norm, text, &f, len(s.norm)+step)
		switch {
		case f.at == len(text):
			s.norm = m.norm.finish(s.norm, 0, &f)
			return m.segments(dst, len(s.norm), true, s)
		case m.fast != nil && m.clean(text, &f, s):
			dst = m.segments(dst, len(s.norm), true, s)
			s.norm, s.lo, s.next = s.norm[:0], 0, 0
			if dst = m.appendFast(dst, text, &f, s); f.at == len(text) {
				return dst
			}
		case len(s.norm) >= wait:
			dst = m.part(dst, s)
			wait = max(chunk, 2*len(s.norm))
		}
	}
}

// part appends the ids of the segments of s.norm that are certain to be ones,
// and drops them.
func (m *Model) part(dst []uint32, s *State) []uint32 {
	end := len(s.norm)
	for end >= len(m.norm.space) && bytes.HasSuffix(s.norm[:end], []byte(m.norm.space)) {
		end -= len(m.norm.space) // spaces at the end may yet be removed
	}
	dst = m.segments(dst, end, false, s)
	n := copy(s.norm, s.norm[s.lo:])
	s.norm, s.next, s.lo = s.norm[:n], s.next-s.lo, 0
	return dst
}

// segments appends the ids of the segments of s.norm[s.lo:end]; unless last, the
// one that may go on after end is left.
func (m *Model) segments(dst []uint32, end int, last bool, s *State) []uint32 {
	switch {
	case m.kind == Word:
		return m.words(dst, end, last, s)
	case m.kind == Char, m.user != nil:
		return m.symbols(dst, end, last, s)
	}
	norm := s.norm
	for s.next < end {
		c, n := pack(norm, s.next)
		if !last && s.next+n > end {
			return dst
		}
		if s.next > s.lo && !m.pairs.joined(s.prev, c) {
			dst = m.segment(dst, s.lo, s.next, s)
			s.lo = s.next
		}
		s.prev, s.next = c, s.next+n
	}
	if last && s.lo < end {
		dst = m.segment(dst, s.lo, end, s)
	}
	return dst
}

// symbols is segments where user-defined symbols are looked for first (BPE),
// and where there are only characters besides them (Char).
func (m *Model) symbols(dst []uint32, end int, last bool, s *State) []uint32 {
	longest := 4
	if m.user != nil {
		longest = max(longest, m.user.longest)
	}
	for s.next < end {
		if !last && s.next+longest > end {
			return dst
		}
		at := s.next
		if n := m.user.match(s.norm[at:]); n > 0 || m.kind == Char {
			if n == 0 {
				n = min(charLen(s.norm[at]), end-at)
			}
			if s.lo < at {
				dst = m.segment(dst, s.lo, at, s)
			}
			dst = m.whole(dst, s.norm[at:at+n], s)
			s.next, s.lo = at+n, at+n
			continue
		}
		c, n := pack(s.norm, at)
		if at > s.lo && !m.pairs.joined(s.prev, c) {
			dst = m.segment(dst, s.lo, at, s)
			s.lo = at
		}
		s.prev, s.next = c, at+n
	}
	if last && s.lo < end {
		dst = m.segment(dst, s.lo, end, s)
	}
	return dst
}

// words is segments for word models: a word begins with every space.
func (m *Model) words(dst []uint32, end int, last bool, s *State) []uint32 {
	for s.next < end {
		c, n := pack(s.norm, s.next)
		if !last && s.next+n > end {
			return dst
		}
		if c == spaceChar && s.next > s.lo {
			dst = m.whole(dst, s.norm[s.lo:s.next], s)
			s.lo = s.next
		}
		s.next += n
	}
	if last && s.lo < end {
		dst = m.whole(dst, s.norm[s.lo:end], s)
	}
	return dst
}

// whole appends the id of a piece, or what stands for unknown text.
func (m *Model) whole(dst []uint32, piece []byte, s *State) []uint32 {
	from := len(dst)
	if id, ok := m.ids[string(piece)]; ok && m.proto.Pieces[id].Type != Unused {
		dst = append(dst, id)
	} else {
		dst = m.appendUnknown(dst, from, piece)
	}
	return m.fuse(dst, from, s)
}

// segment appends the ids of s.norm[lo:hi], of which no piece reaches beyond.
func (m *Model) segment(dst []uint32, lo, hi int, s *State) []uint32 {
	if m.uni != nil && !m.steady(hi-lo, s) {
		return m.recompute(dst, s.norm[lo:hi], s)
	}
	k := s.cache.find(s.norm, lo, hi)
	if k == nil {
		return m.compute(dst, s.norm[lo:hi], s.norm, lo, hi, s)
	}
	return m.recall(dst, k, s.norm[lo:hi], s)
}

// steady tells whether the score of the text stays within the bounds beyond
// which the original moves it, whatever becomes of the next n bytes.
func (m *Model) steady(n int, s *State) bool {
	if s.calm -= n; s.calm > 0 {
		return true
	}
	s.calm = 0
	if left := (unigram.MaxScore-max(s.acc, -s.acc))/m.extreme - 2; left > float32(n) {
		s.calm = int(min(left, 1<<20)) - n
	}
	return s.calm > 0
}

// recall appends what the cache knows of a piece.
func (m *Model) recall(dst []uint32, k *slot, piece []byte, s *State) []uint32 {
	switch k.n {
	case unknownChar:
		return m.appendChar(dst, piece, s)
	case uncertain:
		return m.recompute(dst, piece, s)
	}
	s.unk = false
	ids := s.cache.idsOf(k)
	if m.uni == nil {
		return append(dst, ids...)
	}
	acc := s.acc
	for _, id := range ids {
		dst = append(dst, id)
		acc += m.scores[id]
	}
	s.acc = acc
	return dst
}

// compute appends the ids of piece and keeps them as those of text[lo:hi].
func (m *Model) compute(dst []uint32, piece, text []byte, lo, hi int, s *State) []uint32 {
	from := len(dst)
	if m.uni == nil {
		if len(piece) > longPiece {
			if out, ok := m.appendLong(dst, piece, s); ok {
				s.unk = false
				return out
			}
		}
		cells := m.bpe.merge(piece, &s.merge)
		known := true
		for _, c := range cells {
			known = known && c.symbol != noSymbol && m.bpe.out[c.symbol] != noSymbol
		}
		switch {
		case known:
			s.unk = false
			dst = m.appendCells(dst, piece, cells)
			s.cache.put(text, lo, hi, uint8(min(len(dst)-from, uncertain)), dst[from:])
			return dst
		case len(cells) == 1:
			s.cache.put(text, lo, hi, unknownChar, nil)
			return m.appendChar(dst, piece, s)
		}
		s.cache.put(text, lo, hi, uncertain, nil)
		return m.fuse(m.appendCells(dst, piece, cells), from, s)
	}
	tokens, acc, certain := m.uni.SegmentCertain(piece, s.acc, s.uni)
	switch {
	case !certain:
		s.cache.put(text, lo, hi, uncertain, nil)
	case tokens[0].ID == unigram.Unk:
		s.cache.put(text, lo, hi, unknownChar, nil)
		return m.appendChar(dst, piece, s)
	}
	s.acc = acc
	dst = m.fuse(m.appendTokens(dst, piece, tokens), from, s)
	if certain {
		s.cache.put(text, lo, hi, uint8(min(len(dst)-from, uncertain)), dst[from:])
	}
	return dst
}

// recompute appends the ids of piece without the cache.
func (m *Model) recompute(dst []uint32, piece []byte, s *State) []uint32 {
	from := len(dst)
	if m.uni == nil {
		return m.fuse(m.appendCells(dst, piece, m.bpe.merge(piece, &s.merge)), from, s)
	}
	tokens, acc := m.uni.Segment(piece, s.acc, s.uni)
	s.acc = acc
	return m.fuse(m.appendTokens(dst, piece, tokens), from, s)
}

// appendChar appends what stands for an unknown character.
func (m *Model) appendChar(dst []uint32, char []byte, s *State) []uint32 {
	if m.uni != nil {
		s.acc += m.unkScore
	}
	if m.bytes != nil {
		for _, b := range char {
			dst = append(dst, m.bytes[b])
		}
		return dst
	}
	if !s.unk {
		dst, s.unk = append(dst, m.unk), true
	}
	return dst
}

// appendTokens appends the ids of a unigram segmentation of piece.
func (m *Model) appendTokens(dst []uint32, piece []byte, tokens []unigram.Token) []uint32 {
	from, at := len(dst), 0
	for _, t := range tokens {
		if t.ID != unigram.Unk {
			dst = append(dst, t.ID)
		} else {
			dst = m.appendUnknown(dst, from, piece[at:t.Hi])
		}
		at = t.Hi
	}
	return dst
}

// appendCells appends the ids of a BPE segmentation of piece.
func (m *Model) appendCells(dst []uint32, piece []byte, cells []cell) []uint32 {
	from, at := len(dst), 0
	for _, c := range cells {
		id := uint32(noSymbol)
		if c.symbol != noSymbol {
			id = m.bpe.out[c.symbol]
		}
		if id != noSymbol {
			dst = append(dst, id)
		} else {
			dst = m.appendUnknown(dst, from, piece[at:at+int(c.size)])
		}
		at += int(c.size)
	}
	return dst
}

// appendUnknown appends what stands for unknown text to dst[from:]: the text's
// bytes, or the unknown piece unless that is the last one already.
func (m *Model) appendUnknown(dst []uint32, from int, text []byte) []uint32 {
	if m.bytes != nil {
		for _, b := range text {
			dst = append(dst, m.bytes[b])
		}
		return dst
	}
	if len(dst) > from && dst[len(dst)-1] == m.unk {
		return dst
	}
	return append(dst, m.unk)
}

// fuse drops the unknown piece at dst[from] if the one before is one, too.
func (m *Model) fuse(dst []uint32, from int, s *State) []uint32 {
	last := dst[len(dst)-1]
	if s.unk && dst[from] == m.unk {
		dst = append(dst[:from], dst[from+1:]...)
	}
	s.unk = last == m.unk
	return dst
}
