package tokenizer

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// matcher finds added tokens in text: at every position the longest one, from
// left to right, without overlap. It is a trie over bytes.
type matcher struct {
	nodes []trieNode
	first [256]bool // bytes a token begins with
	lone  int       // the only such byte, -1 if there are several
}

type trieNode struct {
	next  map[byte]int32
	token *AddedToken
}

// newMatcher returns nil when there is nothing to look for.
func newMatcher(tokens []AddedToken, texts []string) *matcher {
	m := &matcher{nodes: []trieNode{{}}, lone: -1}
	starts := 0
	for k := range tokens {
		text := texts[k]
		if text == "" {
			continue
		}
		if !m.first[text[0]] {
			m.first[text[0]] = true
			m.lone = int(text[0])
			starts++
		}
		at := int32(0)
		for i := range len(text) {
			n, ok := m.nodes[at].next[text[i]]
			if !ok {
				n = int32(len(m.nodes))
				m.nodes = append(m.nodes, trieNode{})
				if m.nodes[at].next == nil {
					m.nodes[at].next = map[byte]int32{}
				}
				m.nodes[at].next[text[i]] = n
			}
			at = n
		}
		m.nodes[at].token = &tokens[k]
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
func (m *matcher) find(text []byte, i int) (*AddedToken, span) {
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
		var hit *AddedToken
		end, at := 0, int32(0)
		for j := i; j < len(text); {
			n, ok := m.nodes[at].next[text[j]]
			if !ok {
				break
			}
			at = n
			j++
			if t := m.nodes[at].token; t != nil {
				hit, end = t, j
			}
		}
		if hit != nil {
			return hit, span{i, end}
		}
	}
	return nil, span{}
}

// next returns the first token in text[from:] that its flags admit, with its
// place widened by the white space it swallows. Matches are looked for from
// scan on; the place never reaches back before from. The next search scans
// from the returned position. With plain, special tokens are plain text.
func (m *matcher) next(text []byte, from, scan int, plain bool) (t *AddedToken, at span, scanned int) {
	for {
		t, at = m.find(text, scan)
		if t == nil {
			return nil, span{}, len(text)
		}
		scan = at.hi
		if plain && t.Special {
			continue
		}
		if t.SingleWord && (endsWithWord(text[:at.lo]) || startsWithWord(text[at.hi:])) {
			continue
		}
		break
	}
	if t.LStrip {
		for at.lo > from {
			r, w := utf8.DecodeLastRune(text[from:at.lo])
			if !unicode.IsSpace(r) {
				break
			}
			at.lo -= w
		}
	}
	if t.RStrip {
		for at.hi < len(text) {
			r, w := utf8.DecodeRune(text[at.hi:])
			if !unicode.IsSpace(r) {
				break
			}
			at.hi += w
		}
	}
	return t, at, max(scan, at.hi)
}

func endsWithWord(s []byte) bool {
	r, _ := utf8.DecodeLastRune(s)
	return len(s) > 0 && isWord(r)
}

func startsWithWord(s []byte) bool {
	r, _ := utf8.DecodeRune(s)
	return len(s) > 0 && isWord(r)
}

// isWord is \w of Unicode Technical Standard 18: letters and what counts as
// alphabetic, marks, decimal digits, connectors, joiners.
func isWord(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc,
		unicode.Other_Alphabetic, unicode.Join_Control)
}
