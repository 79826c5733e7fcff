package normalize

import (
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"

	"github.com/athanor-lm/athanor/tokenizer/internal/align"
	"github.com/athanor-lm/athanor/tokenizer/internal/charsmap"
)

// Precompiled applies SentencePiece's character map as Hugging Face's tokenizers
// does, which is not as SentencePiece does: a grapheme of less than six bytes
// as a whole, where any rule fits its beginning, becomes the shortest such
// rule's replacement; of others every character does.
type Precompiled struct{ Map *charsmap.Map }

func (p Precompiled) Normalize(t *align.Text) error {
	b := t.B
	t.Begin()
	if t.Src == nil {
		p.pieces(b, func(_, repl []byte) { t.Write(repl) })
	} else {
		w := changes{t: t}
		p.pieces(b, w.replace)
		w.flush()
	}
	t.Done()
	return nil
}

// pieces calls f for every part of b and what becomes of it, itself if there is
// no rule.
func (p Precompiled) pieces(b []byte, f func(old, repl []byte)) {
	for len(b) > 0 {
		n := graphemeLen(b)
		p.grapheme(b[:n], f)
		b = b[n:]
	}
}

func (p Precompiled) grapheme(g []byte, f func(old, repl []byte)) {
	if len(g) < 6 {
		if repl, n := p.Map.Shortest(g); n > 0 {
			f(g, repl)
			return
		}
	}
	for len(g) > 0 {
		w := runeLen(g)
		if repl, n := p.Map.Shortest(g[:w]); n > 0 {
			f(g[:w], repl)
		} else {
			f(g[:w], g[:w])
		}
		g = g[w:]
	}
}

// graphemeLen returns the length of the first grapheme cluster of b.
func graphemeLen(b []byte) int {
	if b[0] < utf8.RuneSelf && (len(b) == 1 || b[1] < utf8.RuneSelf && b[0] != '\r') {
		return 1
	}
	n, _, _ := graphemes.SplitFunc(b, true)
	return n
}

// changes feeds replacements to a tracked text, one character late: what
// becomes of nothing is a removal by the character before it; at the beginning
// of a text, as in the reference, by none.
type changes struct {
	t      *align.Text
	char   [utf8.UTFMax]byte
	n      int // bytes of the waiting character, 0 for none
	change int
}

func (c *changes) replace(old, repl []byte) {
	olds, news := utf8.RuneCount(old), utf8.RuneCount(repl)
	for k := 0; len(repl) > 0; k++ {
		c.flush()
		w := runeLen(repl)
		c.n, c.change = copy(c.char[:], repl[:w]), 0
		if k >= olds {
			c.change = 1
		}
		repl = repl[w:]
	}
	if news < olds && c.n > 0 {
		c.change += news - olds
	}
}

func (c *changes) flush() {
	if c.n > 0 {
		c.t.Change(c.char[:c.n], c.change)
		c.n = 0
	}
}
