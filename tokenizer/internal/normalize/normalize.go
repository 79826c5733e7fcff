// Package normalize holds the normalizers of tokenizer.json. Each rewrites an
// align.Text as Hugging Face's tokenizers does, offsets included. Bytes that
// are not UTF-8 count as U+FFFD where a rule asks for the character and are
// kept otherwise.
package normalize

import (
	"bytes"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/align"
	"github.com/athanor-lm/athanor/tokenizer/internal/bytelevel"
	"github.com/athanor-lm/athanor/tokenizer/internal/charprop"
	"github.com/athanor-lm/athanor/tokenizer/internal/pattern"
)

// Normalizer rewrites a text. It does not change and may be used by many
// goroutines. What it cannot do is told by t.Err: a pattern took too long, or
// the text would have become longer than t.Limit. The text then stays as it was.
type Normalizer interface {
	Normalize(t *align.Text)
}

// Sequence runs normalizers one after the other.
type Sequence []Normalizer

func (s Sequence) Normalize(t *align.Text) {
	for _, n := range s {
		n.Normalize(t)
	}
}

// KeepsStart tells whether what a normalizer makes of a text always begins
// with something that comes from the text's first character.
func KeepsStart(n Normalizer) bool {
	switch n := n.(type) {
	case nil, *Form, Lowercase, ByteLevel, Prepend:
		return true
	case Sequence:
		for _, each := range n {
			if !KeepsStart(each) {
				return false
			}
		}
		return true
	}
	return false
}

// each rewrites the text character by character; f puts, inserts, keeps or
// drops. A text of which skip holds to the end is left alone.
func each(t *align.Text, skip func(r rune) bool, f func(r rune, w int)) {
	b, i := t.B, 0
	for i < len(b) {
		r, w := utf8.DecodeRune(b[i:])
		if !skip(r) {
			break
		}
		i += w
	}
	if i == len(b) {
		return
	}
	t.Begin()
	t.Keep(i)
	for i < len(b) {
		r, w := utf8.DecodeRune(b[i:])
		f(r, w)
		i += w
	}
	t.Done()
}

// filter drops the characters that drop holds of.
func filter(t *align.Text, drop func(r rune) bool) {
	each(t, func(r rune) bool { return !drop(r) }, func(r rune, w int) {
		if drop(r) {
			t.Drop(w)
		} else {
			t.Keep(w)
		}
	})
}

// Lowercase puts text into lower case, character by character.
type Lowercase struct{}

func (Lowercase) Normalize(t *align.Text) {
	same := func(r rune) bool {
		lower, dot := charprop.Lower(r)
		return lower == r && !dot
	}
	each(t, same, func(r rune, w int) {
		switch lower, dot := charprop.Lower(r); {
		case dot:
			t.Put('i')
			t.Insert('\u0307')
		case lower != r:
			t.Put(lower)
		default:
			t.Keep(w)
		}
	})
}

// StripAccents drops all marks; text is usually decomposed before.
type StripAccents struct{}

func (StripAccents) Normalize(t *align.Text) {
	filter(t, charprop.Mark().Has)
}

// Nmt drops control characters and makes plain spaces of others, as neural
// translation systems do.
type Nmt struct{}

func (Nmt) Normalize(t *align.Text) {
	each(t, func(r rune) bool { return nmt(r) == r }, func(r rune, w int) {
		switch c := nmt(r); c {
		case r:
			t.Keep(w)
		case -1:
			t.Drop(w)
		default:
			t.Put(c)
		}
	})
}

// nmt returns what becomes of r, -1 for nothing.
func nmt(r rune) rune {
	switch {
	case 1 <= r && r <= 8, r == 0xb, 0xe <= r && r <= 0x1f, r == 0x7f, r == 0x8f, r == 0x9f:
		return -1
	case r == '\t', r == '\n', r == '\f', r == '\r', r == 0x1680, 0x200b <= r && r <= 0x200f,
		r == 0x2028, r == 0x2029, r == 0x2581, r == 0xfeff, r == utf8.RuneError:
		return ' '
	}
	return r
}

// Replace puts Content in place of every match.
type Replace struct {
	Pattern *pattern.Pattern
	Content string
}

func (p Replace) Normalize(t *align.Text) {
	if t.Err != nil {
		return
	}
	if text := p.Pattern.Text(); text != nil && t.Src == nil {
		p.replaceText(t, text)
		return
	}
	var found []pattern.Match
	if found, t.Err = p.Pattern.Find(nil, t.B); len(found) == 0 || t.Err != nil {
		return
	}
	n := len(t.B)
	content := []byte(p.Content)
	t.Begin()
	for _, m := range found {
		t.Keep(m.Lo - t.At())
		t.Drop(m.Hi - m.Lo)
		t.InsertBytes(content)
	}
	t.Keep(n - t.At())
	t.Done()
}

// replaceText is Normalize for a string in a text that is not tracked, without
// a list of matches.
func (p Replace) replaceText(t *align.Text, text []byte) {
	b, content := t.B, []byte(p.Content)
	k := bytes.Index(b, text)
	if k < 0 {
		return
	}
	t.Begin()
	for ; k >= 0; k = bytes.Index(b, text) {
		t.Write(b[:k])
		t.Write(content)
		b = b[k+len(text):]
	}
	t.Write(b)
	t.Done()
}

// Prepend puts a string before a text that is not empty.
type Prepend string

func (p Prepend) Normalize(t *align.Text) {
	if len(t.B) > 0 {
		prependTo(t, string(p))
	}
}

// prependTo puts s before the text, which is not empty. Both s and the first
// character come from where the first character comes from.
func prependTo(t *align.Text, s string) {
	n := len(t.B)
	first := t.B[:runeLen(t.B)]
	t.Begin()
	if s == "" {
		t.InsertBytes(first) // as the reference does: from nowhere
		t.Drop(len(first))
	} else {
		w := runeLen([]byte(s))
		t.PutBytes([]byte(s[:w]))
		t.InsertBytes([]byte(s[w:]))
		t.InsertBytes(first)
	}
	t.Keep(n - t.At())
	t.Done()
}

// Strip drops white space at the ends.
type Strip struct{ Left, Right bool }

func (p Strip) Normalize(t *align.Text) {
	lo, hi := 0, len(t.B)
	if p.Left {
		lo = hi - len(bytes.TrimLeftFunc(t.B, charprop.IsSpace))
	}
	if p.Right {
		hi = max(lo, len(bytes.TrimRightFunc(t.B, charprop.IsSpace)))
	}
	if lo == 0 && hi == len(t.B) {
		return
	}
	t.Begin()
	t.Drop(lo)
	t.Keep(hi - lo)
	t.Done()
}

// ByteLevel spells every byte in GPT-2's byte alphabet.
type ByteLevel struct{}

func (ByteLevel) Normalize(t *align.Text) {
	if len(t.B) > 0 {
		SpellBytes(t)
	}
}

// SpellBytes spells the text's bytes in GPT-2's byte alphabet.
func SpellBytes(t *align.Text) {
	b := t.B
	t.Begin()
	for i := 0; i < len(b); {
		w := 1
		if b[i] >= utf8.RuneSelf {
			w = runeLen(b[i:])
		}
		t.Put(bytelevel.Rune(b[i]))
		for _, c := range b[i+1 : i+w] {
			t.Insert(bytelevel.Rune(c))
		}
		i += w
	}
	t.Done()
}
