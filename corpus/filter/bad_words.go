package filter

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/zeebo/xxh3"
)

// BadWords drops texts with a word of a list (Raffel et al. 2020, section 2.2; tensorflow/datasets, text/c4_utils.py), as datatrove's
// C4BadWordsFilter does. The lists are the user's: C4 took "List of Dirty, Naughty, Obscene or Otherwise Bad Words". The text is
// looked at in lower case. Words stand between characters that are neither letters nor digits nor _, but in languages without spaces.
type BadWords struct {
	Lists    map[string]string `yaml:"lists"`    // files by language code, a word or phrase a line
	Language string            `yaml:"language"` // of documents that do not say
	Unspaced []string          `yaml:"unspaced"` // languages in which words are found anywhere
	Allow    []string          `yaml:"allow"`    // words of the lists to leave out
	Keep     float64           `yaml:"keep"`     // share of the documents with such words that stay, drawn by their ID
}

// DefaultBadWords has no list. It leaves out the words that datatrove leaves out: each stands in more than a tenth of all documents
// of its language.
func DefaultBadWords() BadWords {
	return BadWords{Language: "en", Unspaced: []string{"ja", "th", "zh"}, Allow: []string{"sm", "グロ", "女の子", "性"}}
}

// Validate refuses settings without a list, and shares outside of 0 to 1.
func (b *BadWords) Validate() error {
	if len(b.Lists) == 0 {
		return fmt.Errorf("lists: none, want a file for at least one language, such as {en: words.txt}")
	}
	if !(b.Keep >= 0 && b.Keep <= 1) {
		return fmt.Errorf("keep: %v, want a share from 0 to 1", b.Keep)
	}
	return nil
}

// Files returns the lists.
func (b *BadWords) Files() []string { return slices.Sorted(maps.Values(b.Lists)) }

// Open reads the lists.
func (b *BadWords) Open(env corpus.Env) (func() corpus.Filter, error) {
	lists := map[string]*phraseSet{}
	for lang, path := range b.Lists {
		var words []string
		err := readList(env.Path(path), func(line string) error {
			if word := strings.ToLower(line); !slices.Contains(b.Allow, word) {
				words = append(words, word)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if len(words) == 0 {
			return nil, fmt.Errorf("%s: no words, want one a line", path)
		}
		lists[lang] = newPhraseSet(words)
	}
	return func() corpus.Filter { return &badWords{BadWords: b, lists: lists, seed: env.Seed} }, nil
}

type badWords struct {
	*BadWords
	lists map[string]*phraseSet
	seed  uint64
	lower []byte
}

// Apply judges one document. One in a language without a list stays and is counted.
func (b *badWords) Apply(d *corpus.Document, r *corpus.Report) {
	lang := cmp.Or(d.Lang, b.Language)
	words := b.lists[lang]
	if words == nil {
		r.Add("no list of bad words for "+lang, 1)
		return
	}
	b.lower = appendLower(b.lower[:0], d.Text())
	spans := b.find(words, slices.Contains(b.Unspaced, lang), r.Explain)
	if len(b.lower) != len(d.Text()) && r.Explain { // lower case moved them
		for i := range spans {
			spans[i].Start, spans[i].End = 0, 0
		}
	}
	limit := 0.0
	if len(spans) > 0 && b.Keep > 0 && float64(xxh3.HashStringSeed(cmp.Or(d.ID, d.Text()), b.seed)>>11)/(1<<53) < b.Keep {
		r.Add("kept with bad words", 1)
		limit = float64(len(spans))
	}
	judge{r}.atMost("bad-words", float64(len(spans)), limit, func() []corpus.Span { return spans })
}

// find returns where words of the list are: the first, or all.
func (b *badWords) find(words *phraseSet, anywhere, all bool) (spans []corpus.Span) {
	text, inside := b.lower, false // inside: the character before is part of a word
	for i := 0; i < len(text); {
		if anywhere || !inside {
			done := words.at(text, i, func(end int) bool {
				if !anywhere && end < len(text) && isWordAt(text[end:]) {
					return false
				}
				spans = append(spans, corpus.Span{Start: i, End: end, Kind: "bad word"})
				return !all || len(spans) >= maxSpans
			})
			if done {
				return spans
			}
		}
		inside = isWordAt(text[i:])
		_, size := utf8.DecodeRune(text[i:])
		i += size
	}
	return spans
}

// isWordAt says whether a text begins with a letter, a number or _: \w of Python's regular expressions.
func isWordAt(text []byte) bool {
	if c := text[0]; c < utf8.RuneSelf {
		return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
	}
	c, _ := utf8.DecodeRune(text)
	return unicode.IsLetter(c) || unicode.IsNumber(c)
}

// appendLower appends the text in lower case.
func appendLower(dst []byte, text string) []byte {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c |= 0x20
			}
			dst = append(dst, c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == 'İ': // the one letter whose lower case is two
			dst = append(dst, "i\u0307"...)
		case r == utf8.RuneError && size == 1:
			dst = append(dst, c)
		default:
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		}
		i += size
	}
	return dst
}
