package tokenizer

import (
	"strings"

	"github.com/athanor-lm/athanor/tokenizer/internal/scan"
)

// cutter cuts documents into pieces exactly as a tokenizer does. Special tokens
// in them are plain text; other added tokens are left out, as merges never see
// them.
type cutter struct {
	*Tokenizer
	scan scan.Func // cuts text that is normalized; nil for the tokenizer's own steps
}

// cutter returns that of the base, or of the tokenizer to be trained.
func (c *TrainConfig) cutter() (*cutter, error) {
	if t := c.Base; t != nil {
		k := &cutter{Tokenizer: t}
		if len(t.pre) == 1 {
			if p, ok := t.pre[0].(*scanSplit); ok {
				k.scan = p.scan
			}
		}
		return k, nil
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
	if _, ok := k.norm.(nfc); k.scan == nil || k.norm != nil && !ok {
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
		between(k.early, doc, func(text []byte) {
			if len(text) > 0 && k.norm != nil {
				out := k.norm.normalize(e.norm, text)
				if len(out) > 0 && &out[0] != &text[0] {
					e.norm = out
				}
				text = out
			}
			between(k.late, text, func(text []byte) { k.cut(text, e, add) })
		})
	}
}

// between calls f with what is before, between and behind the added tokens.
func between(m *matcher, text []byte, f func(text []byte)) {
	from, from2 := 0, 0
	for m != nil {
		a, at, next := m.next(text, from, from2, true)
		if a == nil {
			break
		}
		f(text[from:at.lo])
		from, from2 = at.hi, next
	}
	f(text[from:])
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
	if len(text) == 0 {
		return
	}
	text, pieces := k.pieces(text, e)
	for _, p := range pieces {
		add(text[p.lo:p.hi])
	}
}
