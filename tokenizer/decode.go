package tokenizer

import (
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/spm"
)

// Decode returns the text of ids. Unused ids are left out; with skipSpecial so
// are special tokens. Of a byte-level tokenizer the result is the bytes that
// were encoded, which need not be UTF-8: see StreamDecoder, or
// strings.ToValidUTF8, for display.
func (t *Tokenizer) Decode(ids []uint32, skipSpecial bool) string {
	return string(t.appendDecode(nil, skipSpecial, ids))
}

// AppendDecode appends the text of ids, special tokens among them, to dst. They
// are the whole of a text: decoders that treat the first or the last token of a
// text differently do so with the first and the last id.
func (t *Tokenizer) AppendDecode(dst []byte, ids ...uint32) []byte {
	return t.appendDecode(dst, false, ids)
}

func (t *Tokenizer) appendDecode(dst []byte, skipSpecial bool, ids []uint32) []byte {
	if t.sp != nil {
		return t.appendSentencePiece(dst, skipSpecial, ids)
	}
	if t.simpleDecode {
		for _, id := range ids {
			if skipSpecial && t.skips(id) {
				continue
			}
			b, _ := t.TokenBytes(id)
			dst = append(dst, b...)
		}
		return dst
	}
	s := chain(t.decoders, func(text string) { dst = append(dst, text...) })
	for _, id := range ids {
		if token, ok := t.decodeText(id); ok && !(skipSpecial && t.skips(id)) {
			s.push(token)
		}
	}
	s.flush()
	return dst
}

// decodeText returns what the decoders are given for an id. An added token that
// is looked for in normalized text is given in its normalized form.
func (t *Tokenizer) decodeText(id uint32) (string, bool) {
	if int(id) >= len(t.tokens) || !t.known[id] {
		return "", false
	}
	if s, ok := t.normalizedText[id]; ok {
		return s, true
	}
	return t.tokens[id], true
}

// skips tells whether an id is left out where special tokens are. As in the
// reference one whose normalized form is another text is not.
func (t *Tokenizer) skips(id uint32) bool {
	if !t.IsSpecial(id) {
		return false
	}
	s, ok := t.normalizedText[id]
	return !ok || t.specialText[s]
}

// StreamDecoder decodes ids that arrive one at a time into the text that Decode
// gives for all of them, as far as it is certain, in whole UTF-8 characters:
// bytes of a character that is not complete are held back until it is, and what
// can never become one is replaced by U+FFFD.
type StreamDecoder struct {
	t           *Tokenizer
	skipSpecial bool
	first       stage
	sp          *spm.Decoder // in its place
	out         []byte
}

// NewStreamDecoder returns a decoder for one stream of ids; with skipSpecial
// special tokens are left out. It is for one goroutine.
func (t *Tokenizer) NewStreamDecoder(skipSpecial bool) *StreamDecoder {
	d := &StreamDecoder{t: t, skipSpecial: skipSpecial}
	if t.sp != nil {
		d.sp = t.sp.model.NewDecoder()
		return d
	}
	last := &validator{out: func(s string) { d.out = append(d.out, s...) }}
	d.first = link{chain(t.decoders, last.push), last}
	return d
}

// Next takes one id and returns the text that is certain now; it may be empty.
func (d *StreamDecoder) Next(id uint32) string {
	token, ok := d.t.decodeText(id)
	if d.sp != nil && ok && !(d.skipSpecial && d.t.skips(id)) {
		d.out = d.sp.Append(d.out, id)
		return d.take()
	}
	if !ok || d.skipSpecial && d.t.skips(id) {
		return ""
	}
	d.first.push(token)
	return d.take()
}

// Flush ends the stream and returns the rest of its text: an unfinished
// character is returned as U+FFFD. The decoder is ready for a new stream.
func (d *StreamDecoder) Flush() string {
	if d.sp != nil {
		d.out = d.sp.Close(d.out)
		return d.take()
	}
	d.first.flush()
	return d.take()
}

func (d *StreamDecoder) take() string {
	s := string(d.out)
	d.out = d.out[:0]
	return s
}

// validator is a stage that passes on whole UTF-8 characters: it holds back an
// incomplete one and replaces what can never become one by U+FFFD.
type validator struct {
	held []byte
	out  func(string)
}

func (v *validator) push(s string) {
	if len(v.held) == 0 && utf8.ValidString(s) {
		v.out(s)
		return
	}
	v.held = append(v.held, s...)
	v.emit(false)
}

func (v *validator) flush() { v.emit(true) }

func (v *validator) emit(final bool) {
	var out []byte
	i := 0
	for i < len(v.held) {
		if !final && !utf8.FullRune(v.held[i:]) {
			break
		}
		r, w := utf8.DecodeRune(v.held[i:])
		if r == utf8.RuneError && w == 1 {
			w = invalidLen(v.held[i:])
		}
		out = utf8.AppendRune(out, r)
		i += w
	}
	v.held = append(v.held[:0], v.held[i:]...)
	if len(out) > 0 {
		v.out(string(out))
	}
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
