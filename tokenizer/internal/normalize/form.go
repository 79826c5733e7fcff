package normalize

import (
	"bytes"
	"slices"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/athanor-lm/athanor/tokenizer/internal/align"
	"github.com/athanor-lm/athanor/tokenizer/internal/charprop"
)

// Form is one of Unicode's normal forms, in Unicode 9, which the reference
// goes by: later characters are left alone. Unlike x/text it does not cut long
// rows of marks (the stream-safe format).
type Form struct {
	form     norm.Form // NFC or NFKC: gives the properties
	composed bool
	changing func() *charprop.Set
}

// The four forms.
var (
	NFC  = newForm(norm.NFC, true)
	NFD  = newForm(norm.NFD, false)
	NFKC = newForm(norm.NFKC, true)
	NFKD = newForm(norm.NFKD, false)
)

func newForm(f norm.Form, composed bool) *Form {
	out := &Form{form: f, composed: composed}
	out.changing = sync.OnceValue(out.findChanging)
	return out
}

// findChanging collects the characters that are not their own normal form or
// that act upon a character before them. Text without them is in the form.
func (f *Form) findChanging() *charprop.Set {
	active := charprop.Active()
	var ranges []uint32
	var buf [utf8.UTFMax]byte
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if !active.Has(r) {
			continue
		}
		b := buf[:utf8.EncodeRune(buf[:], r)]
		if !f.boundary(b) || !bytes.Equal(f.form.Bytes(b), b) {
			ranges = append(ranges, uint32(r), uint32(r))
		}
	}
	return charprop.NewSet(ranges)
}

// mark is a character on its way: its combining class and what it does to the
// text (align.Text.Change).
type mark struct {
	r      rune
	class  uint8
	change int
}

// Normalize puts the text into the form, segment by segment. A segment begins
// with a character that nothing before it acts upon.
func (f *Form) Normalize(t *align.Text) {
	set := f.changing()
	b := t.B
	if first := nextIn(set, b, 0); first == len(b) {
		return
	}
	t.Begin()
	var marks, held []mark
	for i := 0; i < len(b); {
		j := nextIn(set, b, i)
		if j == len(b) {
			break
		}
		start := j
		if !f.boundary(b[j:]) && j > i {
			r, w := utf8.DecodeLastRune(b[i:j])
			if r != utf8.RuneError || w > 1 {
				start = j - w
			}
		}
		end := j + runeLen(b[j:])
		for end < len(b) && !f.boundary(b[end:]) {
			end += runeLen(b[end:])
		}
		t.Keep(start - t.At())
		marks = f.decompose(marks[:0], b[start:end])
		if f.composed {
			marks, held = compose(marks, held)
		}
		var buf [utf8.UTFMax]byte
		for _, m := range marks {
			t.Change(buf[:utf8.EncodeRune(buf[:], m.r)], m.change)
		}
		i = end
	}
	t.Keep(len(b) - t.At())
	t.Done()
}

// boundary tells whether nothing before the first character of b acts upon it.
// What it decomposes to may compose with what is before (U+3154 does).
func (f *Form) boundary(b []byte) bool {
	if b[0] < utf8.RuneSelf {
		return true
	}
	if r, _ := utf8.DecodeRune(b); !charprop.Active().Has(r) {
		return true
	}
	p := f.form.Properties(b)
	if d := p.Decomposition(); d != nil {
		p = norm.NFC.Properties(d)
	}
	return p.BoundaryBefore()
}

// nextIn returns where the next member of set begins, len(b) if there is none.
func nextIn(set *charprop.Set, b []byte, i int) int {
	for i < len(b) {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, w := utf8.DecodeRune(b[i:])
		if set.Has(r) {
			return i
		}
		i += w
	}
	return len(b)
}

func runeLen(b []byte) int {
	_, w := utf8.DecodeRune(b)
	return w
}

// decompose appends the decompositions of a segment's characters, the marks of
// each starter in the order of their classes.
func (f *Form) decompose(dst []mark, b []byte) []mark {
	pending := len(dst)
	push := func(r rune, class uint8, first bool) {
		if class == 0 {
			sortMarks(dst[pending:])
			pending = len(dst)
		}
		m := mark{r: r, class: class}
		if !first {
			m.change = 1
		}
		dst = append(dst, m)
	}
	active := charprop.Active()
	for len(b) > 0 {
		r, w := utf8.DecodeRune(b)
		switch p := f.form.Properties(b); {
		case !active.Has(r):
			push(r, 0, true)
		case r >= hangulBase && r < hangulBase+hangulCount:
			s := r - hangulBase
			push(leadBase+s/(vowelCount*tailCount), 0, true)
			push(vowelBase+s%(vowelCount*tailCount)/tailCount, 0, false)
			if s%tailCount > 0 {
				push(tailBase+s%tailCount, 0, false)
			}
		case p.Decomposition() != nil:
			parts := p.Decomposition()
			for k := 0; k < len(parts); {
				d, dw := utf8.DecodeRune(parts[k:])
				push(d, f.form.Properties(parts[k:]).CCC(), k == 0)
				k += dw
			}
		default:
			push(r, p.CCC(), true)
		}
		b = b[w:]
	}
	sortMarks(dst[pending:])
	return dst
}

func sortMarks(m []mark) {
	if len(m) > 1 {
		slices.SortStableFunc(m, func(a, b mark) int { return int(a.class) - int(b.class) })
	}
}

// compose joins decomposed characters, in place, to the starters before them
// where nothing stands between: Unicode Standard Annex 15, step by step as the
// reference does it, since the steps decide the offsets. Held is scratch.
func compose(in, held []mark) (out, scratch []mark) {
	out, held = in[:0], held[:0]
	var starter mark
	have, last := false, -1 // last is the class of the last mark held, -1 for none
	for _, m := range in {
		if !have {
			if m.class != 0 {
				out = append(out, m)
			} else {
				starter, have = m, true
			}
			continue
		}
		if last < int(m.class) {
			if r, ok := composePair(starter.r, m.r); ok {
				starter.r, starter.change = r, starter.change+m.change-1
				continue
			}
		}
		if m.class == 0 {
			out = append(append(out, starter), held...)
			held, last = held[:0], -1
			starter = m
			continue
		}
		held, last = append(held, m), int(m.class)
	}
	if have {
		out = append(out, starter)
	}
	return append(out, held...), held
}

// Hangul syllables are composed by arithmetic (The Unicode Standard 3.12).
const (
	hangulBase, hangulCount = 0xac00, 11172
	leadBase, leadCount     = 0x1100, 19
	vowelBase, vowelCount   = 0x1161, 21
	tailBase, tailCount     = 0x11a7, 28
)

func composePair(a, b rune) (rune, bool) {
	if l, v := a-leadBase, b-vowelBase; 0 <= l && l < leadCount && 0 <= v && v < vowelCount {
		return hangulBase + (l*vowelCount+v)*tailCount, true
	}
	if s, t := a-hangulBase, b-tailBase; 0 <= s && s < hangulCount && s%tailCount == 0 && 0 < t && t < tailCount {
		return a + t, true
	}
	r, ok := pairs()[[2]rune{a, b}]
	return r, ok
}

// pairs are the primary composites by what they are made of.
var pairs = sync.OnceValue(func() map[[2]rune]rune {
	out := map[[2]rune]rune{}
	active := charprop.Active()
	var buf [utf8.UTFMax]byte
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if !active.Has(r) || hangulBase <= r && r < hangulBase+hangulCount {
			continue
		}
		b := buf[:utf8.EncodeRune(buf[:], r)]
		d := norm.NFC.Properties(b).Decomposition()
		if d == nil || !norm.NFC.IsNormal(b) {
			continue
		}
		last, w := utf8.DecodeLastRune(d)
		first, n := utf8.DecodeRune(norm.NFC.Bytes(d[:len(d)-w]))
		if n == len(norm.NFC.Bytes(d[:len(d)-w])) && n > 0 {
			out[[2]rune{first, last}] = r
		}
	}
	return out
})
