package tokenizer

import (
	"iter"
	"strings"
	"sync/atomic"

	"github.com/athanor-lm/athanor/tokenizer/internal/normalize"
	"github.com/athanor-lm/athanor/tokenizer/internal/scan"
)

// cutter cuts documents into pieces exactly as a tokenizer does. Special tokens
// in them are plain text; other added tokens are left out, as merges never see
// them.
type cutter struct {
	*Tokenizer
	scan   scan.Func             // cuts text that is normalized; nil for the tokenizer's own steps
	failed atomic.Pointer[error] // what could not be done to a document
}

// failure tells why a document could not be cut.
func (k *cutter) failure() error {
	if err := k.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// watch passes documents on, and ends when one could not be cut.
func (k *cutter) watch(docs iter.Seq2[[]byte, error]) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for doc, err := range docs {
			if k.failure() != nil || !yield(doc, err) {
				return
			}
		}
	}
}

// cutter returns that of the base, or of the tokenizer to be trained.
func (c *TrainConfig) cutter() (*cutter, error) {
	if t := c.Base; t != nil {
		return &cutter{Tokenizer: t, scan: t.scan}, nil
	}
	d := c.document()
	d.before, d.after = "", ""
	d.vocab = []entry{{"!", uint32(len(d.added))}} // any
	for _, a := range d.added {
		if a.Content == "!" {
			d.vocab[0].id = a.ID
		}
	}
	t, err := d.build(roles{})
	if err != nil {
		return nil, err
	}
	if c.Regex != "" {
		return &cutter{Tokenizer: t, scan: scan.For(c.Regex)}, nil
	}
	return &cutter{Tokenizer: t, scan: scan.For(scan.Patterns(c.Pattern)...)}, nil
}

// stateKey is the same for trainings that cut alike.
func (c *TrainConfig) stateKey(k *cutter) string { return k.Hash() }

// cutsAtLines tells whether a document may be cut between lines of text. The
// known patterns allow it; an added token may reach over the end of a line.
func (k *cutter) cutsAtLines() bool {
	if k.scan == nil || k.norm != nil && k.norm != normalize.Normalizer(normalize.NFC) {
		return false
	}
	for _, a := range k.added {
		if !a.Special && (a.LStrip || a.RStrip || a.SingleWord || strings.Contains(a.Content, "\n")) {
			return false
		}
	}
	return true
}

// pieceCutter returns a function for one goroutine.
func (k *cutter) pieceCutter() func(doc []byte, add func(piece []byte)) {
	e := k.acquire()
	return func(doc []byte, add func(piece []byte)) {
		if k.failure() != nil {
			return // the training is over
		}
		between(k.early, doc, func(text []byte) {
			if k.norm != nil {
				text = k.normalized(text, 0, e)
			}
			between(k.late, text, func(text []byte) { k.cut(text, e, add) })
		})
		if e.err != nil {
			k.failed.CompareAndSwap(nil, &e.err)
		}
	}
}

// between calls f with what is before, between and behind the added tokens.
func between(m *matcher, text []byte, f func(text []byte)) {
	for s := (stretches{m: m, text: text, plain: true}); s.next(); {
		if s.token == nil {
			f(text[s.lo:s.hi])
		}
	}
}

func (k *cutter) cut(text []byte, e *encoder, add func(piece []byte)) {
	if k.scan != nil {
		for i := 0; i < len(text); {
			j := k.scan(text, i)
			add(text[i:j])
			i = j
		}
		return
	}
	for _, p := range k.cutPieces(text, 0, e) {
		add(e.pieces.Text.B[p.Lo:p.Hi])
	}
}
