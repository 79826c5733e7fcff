package tokenizer

import (
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/athanor-lm/athanor/tokenizer/internal/normalize"
	"github.com/athanor-lm/athanor/tokenizer/internal/spm"
	"github.com/athanor-lm/athanor/tokenizer/internal/ucd"
)

// StreamEncoder encodes a text of any length in bounded memory: a part of it
// is held at a time, and parts end where the tokenizer is certain to cut, so
// that the ids are those of the whole text. It is for one goroutine.
//
// That is so for byte-level BPE with a known pattern and no normalizer or NFC
// (GPT-2's, Llama-3's, Qwen's, DeepSeek's, OpenAI's) and for BERT, if the text
// has, every 64 MiB at least, a letter or digit before white space or
// punctuation; and for models of SentencePiece (unigram and BPE), if it has a
// place no piece reaches across. With other tokenizers the text is held as a
// whole, up to 64 MiB.
// What is beyond is an error.
type StreamEncoder struct {
	t          *Tokenizer
	r          io.Reader
	plain      bool
	before     []uint32 // ids of the template that are still to come
	after      []uint32
	buf        []byte
	begin      int   // of what is not encoded in buf
	searched   int   // no place to cut is in buf[begin:searched]
	offset     int64 // of buf in the text
	err        error // of r
	cuts       bool
	sp         *spm.State // of a .model's tokenizer
	begun      bool       // … a part is encoded
	part, most int        // bytes that are wanted in buf, and those it may have
}

// Sizes of a StreamEncoder's parts.
const (
	streamPart = 1 << 20
	streamMost = 64 << 20
)

// NewStreamEncoder returns an encoder of the text that r gives, as AppendEncode.
func (t *Tokenizer) NewStreamEncoder(r io.Reader, addSpecial bool) *StreamEncoder {
	s := &StreamEncoder{t: t, r: r, part: streamPart, most: streamMost}
	if t.sp != nil && t.sp.model.Streams() {
		s.sp, s.cuts = t.sp.model.NewState(), true
		return s.surround(addSpecial)
	}
	s.cuts = t.bert != nil || t.scan != nil && t.model.bpe != nil && !t.tracks && (t.norm == nil || t.norm == normalize.NFC && t.late == nil)
	return s.surround(addSpecial)
}

func (s *StreamEncoder) surround(addSpecial bool) *StreamEncoder {
	if t := s.t; addSpecial && len(t.around) > 0 {
		s.before, s.after = t.around[0], t.around[len(t.around)-1]
		if len(t.around) == 1 {
			s.after = nil
		}
	}
	return s
}

// NewPlainStreamEncoder is NewStreamEncoder for text in which special tokens
// are plain text, as AppendEncodePlain.
func (t *Tokenizer) NewPlainStreamEncoder(r io.Reader) *StreamEncoder {
	s := t.NewStreamEncoder(r, false)
	s.plain = true
	return s
}

// Next appends the ids of the next part of the text, perhaps none, to dst. At
// the end of the text it returns io.EOF, and no ids. It fails where TryEncode does.
func (s *StreamEncoder) Next(dst []uint32) ([]uint32, error) {
	if s.before != nil {
		dst, s.before = append(dst, s.before...), nil
	}
	for {
		if s.err == nil && len(s.buf)-s.begin < s.part {
			s.fill()
		}
		rest := s.buf[s.begin:]
		switch {
		case s.err == nil:
			if n := s.cut(); n > 0 {
				return s.encode(dst, n)
			}
		case s.err != io.EOF:
			return dst, fmt.Errorf("tokenizer: read text after byte %d: %w", s.offset+int64(len(s.buf)), s.err)
		case len(rest) > 0:
			return s.encode(dst, len(rest))
		case s.after != nil:
			dst, s.after = append(dst, s.after...), nil
			return dst, nil
		default:
			return dst, io.EOF
		}
		if len(rest) >= s.most {
			return dst, s.tooLong()
		}
		s.part = min(max(s.part, 2*len(rest)), s.most)
	}
}

func (s *StreamEncoder) tooLong() error {
	if s.sp != nil {
		return fmt.Errorf("tokenizer: the text has no place that no piece reaches across in %d bytes after byte %d, where it could be cut", s.most, s.offset+int64(s.begin))
	}
	if s.cuts {
		return fmt.Errorf("tokenizer: the text has no letter or digit before white space or punctuation in %d bytes after byte %d, where it could be cut", s.most, s.offset+int64(s.begin))
	}
	return fmt.Errorf("tokenizer: the text has more than %d bytes, which this kind of tokenizer (%s) must see as a whole", s.most, s.t.kinds.model)
}

// encode encodes the next n bytes of buf.
func (s *StreamEncoder) encode(dst []uint32, n int) ([]uint32, error) {
	text := s.buf[s.begin : s.begin+n]
	s.begin += n
	switch {
	case s.sp == nil:
		return s.t.TryEncode(dst, text, EncodeOptions{Plain: s.plain})
	case s.begun:
		return s.t.sp.model.AppendNext(dst, text, s.sp), nil
	}
	s.begun = true
	return s.t.sp.model.AppendEncode(dst, text, s.sp), nil
}

// fill moves what is left to the beginning of buf and reads up to part bytes.
func (s *StreamEncoder) fill() {
	n := copy(s.buf, s.buf[s.begin:])
	s.offset += int64(s.begin)
	s.buf, s.begin, s.searched = s.buf[:n], 0, max(s.searched-s.begin, 0)
	if cap(s.buf) < s.part {
		s.buf = append(make([]byte, 0, s.part), s.buf...)
	}
	for idle := 0; s.err == nil && len(s.buf) < s.part; {
		k, err := s.r.Read(s.buf[len(s.buf):s.part])
		s.buf, s.err = s.buf[:len(s.buf)+k], err
		if idle++; k > 0 {
			idle = 0
		} else if idle == 100 && err == nil {
			s.err = io.ErrNoProgress
		}
	}
}

// cut returns how many bytes of buf[begin:] make a part; 0 if it has no place
// to cut but its end.
func (s *StreamEncoder) cut() int {
	if !s.cuts {
		return 0
	}
	if s.sp != nil {
		return s.cutModel()
	}
	reach := max(s.t.early.reach(), s.t.late.reach())
	low := max(s.begin, s.searched)
	for p := len(s.buf) - reach - utf8.UTFMax; p > low; p-- {
		if cutsBefore(s.buf, p) && !s.t.early.touches(s.buf, p) && !s.t.late.touches(s.buf, p) {
			return p - s.begin
		}
	}
	s.searched = max(low, len(s.buf)-reach-2*utf8.UTFMax)
	return 0
}

// cutModel is cut for a .model's tokenizer.
func (s *StreamEncoder) cutModel() int {
	low := max(s.begin, s.searched)
	for p := len(s.buf) - 8; p > low; p-- {
		if s.t.sp.model.CutsBefore(s.buf, p) {
			return p - s.begin
		}
	}
	s.searched = max(low, len(s.buf)-16)
	return 0
}

// cutsBefore tells whether all known patterns, and BERT, which drops control
// characters and goes on, are certain to cut before text[p],
// whatever is before and behind, and pieces before it do not depend on what is
// behind: a letter or number is before it, which ends its piece in front of
// white space and punctuation other than an apostrophe. Both must be
// characters that NFC leaves alone and apart.
func cutsBefore(text []byte, p int) bool {
	if c := text[p]; c < utf8.RuneSelf {
		if c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '\'' || c == '_' || c < '\t' || c > '\n' && c < ' ' && c != '\r' || c == 0x7f {
			return false
		}
	} else if !plainMark(text[p:]) {
		return false
	}
	if c := text[p-1]; c < utf8.RuneSelf {
		return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
	}
	r, w := utf8.DecodeLastRune(text[:p])
	return (r != utf8.RuneError || w > 1) && ucd.Is(ucd.L|ucd.N, r) && norm.NFC.IsNormal(text[p-w:p]) && norm.NFC.Properties(text[p-w:p]).BoundaryBefore()
}

// plainMark tells whether text begins with usual Chinese punctuation or a quotation mark.
func plainMark(text []byte) bool {
	switch r, _ := utf8.DecodeRune(text); r {
	case '，', '。', '、', '；', '：', '？', '！', '（', '）', '《', '》', '「', '」', '【', '】', '“', '”', '…', '—', '\u3000':
		return true
	}
	return false
}

// reach returns the length of the longest token, 0 for none.
func (m *matcher) reach() int {
	if m == nil {
		return 0
	}
	return m.longestToken
}

// touches tells whether a token stands in text across p, or begins or ends there.
func (m *matcher) touches(text []byte, p int) bool {
	if m == nil {
		return false
	}
	for i := max(p-m.longestToken, 0); i <= p; i++ {
		at := int32(0)
		for j := i; j < len(text); j++ {
			if at = m.nodes[at].step(text[j]); at == 0 {
				break
			}
			if m.nodes[at].token != nil && j+1 >= p {
				return true
			}
		}
	}
	return false
}
