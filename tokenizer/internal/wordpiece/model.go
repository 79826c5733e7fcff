// Package wordpiece is the WordPiece model: a word is cut from the left, each
// time at the longest piece of the vocabulary that fits, where pieces inside a
// word carry a prefix ("##"). A word that cannot be cut that way is unknown as a
// whole (Schuster and Nakajima 2012; Devlin et al. 2018). Ids are those of
// Hugging Face's tokenizers.
package wordpiece

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/darts"
	"github.com/athanor-lm/athanor/tokenizer/internal/piececache"
	"github.com/athanor-lm/athanor/tokenizer/internal/token"
)

// Config is a model as tokenizer.json describes it.
type Config struct {
	Vocab                   map[string]uint32 // piece → id; not kept
	UnkToken                string            // stands for a word that has no cut
	ContinuingSubwordPrefix string            // begins the pieces of a word but the first
	MaxInputChars           int               // longer words, in characters, are unknown
}

// Model cuts words. It does not change and may be used by many goroutines, each
// with a State of its own.
type Model struct {
	unk         uint32
	maxChars    int
	first, rest darts.Flat // pieces that begin a word, and those inside one without their prefix
}

// New indexes the vocabulary. The unknown token must be in it: the reference
// fails at the first unknown word otherwise.
func New(c Config) (*Model, error) {
	unk, ok := c.Vocab[c.UnkToken]
	if !ok {
		return nil, fmt.Errorf("unk_token %q is not in the vocabulary", c.UnkToken)
	}
	if c.MaxInputChars < 0 {
		return nil, fmt.Errorf("max_input_chars_per_word is %d, want 0 or more", c.MaxInputChars)
	}
	m := &Model{unk: unk, maxChars: c.MaxInputChars}
	var err error
	if m.first, err = index(c.Vocab, ""); err != nil {
		return nil, err
	}
	if c.ContinuingSubwordPrefix == "" {
		m.rest = m.first
		return m, nil
	}
	m.rest, err = index(c.Vocab, c.ContinuingSubwordPrefix)
	return m, err
}

// index makes the trie of the pieces that begin with prefix, without it.
func index(vocab map[string]uint32, prefix string) (darts.Flat, error) {
	var keys []string
	for piece, id := range vocab {
		if id > darts.MaxFlatValue {
			return nil, fmt.Errorf("token %q has id %d, want at most %d", piece, id, darts.MaxFlatValue)
		}
		if strings.IndexByte(piece, 0) >= 0 {
			return nil, fmt.Errorf("token %q contains byte 0", piece)
		}
		if strings.HasPrefix(piece, prefix) && len(piece) > len(prefix) {
			keys = append(keys, piece[len(prefix):])
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	slices.Sort(keys)
	values := make([]uint32, len(keys))
	for i, k := range keys {
		values[i] = vocab[prefix+k]
	}
	trie, err := darts.Build(keys, values)
	if err != nil {
		return nil, err
	}
	return trie.Flat(), nil
}

// Unk returns the id of unknown words.
func (m *Model) Unk() uint32 { return m.unk }

// State is the working memory of one encoding goroutine.
type State struct{ cache *piececache.Cache }

// NewState returns a State for use with m alone.
func (m *Model) NewState() *State { return &State{cache: piececache.New()} }

// Append appends the ids of the word text[lo:hi] to dst. Text beyond the word
// may be looked at; it changes nothing.
func (m *Model) Append(dst []uint32, text []byte, lo, hi int, s *State) []uint32 {
	if lo == hi {
		return dst
	}
	dst, ok := s.cache.Append(dst, text, lo, hi)
	if ok {
		return dst
	}
	from := len(dst)
	dst = m.cut(dst, text[lo:hi])
	s.cache.Put(text, lo, hi, dst[from:])
	return dst
}

// cut appends the ids of a word, which is not empty. The work is bounded by its
// length times that of the longest piece.
func (m *Model) cut(dst []uint32, word []byte) []uint32 {
	if m.tooLong(word) {
		return append(dst, m.unk)
	}
	from, trie := len(dst), m.first
	for len(word) > 0 {
		id, n := longest(trie, word)
		if n == 0 {
			return append(dst[:from], m.unk)
		}
		dst, word, trie = append(dst, id), word[n:], m.rest
	}
	return dst
}

// AppendSpans is Append with the bytes of word that each id covers.
func (m *Model) AppendSpans(dst []token.Span, word []byte, _ *State) []token.Span {
	unknown := token.Span{ID: m.unk, Lo: 0, Hi: len(word)}
	if m.tooLong(word) {
		return append(dst, unknown)
	}
	from, trie := len(dst), m.first
	for at := 0; at < len(word); {
		id, n := longest(trie, word[at:])
		if n == 0 {
			return append(dst[:from], unknown)
		}
		dst = append(dst, token.Span{ID: id, Lo: at, Hi: at + n})
		at, trie = at+n, m.rest
	}
	return dst
}

func (m *Model) tooLong(word []byte) bool {
	if len(word) <= m.maxChars {
		return false
	}
	return len(word)/utf8.UTFMax > m.maxChars || utf8.RuneCount(word) > m.maxChars
}

// longest returns the longest piece that s begins with and its length, 0 if
// there is none.
func longest(t darts.Flat, s []byte) (id uint32, n int) {
	if len(t) == 0 {
		return 0, 0
	}
	u := t[darts.Root]
	for i, c := range s {
		u = t[uint32(u>>32)^uint32(c)]
		if uint32(u)&0x1ff != uint32(c) {
			break
		}
		if v := uint32(u) >> 9; v != 0 {
			id, n = v-1, i+1
		}
	}
	return id, n
}
