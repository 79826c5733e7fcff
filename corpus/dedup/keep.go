package dedup

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/zeebo/xxh3"
)

// Keep says which of several copies stays. Ties go to the smallest hash of all that the document holds.
type Keep struct {
	// Rule is "longest" text, earliest in the list of sources ("source"), highest score ("score"), earliest date ("date"), or
	// first in the corpus ("first"), which alone depends on the order of the input.
	Rule string `yaml:"keep"`
	// Sources in order of preference, for keep: source; others come after them.
	Sources []string `yaml:"prefer"`
	// Score names the number, found by an earlier step or a field of the record, for keep: score; documents without one come last.
	Score string `yaml:"score"`
	// Date names the field of the record for keep: date: RFC 3339, a date or year that begins like it, RFC 1123, or a number: a year
	// up to 9999, else Unix seconds. Documents without one come last.
	Date string `yaml:"date"`
}

var keepRules = []string{"longest", "source", "score", "date", "first"}

func (k *Keep) validate() error {
	if !slices.Contains(keepRules, k.Rule) {
		return fmt.Errorf("keep: %q, want one of %s", k.Rule, strings.Join(keepRules, ", "))
	}
	for _, need := range []struct {
		rule, key string
		missing   bool
	}{{"source", "prefer", len(k.Sources) == 0}, {"score", "score", k.Score == ""}, {"date", "date", k.Date == ""}} {
		if k.Rule == need.rule && need.missing {
			return fmt.Errorf("keep: %s, but %s is not given", need.rule, need.key)
		}
	}
	return nil
}

const (
	headBytes = 16  // rank and tie
	maxID     = 200 // bytes of a document's name that are remembered
)

// appendHead begins a document's record: its rank, smaller being better, the hash that breaks ties, and its name. Records of
// documents that take no part are empty.
func (k *Keep) appendHead(dst []byte, d *corpus.Document) []byte {
	var rank, tie uint64
	if k.Rule != "first" {
		rank, tie = k.rank(d), contents(d)
	}
	dst = binary.BigEndian.AppendUint64(dst, rank)
	dst = binary.BigEndian.AppendUint64(dst, tie)
	id := d.ID
	if len(id) > maxID {
		cut := maxID
		for cut > 0 && !utf8.RuneStart(id[cut]) {
			cut--
		}
		id = id[:cut]
	}
	dst = binary.AppendUvarint(dst, uint64(len(id)))
	return append(dst, id...)
}

func (k *Keep) rank(d *corpus.Document) uint64 {
	switch k.Rule {
	case "longest":
		return math.MaxUint64 - uint64(len(d.Text()))
	case "source":
		i := slices.Index(k.Sources, d.Source)
		if i < 0 {
			i = len(k.Sources)
		}
		return uint64(i)
	case "score":
		if v, ok := d.Number(k.Score); ok && v == v {
			return math.MaxUint64 - 1 - ordered(v)
		}
	case "date":
		if t, ok := date(d, k.Date); ok {
			return uint64(t) ^ 1<<63
		}
	}
	return math.MaxUint64
}

// ordered maps a number to one that compares alike as an unsigned integer.
func ordered(v float64) uint64 {
	b := math.Float64bits(v)
	if b>>63 != 0 {
		return ^b
	}
	return b | 1<<63
}

// contents hashes all that a document came with.
func contents(d *corpus.Document) uint64 {
	h := xxh3.HashString(d.Text())
	for _, s := range [...]string{d.ID, d.Source, d.Lang, d.URL} {
		h = xxh3.HashStringSeed(s, h)
	}
	return xxh3.HashSeed(d.Meta, h)
}

var dateLayouts = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02", "2006-01", "2006", time.RFC1123Z, time.RFC1123}

// date reads a field as seconds since 1970.
func date(d *corpus.Document, key string) (int64, bool) {
	if v, ok := d.Number(key); ok {
		if year := int(v); v >= 0 && v < 10_000 && v == float64(year) { // the first hours of 1970 are nobody's date
			return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), true
		}
		return int64(min(max(v, -1<<62), 1<<62)), true
	}
	s, ok := d.String(key)
	if !ok {
		return 0, false
	}
	s = strings.TrimSpace(s)
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Unix(), true
		}
	}
	return 0, false
}
