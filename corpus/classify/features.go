// Package classify is a linear classifier of documents over hashed n-grams: logistic regression for two labels, softmax for more. One
// kind of model serves scores of quality, toxicity and domain alike; what it scores is what it was shown.
//
// Features are n-grams of words, and n-grams of characters where words are not set apart (Chinese, Japanese), each hashed to one of
// 2^Bits weights (Weinberger et al. 2009). An n-gram that a document has c times counts 1 + ln c; the vector of a document has
// length 1.
package classify

import (
	"fmt"
	"math"
	"unicode"
	"unicode/utf8"
)

// Options say what the features are. They are part of a model.
type Options struct {
	Bits       int  `yaml:"bits" json:"bits"`             // 2^Bits weights a label: 10..22
	Words      int  `yaml:"words" json:"words"`           // longest n-gram of words, 0 = none, at most 4
	Characters int  `yaml:"characters" json:"characters"` // longest n-gram of characters, 0 = none, at most 6
	Everywhere bool `yaml:"everywhere" json:"everywhere"` // n-grams of characters in all scripts, not in Han and kana alone
	MaxBytes   int  `yaml:"max_bytes" json:"max_bytes"`   // bytes of a document that are looked at, from its beginning; 0 = all
}

// DefaultOptions are words and pairs of words, and up to four Han characters, of the first 64 KiB.
func DefaultOptions() Options {
	return Options{Bits: 20, Words: 2, Characters: 4, MaxBytes: 64 << 10}
}

const (
	maxWords      = 4
	maxCharacters = 6
)

// Validate refuses options that cannot be.
func (o *Options) Validate() error {
	for _, c := range []struct {
		key            string
		v, least, most int
	}{{"bits", o.Bits, 10, 22}, {"words", o.Words, 0, maxWords}, {"characters", o.Characters, 0, maxCharacters}, {"max_bytes", o.MaxBytes, 0, 1 << 30}} {
		if c.v < c.least || c.v > c.most {
			return fmt.Errorf("classify: %s is %d, want %d..%d", c.key, c.v, c.least, c.most)
		}
	}
	if o.Words+o.Characters == 0 {
		return fmt.Errorf("classify: words and characters are 0, want n-grams of either")
	}
	return nil
}

// feature is a weight's number, below 2^Bits, and what it counts in a document.
type feature struct {
	Index uint32
	Value float32
}

// extractor finds the features of documents. One goroutine uses it.
type extractor struct {
	o       Options
	shift   uint
	counts  []count // open addressing, at most half full
	narrow  uint    // from 32 bits to a place in counts
	touched []uint32
	out     []feature

	words [maxWords]uint64      // hashes of the n-grams of words that end with the last word
	chars [maxCharacters]uint64 // … of characters, with the last character
	nword int                   // how many of them there are
	nchar int
}

type count struct{ index, n uint32 } // n = 0: empty

// newExtractor returns an extractor for valid options.
func newExtractor(o Options) *extractor {
	const places = 12 // 32 KiB to begin with
	return &extractor{o: o, shift: uint(64 - o.Bits), counts: make([]count, 1<<places), narrow: 32 - places}
}

// What bytes are to the scanner: everything above is a letter or digit, folded; digits are all 0.
const (
	isMark     = 0 // punctuation, symbols, control characters: a word each
	isSpace    = 1
	isMultiple = 2 // the beginning of a longer character
)

var folded = func() (t [256]byte) {
	for c := range t {
		switch {
		case c >= utf8.RuneSelf:
			t[c] = isMultiple
		case c == ' ' || c >= '\t' && c <= '\r':
			t[c] = isSpace
		case c >= '0' && c <= '9':
			t[c] = '0'
		case c >= 'a' && c <= 'z':
			t[c] = byte(c)
		case c >= 'A' && c <= 'Z':
			t[c] = byte(c) | 0x20
		}
	}
	return t
}()

const (
	seed  = 0x9E3779B97F4A7C15
	prime = 0xD6E8FEB86659FD93
	chain = 0x9FB21C651E98DF25 // from an n-gram to the one that a unit makes longer
)

// extract returns a document's features, in the order in which they first occur, valid until the next call.
func (e *extractor) extract(text string) []feature {
	if cut := e.o.MaxBytes; cut > 0 && len(text) > cut {
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	e.nword, e.nchar = 0, 0
	e.scan(text)
	return e.vector()
}

// scan cuts the text into words and characters.
func (e *extractor) scan(text string) {
	h, inWord := uint64(seed), false
	everywhere, gap := e.o.Everywhere && e.o.Characters > 0, false
	for at := 0; at < len(text); {
		r, size := rune(folded[text[at]]), 1
		han, mark := false, r == isMark
		if r == isMultiple {
			r, size = utf8.DecodeRuneInString(text[at:])
			r, han, mark = foldRune(r)
		} else if mark {
			r = rune(text[at])
		}
		at += size
		space := !mark && r == isSpace
		if everywhere && !space {
			if gap {
				e.char(' ')
			}
			e.char(r)
		}
		gap = space
		if !space && !mark && !han {
			h, inWord = (h^uint64(r))*prime, true
			continue
		}
		if inWord {
			e.word(h)
			h, inWord = seed, false
		}
		switch {
		case mark:
			e.word((chain ^ uint64(r)) * prime) // apart from the words of one letter
		case han && e.o.Characters == 0:
			e.word((seed ^ uint64(r)) * prime)
		case han && !everywhere:
			e.char(r)
		}
	}
	if inWord {
		e.word(h)
	}
}

// word counts the n-grams that end with a word. Those of Han characters do not reach across it.
func (e *extractor) word(h uint64) {
	if !e.o.Everywhere {
		e.nchar = 0
	}
	n := min(e.nword+1, e.o.Words)
	for k := n - 1; k > 0; k-- {
		e.words[k] = e.words[k-1]*chain + h
	}
	e.words[0] = h
	for k := range n {
		e.count(e.words[k])
	}
	e.nword = n
}

// char counts the n-grams that end with a character.
func (e *extractor) char(r rune) {
	h := (uint64(r) + 1) * seed
	n := min(e.nchar+1, e.o.Characters)
	for k := n - 1; k > 0; k-- {
		e.chars[k] = e.chars[k-1]*chain + h
	}
	e.chars[0] = h
	for k := range n {
		e.count(e.chars[k])
	}
	e.nchar = n
}

func (e *extractor) count(h uint64) {
	h ^= h >> 32
	h *= prime
	index := uint32((h ^ h>>29) * chain >> e.shift)
	at := index * 0x9E3779B1 >> e.narrow
	for {
		c := &e.counts[at]
		switch {
		case c.n == 0:
			*c = count{index, 1}
			e.touched = append(e.touched, at)
			if 2*len(e.touched) > len(e.counts) {
				e.grow()
			}
			return
		case c.index == index:
			c.n++
			return
		}
		at = (at + 1) & uint32(len(e.counts)-1)
	}
}

// grow doubles the table.
func (e *extractor) grow() {
	old := e.counts
	e.counts = make([]count, 2*len(old))
	e.narrow--
	for i, from := range e.touched {
		at := old[from].index * 0x9E3779B1 >> e.narrow
		for e.counts[at].n != 0 {
			at = (at + 1) & uint32(len(e.counts)-1)
		}
		e.counts[at], e.touched[i] = old[from], at
	}
}

// vector makes the features of the counts, and empties the table.
func (e *extractor) vector() []feature {
	e.out = e.out[:0]
	sum := 0.0
	for _, at := range e.touched {
		c := &e.counts[at]
		v := 1.0
		if c.n > 1 {
			v += math.Log(float64(c.n))
		}
		sum += v * v
		e.out = append(e.out, feature{c.index, float32(v)})
		c.n = 0
	}
	e.touched = e.touched[:0]
	scale := float32(1 / math.Sqrt(max(sum, 1)))
	for i := range e.out {
		e.out[i].Value *= scale
	}
	return e.out
}

// foldRune lower-cases a character beyond ASCII and folds full-width forms of ASCII; white space becomes isSpace, digits '0'. It
// tells whether the character belongs to a script that does not set words apart, and whether it is a punctuation mark.
func foldRune(r rune) (folds rune, han, mark bool) {
	switch {
	case r >= 0x4E00 && r <= 0x9FFF:
		return r, true, false
	case r >= 0xFF01 && r <= 0xFF5E:
		if c := folded[r-0xFF01+'!']; c > isMultiple {
			return rune(c), false, false
		}
		return r, false, true
	case unicode.IsSpace(r):
		return isSpace, false, false
	case r >= 0x2000 && r <= 0x2BFF || r >= 0x3000 && r <= 0x303F || r < 0xC0:
		return r, false, true
	case r >= 0x3040 && r <= 0x30FF || r >= 0x3400 && r <= 0x4DBF || r >= 0xF900 && r <= 0xFAFF || r >= 0x20000 && r <= 0x3FFFF:
		return r, true, false
	case unicode.IsDigit(r):
		return '0', false, false
	}
	return unicode.ToLower(r), false, false
}
