package pretokenize

import (
	"bytes"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/bytelevel"
)

// rewrite rebuilds the text piece by piece: f rewrites the first n bytes of
// p.Text.Rest().
func (p *Pieces) rewrite(f func(n int)) {
	t := &p.Text
	t.Begin()
	for k, at := range p.List {
		t.Drop(at.Lo - t.At())
		lo := t.Out()
		f(at.Hi - at.Lo)
		p.List[k] = Piece{lo, t.Out()}
	}
	t.Done()
}

// prependTo rewrites the first character of n bytes with b, one character, put
// before it, and keeps the rest.
func (p *Pieces) prependTo(n int, b []byte) {
	t := &p.Text
	first := t.Rest()
	_, w := utf8.DecodeRune(first)
	t.PutBytes(b)
	t.InsertBytes(first[:w])
	t.Keep(n - w)
}

// PrefixSpace puts a space before pieces that begin with none: the first thing
// that ByteLevel does where add_prefix_space is set.
type PrefixSpace struct{}

func (PrefixSpace) Split(p *Pieces) {
	p.rewrite(func(n int) {
		if p.Text.Rest()[0] == ' ' {
			p.Text.Keep(n)
		} else {
			p.prependTo(n, []byte{' '})
		}
	})
}

// SpellBytes spells the text's bytes in GPT-2's byte alphabet: the last thing
// that ByteLevel does.
type SpellBytes struct{}

func (SpellBytes) Split(p *Pieces) {
	t := &p.Text
	p.rewrite(func(n int) {
		s := t.Rest()[:n]
		for i := 0; i < n; {
			_, w := utf8.DecodeRune(s[i:])
			t.Put(bytelevel.Rune(s[i]))
			for _, c := range s[i+1 : i+w] {
				t.Insert(bytelevel.Rune(c))
			}
			i += w
		}
	})
}

// Scheme says where Metaspace puts its mark before a piece that has none.
type Scheme int

const (
	Always Scheme = iota
	Never
	First // at the beginning of the text alone
)

// Metaspace writes spaces as a visible mark, puts one before pieces and, with
// Cut, cuts before every mark.
type Metaspace struct {
	Mark   rune
	Scheme Scheme
	Cut    bool
}

func (x Metaspace) Split(p *Pieces) {
	var buf [utf8.UTFMax]byte
	mark := buf[:utf8.EncodeRune(buf[:], x.Mark)]
	p.replaceSpaces(mark)
	if x.Scheme != Never {
		p.rewrite(func(n int) {
			t := &p.Text
			if bytes.HasPrefix(t.Rest()[:n], mark) || x.Scheme == First && !p.begins() {
				t.Keep(n)
			} else {
				p.prependTo(n, mark)
			}
		})
	}
	if x.Cut {
		p.byRune(MergedWithNext, func(r rune) bool { return r == x.Mark })
	}
}

// begins tells whether the piece being rewritten comes from the beginning of
// the original.
func (p *Pieces) begins() bool {
	t := &p.Text
	if t.Src != nil {
		return t.Src[t.At()].Lo == 0
	}
	return t.At() == 0 && t.Base() == 0
}

func (p *Pieces) replaceSpaces(mark []byte) {
	t := &p.Text
	if bytes.IndexByte(t.B, ' ') < 0 {
		return
	}
	p.rewrite(func(n int) {
		s := t.Rest()[:n]
		for len(s) > 0 {
			k := bytes.IndexByte(s, ' ')
			if k < 0 {
				t.Keep(len(s))
				break
			}
			t.Keep(k)
			t.Drop(1)
			t.InsertBytes(mark)
			s = s[k+1:]
		}
	})
}
