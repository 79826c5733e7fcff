package ngram

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer"
)

// What a text can be cut into.
const (
	Tokens     = "token"     // of a tokenizer
	Characters = "character" // runs of white space are one
	Words      = "word"      // runs of letters and digits; other characters, Han and kana among them, are words by themselves
)

// cutter cuts lines into units, numbers that stand for what they are: a token's id, a character, a word's hash.
type cutter struct {
	unit string
	fold bool // lower-case letters, digits all 0
	tok  *tokenizer.Tokenizer

	text []byte
	ids  []uint32
	out  []uint64
}

func newCutter(unit string, fold bool, tok *tokenizer.Tokenizer) (*cutter, error) {
	if unit != Tokens && unit != Characters && unit != Words {
		return nil, fmt.Errorf("ngram: unit %q, want %s, %s or %s", unit, Tokens, Characters, Words)
	}
	if (unit == Tokens) != (tok != nil) {
		if tok == nil {
			return nil, fmt.Errorf("ngram: tokens are counted, but there is no tokenizer: want the one whose tokens they are")
		}
		return nil, fmt.Errorf("ngram: %ss are counted, which takes no tokenizer, but one is given", unit)
	}
	return &cutter{unit: unit, fold: fold, tok: tok}, nil
}

// eachSentence calls f with the units of every line that is not empty, valid until f returns.
func (c *cutter) eachSentence(text string, f func(units []uint64)) {
	for len(text) > 0 {
		line := text
		if i := strings.IndexByte(text, '\n'); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			text = ""
		}
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		c.out = c.out[:0]
		c.cut(line)
		f(c.out)
	}
}

func (c *cutter) cut(line string) {
	switch {
	case c.unit == Words:
		c.words(line)
		return
	case c.unit == Characters:
		c.characters(line)
		return
	case c.fold:
		c.text = appendFolded(c.text[:0], line)
	default:
		c.text = append(c.text[:0], line...)
	}
	c.ids = c.tok.AppendEncodePlain(c.ids[:0], c.text)
	for _, id := range c.ids {
		c.out = append(c.out, uint64(id))
	}
}

func (c *cutter) characters(line string) {
	space := false
	for _, r := range line {
		if unicode.IsSpace(r) {
			space = true
			continue
		}
		if space {
			c.out = append(c.out, ' ')
			space = false
		}
		if c.fold {
			r = foldRune(r)
		}
		c.out = append(c.out, uint64(r))
	}
}

const (
	hashSeed  = 0xCBF29CE484222325 // FNV-1a's
	hashPrime = 0x00000100000001B3
)

func (c *cutter) words(line string) {
	h, inWord := uint64(hashSeed), false
	for i := 0; i < len(line); {
		r, size := rune(line[i]), 1
		var letter, space bool
		if r < utf8.RuneSelf {
			letter = r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9'
			space = r == ' ' || r >= '\t' && r <= '\r'
		} else {
			r, size = utf8.DecodeRuneInString(line[i:])
			letter = !isHan(r) && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
			space = !letter && unicode.IsSpace(r)
		}
		i += size
		if letter {
			if c.fold {
				r = foldRune(r)
			}
			h, inWord = (h^uint64(r))*hashPrime, true
			continue
		}
		if inWord {
			c.out = append(c.out, h)
			h, inWord = hashSeed, false
		}
		if !space {
			c.out = append(c.out, (hashSeed^uint64(r))*hashPrime)
		}
	}
	if inWord {
		c.out = append(c.out, h)
	}
}

// isHan tells whether a character is a word by itself.
func isHan(r rune) bool {
	return r >= 0x4E00 && r <= 0x9FFF || r >= 0x3040 && r <= 0x30FF || r >= 0x3400 && r <= 0x4DBF ||
		r >= 0xF900 && r <= 0xFAFF || r >= 0x20000 && r <= 0x3FFFF
}

func foldRune(r rune) rune {
	switch {
	case r >= '0' && r <= '9':
		return '0'
	case r < utf8.RuneSelf:
		if r >= 'A' && r <= 'Z' {
			r |= 0x20
		}
		return r
	case r >= 0x4E00 && r <= 0x9FFF:
		return r
	case unicode.IsDigit(r):
		return '0'
	}
	return unicode.ToLower(r)
}

func appendFolded(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			dst = append(dst, byte(foldRune(rune(c))))
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, s[i])
		} else {
			dst = utf8.AppendRune(dst, foldRune(r))
		}
		i += size
	}
	return dst
}
