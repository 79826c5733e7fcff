package spm

import "unicode/utf8"

// What a character is to the fast road.
const (
	slow    = iota // it is rewritten, may be part of what is, or is not UTF-8
	foreign        // it stays as it is and occurs in no piece
	plain          // it stays as it is
	letter         // ASCII: plain, and a letter
	blank          // ASCII: it becomes a space
	swapped        // it becomes a plain ASCII character
)

// fastTables are what appendFast looks characters up in.
type fastTables struct {
	ascii [128]uint8      // by character
	wide  [0x10000]uint32 // by character up to U+FFFF, from U+0080 on: kind in bits 0-2, above them what a swapped one becomes, or the id of a plain one + 1
	solo  [128]uint32     // the id of the character by itself, noSymbol: look elsewhere
}

const kindBits = 3

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
			if t.ascii[c] = plain; !known[uint32(c)] {
				t.ascii[c] = foreign
			} else if 'a' <= c|0x20 && c|0x20 <= 'z' {
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
		if r >= 0xd800 && r < 0xe000 || string(b) == space {
			continue
		}
		if n.plain(b) == 0 {
			if to, ok := n.only(b); ok && (t.ascii[to] == plain || t.ascii[to] == foreign) {
				t.wide[r] = uint32(to)<<kindBits | swapped
			}
			continue
		}
		t.wide[r] = foreign
		if c, _ := pack(b, 0); known[c] {
			t.wide[r] = plain
			if id, ok := m.ids[string(b)]; ok && m.proto.Pieces[id].Type == Normal {
				t.wide[r] |= (id + 1) << kindBits
			}
		}
	}
	return t
}

// wideChar is a character above U+007F.
type wideChar struct {
	kind uint8
	size uint8  // bytes
	c    uint32 // packed, as it will be
	id   uint32 // of a plain character by itself, + 1; 0: look elsewhere
}

// char reads the character at text[i:], above U+007F.
func (t *fastTables) char(text []byte, i int) wideChar {
	if rest := text[i:]; len(rest) >= 3 && rest[0]&0xf0 == 0xe0 {
		c := uint32(rest[0])<<16 | uint32(rest[1])<<8 | uint32(rest[2])
		r := c>>4&0xf000 | c>>2&0xfc0 | c&0x3f
		if c&0xc0c0 != 0x8080 || r < 0x800 {
			return wideChar{}
		}
		return t.known(r, c, 3)
	}
	r, n := utf8.DecodeRune(text[i:])
	if n != 2 {
		return wideChar{}
	}
	return t.known(uint32(r), uint32(text[i])<<8|uint32(text[i+1]), 2)
}

func (t *fastTables) known(r, c uint32, size uint8) wideChar {
	v := t.wide[r&0xffff]
	w := wideChar{kind: uint8(v & (1<<kindBits - 1)), size: size, c: c}
	if w.kind == swapped {
		w.c = v >> kindBits
	} else {
		w.id = v >> kindBits
	}
	return w
}

// letters returns the end of the letters from text[at] on; letters beyond limit
// may be left. One at a time is the fastest way: the processor guesses the end,
// and looks the word up before it knows.
func (t *fastTables) letters(text []byte, at, limit int) int {
	for limit = min(limit, len(text)); at < limit && text[at] < 0x80 && t.ascii[text[at]] == letter; at++ {
	}
	return at
}
