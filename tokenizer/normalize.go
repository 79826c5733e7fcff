package tokenizer

import (
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normalizer rewrites text. It returns src itself when nothing changes, else
// the result written over dst. Bytes that are not UTF-8 are kept.
type normalizer interface {
	normalize(dst, src []byte) []byte
}

// nfc is Unicode's normalization form C.
type nfc struct{}

func (nfc) normalize(dst, src []byte) []byte {
	n := 0
	for n < len(src) && src[n] < utf8.RuneSelf {
		n++
	}
	if n == len(src) || norm.NFC.QuickSpan(src) == len(src) {
		return src
	}
	if longMarks(src) {
		return composeLong(dst[:0], src)
	}
	return norm.NFC.Append(dst[:0], src...)
}

// longMarks tells whether src has so many combining marks in a row that
// x/text would cut the row with a joiner (the stream-safe format allows 30
// code points after decomposition), which NFC itself does not.
func longMarks(src []byte) bool {
	row := 0
	for i := 0; i < len(src); {
		if src[i] < utf8.RuneSelf {
			row = 0
			i++
			continue
		}
		p := norm.NFC.Properties(src[i:])
		if p.CCC() == 0 {
			row = 0
		} else if row++; row >= 10 {
			return true
		}
		i += max(p.Size(), 1)
	}
	return false
}

// mark is a code point (or a byte that is none) with its combining class.
type mark struct {
	text  []byte
	class uint8
}

// composeLong is NFC by the book (Unicode Standard Annex 15): decompose, order
// the marks of every starter by class, compose. It is slow and for texts with
// long rows of marks only.
func composeLong(dst, src []byte) []byte {
	var all []mark
	for i := 0; i < len(src); {
		p := norm.NFC.Properties(src[i:])
		w := max(p.Size(), 1)
		parts := p.Decomposition()
		if parts == nil {
			all = append(all, mark{src[i : i+w], p.CCC()})
		}
		for len(parts) > 0 {
			q := norm.NFC.Properties(parts)
			all = append(all, mark{parts[:q.Size()], q.CCC()})
			parts = parts[q.Size():]
		}
		i += w
	}
	for i := 0; i < len(all); {
		j := i + 1
		for j < len(all) && all[j].class != 0 {
			j++
		}
		if all[i].class != 0 { // marks without a starter
			i--
		}
		slices.SortStableFunc(all[i+1:j], func(a, b mark) int { return int(a.class) - int(b.class) })
		i = j
	}
	for _, m := range composeMarks(all) {
		dst = append(dst, m.text...)
	}
	return dst
}

// composeMarks joins marks to the starters before them where a composed
// character exists and nothing blocks it.
func composeMarks(all []mark) []mark {
	out := all[:0:0]
	starter := -1
	for _, m := range all {
		if starter >= 0 {
			last := out[len(out)-1].class
			if starter == len(out)-1 || last < m.class {
				if c := composePair(out[starter].text, m.text); c != nil {
					out[starter].text = c
					continue
				}
			}
		}
		if m.class == 0 {
			starter = len(out)
		}
		out = append(out, m)
	}
	return out
}

func composePair(a, b []byte) []byte {
	if !utf8.Valid(a) || !utf8.Valid(b) {
		return nil
	}
	c := norm.NFC.Bytes(slices.Concat(a, b))
	if utf8.RuneCount(c) != 1 {
		return nil
	}
	return c
}
