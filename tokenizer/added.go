package tokenizer

import (
	"bytes"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/charprop"
)

// matcher finds added tokens in text: at every position the longest one, from
// left to right, without overlap. It is a trie over bytes.
type matcher struct {
	nodes []trieNode
	first [256]bool // bytes a token begins with
	lone  int       // the only such byte, -1 if there are several

	longestToken int // in bytes
}

// trieNode has its few branches in two lists: looking through them is faster
// than a map.
type trieNode struct {
	bytes []byte
	next  []int32
	token *AddedToken
}

// step returns the node that c leads to, 0 for none.
func (n *trieNode) step(c byte) int32 {
	for k, b := range n.bytes {
		if b == c {
			return n.next[k]
		}
	}
	return 0
}

// newMatcher returns nil when there is nothing to look for. Where two tokens
// have one text, the first is found.
func newMatcher(tokens []*AddedToken, texts []string) *matcher {
	m := &matcher{nodes: []trieNode{{}}, lone: -1}
	starts := 0
	for k, text := range texts {
		if text == "" {
			continue
		}
		if !m.first[text[0]] {
			m.first[text[0]] = true
			m.lone = int(text[0])
			starts++
		}
		m.longestToken = max(m.longestToken, len(text))
		at := int32(0)
		for i := range len(text) {
			n := m.nodes[at].step(text[i])
			if n == 0 {
				n = int32(len(m.nodes))
				m.nodes = append(m.nodes, trieNode{})
				from := &m.nodes[at]
				from.bytes, from.next = append(from.bytes, text[i]), append(from.next, n)
			}
			at = n
		}
		if m.nodes[at].token == nil {
			m.nodes[at].token = tokens[k]
		}
	}
	if starts == 0 {
		return nil
	}
	if starts > 1 {
		m.lone = -1
	}
	return m
}

// find returns the first token at or after text[i] and where it stands.
func (m *matcher) find(text []byte, i int) (a *AddedToken, lo, hi int) {
	for ; i < len(text); i++ {
		if m.lone >= 0 {
			k := bytes.IndexByte(text[i:], byte(m.lone))
			if k < 0 {
				break
			}
			i += k
		} else if !m.first[text[i]] {
			continue
		}
		if a, n := m.longest(text[i:]); a != nil {
			return a, i, i + n
		}
	}
	return nil, 0, 0
}

// longest returns the longest token that s begins with.
func (m *matcher) longest(s []byte) (a *AddedToken, n int) {
	at := int32(0)
	for i, c := range s {
		if at = m.nodes[at].step(c); at == 0 {
			break
		}
		if t := m.nodes[at].token; t != nil {
			a, n = t, i+1
		}
	}
	return a, n
}

// stretches goes over a text: added tokens, widened by the white space they
// swallow, and what is between them.
type stretches struct {
	m     *matcher // nil: the text is one stretch
	text  []byte
	plain bool // special tokens are plain text

	token  *AddedToken // of the present stretch, nil for text
	lo, hi int

	scan, from int
	match      *AddedToken // found, behind the present stretch
	mlo, mhi   int
	done       bool
}

// next goes to the next stretch and tells whether there is one. Stretches are
// not empty. They overlap where the white space that a token has swallowed
// holds another token: the reference goes on behind the token itself, and drops
// the other one if it swallows the same.
func (s *stretches) next() bool {
	if s.match != nil {
		s.token, s.lo, s.hi = s.match, s.mlo, s.mhi
		s.match, s.from = nil, s.mhi
		return true
	}
	if s.done {
		return false
	}
	s.token = nil
	for s.m != nil {
		a, lo, hi := s.m.find(s.text, s.scan)
		if a == nil {
			break
		}
		s.scan = hi
		if s.plain && a.Special || a.SingleWord && (endsWithWord(s.text[:lo]) || startsWithWord(s.text[hi:])) {
			continue
		}
		if a.LStrip {
			lo = max(len(bytes.TrimRightFunc(s.text[:lo], charprop.IsSpace)), s.from)
		}
		if a.RStrip {
			hi = len(s.text) - len(bytes.TrimLeftFunc(s.text[hi:], charprop.IsSpace))
		}
		if s.from < lo {
			s.match, s.mlo, s.mhi = a, lo, hi
			s.lo, s.hi = s.from, lo
			return true
		}
		if s.from = hi; lo < hi {
			s.token, s.lo, s.hi = a, lo, hi
			return true
		}
	}
	s.done = true
	s.lo, s.hi = s.from, len(s.text)
	return s.lo < s.hi
}

func endsWithWord(s []byte) bool {
	r, _ := utf8.DecodeLastRune(s)
	return len(s) > 0 && charprop.Word().Has(r)
}

func startsWithWord(s []byte) bool {
	r, _ := utf8.DecodeRune(s)
	return len(s) > 0 && charprop.Word().Has(r)
}
