package wordpiece

import (
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/align"
	"github.com/athanor-lm/athanor/tokenizer/internal/normalize"
	"github.com/athanor-lm/athanor/tokenizer/internal/piececache"
)

// Bert is BertNormalizer, BertPreTokenizer and a model in one pass over the
// bytes. It does not change and may be used by many goroutines, each with a
// BertState of its own.
type Bert struct {
	m    *Model
	runs *Runs
}

// NewBert joins a normalizer and a model.
func NewBert(norm normalize.Bert, m *Model) *Bert {
	var ids []uint32
	return &Bert{m: m, runs: NewRuns(norm, func(word []byte) uint32 {
		ids = m.cut(ids[:0], word)
		return ids[0] // one character has one id, be it that of unknown words
	})}
}

// BertState is the working memory of one encoding goroutine.
type BertState struct {
	cache *piececache.Cache // by run as it stands in the text
	text  align.Text
	lower []byte
}

// NewState returns a BertState for use with b alone.
func (b *Bert) NewState() *BertState { return &BertState{cache: piececache.New()} }

// Append appends the ids of text to dst: those of every word that the
// pre-tokenizer cuts the normalized text into.
func (b *Bert) Append(dst []uint32, text []byte, s *BertState) []uint32 {
	for i := 0; i < len(text); {
		c, j := rune(text[i]), i+1
		if c >= utf8.RuneSelf {
			var w int
			c, w = utf8.DecodeRune(text[i:])
			j = i + w
		}
		switch e := b.runs.at(c); e {
		case space:
		case inRun:
			j = b.runs.end(text, j)
			dst = b.appendRun(dst, text, i, j, s)
		case lone:
			dst = b.appendRun(dst, text, i, j, s)
		default:
			dst = append(dst, e)
		}
		i = j
	}
	return dst
}

func (b *Bert) appendRun(dst []uint32, text []byte, lo, hi int, s *BertState) []uint32 {
	dst, ok := s.cache.Append(dst, text, lo, hi)
	if ok {
		return dst
	}
	from := len(dst)
	dst = b.encode(dst, text[lo:hi], s)
	s.cache.Put(text, lo, hi, dst[from:])
	return dst
}

// encode appends the ids of a run that is not in the cache.
func (b *Bert) encode(dst []uint32, run []byte, s *BertState) []uint32 {
	lower := s.lower[:0]
	for _, c := range run {
		l := b.runs.lower[c]
		if l == 0 {
			return b.encodeOther(dst, run, s)
		}
		lower = append(lower, l)
	}
	s.lower = lower
	return b.m.cut(dst, lower)
}

// encodeOther is encode for runs that are not plain ASCII.
func (b *Bert) encodeOther(dst []uint32, run []byte, s *BertState) []uint32 {
	word, ok := b.runs.fold().append(s.lower[:0], run)
	s.lower = word
	if ok {
		return b.m.cut(dst, word)
	}
	b.runs.Words(run, &s.text, func(word []byte) { dst = b.m.cut(dst, word) })
	return dst
}
