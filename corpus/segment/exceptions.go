package segment

import (
	_ "embed"
	"strings"
	"sync"
)

// exceptions.txt has a line an exception of spaCy's English tokenizer (lang/en/tokenizer_exceptions.py): the words it is cut into,
// and behind a tab those that the other rules would find, where they differ: where these meet in a chunk, they become the exception.
//
//go:embed exceptions.txt
var exceptionsText string

// exception is a piece of text that is cut by a list.
type exception struct {
	text  string
	parts []uint8 // the bytes of its words
	met   []uint8 // the bytes of the words that become it where they meet; empty = none do
}

// exceptions finds exceptions by their hash.
type exceptions struct {
	seen    [1 << 10]uint64 // a bit a hash, by its upper 16 bits
	slots   [1 << 12]uint16 // open addressing, by the lower bits: 1 + index
	list    []exception
	pairs   [256][4]uint64 // the first bytes of two words that may be the first of a met: a bit set
	ends    [256][4]uint64 // the first and the last byte of an exception: a bit set
	longest int            // in bytes
	mostMet int            // in words
}

var english = sync.OnceValue(func() *exceptions {
	e := new(exceptions)
	for line := range strings.Lines(exceptionsText) {
		parts, met, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		x := exception{text: strings.ReplaceAll(parts, " ", ""), parts: sizes(parts)}
		if met != "" {
			x.met = sizes(met)
			a, b := x.text[0], x.text[x.met[0]]
			e.pairs[a][b>>6] |= 1 << (b & 63)
			e.mostMet = max(e.mostMet, len(x.met))
		}
		e.list = append(e.list, x)
		last := x.text[len(x.text)-1]
		e.ends[x.text[0]][last>>6] |= 1 << (last & 63)
		e.longest = max(e.longest, len(x.text))
		hash := Hash(x.text)
		e.seen[hash>>54] |= 1 << (hash >> 48 & 63)
		slot := hash & uint64(len(e.slots)-1)
		for e.slots[slot] != 0 {
			slot = (slot + 1) & uint64(len(e.slots)-1)
		}
		e.slots[slot] = uint16(len(e.list))
	}
	return e
})

// sizes returns the bytes of the words of a line.
func sizes(line string) (n []uint8) {
	for word := range strings.SplitSeq(line, " ") {
		n = append(n, uint8(len(word)))
	}
	return n
}

// none says that surely no exception has a hash.
func (e *exceptions) none(hash uint64) bool { return e.seen[hash>>54]>>(hash>>48&63)&1 == 0 }

// unlikely says that surely no exception is s[a:b], by its ends.
func (e *exceptions) unlikely(s string, a, b int) bool {
	last := s[b-1]
	return e.ends[s[a]][last>>6]>>(last&63)&1 == 0
}

// find returns the exception that s[a:b] is, whose hash is given, or nil.
func (e *exceptions) find(s string, a, b int, hash uint64) *exception {
	if e.none(hash) {
		return nil
	}
	for slot := hash & uint64(len(e.slots)-1); e.slots[slot] != 0; slot = (slot + 1) & uint64(len(e.slots)-1) {
		if x := &e.list[e.slots[slot]-1]; x.text == s[a:b] {
			return x
		}
	}
	return nil
}

// meeting is a place where words meet that become an exception.
type meeting struct {
	first, n  int // of the words
	exception *exception
}

// merge makes exceptions of the words from first on that meet as one: ":" and ")" in "(note:)". Longer ones go first, then those
// further left; where one overlaps another, the later stays as it is.
func (s *scanner) merge(first int) {
	words, e := s.words[first:], s.exceptions
	may := false
	for i := 0; i+1 < len(words) && !may; i++ {
		b := s.s[words[i+1].Start]
		may = e.pairs[s.s[words[i].Start]][b>>6]>>(b&63)&1 != 0
	}
	if !may {
		return
	}
	s.found = s.found[:0]
	s.taken = append(s.taken[:0], make([]bool, len(words))...)
	for n := min(e.mostMet, len(words)); n > 1; n-- {
		for i := 0; i+n <= len(words); i++ {
			x := s.met(words[i : i+n])
			if x == nil {
				continue
			}
			if !s.taken[i] && !s.taken[i+n-1] {
				s.found = append(s.found, meeting{i, n, x})
			}
			for j := range n {
				s.taken[i+j] = true
			}
		}
	}
	if len(s.found) > 0 {
		s.rewrite(first)
	}
}

// met returns the exception that the words become, or nil.
func (s *scanner) met(words []Word) *exception {
	x := s.exception(int(words[0].Start), int(words[len(words)-1].End))
	if x == nil || len(x.met) != len(words) {
		return nil
	}
	for i, w := range words {
		if uint32(x.met[i]) != w.End-w.Start {
			return nil
		}
	}
	return x
}

// rewrite puts the exceptions found in the place of their words, from first on.
func (s *scanner) rewrite(first int) {
	s.merged = append(s.merged[:0], s.words[first:]...)
	s.words = s.words[:first]
	for i := 0; i < len(s.merged); {
		at := 0
		for at < len(s.found) && s.found[at].first != i {
			at++
		}
		if at == len(s.found) {
			s.words = append(s.words, s.merged[i])
			i++
			continue
		}
		m := s.found[at]
		s.parts(int(s.merged[i].Start), m.exception.parts)
		i += m.n
	}
}
