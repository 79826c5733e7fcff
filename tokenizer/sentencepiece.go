package tokenizer

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"github.com/athanor-lm/athanor/tokenizer/internal/spm"
	"github.com/athanor-lm/athanor/tokenizer/internal/token"
)

// sentencePiece is what a tokenizer of a .model file runs. Encoding never makes
// control symbols such as <s>, whatever the text spells, as in SentencePiece;
// what stands around a text is up to tokenizer_config.json.
type sentencePiece struct {
	model *spm.Model
	data  []byte // the file

	before, after []uint32 // ids that tokenizer_config.json adds to a text
	once          sync.Once
	converted     []byte // tokenizer.json, nil if there is none alike
}

// json returns the tokenizer.json that Save writes.
func (p *sentencePiece) json() []byte {
	p.once.Do(func() { p.converted = convertSentencePiece(p) })
	return p.converted
}

// unknown counts the unknown pieces of a text.
func (p *sentencePiece) unknown(text []byte, e *encoder) (n int64) {
	unk, ok := p.model.Unk()
	if !ok {
		return 0
	}
	e.ids = p.model.AppendEncode(e.ids[:0], text, e.sp)
	for _, id := range e.ids {
		if id == unk {
			n++
		}
	}
	return n
}

// encodeOne encodes a text with offsets.
func (p *sentencePiece) encodeOne(text []byte, typeID uint32, o *Sampling, e *encoder) (encoding, error) {
	spans := e.spans[:0]
	if o == nil {
		spans = p.model.AppendSpans(spans, text, e.sp)
	} else {
		s, err := p.sampling(o)
		if err != nil {
			return encoding{}, err
		}
		rng := rand.New(rand.NewPCG(o.Seed, xxhash.Sum64(text)))
		if spans, err = p.model.Sample(spans, text, s, rng, e.sp); err != nil {
			return encoding{}, err
		}
	}
	e.spans = spans
	out := encoding{text: text, rows: make([]row, len(spans))}
	for k, s := range spans {
		out.rows[k] = row{Offset: characters(text, s), id: s.ID, typeID: typeID, attention: 1}
	}
	return out, nil
}

// sampling is what o means for the model.
func (p *sentencePiece) sampling(o *Sampling) (spm.Sampling, error) {
	if p.model.Proto().Trainer.ModelType == spm.BPE {
		if o.Dropout == 0 || o.Alpha != 0 || o.NBest != 0 {
			return spm.Sampling{}, errors.New("a BPE model samples by dropout alone")
		}
		return spm.Sampling{Alpha: o.Dropout}, nil
	}
	if o.Dropout != 0 {
		return spm.Sampling{}, fmt.Errorf("a %v model has no merges to drop", p.model.Proto().Trainer.ModelType)
	}
	return spm.Sampling{Alpha: o.Alpha, NBest: o.NBest}, nil
}

// characters widens a span to whole characters.
func characters(text []byte, s token.Span) Offset {
	o := Offset{s.Lo, s.Hi}
	for k := 0; k < utf8.UTFMax && o.Lo > 0 && o.Lo < len(text) && !utf8.RuneStart(text[o.Lo]) && s.Lo < s.Hi; k++ {
		o.Lo--
	}
	for k := 0; k < utf8.UTFMax && o.Hi < len(text) && !utf8.RuneStart(text[o.Hi]) && s.Lo < s.Hi; k++ {
		o.Hi++
	}
	return o
}

// Candidate is one of the ways to cut a text into tokens. Score is the sum of
// its tokens' log probabilities.
type Candidate struct {
	IDs     []uint32
	Offsets []Offset
	Score   float64
}

// NBest returns the n best ways to cut text into tokens, best first. Only
// unigram models of SentencePiece have them.
func (t *Tokenizer) NBest(text []byte, n int) ([]Candidate, error) {
	if t.sp == nil {
		return nil, fmt.Errorf("tokenizer: the best ways to cut a text: want a unigram model from a .model file, have %s", t.kinds.model)
	}
	e := t.acquire()
	defer t.release(e)
	list, err := t.sp.model.NBest(text, n, e.sp)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	out := make([]Candidate, len(list))
	for k, c := range list {
		out[k].Score = float64(c.Score)
		for _, s := range c.Spans {
			out[k].IDs = append(out[k].IDs, s.ID)
			out[k].Offsets = append(out[k].Offsets, characters(text, s))
		}
	}
	return out, nil
}

// appendSentencePiece is appendDecode.
func (t *Tokenizer) appendSentencePiece(dst []byte, skipSpecial bool, ids []uint32) []byte {
	if !skipSpecial {
		return t.sp.model.AppendDecode(dst, ids...)
	}
	d := t.sp.model.NewDecoder()
	for _, id := range ids {
		if !t.skips(id) {
			dst = d.Append(dst, id)
		}
	}
	return d.Close(dst)
}
