// Package spmtrain trains SentencePiece models: unigram language models (Kudo
// 2018: Subword Regularization), BPE (Sennrich et al. 2016), words and
// characters, as the original program does.
//
// Text is cut wherever no piece may cross (between words, between scripts), and
// the parts are counted. Everything after that works on distinct parts, so the
// cost of training grows with the variety of a corpus rather than its length.
package spmtrain

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"unicode/utf8"
)

// Kind is the kind of model.
type Kind string

// The kinds of model.
const (
	Unigram Kind = "unigram"
	BPE     Kind = "bpe"
	Word    Kind = "word"
	Char    Kind = "char"
)

// Symbol is one of the special pieces.
type Symbol struct {
	ID    int    // below 0: the model has none
	Piece string // "" means the usual spelling
}

// Config says what Train makes. The zero value of every field but VocabSize is
// the original program's default.
type Config struct {
	Kind      Kind // "" means Unigram
	VocabSize int  // pieces in all, special ones too

	Coverage      float64 // share of the text's characters that the alphabet covers, 0.98 to 1; 0 means 0.9995
	RequiredChars string  // characters that are in the alphabet however rare
	MaxPiece      int     // longest piece in characters, 1 to 512; 0 means 16
	MaxSentence   int     // longer lines are left out, bytes; 0 means 4192
	Sentences     int     // at most this many lines are used, drawn by Seed; 0 means all
	Seed          uint64

	SeedPieces    int     // unigram: candidates to begin with; 0 means 1,000,000
	Shrink        float64 // unigram: share of the pieces kept by a pruning, 0.5 to 0.95; 0 means 0.75
	SubIterations int     // unigram: EM rounds between prunings, 1 to 10; 0 means 2

	AcrossSpace   bool // pieces may cross spaces
	AcrossScripts bool // … scripts
	AcrossNumbers bool // … from letters to digits
	SplitDigits   bool // each digit is a piece
	SpaceSuffix   bool // the space belongs to the word before it
	SpacePieces   bool // spaces alone may form longer pieces
	SoftLimit     bool // a smaller vocabulary than VocabSize is no error
	UseAll        bool // word and char: all words or characters, whatever VocabSize says

	ByteFallback   bool     // 256 byte pieces spell what is outside the alphabet
	ControlSymbols []string // pieces that no text gives
	UserSymbols    []string // pieces that text is cut into first

	Unk, BOS, EOS, Pad *Symbol // nil: <unk> 0, <s> 1, </s> 2, no <pad>
	UnkSurface         string  // what the unknown piece decodes to; "" means " ⁇ "

	Rules           string // nmt_nfkc, nfkc, nmt_nfkc_cf, nfkc_cf or identity; "" means nmt_nfkc
	RulesTSV        []byte // rules of one's own instead, in the original's format
	NoDummyPrefix   bool   // no space before the text
	KeepExtraSpaces bool   // leave double, leading and trailing spaces

	Workers  int // goroutines; 0 means GOMAXPROCS. The result does not depend on it
	Progress func(phase string, done, total int64)
}

// check fills in defaults and refuses what cannot be done.
func (c *Config) check() error {
	c.Kind = cmp.Or(c.Kind, Unigram)
	c.Coverage = cmp.Or(c.Coverage, 0.9995)
	c.MaxPiece = cmp.Or(c.MaxPiece, 16)
	c.MaxSentence = cmp.Or(c.MaxSentence, 4192)
	c.SeedPieces = cmp.Or(c.SeedPieces, 1_000_000)
	c.Shrink = cmp.Or(c.Shrink, 0.75)
	c.SubIterations = cmp.Or(c.SubIterations, 2)
	c.UnkSurface = cmp.Or(c.UnkSurface, " ⁇ ")
	if c.Workers <= 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	c.Unk = defaultSymbol(c.Unk, 0, "<unk>")
	c.BOS = defaultSymbol(c.BOS, 1, "<s>")
	c.EOS = defaultSymbol(c.EOS, 2, "</s>")
	c.Pad = defaultSymbol(c.Pad, -1, "<pad>")
	switch c.Kind {
	case Unigram, BPE:
		if c.UseAll {
			return fmt.Errorf("the whole vocabulary can be used with %s and %s only, not with %s", Word, Char, c.Kind)
		}
	case Word, Char:
	default:
		return fmt.Errorf("kind of model %q is unknown (known: unigram, bpe, word, char)", c.Kind)
	}
	if c.RulesTSV == nil {
		c.Rules = cmp.Or(c.Rules, defaultRules)
	} else if c.Rules != "" {
		return fmt.Errorf("normalization rules %q and rules of one's own exclude each other", c.Rules)
	}
	return errors.Join(
		within("vocabulary size", c.VocabSize, 1, 1<<24),
		within("character coverage", c.Coverage, 0.98, 1),
		within("longest piece", c.MaxPiece, 1, 512),
		within("longest sentence", c.MaxSentence, 10, 1<<30),
		within("number of sentences", c.Sentences, 0, 1<<40),
		within("number of seed pieces", c.SeedPieces, 1, 1<<28),
		within("shrinking factor", c.Shrink, 0.5, 0.95),
		within("EM rounds between prunings", c.SubIterations, 1, 10),
		validSymbols("control symbol", c.ControlSymbols),
		validSymbols("user-defined symbol", c.UserSymbols),
	)
}

func defaultSymbol(s *Symbol, id int, piece string) *Symbol {
	if s == nil {
		return &Symbol{id, piece}
	}
	return &Symbol{s.ID, cmp.Or(s.Piece, piece)}
}

func within[T int | float64](name string, v, low, high T) error {
	if v < low || v > high {
		return fmt.Errorf("%s %v, want %v to %v", name, v, low, high)
	}
	return nil
}

func validSymbols(name string, symbols []string) error {
	for _, s := range symbols {
		if s == "" || !utf8.ValidString(s) {
			return fmt.Errorf("%s %q, want non-empty UTF-8", name, s)
		}
	}
	return nil
}

// shape returns the rules of the pieces.
func (c *Config) shape() *shape {
	s := newShape(c.MaxPiece)
	s.acrossSpace, s.acrossScripts, s.acrossNumbers = c.AcrossSpace, c.AcrossScripts, c.AcrossNumbers
	s.splitDigits, s.suffix, s.spaceOnly = c.SplitDigits, c.SpaceSuffix, c.SpacePieces
	return s
}

func (c *Config) report(phase string, done, total int64) {
	if c.Progress != nil {
		c.Progress(phase, done, total)
	}
}
