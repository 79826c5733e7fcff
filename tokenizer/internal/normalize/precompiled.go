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
type Precompiled struct {
	rules *charsmap.Map
	plain *[utf8.RuneSelf]bool // ASCII characters without a rule, but \r, which may begin a grapheme
}

// NewPrecompiled returns the normalizer of a character map.
func NewPrecompiled(rules *charsmap.Map) Precompiled {
	p := Precompiled{rules, new([utf8.RuneSelf]bool)}
	for c := range p.plain {
		_, n := rules.Shortest([]byte{byte(c)})
		p.plain[c] = n == 0 && c != '\r'
	}
	return p
}

func (p Precompiled) Normalize(t *align.Text) {
	b := t.B
	t.Begin()
	if t.Src == nil {
		write := func(_, repl []byte) { t.Write(repl) }
		for len(b) > 0 {
			n := p.run(b)
			t.Write(b[:n])
			if b = b[n:]; len(b) > 0 {
				n = graphemeLen(b)
				p.grapheme(b[:n], write)
				b = b[n:]
			}
		}
	} else {
		w := changes{t: t}
		for len(b) > 0 {
			n := graphemeLen(b)
			p.grapheme(b[:n], w.replace)
			b = b[n:]
		}
		w.flush()
	}
	t.Done()
}

// run returns how much of b begins with graphemes of one plain character.
func (p Precompiled) run(b []byte) int {
	i := 0
	for i < len(b) && b[i] < utf8.RuneSelf && p.plain[b[i]] && (i+1 == len(b) || b[i+1] < utf8.RuneSelf) {
		i++
	}
	return i
}

// grapheme calls f for every part of a grapheme and what becomes of it, itself
// if there is no rule.
func (p Precompiled) grapheme(g []byte, f func(old, repl []byte)) {
	if len(g) < 6 {
		if repl, n := p.rules.Shortest(g); n > 0 {
			f(g, repl)
			return
		}
	}
	for len(g) > 0 {
		w := runeLen(g)
		if repl, n := p.rules.Shortest(g[:w]); n > 0 {
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
