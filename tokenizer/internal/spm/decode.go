package spm

import (
	"strings"
	"unicode/utf8"
)

// Decoder turns ids into text, one after the other.
type Decoder struct {
	m     *Model
	begun bool   // the space that was added before the text is behind
	bytes []byte // byte pieces not yet written: a character may be incomplete
	whole []byte // the text so far, if there is a denormalizer, which needs all of it
}

// NewDecoder returns a decoder for one text.
func (m *Model) NewDecoder() *Decoder { return &Decoder{m: m} }

// Append appends what the id adds to the text. Ids beyond the vocabulary add
// nothing. Where the model has a denormalizer all text comes from Close.
func (d *Decoder) Append(dst []byte, id uint32) []byte {
	if d.m.denorm != nil {
		d.whole = d.add(d.whole, id)
		return dst
	}
	return d.add(dst, id)
}

func (d *Decoder) add(dst []byte, id uint32) []byte {
	m := d.m
	if int(id) >= len(m.proto.Pieces) {
		return dst
	}
	if v := m.values[id]; v != 0 {
		d.bytes = append(d.bytes, byte(v-1))
		return d.write(dst, false)
	}
	from := len(dst)
	dst = d.write(dst, true)
	p := &m.proto.Pieces[id]
	switch p.Type {
	case Control:
		return dst
	case Unknown:
		dst = append(dst, m.proto.Trainer.UnkSurface...)
	default:
		dst = d.appendPiece(dst, p.Text)
	}
	if len(dst) > from {
		d.begun = true
	}
	return dst
}

// appendPiece appends a piece with its spaces; the first one of the text is
// left out if encoding may have added it.
func (d *Decoder) appendPiece(dst []byte, text string) []byte {
	spec := &d.m.proto.Normalizer
	if !d.begun && (spec.AddDummyPrefix || spec.RemoveExtraWhitespaces) && strings.HasPrefix(text, space) {
		text = text[len(space):]
		// Where encoding removes extra spaces, decoding removes all at the start.
		d.begun = !spec.RemoveExtraWhitespaces
	}
	for {
		i := strings.Index(text, space)
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(append(dst, text[:i]...), ' ')
		text = text[i+len(space):]
	}
}

// write writes the characters of the byte pieces that are complete, or all of
// them if no more bytes follow; bytes that are not UTF-8 become U+FFFD one by
// one.
func (d *Decoder) write(dst []byte, all bool) []byte {
	b := d.bytes
	for len(b) > 0 && (all || utf8.FullRune(b)) {
		r, n := utf8.DecodeRune(b)
		dst, b = utf8.AppendRune(dst, r), b[n:]
		d.begun = true
	}
	d.bytes = append(d.bytes[:0], b...)
	return dst
}

// Close appends what is left at the end of the text. The decoder is ready for
// another one.
func (d *Decoder) Close(dst []byte) []byte {
	if d.m.denorm != nil {
		d.whole = d.write(d.whole, true)
		dst = d.m.denorm.Append(dst, d.whole)
		d.whole = d.whole[:0]
	} else {
		dst = d.write(dst, true)
	}
	d.begun = false
	return dst
}

// AppendDecode appends the text of ids to dst.
func (m *Model) AppendDecode(dst []byte, ids ...uint32) []byte {
	d := Decoder{m: m}
	for _, id := range ids {
		dst = d.Append(dst, id)
	}
	return d.Close(dst)
}

// AppendToken appends the bytes that id adds in the middle of a text.
func (m *Model) AppendToken(dst []byte, id uint32) []byte {
	d := Decoder{m: m, begun: true}
	if int(id) < len(m.values) && m.values[id] != 0 {
		return append(dst, byte(m.values[id]-1))
	}
	return d.add(dst, id)
}
