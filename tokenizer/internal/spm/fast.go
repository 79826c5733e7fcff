package spm

import (
	"bytes"
	"unicode/utf8"
)

// What a character is to the fast road.
const (
	slow    = iota // it is rewritten, may be part of what is, or is not UTF-8
	foreign        // it stays as it is and occurs in no piece
	plain          // it stays as it is
	letter         // ASCII: plain, and a letter
	blank          // ASCII: it becomes a space
)

// fastTables are what appendFast looks characters up in.
type fastTables struct {
	ascii [128]uint8     // by character
	wide  [0x10000]uint8 // by character up to U+FFFF, from U+0080 on
	solo  [128]uint32    // the id of the character by itself, noSymbol: look elsewhere
}

// newFastTables returns nil where the model needs the slow road: where text
// ends with an added space, and where parts of characters may occur.
func (m *Model) newFastTables() *fastTables {
	n := m.norm
	if m.pairs == nil || n.suffix || n.space != space || m.bpe != nil && m.bpe.unused {
		return nil
	}
	for _, p := range m.proto.Pieces {
		if p.Type == UserDefined && !utf8.ValidString(p.Text) {
			return nil
		}
	}
	if n.rules != nil && !n.rules.Valid() {
		return nil
	}
	t := new(fastTables)
	known := map[uint32]bool{}
	for _, p := range m.pieces(func(t PieceType) bool { return joinable(t) }) {
		for i := 0; i < len(p); {
			c, w := pack([]byte(p), i)
			known[c] = true
			i += w
		}
	}
	for c := range t.ascii {
		t.solo[c] = noSymbol
		switch n.ascii[c] {
		case 0:
		case ' ':
			t.ascii[c] = blank
		case byte(c):
			t.ascii[c] = plain
			if 'a' <= c|0x20 && c|0x20 <= 'z' {
				t.ascii[c] = letter
			}
			if id, ok := m.ids[string(rune(c))]; ok && m.proto.Pieces[id].Type == Normal {
				t.solo[c] = id
			}
		}
	}
	var buf [4]byte
	for r := rune(0x80); r < 0x10000; r++ {
		b := utf8.AppendRune(buf[:0], r)
		if n.plain(b) == 0 || r >= 0xd800 && r < 0xe000 || string(b) == space {
			continue
		}
		t.wide[r] = foreign
		if c, _ := pack(b, 0); known[c] {
			t.wide[r] = plain
		}
	}
	return t
}

// char returns what the character at text[i:], above U+007F, is, packed and its
// length.
func (t *fastTables) char(text []byte, i int) (kind uint8, c uint32, n int) {
	if i+3 <= len(text) && text[i]&0xf0 == 0xe0 {
		c = uint32(text[i])<<16 | uint32(text[i+1])<<8 | uint32(text[i+2])
		r := c>>4&0xf000 | c>>2&0xfc0 | c&0x3f
		if c&0xc0c0 != 0x8080 || r < 0x800 {
			return slow, 0, 0
		}
		return t.wide[r], c, 3
	}
	r, n := utf8.DecodeRune(text[i:])
	if n != 2 {
		return slow, 0, 0
	}
	return t.wide[r], uint32(text[i])<<8 | uint32(text[i+1]), 2
}

// appendFast appends the ids of text from f.at on, where it can be cut, as far
// as normalization leaves it alone but for single spaces. It stops at a place
// where it can be cut, too.
//
// Pieces are looked up as they stand in the text, without a normalized copy:
// words with the space before them, and what else no piece reaches across.
func (m *Model) appendFast(dst []uint32, text []byte, f *flow, s *State) []uint32 {
	for f.at < len(text) {
		lo, at := f.at, f.at
		prev := uint32(0) // the character before at; 0 at the beginning of a piece
		if b := text[at]; b < 0x80 && m.fast.ascii[b] == blank {
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
		end, next := m.extent(text, lo, at, prev)
		if end < 0 {
			return dst
		}
		switch {
		case end == at && prev != 0: // a space by itself
			dst = m.piece(dst, text, lo, at, s)
			f.after = m.norm.trim
		case next == foreign && end == at:
			_, _, n := m.fast.char(text, at)
			end = at + n
			dst = m.foreign(dst, text[at:end], s)
			f.after = false
		default:
			dst = m.piece(dst, text, lo, end, s)
			f.after = false
		}
		f.at = end
	}
	return dst
}

// wordLimit is how many bytes of letters are taken as one piece even where they
// could be cut.
const wordLimit = 32

// extent returns the end of the piece that begins at lo and goes on with at,
// where it follows prev, and the kind of character there; -1 if the fast road
// cannot tell.
func (m *Model) extent(text []byte, lo, at int, prev uint32) (end int, next uint8) {
	t, from := m.fast, at
	for ; at < len(text); at++ {
		b := text[at]
		if b >= 0x80 {
			kind, c, n := t.char(text, at)
			if kind == slow || prev != 0 && text[at-1] < 0x80 && m.norm.joins[text[at-1]]>>(b&0x3f)&1 != 0 {
				return -1, slow
			}
			if kind == foreign || prev != 0 && !m.pairs.joined(prev, c) {
				return at, kind
			}
			prev, at = c, at+n-1
			continue
		}
		kind := t.ascii[b]
		switch {
		case kind == plain || kind == letter:
			if prev != 0 && !m.pairs.joined(prev, uint32(b)) {
				return at, kind
			}
			if kind == letter {
				for stop := min(lo+wordLimit, len(text)) - 1; at < stop && text[at+1] < 0x80 && t.ascii[text[at+1]] == letter; at++ {
				}
				b = text[at]
			}
			prev = uint32(b)
		case kind == blank && at > from && !m.pairs.joined(prev, spaceChar):
			return at, kind
		default:
			return -1, slow
		}
	}
	return at, blank
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

// foreign appends what stands for a character that occurs in no piece.
func (m *Model) foreign(dst []uint32, char []byte, s *State) []uint32 {
	if m.uni != nil && !m.steady(len(char), s) {
		return m.recompute(dst, char, s)
	}
	return m.appendChar(dst, char, s)
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
	b := text[f.at]
	if b < 0x80 {
		switch m.fast.ascii[b] {
		case blank:
			return !f.after && !bytes.HasSuffix(s.norm, []byte(space)) && !m.pairs.joined(last, spaceChar)
		case plain, letter:
			return !m.pairs.joined(last, uint32(b))
		}
		return false
	}
	kind, c, _ := m.fast.char(text, f.at)
	return kind == foreign || kind == plain && !m.pairs.joined(last, c)
}
