// Package align holds text while normalizers and pre-tokenizers rewrite it,
// and keeps track, on request, of where in the original every byte came from.
//
// The rules are those of NormalizedString in Hugging Face's tokenizers: offsets
// into the original come out the same, byte for byte.
package align

import (
	"fmt"
	"unicode/utf8"
)

// Range is the bytes [Lo, Hi) of the original text.
type Range struct{ Lo, Hi uint32 }

// Text is a text in its present form. The zero value is an empty text.
type Text struct {
	B   []byte  // not to be changed in place: it may be the caller's
	Src []Range // where each byte of B comes from; nil when that is not tracked

	// Err is the first thing that could not be done to the text. It stays until
	// it is cleared by hand; while it stands, what may take long is not begun.
	Err error
	// Limit bounds how long the text may become; 0: it is not bounded. A step
	// that would go beyond it sets Err and leaves the text as it was.
	Limit int

	base uint32 // where in the original the text begins
	at   int    // rewriting: how much of B has been dealt with
	out  []byte // … and what it became
	src  []Range
	over bool // … it would be longer than Limit

	// The text's own buffers, used in turns: one may hold B and Src while the
	// other is written to.
	bytes  [2][]byte
	ranges [2][]Range
	turn   int
}

// Reset makes b the text. With track it is the part of the original that begins
// at byte base; every byte comes from the character it belongs to.
func (t *Text) Reset(b []byte, base int, track bool) {
	t.B, t.Src, t.base = b, nil, uint32(base)
	if !track {
		return
	}
	src := t.ranges[t.turn][:0]
	for i := 0; i < len(b); {
		w := 1
		if b[i] >= utf8.RuneSelf {
			_, w = utf8.DecodeRune(b[i:])
		}
		r := Range{t.base + uint32(i), t.base + uint32(i+w)}
		for range w {
			src = append(src, r)
		}
		i += w
	}
	if src == nil {
		src = []Range{} // an empty text is tracked too
	}
	t.ranges[t.turn], t.Src = src, src
}

// Slice makes bytes [lo, hi) of from, another text, the text. It shares from's
// bytes, which must stay as they are.
func (t *Text) Slice(from *Text, lo, hi int) {
	t.B, t.Src, t.base = from.B[lo:hi], nil, from.base
	if from.Src != nil {
		t.Src = from.Src[lo:hi:hi]
		if lo < hi {
			t.base = t.Src[0].Lo
		}
	}
}

// Base returns where in the original the text begins.
func (t *Text) Base() int { return int(t.base) }

// Begin starts to rewrite the text from its first byte.
func (t *Text) Begin() {
	t.at, t.out, t.src = 0, t.bytes[1-t.turn][:0], t.ranges[1-t.turn][:0]
}

// At returns how many bytes of B have been dealt with.
func (t *Text) At() int { return t.at }

// Out returns how many bytes have been written.
func (t *Text) Out() int { return len(t.out) }

// Rest returns what has not been dealt with.
func (t *Text) Rest() []byte { return t.B[t.at:] }

// Keep takes over the next n bytes as they are.
func (t *Text) Keep(n int) {
	t.out = append(t.out, t.B[t.at:t.at+n]...)
	if t.Src != nil {
		t.src = append(t.src, t.Src[t.at:t.at+n]...)
	}
	t.at += n
}

// Drop leaves out the next n bytes, whole characters.
func (t *Text) Drop(n int) { t.at += n }

// Put writes r in place of the next character.
func (t *Text) Put(r rune) {
	n := len(t.out)
	t.out = utf8.AppendRune(t.out, r)
	w := t.width()
	if t.Src != nil {
		t.mark(len(t.out)-n, t.here())
	}
	t.at += w
}

// PutBytes writes b, one character, in place of the next character.
func (t *Text) PutBytes(b []byte) {
	t.out = append(t.out, b...)
	w := t.width()
	if t.Src != nil {
		t.mark(len(b), t.here())
	}
	t.at += w
}

// Insert writes r, which comes from where the byte before comes from.
func (t *Text) Insert(r rune) {
	n := len(t.out)
	t.out = utf8.AppendRune(t.out, r)
	if t.Src != nil {
		t.mark(len(t.out)-n, t.before())
	}
}

// InsertBytes writes b, any characters, like Insert.
func (t *Text) InsertBytes(b []byte) {
	if t.full(len(b)) {
		return
	}
	t.out = append(t.out, b...)
	if t.Src != nil {
		t.mark(len(b), t.before())
	}
}

// Change writes b, one character: change is 0 or less when it takes the place
// of the next character and of -change characters after that, and 1 when it is
// put in (NormalizedString.transform's convention).
func (t *Text) Change(b []byte, change int) {
	if change > 0 {
		t.InsertBytes(b)
		return
	}
	t.PutBytes(b)
	for ; change < 0; change++ {
		t.at += t.width()
	}
}

// full tells whether n bytes more are beyond the limit, which ends the rewriting.
func (t *Text) full(n int) bool {
	if t.Limit == 0 || len(t.out)+n <= t.Limit {
		return false
	}
	t.over = true
	return true
}

// Done ends the rewriting: what was not dealt with is gone.
func (t *Text) Done() {
	if t.full(0); t.over {
		t.over = false
		if t.Err == nil {
			t.Err = fmt.Errorf("a text of %d bytes becomes longer than %d", len(t.B), t.Limit)
		}
		return
	}
	t.turn = 1 - t.turn
	t.bytes[t.turn], t.B = t.out, t.out
	if t.Src != nil {
		if t.src == nil {
			t.src = []Range{}
		}
		t.ranges[t.turn], t.Src = t.src, t.src
	}
}

// width is the length of the next character, 0 at the end.
func (t *Text) width() int {
	if t.at >= len(t.B) {
		return 0
	}
	if t.B[t.at] < utf8.RuneSelf {
		return 1
	}
	_, w := utf8.DecodeRune(t.B[t.at:])
	return w
}

func (t *Text) mark(n int, r Range) {
	for range n {
		t.src = append(t.src, r)
	}
}

// here is where the next character comes from.
func (t *Text) here() Range {
	if t.at < len(t.Src) {
		return t.Src[t.at]
	}
	return t.before()
}

func (t *Text) before() Range {
	if t.at == 0 {
		return Range{t.base, t.base}
	}
	return t.Src[min(t.at, len(t.Src))-1]
}

// Write writes b without regard to what is rewritten. It is for texts that are
// not tracked.
func (t *Text) Write(b []byte) {
	if !t.full(len(b)) {
		t.out = append(t.out, b...)
	}
}
