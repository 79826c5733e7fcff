// Package unigram segments text with a unigram language model (Kudo 2018,
// "Subword Regularization: Improving Neural Network Translation Models with
// Multiple Subword Candidates"): of all ways to cut the text into pieces of the
// vocabulary, the one whose pieces' log probabilities have the largest sum.
//
// Two programs define that for files in the field, and they differ in what
// rounding decides and in what becomes of unknown characters. New makes a model
// that does what Hugging Face's tokenizers does (scores in float64; runs of
// unknown characters are one token, or bytes); NewSentencePiece one that does
// what SentencePiece does (scores in float32, unused and user-defined pieces),
// to be driven by package spm.
package unigram

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/tokenizer/internal/darts"
)

// unkPenalty is how much an unknown character scores below the worst piece.
const unkPenalty = 10

// Kind says how a piece takes part in segmentation.
type Kind uint8

const (
	Normal      Kind = iota
	UserDefined      // SentencePiece: scores above all normal pieces
	Unused           // SentencePiece: takes no part
	Meta             // SentencePiece: control, unknown and byte pieces; take no part
)

// Piece is a vocabulary entry; its id is its index.
type Piece struct {
	Text  string
	Score float64 // log probability
	Kind  Kind
}

// Model is a unigram model. It is immutable and safe for many goroutines.
type Model struct {
	trie    darts.Flat
	longest int       // bytes of the longest piece
	scores  []float64 // by id
	single  []float32 // by id, as SentencePiece's fast encoder sees it
	lattice []float32 // by id, as its lattice (n-best, sampling) does
	minimum float64   // the worst score of a piece
	unk     int       // id of the unknown piece, -1 for none
	bytes   []uint32  // ids of <0x00> … <0xFF>; nil without byte fallback
}

// New makes a model as Hugging Face's tokenizers runs it. All pieces can occur,
// whatever they look like; of two pieces with the same text the later one
// counts. unk is -1 where there is none.
func New(pieces []Piece, unk int, byteFallback bool) (*Model, error) {
	if unk < -1 || unk >= len(pieces) {
		return nil, fmt.Errorf("unigram: the unknown piece has id %d in a vocabulary of %d", unk, len(pieces))
	}
	m := &Model{scores: make([]float64, len(pieces)), lattice: make([]float32, len(pieces)), minimum: math.Inf(1), unk: unk}
	ids := make(map[string]uint32, len(pieces))
	for id, p := range pieces {
		if math.IsNaN(p.Score) || math.IsInf(p.Score, 0) {
			return nil, fmt.Errorf("unigram: piece %d, %q, scores %v", id, p.Text, p.Score)
		}
		ids[p.Text] = uint32(id)
		m.scores[id], m.lattice[id] = p.Score, float32(p.Score)
		m.minimum = min(m.minimum, p.Score)
	}
	if byteFallback {
		m.bytes = make([]uint32, 256)
		for b := range m.bytes {
			id, ok := ids[fmt.Sprintf("<0x%02X>", b)]
			if !ok {
				id = noByte
			}
			m.bytes[b] = id
		}
	}
	return m, m.build(ids)
}

// noByte stands for a byte that has no piece.
const noByte = ^uint32(0)

// NewSentencePiece makes a model as SentencePiece runs it. unk is -1 where
// there is none.
func NewSentencePiece(pieces []Piece, unk int) (*Model, error) {
	m := &Model{single: make([]float32, len(pieces)), lattice: make([]float32, len(pieces)), minimum: math.MaxFloat32, unk: unk}
	ids := make(map[string]uint32, len(pieces))
	for id, p := range pieces {
		if math.IsNaN(p.Score) || math.IsInf(p.Score, 0) {
			return nil, fmt.Errorf("unigram: piece %d, %q, scores %v", id, p.Text, p.Score)
		}
		switch p.Kind {
		case Normal:
			m.single[id], m.lattice[id] = float32(p.Score), float32(p.Score)
			m.minimum = min(m.minimum, p.Score)
		case UserDefined:
			// The fast encoder counts bytes here and the lattice characters.
			m.single[id], m.lattice[id] = userScore(len(p.Text)), userScore(characters(p.Text))
		default:
			continue
		}
		ids[p.Text] = uint32(id)
	}
	return m, m.build(ids)
}

// userScore is what a user-defined piece scores: more than any normal piece,
// and one long piece more than several short ones.
func userScore(length int) float32 { return float32(0.1 * float64(length-1)) }

func (m *Model) build(ids map[string]uint32) error {
	if len(m.lattice) > darts.MaxFlatValue {
		return fmt.Errorf("unigram: %d pieces, want at most %d", len(m.lattice), darts.MaxFlatValue)
	}
	keys := make([]string, 0, len(ids))
	for text := range ids {
		// Hugging Face's files may hold an empty piece and byte 0, which the trie
		// cannot: neither is ever the best choice, and texts with byte 0 are rare
		// enough for it to be unknown.
		if text == "" || strings.Contains(text, "\x00") {
			if m.single != nil {
				return fmt.Errorf("unigram: piece %q is empty or contains byte 0", text)
			}
			continue
		}
		keys = append(keys, text)
		m.longest = max(m.longest, len(text))
	}
	if len(keys) == 0 && m.single != nil {
		return errors.New("unigram: the vocabulary has no pieces to cut text into")
	}
	slices.Sort(keys)
	values := make([]uint32, len(keys))
	for i, k := range keys {
		values[i] = ids[k]
	}
	trie, err := darts.Build(keys, values)
	if err != nil {
		return fmt.Errorf("unigram: %w", err)
	}
	m.trie = trie.Flat()
	return nil
}

// find returns the id of a piece.
func (m *Model) find(text []byte) (id uint32, ok bool) {
	u := m.trie[darts.Root]
	for _, c := range text {
		u = m.trie[uint32(u>>32)^uint32(c)]
		if uint32(u)&0x1ff != uint32(c) {
			return 0, false
		}
	}
	v := uint32(u) >> 9
	return v - 1, v != 0
}

// charLen returns the bytes of the character that begins with byte c, from the
// byte alone, as SentencePiece counts: a stray continuation byte is one.
func charLen(c byte) int {
	switch {
	case c < 0xc0:
		return 1
	case c < 0xe0:
		return 2
	case c < 0xf0:
		return 3
	}
	return 4
}

func characters(s string) int {
	n := 0
	for i := 0; i < len(s); i += charLen(s[i]) {
		n++
	}
	return n
}
