// Package filter has the rules by which the field cleans web text, each a step of a recipe: Gopher's for quality and repetition,
// C4's, FineWeb's, C4's list of bad words and FineWeb's filter of URLs. Semantics and defaults are datatrove's, the implementation
// that FineWeb was made with; where a paper says something else, a setting chooses it.
//
// A limit below 0 switches its rule off, as does a lower limit of 0. The rules are judged in datatrove's order, and the first one
// that fails drops the document.
package filter

import (
	"fmt"
	"math"
	"strconv"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/segment"
)

// maxSpans is how many places a finding shows.
const maxSpans = 300

// judge holds values against limits. Its methods return whether the filter is done: the document is dropped, and nobody asked for
// the rest.
type judge struct{ *corpus.Report }

// atMost wants value ≤ limit.
func (j judge) atMost(rule string, value, limit float64, spans func() []corpus.Span) bool {
	if limit < 0 {
		return false
	}
	return j.verdict(rule, value, limit, "≤ ", value > limit, spans)
}

// atLeast wants value ≥ limit.
func (j judge) atLeast(rule string, value, limit float64, spans func() []corpus.Span) bool {
	if limit <= 0 {
		return false
	}
	return j.verdict(rule, value, limit, "≥ ", value < limit, spans)
}

func (j judge) verdict(rule string, value, limit float64, sign string, failed bool, spans func() []corpus.Span) bool {
	if failed {
		j.Drop(rule, value, limit)
	}
	if !j.Explain {
		return failed
	}
	f := corpus.Finding{Rule: rule, Value: value, Limit: sign + strconv.FormatFloat(limit, 'g', 6, 64), Failed: failed}
	if spans != nil {
		f.Spans = spans()
		f.Spans = f.Spans[:min(len(f.Spans), maxSpans)]
	}
	j.Find(f)
	return false
}

// share returns part/whole, 0 where the whole is nothing.
func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// checkShare refuses a limit that no share can meet or miss.
func checkShare(key string, v float64) error {
	if math.IsNaN(v) || v > 1 {
		return fmt.Errorf("%s: %v, want a share from 0 to 1, or a negative number to switch the rule off", key, v)
	}
	return nil
}

// checkNumber refuses what is not a number.
func checkNumber(key string, v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%s: %v, want a number", key, v)
	}
	return nil
}

// Kinds of words that rules may count.
const (
	wordsWords  = "words"
	wordsSpaCy  = "spacy"
	wordsFields = "fields"
)

func checkWords(v string) error {
	if v != wordsWords && v != wordsSpaCy && v != wordsFields {
		return fmt.Errorf("words: %q, want %q (tokens of spaCy's English tokenizer, but each Han character, …), %q (its tokens throughout) or %q (what stands between white space)", v, wordsWords, wordsSpaCy, wordsFields)
	}
	return nil
}

// wordsOf returns a text's words of a kind.
func wordsOf(seg *segment.Text, kind string) []segment.Word {
	switch kind {
	case wordsSpaCy:
		return seg.Tokens()
	case wordsFields:
		return seg.Fields()
	}
	return seg.Words()
}
