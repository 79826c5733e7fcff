package spm

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// appendFast appends the ids of text from f.at on, where it can be cut, as far
// as normalization leaves it alone but for single spaces and characters. It
// stops at a place where it can be cut, too.
//
// Pieces are looked up as they stand in the text, without a normalized copy:
// words with the space before them, and what else no piece reaches across.
func (m *Model) appendFast(dst []uint32, text []byte, f *flow, s *State) []uint32 {
	first, from := len(dst), f.at
	for f.at < len(text) {
		if cap(dst)-len(dst) < wordLimit {
			dst = slices.Grow(dst, moreIDs(len(dst)-first, f.at-from, len(text)-f.at))
		}
		lo, at := f.at, f.at
		if text[at] >= 0x80 {
			if dst = m.appendWide(dst, text, f, s); f.at == lo {
				return dst
			}
			continue
		}
		prev := uint32(0) // the character before at; 0 at the beginning of a piece
		switch m.fast.ascii[text[at]] {
		case foreign:
			if m.follows(text, at) || m.uni != nil && !m.steady(1, s) {
				return dst
			}
			dst = m.appendChar(dst, text[at:at+1], s)
			f.at, f.after = at+1, false
			continue
		case plain:
			if m.alone(text, at) && (m.uni == nil || m.steady(1, s)) {
				id := m.fast.solo[text[at]]
				dst = append(dst, id)
				if f.at, f.after, s.unk = at+1, false, false; m.uni != nil {
					s.acc += m.scores[id]
				}
				continue
			}
		case letter:
			if s.linear != nil { // there were long pieces before
				if end := m.lettersEnd(text, at, s.linear); end > 0 {
					dst = s.linear.model.Append(dst, text, at, end, s.words)
					f.at, f.after, s.unk = end, false, false
					continue
				}
			}
		case blank:
			for at++; m.norm.trim && at < len(text) && text[at] < 0x80 && m.fast.ascii[text[at]] == blank; at++ {
			}
			if at == len(text) {
				if m.norm.trim { // spaces at the end
					f.at = at
				}
				return dst
			}
			lo, prev = at-1, spaceChar
		}
		end := m.extent(text, lo, at, prev, s)
		if end < 0 {
			return dst
		}
		dst = m.piece(dst, text, lo, end, s)
		f.at, f.after = end, end == at && m.norm.trim // a space by itself
	}
	return dst
}

// moreIDs is for how many ids to make room when n have come of done bytes and rest
// are left: as many as they need if they are alike, at most three times what is there.
func moreIDs(n, done, rest int) int {
	return wordLimit + min(int(1.02*float64(n)*float64(rest)/float64(done+1)), 3*n, rest)
}

// alone tells whether the plain ASCII character text[at] is a piece that can be
// cut from the ASCII character after it.
func (m *Model) alone(text []byte, at int) bool {
	if at+1 == len(text) || text[at+1] >= 0x80 || m.fast.solo[text[at]] == noSymbol {
		return false
	}
	switch kind := m.fast.ascii[text[at+1]]; kind {
	case slow:
		return false
	case foreign:
		return true
	case blank:
		return !m.pairs.joined(uint32(text[at]), spaceChar)
	}
	return !m.pairs.joined(uint32(text[at]), uint32(text[at+1]))
}

// follows tells whether a character may follow the ASCII character text[at]
// that is rewritten together with it.
func (m *Model) follows(text []byte, at int) bool {
	return at+1 < len(text) && text[at+1] >= 0x80 && m.norm.joins[text[at]]>>(text[at+1]&0x3f)&1 != 0
}

// appendWide is appendFast for text that begins with a character above U+007F,
// as far as such characters go on.
func (m *Model) appendWide(dst []uint32, text []byte, f *flow, s *State) []uint32 {
	t := m.fast
	w := t.char(text, f.at)
	for w.kind != slow {
		next, at := wideChar{}, f.at+int(w.size)
		if w.kind == foreign { // nothing reaches across its ends
			dst = m.single(dst, text, f.at, w, s)
			at = m.skipForeign(text, at, s)
			if f.at, f.after = at, false; at == len(text) || text[at] < 0x80 {
				return dst
			}
			w = t.char(text, at)
			continue
		}
		apart := at == len(text)
		if !apart {
			if b := text[at]; b < 0x80 {
				switch t.ascii[b] {
				case slow:
					return dst
				case blank:
					apart = !m.pairs.joined(w.c, spaceChar)
				default:
					apart = t.ascii[b] == foreign || !m.pairs.joined(w.c, uint32(b))
				}
			} else if next = t.char(text, at); next.kind == slow {
				return dst
			} else {
				apart = next.kind == foreign || !m.pairs.joined(w.c, next.c)
			}
		}
		switch {
		case apart:
			dst = m.single(dst, text, f.at, w, s)
		case w.kind == swapped:
			return dst
		default:
			end := m.extent(text, f.at, at, w.c, s)
			if end < 0 {
				return dst
			}
			dst = m.piece(dst, text, f.at, end, s)
			if at = end; at < len(text) && text[at] >= 0x80 {
				next = t.char(text, at)
			}
		}
		f.at, f.after = at, false
		if at == len(text) || text[at] < 0x80 {
			return dst
		}
		w = next
	}
	return dst
}

// skipForeign skips characters from text[at:] on that become part of the unknown
// piece before them.
func (m *Model) skipForeign(text []byte, at int, s *State) int {
	if !s.unk {
		return at
	}
	for at+3 <= len(text) && text[at]&0xf0 == 0xe0 {
		c := uint32(text[at])<<16 | uint32(text[at+1])<<8 | uint32(text[at+2])
		r := c>>4&0xf000 | c>>2&0xfc0 | c&0x3f
		if c&0xc0c0 != 0x8080 || r < 0x800 || m.fast.wide[r&0xffff] != foreign || m.uni != nil && !m.steady(3, s) {
			break
		}
		s.acc += m.unkScore
		at += 3
	}
	return at
}

// single appends the id of a character that is a piece by itself, or what stands
// for it.
func (m *Model) single(dst []uint32, text []byte, at int, w wideChar, s *State) []uint32 {
	if m.uni == nil || m.steady(int(w.size), s) {
		id := w.id
		if w.kind == swapped {
			id = m.fast.solo[w.c] + 1 // noSymbol + 1 is 0
		}
		if id != 0 {
			if s.unk = false; m.uni != nil {
				s.acc += m.scores[id-1]
			}
			return append(dst, id-1)
		}
	}
	switch w.kind {
	case swapped:
		return m.recompute(dst, []byte{byte(w.c)}, s)
	case foreign:
		if m.uni == nil || s.calm > 0 {
			return m.appendChar(dst, text[at:at+int(w.size)], s)
		}
		return m.recompute(dst, text[at:at+int(w.size)], s)
	}
	return m.piece(dst, text, at, at+int(w.size), s)
}

// wordLimit bounds the bytes of a word, letters that are taken as one piece even
// where they could be cut, because they come again.
const wordLimit = 24

// extent returns the end of the piece that begins at lo and goes on with at,
// where it follows prev; -1 if the fast road cannot tell.
func (m *Model) extent(text []byte, lo, at int, prev uint32, s *State) (end int) {
	t, from := m.fast, at
	for ; at < len(text); at++ {
		b := text[at]
		if b >= 0x80 {
			w := t.char(text, at)
			if w.kind == slow || prev != 0 && text[at-1] < 0x80 && m.follows(text, at-1) {
				return -1
			}
			if w.kind == foreign || !m.pairs.joined(prev, w.c) {
				return at
			}
			if w.kind == swapped {
				return -1
			}
			prev, at = w.c, at+int(w.size)-1
			continue
		}
		switch kind := t.ascii[b]; {
		case kind == plain || kind == letter:
			if prev != 0 && !m.pairs.joined(prev, uint32(b)) {
				return at
			}
			if kind == letter && at >= s.dense {
				if end := t.letters(text, at+1, lo+wordLimit); end < lo+wordLimit {
					at = end - 1
					b = text[at]
				} else {
					s.dense = end
				}
			}
			prev = uint32(b)
		case kind == foreign && prev != 0, kind == blank && at > from && !m.pairs.joined(prev, spaceChar):
			return at
		default:
			return -1
		}
	}
	return at
}

// piece appends the ids of text[lo:hi], a space and plain characters or one of
// both, of which no piece reaches beyond.
func (m *Model) piece(dst []uint32, text []byte, lo, hi int, s *State) []uint32 {
	if m.uni == nil || m.steady(hi-lo, s) {
		if b := text[lo]; hi-lo == 1 && b < 0x80 && m.fast.solo[b] != noSymbol {
			id := m.fast.solo[b]
			if s.unk = false; m.uni != nil {
				s.acc += m.scores[id]
			}
			return append(dst, id)
		}
		k := s.cache.find(text, lo, hi)
		if k == nil {
			return m.compute(dst, m.normal(text[lo:hi], s), text, lo, hi, s)
		}
		if k.n < uncertain {
			return m.recall(dst, k, nil, s)
		}
		return m.recall(dst, k, m.normal(text[lo:hi], s), s)
	}
	return m.recompute(dst, m.normal(text[lo:hi], s), s)
}

// normal returns the piece in its normalized form, valid until s.norm is used
// again.
func (m *Model) normal(piece []byte, s *State) []byte {
	if b := piece[0]; b >= 0x80 || m.fast.ascii[b] != blank {
		return piece
	}
	s.norm = append(append(s.norm[:0], space...), piece[1:]...)
	piece = s.norm
	s.norm = s.norm[:0]
	return piece
}

// apartAfter tells whether the text can be cut between character c and text[at:].
func (m *Model) apartAfter(text []byte, at int, c uint32) bool {
	if at == len(text) {
		return true
	}
	if b := text[at]; b < 0x80 {
		switch m.fast.ascii[b] {
		case foreign:
			return true
		case blank:
			return !m.pairs.joined(c, spaceChar)
		case plain, letter:
			return !m.pairs.joined(c, uint32(b))
		}
		return false
	}
	w := m.fast.char(text, at)
	return w.kind == foreign || w.kind != slow && !m.pairs.joined(c, w.c)
}

// clean tells whether the text can be cut between s.norm and what is left from
// f.at on, which appendFast can go on with.
func (m *Model) clean(text []byte, f *flow, s *State) bool {
	if len(s.norm) == 0 {
		return f.begun && !f.after
	}
	r, n := utf8.DecodeLastRune(s.norm)
	if r == utf8.RuneError && n < 3 {
		return false
	}
	last, _ := pack(s.norm, len(s.norm)-n)
	if b := text[f.at]; b < 0x80 && m.fast.ascii[b] == blank && (f.after || bytes.HasSuffix(s.norm, []byte(space))) {
		return false
	}
	return m.apartAfter(text, f.at, last)
}

// Streams tells whether CutsBefore can find places where a text can be cut.
func (m *Model) Streams() bool { return m.fast != nil }

// CutsBefore tells whether text can be encoded in two parts, the first with
// AppendEncode or AppendNext, the second with AppendNext, that meet at p,
// 0 < p < len(text). There have to be 8 more bytes after p, or the text ends.
func (m *Model) CutsBefore(text []byte, p int) bool {
	t := m.fast
	var left uint32
	if b := text[p-1]; b < 0x80 {
		if kind := t.ascii[b]; kind == slow || kind == blank || m.follows(text, p-1) {
			return false
		}
		left = uint32(b)
	} else {
		_, n := utf8.DecodeLastRune(text[:p])
		w := t.char(text, p-n)
		if w.kind == slow || int(w.size) != n {
			return false
		}
		left = w.c
	}
	if b := text[p]; b < 0x80 && t.ascii[b] == blank {
		// Of spaces that end the text, or are more than one, the fast road says more.
		if p+1 == len(text) || text[p+1] >= 0x80 || t.ascii[text[p+1]] == blank || t.ascii[text[p+1]] == slow {
			return false
		}
	}
	return m.apartAfter(text, p, left)
}
