package dedup

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/zeebo/xxh3"
)

// Exact drops documents whose text another document has, by a hash of 128 bits: among 10^12 documents the chance that any two
// others share one is below 10^-14.
type Exact struct {
	Keep    `yaml:",inline"`
	Earlier `yaml:",inline"`
	// Normalise says what may differ: "none", nothing; "whitespace", how words are spaced; "words", also upper and lower case and
	// punctuation (only letters, marks and numbers count). Documents of which nothing is left are not copies.
	Normalise string `yaml:"normalise"`
}

// DefaultExact returns the settings that take equal texts for copies and keep the one with the smallest hash.
func DefaultExact() Exact {
	return Exact{Keep: Keep{Rule: "longest"}, Normalise: "none"}
}

var exactNormal = []string{"none", "whitespace", "words"}

// Validate refuses unknown rules.
func (e *Exact) Validate() error {
	if !slices.Contains(exactNormal, e.Normalise) {
		return fmt.Errorf("normalise: %q, want one of %s", e.Normalise, strings.Join(exactNormal, ", "))
	}
	return errors.Join(e.Keep.validate(), e.Earlier.validate())
}

// Open returns the pass.
func (e *Exact) Open(env corpus.Env) (corpus.Pass, error) {
	key := func() func([]byte, *corpus.Document) []byte {
		var room []byte
		return func(dst []byte, d *corpus.Document) []byte {
			text := d.Text()
			switch e.Normalise {
			case "whitespace":
				room = appendSpaced(room[:0], text)
			case "words":
				room = appendWords(room[:0], text)
			default:
				return appendKey(dst, xxh3.HashString128(text), text == "")
			}
			return appendKey(dst, xxh3.Hash128(room), len(room) == 0)
		}
	}
	return &keyed{env: env, keep: e.Keep, earlier: e.Earlier, name: "exact, normalise: " + e.Normalise, key: key}, nil
}

func appendKey(dst []byte, h xxh3.Uint128, empty bool) []byte {
	if empty {
		return dst
	}
	b := h.Bytes()
	return append(dst, b[:]...)
}
