package tokenizer

import "unicode/utf8"

// Decode returns the text of ids. Unused ids are left out; with skipSpecial so
// are special tokens. The result is the bytes that were encoded, which need not
// be UTF-8: see StreamDecoder, or strings.ToValidUTF8, for display.
func (t *Tokenizer) Decode(ids []uint32, skipSpecial bool) string {
	if skipSpecial {
		var kept []byte
		for _, id := range ids {
			if !t.IsSpecial(id) {
				kept = t.AppendDecode(kept, id)
			}
		}
		return string(kept)
	}
	return string(t.AppendDecode(nil, ids...))
}

// AppendDecode appends the bytes of ids, special tokens among them, to dst.
func (t *Tokenizer) AppendDecode(dst []byte, ids ...uint32) []byte {
	for _, id := range ids {
		b, _ := t.TokenBytes(id)
		dst = append(dst, b...)
	}
	return dst
}

// StreamDecoder decodes ids that arrive one at a time into whole UTF-8
// characters: bytes of a character that is not complete are held back until it
// is, and what can never become one is replaced by U+FFFD.
type StreamDecoder struct {
	t           *Tokenizer
	skipSpecial bool
	held        []byte
	out         []byte
}

// NewStreamDecoder returns a decoder for one stream of ids; with skipSpecial
// special tokens are left out. It is for one goroutine.
func (t *Tokenizer) NewStreamDecoder(skipSpecial bool) *StreamDecoder {
	return &StreamDecoder{t: t, skipSpecial: skipSpecial}
}

// Next takes one id and returns the text that is certain now; it may be empty.
func (d *StreamDecoder) Next(id uint32) string {
	if d.skipSpecial && d.t.IsSpecial(id) {
		return ""
	}
	d.held = d.t.AppendDecode(d.held, id)
	return d.emit(false)
}

// Flush ends the stream: an unfinished character is returned as U+FFFD. The
// decoder is ready for a new stream.
func (d *StreamDecoder) Flush() string { return d.emit(true) }

func (d *StreamDecoder) emit(final bool) string {
	d.out = d.out[:0]
	i := 0
	for i < len(d.held) {
		if !final && !utf8.FullRune(d.held[i:]) {
			break
		}
		r, w := utf8.DecodeRune(d.held[i:])
		if r == utf8.RuneError && w == 1 {
			w = invalidLen(d.held[i:])
		}
		d.out = utf8.AppendRune(d.out, r)
		i += w
	}
	d.held = append(d.held[:0], d.held[i:]...)
	return string(d.out)
}

// invalidLen returns the length of the maximal subpart of an ill-formed
// sequence at the beginning of s: the longest prefix that some valid character
// begins with, or one byte.
func invalidLen(s []byte) int {
	for n := min(len(s), 3); n > 1; n-- {
		if !utf8.FullRune(s[:n]) {
			return n
		}
	}
	return 1
}
