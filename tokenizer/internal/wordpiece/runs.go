package wordpiece

import (
	"sync"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/align"
	"github.com/athanor-lm/athanor/tokenizer/internal/charprop"
	"github.com/athanor-lm/athanor/tokenizer/internal/normalize"
)

// Runs cuts raw text where BertNormalizer and BertPreTokenizer are sure to cut
// it: at white space, and around punctuation and Chinese characters. Whatever
// stands between, a run, is normalized and cut further by itself: nothing that
// the normalizer does reaches across those characters, which have combining
// class 0 and, Chinese ones apart, stay as they are. So the same run always
// gives the same words, and may be looked up before it is normalized.
type Runs struct {
	norm  normalize.Bert
	table []uint32  // character below U+10000 → inRun, space, or what alone said
	lower [256]byte // what becomes of a byte of a run; 0: see fold
	ascii [256]bool // the byte is an ASCII character that belongs to a run
	fold  func() *folding
}

const (
	inRun = ^uint32(0) - iota
	space
	lone // cut out, above U+FFFF: looked up like a run
)

const tableSize = 1 << 16

// NewRuns prepares cutting. alone is told the normalized form of each character
// that is cut out and becomes one word, and says what to keep for it; nil keeps
// nothing.
func NewRuns(norm normalize.Bert, alone func(word []byte) uint32) *Runs {
	r := &Runs{norm: norm, table: make([]uint32, tableSize)}
	if alone == nil {
		alone = func([]byte) uint32 { return 0 }
	}
	r.fold = sync.OnceValue(r.newFolding)
	var t align.Text
	for c := range rune(tableSize) {
		r.table[c] = r.classify(c, &t, alone)
	}
	for c := range utf8.RuneSelf {
		if r.ascii[c] = r.table[c] == inRun; !r.ascii[c] {
			continue
		}
		// A letter or digit; what is left are controls, to be dropped.
		if b := r.normalized([]byte{byte(c)}, &t); len(b) == 1 {
			r.lower[c] = b[0]
		}
	}
	return r
}

func (r *Runs) classify(c rune, t *align.Text, alone func([]byte) uint32) uint32 {
	if r.norm.CleanText && charprop.Control().Has(c) {
		return inRun
	}
	if r.norm.ChineseChars && normalize.Chinese(c) {
		if b := r.normalized([]byte(string(c)), t); len(b) == utf8.RuneLen(c)+2 {
			return alone(b[1 : len(b)-1])
		}
		return inRun
	}
	if charprop.Active().Has(c) {
		return inRun
	}
	switch raw := string(c); {
	case charprop.IsSpace(c):
		return space
	case charprop.Punctuation().Has(c) && string(r.normalized([]byte(raw), t)) == raw:
		return alone([]byte(raw))
	}
	return inRun
}

// normalized returns the normalized form of b, valid until t is used again.
func (r *Runs) normalized(b []byte, t *align.Text) []byte {
	t.Reset(b, 0, false)
	r.norm.Normalize(t) // has no pattern that could take too long
	return t.B
}

// at returns the entry of character c.
func (r *Runs) at(c rune) uint32 {
	if c < tableSize {
		return r.table[c]
	}
	if r.norm.ChineseChars && normalize.Chinese(c) {
		return lone
	}
	if lower, _ := charprop.Lower(c); lower == c && charprop.Punctuation().Has(c) && !charprop.Active().Has(c) && !charprop.Control().Has(c) && !charprop.Nonspacing().Has(c) {
		return lone
	}
	return inRun
}

// end returns where the run ends that text[:i] is in.
func (r *Runs) end(text []byte, i int) int {
	for i < len(text) {
		if r.ascii[text[i]] {
			i++
			continue
		}
		if text[i] < utf8.RuneSelf {
			break
		}
		c, w := utf8.DecodeRune(text[i:])
		if r.at(c) != inRun {
			break
		}
		i += w
	}
	return i
}

// Cut returns the end of what begins at text[i]: one or more white space
// characters, a character that is cut out, or a run.
func (r *Runs) Cut(text []byte, i int) int {
	c, w := utf8.DecodeRune(text[i:])
	i += w
	switch r.at(c) {
	case inRun:
		return r.end(text, i)
	case space:
		for i < len(text) {
			c, w := utf8.DecodeRune(text[i:])
			if r.at(c) != space {
				break
			}
			i += w
		}
	}
	return i
}

// Words calls f with the words of what Cut has cut, which may be none. A word
// is valid until f returns.
func (r *Runs) Words(run []byte, t *align.Text, f func(word []byte)) {
	b := r.normalized(run, t)
	from := 0
	for i := 0; i < len(b); {
		c, w := rune(b[i]), 1
		if c >= utf8.RuneSelf {
			c, w = utf8.DecodeRune(b[i:])
		}
		isSpace := charprop.IsSpace(c)
		if isSpace || charprop.Punctuation().Has(c) {
			if from < i {
				f(b[from:i])
			}
			if !isSpace {
				f(b[i : i+w])
			}
			from = i + w
		}
		i += w
	}
	if from < len(b) {
		f(b[from:])
	}
}
