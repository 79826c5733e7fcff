// Package bpe is the byte-pair encoding model: a piece is cut into bytes or
// characters, then the adjacent pair with the lowest rank is joined, the
// leftmost first, until no pair has a merge (Sennrich et al. 2016, Radford et
// al. 2019). Ids are those of Hugging Face's tokenizers.
package bpe

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/bytelevel"
	"github.com/athanor-lm/athanor/tokenizer/internal/piececache"
)

// Config is a model as tokenizer.json describes it.
type Config struct {
	Vocab  map[string]uint32 // token → id; not copied
	Merges [][2]string       // in the order of their ranks

	ByteLevel    bool   // tokens are spelled in the byte alphabet, and pieces are raw bytes
	UnkToken     string // stands for what has no token; "" for none: it is left out
	FuseUnk      bool   // unknown characters in a row become one UnkToken
	ByteFallback bool   // an unknown character becomes the tokens <0x00> … <0xFF> of its bytes, if they all exist
	IgnoreMerges bool   // a piece that is a token is that token, whatever the merges

	ContinuingSubwordPrefix string // begins the symbols of a piece but the first
	EndOfWordSuffix         string // ends the last symbol of a piece
}

// Model encodes pieces of text. It does not change and may be used by many
// goroutines, each with a State of its own.
type Model struct {
	c       Config
	direct  bool              // byte-level, and every symbol is found in byteIDs
	byteIDs [256]uint32       // byte → id or noID; only if byte-level
	whole   map[string]uint32 // piece → id, for IgnoreMerges
	unk     uint32
	merges  pairTable // pair → rank and joined id
	linear  *linear   // nil if the vocabulary does not allow it
}

// New checks the merges against the vocabulary and indexes both.
func New(c Config) (*Model, error) {
	m := &Model{c: c, unk: noID}
	if c.UnkToken != "" {
		id, ok := c.Vocab[c.UnkToken]
		if !ok {
			return nil, fmt.Errorf("unk_token %q is not in the vocabulary", c.UnkToken)
		}
		m.unk = id
	}
	m.merges = newPairTable(len(c.Merges))
	var text []byte
	for rank, p := range c.Merges {
		a, okA := c.Vocab[p[0]]
		b, okB := c.Vocab[p[1]]
		if p[0] == "" || p[1] == "" {
			return nil, fmt.Errorf("merge %d: %q + %q: a side is empty", rank, p[0], p[1])
		}
		if !okA || !okB {
			missing := p[0]
			if okA {
				missing = p[1]
			}
			return nil, fmt.Errorf("merge %d: %q + %q: %q is not in the vocabulary", rank, p[0], p[1], missing)
		}
		if !strings.HasPrefix(p[1], c.ContinuingSubwordPrefix) {
			return nil, fmt.Errorf("merge %d: %q + %q: the right side does not begin with continuing_subword_prefix %q", rank, p[0], p[1], c.ContinuingSubwordPrefix)
		}
		text = append(append(text[:0], p[0]...), p[1][len(c.ContinuingSubwordPrefix):]...)
		id, ok := c.Vocab[string(text)]
		if !ok {
			return nil, fmt.Errorf("merge %d: %q + %q: the result %q is not in the vocabulary", rank, p[0], p[1], text)
		}
		m.merges.set(a, b, merge{uint32(rank), id})
	}
	m.index()
	if m.linear = newLinear(m); m.linear != nil {
		m.forgetLinear()
	}
	return m, nil
}

// index fills the tables of bytes and whole pieces.
func (m *Model) index() {
	if !m.c.ByteLevel {
		if m.c.IgnoreMerges {
			m.whole = m.c.Vocab
		}
		return
	}
	m.direct = m.c.ContinuingSubwordPrefix == "" && m.c.EndOfWordSuffix == ""
	for b := range m.byteIDs {
		id, ok := m.c.Vocab[string(bytelevel.Rune(byte(b)))]
		if !ok {
			id, m.direct = noID, false
		}
		m.byteIDs[b] = id
	}
	if !m.c.IgnoreMerges {
		return
	}
	m.whole = make(map[string]uint32, len(m.c.Vocab))
	var buf []byte
	for token, id := range m.c.Vocab {
		var ok bool
		if buf, ok = bytelevel.AppendBytes(buf[:0], token); ok {
			m.whole[string(buf)] = id
		}
	}
}

// forgetLinear drops the tokens from whole that come out without it.
func (m *Model) forgetLinear() {
	if !m.c.IgnoreMerges {
		return
	}
	whole := map[string]uint32{}
	for text, id := range m.whole {
		if m.linear.tokens[id].length() == 0 {
			whole[text] = id
		}
	}
	m.whole = whole
}

// ByteLevel tells whether pieces are raw bytes.
func (m *Model) ByteLevel() bool { return m.c.ByteLevel }

// Merges returns the number of merges.
func (m *Model) Merges() int { return len(m.c.Merges) }

// Covers tells whether text, one byte of a byte-level model or else one
// character, has a token of its own.
func (m *Model) Covers(text []byte) bool {
	if m.c.ByteLevel {
		return m.byteIDs[text[0]] != noID
	}
	_, ok := m.c.Vocab[string(text)]
	return ok
}

// State is the working memory of one encoding goroutine.
type State struct {
	cache *piececache.Cache
	long  longState
	sym   symbols
	walk  walkState
	ids   []uint32
}

// NewState returns a State for use with m alone.
func (m *Model) NewState() *State { return &State{cache: piececache.New()} }

// maxCached bounds the bytes of pieces that are remembered: a longer one costs
// less to encode in linear time than it would save the few times it comes back.
const maxCached = 32

// Append appends the ids of the piece text[lo:hi], lo < hi, to dst. Text beyond
// the piece may be looked at; it changes nothing.
func (m *Model) Append(dst []uint32, text []byte, lo, hi int, s *State) []uint32 {
	if s.long.dropout > 0 {
		s.sym.cut(m, text[lo:hi])
		n, _ := m.mergeLong(s.sym.ids, &s.long)
		return append(dst, s.sym.ids[:n]...)
	}
	if hi-lo == 1 && m.direct && len(m.whole) == 0 {
		return append(dst, m.byteIDs[text[lo]])
	}
	if hi-lo > maxCached && m.linear != nil {
		return m.encode(dst, text[lo:hi], s)
	}
	dst, ok := s.cache.Append(dst, text, lo, hi)
	if ok {
		return dst
	}
	first := len(dst)
	dst = m.encode(dst, text[lo:hi], s)
	s.cache.Put(text, lo, hi, dst[first:])
	return dst
}

// encode appends the ids of one piece to dst.
func (m *Model) encode(dst []uint32, piece []byte, s *State) []uint32 {
	if id, ok := m.wholePiece(piece); ok {
		return append(dst, id)
	}
	first := len(dst)
	if m.linear != nil {
		if dst, ok := m.encodeLinear(dst, piece, s); ok {
			return dst
		}
		dst = dst[:first]
	}
	s.sym.cut(m, piece)
	dst = append(dst, s.sym.ids...)
	n, _ := m.mergeAll(dst[first:], &s.long)
	return dst[:first+n]
}

// wholePiece looks for the piece among the tokens, for IgnoreMerges.
func (m *Model) wholePiece(piece []byte) (id uint32, ok bool) {
	if len(m.whole) == 0 {
		return 0, false
	}
	id, ok = m.whole[string(piece)]
	return id, ok
}

// encodeLinear encodes a piece with m.linear: what is between unknown
// characters, as merges do not reach across them.
func (m *Model) encodeLinear(dst []uint32, piece []byte, s *State) (out []uint32, ok bool) {
	u := unknowns{m: m}
	for i := 0; ; {
		begin := len(dst)
		next, n := m.linear.encode(dst, piece[i:], &s.walk)
		if n < 0 {
			return dst, false
		}
		if n > 0 && u.waiting {
			next = slices.Insert(next, begin, m.unk)
			u.waiting = false
		}
		dst = next
		if i += n; i == len(piece) {
			break
		}
		_, w := utf8.DecodeRune(piece[i:])
		if dst, ok = u.add(dst, piece[i:i+w]); !ok {
			return dst, false
		}
		i += w
	}
	if u.waiting {
		dst = append(dst, m.unk)
	}
	return dst, true
}

// unknowns turns unknown characters into ids, as symbols.cut does. It does not
// do one that is left out: merges reach across that.
type unknowns struct {
	m       *Model
	waiting bool // one that may be fused with the next
}

func (u *unknowns) add(dst []uint32, char []byte) (out []uint32, ok bool) {
	if u.m.c.ByteFallback {
		n := len(dst)
		for _, b := range char {
			id, ok := u.m.c.Vocab[byteTokens[b]]
			if !ok {
				break
			}
			dst = append(dst, id)
		}
		if len(dst)-n == len(char) {
			return dst, true
		}
		dst = dst[:n]
	}
	if u.m.unk == noID {
		return dst, false
	}
	if u.waiting && !u.m.c.FuseUnk {
		dst = append(dst, u.m.unk)
	}
	u.waiting = true
	return dst, true
}
