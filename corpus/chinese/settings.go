// Package chinese is the filter "chinese": the counterparts, for Chinese, of the quality rules that English has. It counts characters,
// not words; its thresholds are set from what statutes, handbooks, examination questions and poems have (docs/corpus/chinese.md).
package chinese

import (
	"errors"
	"fmt"

	"github.com/athanor-lm/athanor/corpus"
)

// Settings are the rules' thresholds. Shares are of the visible characters (white space does not count), unless said otherwise. A
// least of 0 and a most of 0 switch a rule off; rules that say nothing about short texts look at texts of MinJudged characters or
// more.
type Settings struct {
	MinChars  int `yaml:"min_chars"`  // Han characters
	MaxChars  int `yaml:"max_chars"`  // visible characters
	MinJudged int `yaml:"min_judged"` // visible characters below which only the shares of Han, Latin and broken characters count

	MinHan      float64 `yaml:"min_han"`      // share of Han characters
	MaxLatin    float64 `yaml:"max_latin"`    // share of Latin letters and digits
	MinMarks    float64 `yaml:"min_marks"`    // share of punctuation
	MaxMarks    float64 `yaml:"max_marks"`    // share of punctuation
	MaxWide     float64 `yaml:"max_wide"`     // full-width letters and digits
	MaxBroken   float64 `yaml:"max_broken"`   // replacement characters and what wrong decoding leaves
	MinFunction int     `yaml:"min_function"` // different ones of 的是在和了有不为以之与于也而
	MaxPinyin   float64 `yaml:"max_pinyin"`   // pinyin within words, a thousand Han characters, where there are three or more

	MinSentence float64 `yaml:"min_sentence"` // mean length of sentences in characters
	MaxSentence float64 `yaml:"max_sentence"` // the same
	MinComplete float64 `yaml:"min_complete"` // share of the characters that are in sentences that end
	MaxOpen     float64 `yaml:"max_open"`     // share of the lines that end without punctuation
	MaxShort    float64 `yaml:"max_short"`    // share of the lines that are short (10 characters)

	TopNGrams       []Repeats `yaml:"top_n_grams"`       // share of the letters in the most frequent n-gram
	DuplicateNGrams []Repeats `yaml:"duplicate_n_grams"` // share of the letters in n-grams that occurred before

	Script   string  `yaml:"script"`    // any, simplified or traditional: which one the text must be in
	MaxMixed float64 `yaml:"max_mixed"` // share of the rarer script among the characters that tell, where there are 20 or more

	Adverts    string   `yaml:"adverts"`     // lines that advertise in disguise: cut, count or ignore
	Chrome     string   `yaml:"chrome"`      // short lines with one of the phrases: cut, count or ignore
	Phrases    []string `yaml:"phrases"`     // of chrome
	MaxAdverts float64  `yaml:"max_adverts"` // share of the bytes in such lines of either kind
}

// Repeats is how much of a text n-grams may make up.
type Repeats struct {
	N        int     `yaml:"n"`         // characters
	MaxChars float64 `yaml:"max_chars"` // share of the letters
}

const (
	cut    = "cut"
	count  = "count"
	ignore = "ignore"
)

// Validate refuses shares out of range and unknown words.
func (s *Settings) Validate() error {
	var errs []error
	for _, f := range []struct {
		key   string
		value float64
	}{
		{"min_han", s.MinHan}, {"max_latin", s.MaxLatin}, {"min_marks", s.MinMarks}, {"max_marks", s.MaxMarks}, {"max_wide", s.MaxWide},
		{"max_broken", s.MaxBroken}, {"min_complete", s.MinComplete}, {"max_open", s.MaxOpen}, {"max_short", s.MaxShort},
		{"max_mixed", s.MaxMixed}, {"max_adverts", s.MaxAdverts},
	} {
		if !(f.value >= 0 && f.value <= 1) {
			errs = append(errs, fmt.Errorf("%s: %v, want a share of 0..1", f.key, f.value))
		}
	}
	for _, f := range []struct {
		key  string
		list []Repeats
	}{{"top_n_grams", s.TopNGrams}, {"duplicate_n_grams", s.DuplicateNGrams}} {
		for i, r := range f.list {
			if r.N < 1 || r.N > 100 || !(r.MaxChars >= 0 && r.MaxChars <= 1) {
				errs = append(errs, fmt.Errorf("%s[%d]: n: %d, max_chars: %v, want 1..100 characters, a share of 0..1", f.key, i, r.N, r.MaxChars))
			}
		}
	}
	for _, f := range []struct{ key, value, a, b, c string }{
		{"script", s.Script, "any", "simplified", "traditional"},
		{"adverts", s.Adverts, cut, count, ignore}, {"chrome", s.Chrome, cut, count, ignore},
	} {
		if f.value != f.a && f.value != f.b && f.value != f.c {
			errs = append(errs, fmt.Errorf("%s: %q, want %s, %s or %s", f.key, f.value, f.a, f.b, f.c))
		}
	}
	for i, p := range s.Phrases {
		if p == "" {
			errs = append(errs, fmt.Errorf(`phrases[%d]: "", want a phrase: every line has the empty one`, i))
		}
	}
	for _, f := range []struct {
		key   string
		value float64
	}{
		{"min_chars", float64(s.MinChars)}, {"max_chars", float64(s.MaxChars)}, {"min_judged", float64(s.MinJudged)},
		{"min_function", float64(s.MinFunction)}, {"max_pinyin", s.MaxPinyin}, {"min_sentence", s.MinSentence}, {"max_sentence", s.MaxSentence},
	} {
		if !(f.value >= 0) {
			errs = append(errs, fmt.Errorf("%s: %v, want 0 or more", f.key, f.value))
		}
	}
	return errors.Join(errs...)
}

// Files returns none.
func (s *Settings) Files() []string { return nil }

// Open returns the filter.
func (s *Settings) Open(corpus.Env) (func() corpus.Filter, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	judge := newLineJudge(s.Phrases)
	var top, duplicate []string
	for _, g := range s.TopNGrams {
		top = append(top, fmt.Sprintf("top-%d-gram", g.N))
	}
	for _, g := range s.DuplicateNGrams {
		duplicate = append(duplicate, fmt.Sprintf("duplicate-%d-grams", g.N))
	}
	return func() corpus.Filter {
		return &filter{
			Settings: *s, scan: newScanner(), judge: judge, topNames: top, duplicateNames: duplicate,
		}
	}, nil
}
