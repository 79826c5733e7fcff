package wordpiece

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/athanor-lm/athanor/tokenizer/internal/align"
	"github.com/athanor-lm/athanor/tokenizer/internal/charprop"
)

// folding says what becomes of the characters of a run whose normalized form
// does not depend on their neighbours: nearly all. Marks that accents are not,
// which sort themselves among their like, and what becomes white space or
// punctuation are left to the normalizer.
type folding struct {
	table []uint32 // character below U+10000 → foldUnknown, foldKeep, foldDrop, or place<<4 | length in text
	text  []byte
}

const (
	foldUnknown = iota
	foldKeep
	foldDrop
)

// newFolding goes through all characters, which takes some milliseconds.
func (r *Runs) newFolding() *folding {
	f := &folding{table: make([]uint32, tableSize), text: make([]byte, 1)} // so that no place is 0
	var t align.Text
	var raw [utf8.UTFMax]byte
	for c := range rune(tableSize) {
		if r.table[c] != inRun {
			continue
		}
		b := raw[:utf8.EncodeRune(raw[:], c)] // of a surrogate U+FFFD, but those do not come up
		form := r.normalized(b, &t)
		switch {
		case !r.alone(form):
		case len(form) == 0:
			f.table[c] = foldDrop
		case string(form) == string(b):
			f.table[c] = foldKeep
		case len(form) < 16:
			f.table[c] = uint32(len(f.text)<<4 | len(form))
			f.text = append(f.text, form...)
		}
	}
	return f
}

// alone tells whether the normalized form of a character stays what it is
// beside others, and within one word.
func (r *Runs) alone(form []byte) bool {
	for len(form) > 0 {
		c, w := utf8.DecodeRune(form)
		if charprop.IsSpace(c) || charprop.Punctuation().Has(c) {
			return false
		}
		if r.norm.StripAccents && norm.NFD.Properties(form).CCC() != 0 {
			return false
		}
		form = form[w:]
	}
	return true
}

// append appends the word that a run becomes to dst; ok is false where the
// normalizer must be asked.
func (f *folding) append(dst, run []byte) (word []byte, ok bool) {
	for i := 0; i < len(run); {
		c, w := rune(run[i]), 1
		if c >= utf8.RuneSelf {
			c, w = utf8.DecodeRune(run[i:])
		}
		if c >= tableSize {
			return dst, false
		}
		switch e := f.table[c]; e {
		case foldUnknown:
			return dst, false
		case foldKeep:
			dst = append(dst, run[i:i+w]...)
		case foldDrop:
		default:
			at := e >> 4
			dst = append(dst, f.text[at:at+e&15]...)
		}
		i += w
	}
	return dst, true
}
