package tokenizer

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/align"
	"github.com/athanor-lm/athanor/tokenizer/internal/pretokenize"
	"github.com/athanor-lm/athanor/tokenizer/internal/spm"
	"github.com/athanor-lm/athanor/tokenizer/internal/token"
	"github.com/athanor-lm/athanor/tokenizer/internal/wordpiece"
)

// encoder is the working memory of one encoding goroutine.
type encoder struct {
	model  modelState
	sp     *spm.State
	bert   *wordpiece.BertState
	text   align.Text // between the early added tokens, being normalized
	pieces pretokenize.Pieces
	marked []byte
	spans  []token.Span
	ids    []uint32
	err    error // what could not be done to the text that is being encoded
}

func (t *Tokenizer) acquire() *encoder {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.free); n > 0 {
		e := t.free[n-1]
		t.free = t.free[:n-1]
		return e
	}
	if t.sp != nil {
		return &encoder{sp: t.sp.model.NewState()}
	}
	e := &encoder{model: t.model.newState()} // also beside bert: offsets and Check go this way
	if t.bert != nil {
		e.bert = t.bert.NewState()
	}
	return e
}

// maxIdle bounds the encoder states kept for later use.
const maxIdle = 64

func (t *Tokenizer) release(e *encoder) {
	e.text.B, e.pieces.Text.B, e.err = nil, nil, nil // the texts are the caller's
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.free) < maxIdle {
		t.free = append(t.free, e)
	}
}

// Encode returns the ids of text. With addSpecial the tokens that the file's
// template puts around a text (such as a beginning-of-text token) are added.
// Added tokens that occur in text are recognised; use AppendEncodePlain for
// text that must not be able to spell special tokens. Truncation and padding
// are left to EncodeFull.
func (t *Tokenizer) Encode(text string, addSpecial bool) []uint32 {
	return t.AppendEncode(make([]uint32, 0, len(text)/3+8), []byte(text), addSpecial)
}

// AppendEncode appends the ids of text to dst, as Encode. Text may be any
// bytes: byte-level vocabularies keep what is not UTF-8. A vocabulary that
// lacks a byte or character leaves it out, as the reference implementation
// does, unless it has an unknown-token; Check counts those. It cannot fail: what
// a pattern of the file does not search in time is not cut by it, and what a
// normalizer would blow up stays as it is. TryEncode reports that.
func (t *Tokenizer) AppendEncode(dst []uint32, text []byte, addSpecial bool) []uint32 {
	dst, _ = t.TryEncode(dst, text, EncodeOptions{AddSpecial: addSpecial})
	return dst
}

// AppendEncodePlain appends the ids of text to dst and treats special tokens
// in it as plain text, so that a document that spells "<|endoftext|>" does not
// end there. Added tokens that are not special are still recognised.
func (t *Tokenizer) AppendEncodePlain(dst []uint32, text []byte) []uint32 {
	dst, _ = t.TryEncode(dst, text, EncodeOptions{Plain: true})
	return dst
}

// TryEncode appends the ids of text to dst, as AppendEncode, and AppendEncodePlain
// where o.Plain says so; of o no more than that counts. The error says why the
// ids are not those that the file means: a pattern takes too long, a normalizer
// makes the text too long, or a vocabulary of words without an unknown token
// lacks a word. Only files made to do harm, or by mistake, come to that.
func (t *Tokenizer) TryEncode(dst []uint32, text []byte, o EncodeOptions) ([]uint32, error) {
	e := t.acquire()
	defer t.release(e)
	if !o.AddSpecial {
		dst = t.appendText(dst, text, o.Plain, e)
		return dst, e.failure()
	}
	for k, ids := range t.around {
		if k > 0 {
			dst = t.appendText(dst, text, o.Plain, e)
		}
		dst = append(dst, ids...)
	}
	return dst, e.failure()
}

// failure is what encoding ended with.
func (e *encoder) failure() error {
	if e.err == nil {
		return nil
	}
	return fmt.Errorf("tokenizer: encode: %w", e.err)
}

// note keeps the first error.
func (e *encoder) note(err error) {
	if e.err == nil {
		e.err = err
	}
}

func (t *Tokenizer) appendText(dst []uint32, text []byte, plain bool, e *encoder) []uint32 {
	if t.sp != nil {
		return t.sp.model.AppendEncode(dst, text, e.sp)
	}
	if t.tracks {
		return t.appendTracked(dst, text, plain, e)
	}
	if t.early == nil {
		return t.appendSegment(dst, text, 0, plain, e)
	}
	for s := (stretches{m: t.early, text: text, plain: plain}); s.next(); {
		if s.token != nil {
			dst = append(dst, s.token.ID)
		} else {
			dst = t.appendSegment(dst, text[s.lo:s.hi], s.lo, plain, e)
		}
	}
	return dst
}

// appendSegment encodes text between the early added tokens, which begins at
// byte base of the whole.
func (t *Tokenizer) appendSegment(dst []uint32, text []byte, base int, plain bool, e *encoder) []uint32 {
	if len(text) == 0 {
		return dst
	}
	if t.bert != nil {
		return t.bert.Append(dst, text, e.bert)
	}
	if t.norm != nil {
		text = t.normalized(text, base, e)
	}
	if t.late == nil {
		return t.appendPieces(dst, text, base, e)
	}
	for s := (stretches{m: t.late, text: text, plain: plain}); s.next(); {
		if s.token != nil {
			dst = append(dst, s.token.ID)
		} else {
			dst = t.appendPieces(dst, text[s.lo:s.hi], base+s.lo, e)
		}
	}
	return dst
}

// A normalizer may make a text longer, but not without bound: the most that
// Unicode's own forms do is elevenfold (U+FDFA in NFKD).
const (
	growthRoom  = 16 << 20
	growthTimes = 32
)

// normalized returns the normalized form of text, which begins at byte base of
// the whole. It is valid until the next call with e.
func (t *Tokenizer) normalized(text []byte, base int, e *encoder) []byte {
	e.text.Reset(text, base, false)
	t.normalize(&e.text, e)
	return e.text.B
}

// normalize puts a text through the normalizer.
func (t *Tokenizer) normalize(text *align.Text, e *encoder) {
	text.Limit, text.Err = growthRoom+growthTimes*len(text.B), e.err
	t.norm.Normalize(text)
	e.err = text.Err
}

// appendPieces cuts normalized text without added tokens and encodes it.
func (t *Tokenizer) appendPieces(dst []uint32, text []byte, base int, e *encoder) []uint32 {
	switch {
	case len(text) == 0:
		return dst
	case t.scan != nil && t.model.bpe != nil: // the usual case, without a list of pieces
		m, s := t.model.bpe, e.model.bpe
		for i := 0; i < len(text); {
			j := t.scan(text, i)
			dst = m.Append(dst, text, i, j, s)
			i = j
		}
		return dst
	case t.pre == nil:
		return t.appendPiece(dst, text, 0, len(text), e)
	case t.marks != nil:
		return t.appendMarked(dst, text, base, e)
	}
	for _, p := range t.cutPieces(text, base, e) {
		dst = t.appendPiece(dst, e.pieces.Text.B, p.Lo, p.Hi, e)
	}
	return dst
}

// appendPiece encodes the piece text[lo:hi].
func (t *Tokenizer) appendPiece(dst []uint32, text []byte, lo, hi int, e *encoder) []uint32 {
	n := len(dst)
	if dst = t.model.append(dst, text, lo, hi, &e.model); len(dst) == n && t.model.words != nil {
		e.note(noWord(text[lo:hi]))
	}
	return dst
}

// cutPieces runs the pre-tokenizer. The pieces are of e.pieces.Text and valid
// until the next call with e.
func (t *Tokenizer) cutPieces(text []byte, base int, e *encoder) []pretokenize.Piece {
	e.pieces.Text.Reset(text, base, false)
	t.split(e)
	return e.pieces.List
}

// split cuts e.pieces.Text.
func (t *Tokenizer) split(e *encoder) {
	e.pieces.Reset()
	if t.pre == nil {
		return
	}
	e.pieces.Text.Err = e.err
	t.pre.Split(&e.pieces)
	e.err = e.pieces.Text.Err
}

// noWord says that a vocabulary of words lacks one.
func noWord(word []byte) error {
	return fmt.Errorf("%q is not in the vocabulary, which has no unknown token", word)
}

// appendMarked is appendPieces for Metaspace alone, without a list of pieces.
func (t *Tokenizer) appendMarked(dst []uint32, text []byte, base int, e *encoder) []uint32 {
	var buf [utf8.UTFMax]byte
	mark, scheme := buf[:utf8.EncodeRune(buf[:], t.marks.Mark)], t.marks.Scheme
	b := e.marked[:0]
	if !bytes.HasPrefix(text, mark) && text[0] != ' ' && (scheme == pretokenize.Always || scheme == pretokenize.First && base == 0) {
		b = append(b, mark...)
	}
	for {
		k := bytes.IndexByte(text, ' ')
		if k < 0 {
			break
		}
		b = append(append(b, text[:k]...), mark...)
		text = text[k+1:]
	}
	b = append(b, text...)
	e.marked = b
	if !t.marks.Cut {
		return t.appendPiece(dst, b, 0, len(b), e)
	}
	for i := 0; i < len(b); {
		_, w := utf8.DecodeRune(b[i:])
		j := len(b)
		if k := bytes.Index(b[i+w:], mark); k >= 0 {
			j = i + w + k
		}
		dst = t.appendPiece(dst, b, i, j, e)
		i = j
	}
	return dst
}

// TextStats says what a text holds that a tokenizer may not keep.
type TextStats struct {
	Bytes       int64 `json:"bytes"`
	InvalidUTF8 int64 `json:"invalid_utf8"` // sequences that are not UTF-8
	Unencodable int64 `json:"unencodable"`  // bytes or characters without a token; unknown tokens of models other than BPE
}

// Check counts what is not UTF-8 in text and what the vocabulary cannot
// express. Added tokens are not considered.
func (t *Tokenizer) Check(text []byte) TextStats {
	st := TextStats{Bytes: int64(len(text)), InvalidUTF8: int64(CountInvalid(text))}
	e := t.acquire()
	defer t.release(e)
	if t.sp != nil {
		st.Unencodable = t.sp.unknown(text, e)
		return st
	}
	if t.norm != nil {
		text = t.normalized(text, 0, e)
	}
	if t.model.bpe == nil {
		e.ids = t.appendPieces(e.ids[:0], text, 0, e)
		for _, id := range e.ids {
			if id == t.model.unk {
				st.Unencodable++
			}
		}
		return st
	}
	if t.model.fallback {
		return st
	}
	for _, p := range t.cutPieces(text, 0, e) {
		text := e.pieces.Text.B[:p.Hi]
		for i := p.Lo; i < p.Hi; {
			w := 1
			if !t.model.byteLevel() {
				_, w = utf8.DecodeRune(text[i:])
			}
			if !t.model.bpe.Covers(text[i : i+w]) {
				st.Unencodable++
			}
			i += w
		}
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
