package tokenizer

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind says what a token is. Every token is of one kind: the first of those below that fits it.
type Kind string

// The kinds of tokens.
const (
	KindSpecial      Kind = "special"       // an added token marked special
	KindAdded        Kind = "added"         // another added token
	KindByteFallback Kind = "byte fallback" // <0x0A>: a byte of a character that has no token
	KindPart         Kind = "part"          // a byte or more that are not whole characters
	KindSpace        Kind = "space"         // white space alone
	KindCJK          Kind = "CJK"           // holds Han characters, kana or Hangul
	KindSpaceWord    Kind = "space + word"  // letters behind a space: the beginning of a word
	KindContinuation Kind = "continuation"  // letters that go on with a word: ##ing; where the file marks those
	KindWord         Kind = "word"          // letters without a space before them: a word, or where the file marks no continuations a part of one
	KindNumber       Kind = "number"        // digits
	KindPunctuation  Kind = "punctuation"   // punctuation and symbols
	KindMixed        Kind = "mixed"         // letters with digits or punctuation
	KindEmpty        Kind = "empty"         // stands for no text
)

var kindOrder = []Kind{KindSpecial, KindAdded, KindByteFallback, KindPart, KindSpace, KindCJK, KindSpaceWord, KindWord, KindContinuation, KindNumber,
	KindPunctuation, KindMixed, KindEmpty}

// KindCount says how many tokens are of a kind, with some of them.
type KindCount struct {
	Kind     Kind        `json:"kind"`
	Tokens   int         `json:"tokens"`
	Examples []TokenInfo `json:"examples"` // those with the lowest ids
}

const kindExamples = 8

// census counts a vocabulary.
type census struct {
	t       *Tokenizer
	added   map[uint32]bool
	kinds   map[Kind]*KindCount
	scripts map[string][]TokenInfo
	all     []TokenInfo // but for the added ones
	bytes   int
}

func newCensus(t *Tokenizer) *census {
	c := &census{t: t, added: map[uint32]bool{}, kinds: map[Kind]*KindCount{}, scripts: map[string][]TokenInfo{}}
	for _, a := range t.added {
		c.added[a.ID] = true
	}
	return c
}

func (c *census) add(id uint32, b []byte) {
	token := TokenInfo{id, string(b), len(b)}
	if c.added[id] {
		token.Text, _ = c.t.Token(id)
	}
	k := c.kind(id, b)
	count := c.kinds[k]
	if count == nil {
		count = &KindCount{Kind: k}
		c.kinds[k] = count
	}
	if count.Tokens++; len(count.Examples) < kindExamples {
		count.Examples = append(count.Examples, token)
	}
	if c.added[id] {
		return
	}
	s := script(b)
	c.scripts[s] = append(c.scripts[s], token)
	c.all = append(c.all, token)
	c.bytes += len(b)
}

// kind tells what a token is.
func (c *census) kind(id uint32, b []byte) Kind {
	switch {
	case c.t.IsSpecial(id):
		return KindSpecial
	case c.added[id]:
		return KindAdded
	case c.t.isByteFallback(id):
		return KindByteFallback
	case !utf8.Valid(b):
		return KindPart
	}
	text := strings.ReplaceAll(string(b), "▁", " ") // SentencePiece's space
	word, continuation := strings.CutPrefix(text, "##")
	continuation = continuation && word != "" && c.t.kinds.model == "WordPiece"
	if !continuation {
		word = strings.TrimLeftFunc(text, unicode.IsSpace)
	}
	switch {
	case text == "":
		return KindEmpty
	case word == "":
		return KindSpace
	}
	return wordKind(word, len(word) < len(text), continuation)
}

// wordKind tells what a text without space before it is.
func wordKind(word string, spaced, continuation bool) Kind {
	var letters, digits, others, cjk bool
	for _, r := range word {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			cjk = true
		case unicode.IsLetter(r), unicode.IsMark(r):
			letters = true
		case unicode.IsNumber(r):
			digits = true
		default:
			others = true
		}
	}
	switch {
	case cjk:
		return KindCJK
	case letters && !digits && !others && continuation:
		return KindContinuation
	case letters && !digits && !others && spaced:
		return KindSpaceWord
	case letters && !digits && !others:
		return KindWord
	case digits && !letters && !others:
		return KindNumber
	case others && !letters && !digits:
		return KindPunctuation
	}
	return KindMixed
}

func (c *census) meanBytes() float64 { return float64(c.bytes) / float64(max(len(c.all), 1)) }

func (c *census) kindCounts() (out []KindCount) {
	for _, k := range kindOrder {
		if n := c.kinds[k]; n != nil {
			out = append(out, *n)
		}
	}
	return out
}

func (c *census) scriptCounts(longest int) (out []ScriptCount) {
	for s, tokens := range c.scripts {
		out = append(out, ScriptCount{s, len(tokens), longestTokens(tokens, longest, byCharacters)})
	}
	slices.SortFunc(out, func(a, b ScriptCount) int {
		return cmp.Or(cmp.Compare(b.Tokens, a.Tokens), cmp.Compare(a.Script, b.Script))
	})
	return out
}

func byBytes(t TokenInfo) int      { return t.Bytes }
func byCharacters(t TokenInfo) int { return utf8.RuneCountInString(t.Text) }

// longestTokens returns the n longest, those of one length by id.
func longestTokens(tokens []TokenInfo, n int, size func(TokenInfo) int) []TokenInfo {
	sorted := slices.Clone(tokens)
	slices.SortStableFunc(sorted, func(a, b TokenInfo) int { return cmp.Compare(size(b), size(a)) })
	return sorted[:min(n, len(sorted))]
}

// script names the script of a token's first letter, or what else it is.
func script(b []byte) string {
	kind := "Space"
	for i := 0; i < len(b); {
		r, w := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && w == 1:
			return "Bytes"
		case unicode.IsLetter(r):
			return letterScript(r)
		case unicode.IsNumber(r):
			kind = "Digits"
		case !unicode.IsSpace(r) && kind == "Space":
			kind = "Symbols"
		}
		i += w
	}
	return kind
}

func letterScript(r rune) string {
	for _, s := range []string{"Latin", "Han", "Cyrillic", "Arabic", "Hangul"} { // the usual ones first
		if unicode.Is(unicode.Scripts[s], r) {
			return s
		}
	}
	for s, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return s
		}
	}
	return "Symbols"
}
