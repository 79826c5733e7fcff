package normalize

import (
	"github.com/athanor-lm/athanor/tokenizer/internal/align"
	"github.com/athanor-lm/athanor/tokenizer/internal/charprop"
)

// Bert is the cleaning before BERT's word pieces (Devlin et al. 2018).
type Bert struct {
	CleanText    bool // drop control characters, make all white space plain spaces
	ChineseChars bool // put spaces around Chinese characters
	StripAccents bool // decompose and drop the marks
	Lowercase    bool
}

func (p Bert) Normalize(t *align.Text) {
	if p.CleanText {
		cleanText(t)
	}
	if p.ChineseChars {
		each(t, func(r rune) bool { return !Chinese(r) }, func(r rune, w int) {
			if !Chinese(r) {
				t.Keep(w)
				return
			}
			t.Put(' ')
			t.Insert(r)
			t.Insert(' ')
		})
	}
	if p.StripAccents {
		NFD.Normalize(t)
		filter(t, charprop.Nonspacing().Has)
	}
	if p.Lowercase {
		Lowercase{}.Normalize(t)
	}
}

func cleanText(t *align.Text) {
	control := charprop.Control()
	plain := func(r rune) bool { return r == ' ' || !control.Has(r) && !charprop.IsSpace(r) }
	each(t, plain, func(r rune, w int) {
		switch {
		case control.Has(r):
			t.Drop(w)
		case charprop.IsSpace(r):
			t.Put(' ')
		default:
			t.Keep(w)
		}
	})
}

// Chinese tells whether BERT sets r apart: the blocks of Chinese characters as
// its authors listed them.
func Chinese(r rune) bool {
	return r >= 0x3400 && (0x4e00 <= r && r <= 0x9fff || r <= 0x4dbf ||
		0x20000 <= r && r <= 0x2a6df || 0x2a700 <= r && r <= 0x2b73f || 0x2b740 <= r && r <= 0x2b81f ||
		0x2b920 <= r && r <= 0x2ceaf || 0xf900 <= r && r <= 0xfaff || 0x2f800 <= r && r <= 0x2fa1f)
}
