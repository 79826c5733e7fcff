package tokenizer

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/align"
	"github.com/athanor-lm/athanor/tokenizer/internal/bytelevel"
	"github.com/athanor-lm/athanor/tokenizer/internal/charprop"
	"github.com/athanor-lm/athanor/tokenizer/internal/token"
)

// Offset is the bytes [Lo, Hi) of the original text that an id stands for,
// widened to whole characters. Tokens that a template or padding adds have 0, 0.
type Offset struct{ Lo, Hi int }

// Encoding is a text, or a pair of texts, in ids, with what Hugging Face's
// Encoding says of each. All slices have the same length but Overflow.
type Encoding struct {
	IDs           []uint32
	Offsets       []Offset // into the text or the pair, by the place in the template
	TypeIDs       []uint32 // 0 and 1 for the two texts, or what the template says
	WordIDs       []int    // number of the pre-token or added token in its text, -1 for what was added to it
	AttentionMask []uint8  // 0 for padding
	SpecialMask   []uint8  // 1 for what the template or padding added

	Overflow []Encoding // what truncation cut off, in pieces of the same length that overlap by the stride
}

// EncodeOptions say how EncodeFull encodes. The zero value encodes the text as
// it is.
type EncodeOptions struct {
	AddSpecial bool      // put the template's tokens around the text
	Plain      bool      // special tokens in the text are plain text
	Truncate   bool      // cut to the length that tokenizer.json says
	Pad        bool      // fill up as tokenizer.json says
	Sampling   *Sampling // nil: words are cut in the best way
}

// EncodeFull encodes text, and pair, if it is not nil, as Hugging Face's encode
// does. It fails where TryEncode does.
func (t *Tokenizer) EncodeFull(text, pair []byte, o EncodeOptions) (Encoding, error) {
	e, err := t.encodeFull(text, pair, o)
	if err != nil {
		return Encoding{}, fmt.Errorf("tokenizer: encode: %w", err)
	}
	if o.Pad && t.padding != nil {
		t.padding.pad([]*encoding{&e})
	}
	return e.public(), nil
}

// EncodeFullBatch is EncodeFull for many texts, padded to the longest of them
// where tokenizer.json says so. Pairs is nil or as long as texts.
func (t *Tokenizer) EncodeFullBatch(texts, pairs [][]byte, o EncodeOptions) ([]Encoding, error) {
	if pairs != nil && len(pairs) != len(texts) {
		return nil, fmt.Errorf("tokenizer: encode: %d texts with %d pairs", len(texts), len(pairs))
	}
	all, refs := make([]encoding, len(texts)), make([]*encoding, len(texts))
	for k, text := range texts {
		var pair []byte
		if pairs != nil {
			pair = pairs[k]
		}
		var err error
		if all[k], err = t.encodeFull(text, pair, o); err != nil {
			return nil, fmt.Errorf("tokenizer: encode text %d: %w", k, err)
		}
		refs[k] = &all[k]
	}
	if o.Pad && t.padding != nil {
		t.padding.pad(refs)
	}
	out := make([]Encoding, len(all))
	for k := range all {
		out[k] = all[k].public()
	}
	return out, nil
}

func (t *Tokenizer) encodeFull(text, pair []byte, o EncodeOptions) (encoding, error) {
	a, err := t.encodeOne(text, 0, o)
	if err != nil {
		return encoding{}, err
	}
	list := []encoding{a}
	if pair != nil {
		b, err := t.encodeOne(pair, 1, o)
		if err != nil {
			return encoding{}, err
		}
		list = append(list, b)
	}
	if o.Truncate && t.truncation != nil {
		added := 0
		if o.AddSpecial {
			added = t.templateAdds(pair != nil)
		}
		if err := t.truncation.cut(list, added); err != nil {
			return encoding{}, err
		}
	}
	if t.post == nil {
		return joined(list), nil
	}
	for k := range list {
		list[k].setType(uint32(k))
	}
	for _, p := range t.post {
		if list, err = p.process(list, o.AddSpecial); err != nil {
			return encoding{}, err
		}
	}
	return joined(list), nil
}

// templateAdds returns how many tokens the template adds to a text or a pair.
func (t *Tokenizer) templateAdds(pair bool) int {
	n := 0
	for _, p := range t.post {
		n += p.adds(pair)
	}
	return n
}

// encodeOne encodes one of the texts, without template.
func (t *Tokenizer) encodeOne(text []byte, typeID uint32, o EncodeOptions) (encoding, error) {
	if uint64(len(text)) > math.MaxUint32 {
		return encoding{}, fmt.Errorf("the text has %d bytes, want at most %d with offsets", len(text), uint32(math.MaxUint32))
	}
	e := t.acquire()
	defer t.release(e)
	if t.sp != nil {
		return t.sp.encodeOne(text, typeID, o.Sampling, e)
	}
	stop, err := o.Sampling.start(t, e, text)
	if err != nil {
		return encoding{}, err
	}
	defer stop()
	w := &walker{t: t, e: e, typeID: typeID}
	w.out.text = text
	w.walk(text, o.Plain)
	return w.out, e.err
}

// appendTracked is appendText with the text tracked, for pipelines that look
// where a piece comes from.
func (t *Tokenizer) appendTracked(dst []uint32, text []byte, plain bool, e *encoder) []uint32 {
	w := &walker{t: t, e: e}
	w.out.text = text
	w.walk(text, plain)
	for _, r := range w.out.rows {
		dst = append(dst, r.id)
	}
	return dst
}

// walker encodes a text with offsets.
type walker struct {
	t      *Tokenizer
	e      *encoder
	typeID uint32
	word   int
	out    encoding
}

// walk encodes text. Where something fails it goes on as well as it can; the
// first error is in the encoder.
func (w *walker) walk(text []byte, plain bool) {
	t, whole := w.t, &w.e.text
	for s := (stretches{m: t.early, text: text, plain: plain}); s.next(); {
		if s.token != nil {
			w.addedToken(s.token, text[s.lo:s.hi], Offset{s.lo, s.hi})
			continue
		}
		whole.Reset(text[s.lo:s.hi], s.lo, true)
		if t.norm != nil {
			t.normalize(whole, w.e)
		}
		for l := (stretches{m: t.late, text: whole.B, plain: plain}); l.next(); {
			if l.token != nil {
				w.addedToken(l.token, whole.B[l.lo:l.hi], span(whole.Src[l.lo:l.hi]))
			} else {
				w.pieces(whole, l.lo, l.hi)
			}
		}
	}
}

// pieces encodes bytes [lo, hi) of a normalized text, without added tokens.
func (w *walker) pieces(whole *align.Text, lo, hi int) {
	p := &w.e.pieces
	p.Text.Slice(whole, lo, hi)
	w.t.split(w.e)
	for _, at := range p.List {
		w.piece(p.Text.B[at.Lo:at.Hi], p.Text.Src[at.Lo:at.Hi])
	}
}

// piece encodes one piece; src says where its bytes come from.
func (w *walker) piece(b []byte, src []align.Range) {
	t := w.t
	spans := t.model.appendSpans(w.e.spans[:0], b, &w.e.model)
	w.e.spans = spans
	if n := len(spans); t.model.byteLevel() && n > 0 && spans[n-1].Hi != len(b) {
		w.spell(spans, b)
	}
	word := w.word
	w.word++
	for _, s := range spans {
		r := row{id: s.ID, typeID: w.typeID, word: word, attention: 1}
		// A span that leaves the piece is what the reference gives where
		// characters without a token were left out.
		if lo, hi := min(s.Lo, len(src)), min(s.Hi, len(src)); lo < hi {
			r.Offset = span(src[lo:hi])
		}
		if t.trims {
			text := t.tokens[s.ID]
			if t.model.unigram != nil && s.ID == t.model.unk {
				text = string(b[s.Lo:s.Hi])
			}
			r.setBlanks(text)
		}
		w.out.rows = append(w.out.rows, r)
	}
	if len(spans) == 0 && t.model.words != nil {
		w.e.note(noWord(b))
	}
}

// spell moves the spans of a byte-level piece from which bytes were left out.
// The reference counts tokens in the byte alphabet from the beginning of the
// piece, as if nothing had been left out.
func (w *walker) spell(spans []token.Span, piece []byte) {
	var at []int // byte of the spelled piece → byte of the piece
	for k, c := range piece {
		for range utf8.RuneLen(bytelevel.Rune(c)) {
			at = append(at, k)
		}
	}
	lo := 0
	for k := range spans {
		lo = min(lo, len(at)-1) // a prefix or suffix of the vocabulary has no place
		hi := min(lo+max(len(w.t.tokens[spans[k].ID]), 1), len(at))
		spans[k].Lo, spans[k].Hi = at[lo], at[hi-1]+1
		lo = hi
	}
}

func (w *walker) addedToken(a *AddedToken, text []byte, at Offset) {
	r := row{id: a.ID, Offset: at, typeID: w.typeID, word: w.word, attention: 1}
	w.word++
	if w.t.trims {
		r.setBlanks(string(text))
	}
	w.out.rows = append(w.out.rows, r)
}

// span is from where the first byte comes from to where the last one does.
func span(src []align.Range) Offset {
	return Offset{int(src[0].Lo), int(src[len(src)-1].Hi)}
}

// row is what an encoding says of one id.
type row struct {
	Offset
	id, typeID         uint32
	word               int
	special, attention uint8

	// White space at the ends of the token's text, in characters.
	leading, trailing int
}

// setBlanks counts the white space, spelled in the byte alphabet or not.
func (r *row) setBlanks(text string) {
	blank := func(c rune) bool { return c == bytelevel.Rune(' ') || charprop.IsSpace(c) }
	n := utf8.RuneCountInString(text)
	for _, c := range text {
		if !blank(c) {
			break
		}
		r.leading++
	}
	for k := len(text); k > 0 && r.trailing < n; {
		c, w := utf8.DecodeLastRuneInString(text[:k])
		if !blank(c) {
			break
		}
		r.trailing++
		k -= w
	}
}

// encoding is an Encoding being made.
type encoding struct {
	text     []byte
	rows     []row
	overflow []encoding // without overflow of their own
}

// setType sets the type of all ids; the overflow keeps its own, as in the
// reference.
func (e *encoding) setType(id uint32) {
	for k := range e.rows {
		e.rows[k].typeID = id
	}
}

// joined joins encodings. Overflow is combined: each of one with each of the
// other, and with the other itself.
func joined(list []encoding) encoding {
	var out encoding
	join := func(a, b encoding) encoding {
		return encoding{rows: append(append([]row{}, a.rows...), b.rows...)}
	}
	for _, e := range list {
		var overflow []encoding
		for _, mine := range out.overflow {
			overflow = append(overflow, join(mine, e))
			for _, other := range e.overflow {
				overflow = append(overflow, join(mine, other))
			}
		}
		for _, other := range e.overflow {
			overflow = append(overflow, join(out, other))
		}
		out.rows = append(out.rows, e.rows...)
		out.overflow = overflow
	}
	return out
}

func (e *encoding) public() Encoding {
	n := len(e.rows)
	out := Encoding{
		IDs: make([]uint32, n), Offsets: make([]Offset, n), TypeIDs: make([]uint32, n), WordIDs: make([]int, n),
		AttentionMask: make([]uint8, n), SpecialMask: make([]uint8, n),
	}
	for k, r := range e.rows {
		out.IDs[k], out.Offsets[k], out.TypeIDs[k], out.WordIDs[k] = r.id, r.Offset, r.typeID, r.word
		out.AttentionMask[k], out.SpecialMask[k] = r.attention, r.special
	}
	for k := range e.overflow {
		out.Overflow = append(out.Overflow, e.overflow[k].public())
	}
	return out
}
