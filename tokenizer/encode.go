package tokenizer

import (
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/bpe"
)

// encoder is the working memory of one encoding goroutine.
type encoder struct {
	model  *bpe.State
	norm   []byte
	prefix []byte
	spans  [2][]span
}

func (t *Tokenizer) acquire() *encoder {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.free); n > 0 {
		e := t.free[n-1]
		t.free = t.free[:n-1]
		return e
	}
	return &encoder{model: t.model.NewState()}
}

// maxIdle bounds the encoder states kept for later use.
const maxIdle = 64

func (t *Tokenizer) release(e *encoder) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.free) < maxIdle {
		t.free = append(t.free, e)
	}
}

// Encode returns the ids of text. With addSpecial the tokens that the file's
// template puts around a text (such as a beginning-of-text token) are added.
// Added tokens that occur in text are recognised; use AppendEncodePlain for
// text that must not be able to spell special tokens.
func (t *Tokenizer) Encode(text string, addSpecial bool) []uint32 {
	return t.AppendEncode(make([]uint32, 0, len(text)/3+8), []byte(text), addSpecial)
}

// AppendEncode appends the ids of text to dst, as Encode. Text may be any
// bytes: byte-level vocabularies keep what is not UTF-8. A vocabulary that
// lacks a byte or character leaves it out, as the reference implementation
// does, unless it has an unknown-token; Check counts those.
func (t *Tokenizer) AppendEncode(dst []uint32, text []byte, addSpecial bool) []uint32 {
	if addSpecial {
		dst = append(dst, t.prefix...)
	}
	dst = t.appendText(dst, text, false)
	if addSpecial {
		dst = append(dst, t.suffix...)
	}
	return dst
}

// AppendEncodePlain appends the ids of text to dst and treats special tokens
// in it as plain text, so that a document that spells "<|endoftext|>" does not
// end there. Added tokens that are not special are still recognised.
func (t *Tokenizer) AppendEncodePlain(dst []uint32, text []byte) []uint32 {
	return t.appendText(dst, text, true)
}

func (t *Tokenizer) appendText(dst []uint32, text []byte, plain bool) []uint32 {
	e := t.acquire()
	defer t.release(e)
	if t.early == nil {
		return t.appendSegment(dst, text, plain, e)
	}
	from, scan := 0, 0
	for {
		a, at, next := t.early.next(text, from, scan, plain)
		if a == nil {
			break
		}
		dst = t.appendSegment(dst, text[from:at.lo], plain, e)
		dst = append(dst, a.ID)
		from, scan = at.hi, next
	}
	return t.appendSegment(dst, text[from:], plain, e)
}

// appendSegment encodes text between the early added tokens.
func (t *Tokenizer) appendSegment(dst []uint32, text []byte, plain bool, e *encoder) []uint32 {
	if len(text) == 0 {
		return dst
	}
	if t.norm != nil {
		out := t.norm.normalize(e.norm, text)
		if len(out) == 0 {
			return dst
		}
		if &out[0] != &text[0] {
			e.norm = out
		}
		text = out
	}
	if t.late == nil {
		return t.appendPieces(dst, text, e)
	}
	from, scan := 0, 0
	for {
		a, at, next := t.late.next(text, from, scan, plain)
		if a == nil {
			break
		}
		dst = t.appendPieces(dst, text[from:at.lo], e)
		dst = append(dst, a.ID)
		from, scan = at.hi, next
	}
	return t.appendPieces(dst, text[from:], e)
}

// appendPieces cuts normalized text without added tokens and encodes it.
func (t *Tokenizer) appendPieces(dst []uint32, text []byte, e *encoder) []uint32 {
	if len(text) == 0 {
		return dst
	}
	if len(t.pre) == 1 {
		if p, ok := t.pre[0].(*scanSplit); ok { // the usual case, without a list of pieces
			for i := 0; i < len(text); {
				j := p.scan(text, i)
				dst = t.model.Append(dst, text, i, j, e.model)
				i = j
			}
			return dst
		}
	}
	text, pieces := t.pieces(text, e)
	for _, p := range pieces {
		dst = t.model.Append(dst, text, p.lo, p.hi, e.model)
	}
	return dst
}

// pieces runs the pre-tokenizers. The returned text is text itself or a copy
// with spaces put in; the result is valid until the next call with e.
func (t *Tokenizer) pieces(text []byte, e *encoder) ([]byte, []span) {
	in, out := append(e.spans[0][:0], span{0, len(text)}), e.spans[1][:0]
	for _, p := range t.pre {
		if ps, ok := p.(prefixSpace); ok {
			e.prefix, in = ps.insert(e.prefix, text, in)
			text = e.prefix
			continue
		}
		out = out[:0]
		for _, s := range in {
			out = p.split(out, text, s)
		}
		in, out = out, in
	}
	e.spans[0], e.spans[1] = in, out
	return text, in
}

// TextStats says what a text holds that a tokenizer may not keep.
type TextStats struct {
	Bytes       int64 `json:"bytes"`
	InvalidUTF8 int64 `json:"invalid_utf8"` // sequences that are not UTF-8
	Unencodable int64 `json:"unencodable"`  // bytes or characters without a token
}

// Check counts what is not UTF-8 in text and what the vocabulary cannot
// express. Added tokens are not considered.
func (t *Tokenizer) Check(text []byte) TextStats {
	st := TextStats{Bytes: int64(len(text)), InvalidUTF8: int64(CountInvalid(text))}
	if t.norm != nil {
		text = t.norm.normalize(nil, text)
	}
	for i := 0; i < len(text); {
		w := 1
		if !t.model.ByteLevel() {
			_, w = utf8.DecodeRune(text[i:])
		}
		if !t.model.Covers(text[i : i+w]) {
			st.Unencodable++
		}
		i += w
	}
	return st
}

// CountInvalid returns the number of maximal sequences in text that are not
// UTF-8: what a decoder replaces by one U+FFFD each (Unicode Standard 3.9,
// substitution of maximal subparts).
func CountInvalid(text []byte) int {
	n := 0
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, w := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && w == 1 {
			n++
			w = invalidLen(text[i:])
		}
		i += w
	}
	return n
}
