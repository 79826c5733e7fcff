package spmtrain

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/tokenizer/internal/spm"
)

// metaPieces places the pieces that training does not learn: the special
// symbols at their ids, then control symbols, user-defined symbols and bytes at
// the lowest ids that are free.
func (c *Config) metaPieces() (map[int]spm.Piece, error) {
	metas := make(map[int]spm.Piece)
	roles := []*Symbol{c.Unk, c.BOS, c.EOS, c.Pad}
	unknown := false
	for _, s := range roles {
		if s.ID < 0 {
			continue
		}
		if s.ID >= c.VocabSize {
			return nil, fmt.Errorf("%s has id %d, want below the vocabulary size %d", s.Piece, s.ID, c.VocabSize)
		}
		if other, taken := metas[s.ID]; taken {
			return nil, fmt.Errorf("%s and %s both have id %d", other.Text, s.Piece, s.ID)
		}
		typ := spm.Control
		if s.Piece == c.Unk.Piece {
			if typ = spm.Unknown; unknown {
				return nil, fmt.Errorf("%s is placed twice", s.Piece)
			}
			unknown = true
		}
		metas[s.ID] = spm.Piece{Text: s.Piece, Type: typ}
	}
	if !unknown && !c.ByteFallback {
		return nil, fmt.Errorf("%s has no id; only a model with byte fallback can do without it", c.Unk.Piece)
	}
	p := placer{c: c, metas: metas, seen: make(map[string]bool)}
	for _, s := range c.ControlSymbols {
		p.place(s, spm.Control)
	}
	for _, s := range c.UserSymbols {
		p.place(s, spm.UserDefined)
		if c.Kind == Word && !strings.HasPrefix(s, string(space)) {
			p.place(string(space)+s, spm.UserDefined) // words begin with their space
		}
	}
	if c.ByteFallback {
		for b := range 256 {
			p.place(fmt.Sprintf("<0x%02X>", b), spm.Byte)
		}
	}
	return metas, errors.Join(p.errs...)
}

// placer puts symbols at free ids.
type placer struct {
	c     *Config
	metas map[int]spm.Piece
	seen  map[string]bool
	next  int
	errs  []error
}

func (p *placer) place(s string, typ spm.PieceType) {
	if p.seen[s] {
		p.errs = append(p.errs, fmt.Errorf("symbol %s is listed twice", s))
		return
	}
	p.seen[s] = true
	if s == p.c.Unk.Piece {
		p.errs = append(p.errs, fmt.Errorf("%s is the unknown piece; it cannot be a control or user-defined symbol too", s))
		return
	}
	for _, role := range []*Symbol{p.c.BOS, p.c.EOS, p.c.Pad} {
		if s == role.Piece && role.ID >= 0 {
			p.metas[role.ID] = spm.Piece{Text: s, Type: typ} // listed again: takes the type asked for
			return
		}
	}
	for p.metas[p.next].Text != "" {
		p.next++
	}
	p.metas[p.next] = spm.Piece{Text: s, Type: typ}
}

// matcher finds meta pieces in text, the longest at each place.
type matcher struct {
	byFirst [256][]string // by first byte, longest first
}

func newMatcher(metas map[int]spm.Piece) *matcher {
	m := new(matcher)
	for _, p := range metas {
		m.byFirst[p.Text[0]] = append(m.byFirst[p.Text[0]], p.Text)
	}
	for _, list := range m.byFirst {
		slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
	}
	return m
}

// at returns the length of the meta piece at the beginning of s, or 0.
func (m *matcher) at(s []byte) int {
	for _, p := range m.byFirst[s[0]] {
		if len(s) >= len(p) && string(s[:len(p)]) == p {
			return len(p)
		}
	}
	return 0
}
