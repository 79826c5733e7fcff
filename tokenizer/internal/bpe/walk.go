package bpe

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
)

// walkState is the working memory of linear.encode.
type walkState struct {
	dead     []uint64 // bit by byte of the piece: no way leads from there to the end
	verdicts []uint64 // two bits for two small tokens: see stay
}

// Two tokens of one or two letters stand side by side most often where words are
// unknown and long. Whether they may is kept in a table of two bits a pair, which
// is filled as the pairs occur.
const (
	smallTokens = 1 << 11 // most tokens with a number, among them 0 for none
	smallBytes  = 2

	// What is known of two tokens, 0 for nothing.
	stay    = 1 // the merges leave them as they are
	change  = 2 // they do not merge, but parts of them do
	merging = 3 // they merge
)

// numberSmall numbers the short ASCII tokens in the order of their text: what a text
// holds side by side lies so. If they are too many it takes those of lower-case
// letters, then those merged first.
func (l *linear) numberSmall(keys []trieKey) {
	l.small = make([]uint16, len(l.tokens))
	var small []trieKey
	for _, k := range keys {
		if len(k.text) <= smallBytes && k.text[0] < 0x80 && k.text[len(k.text)-1] < 0x80 {
			small = append(small, k)
		}
	}
	if len(small) >= smallTokens {
		order := func(k trieKey) uint32 {
			if strings.Trim(k.text, "abcdefghijklmnopqrstuvwxyz") == "" {
				return 0
			}
			return l.tokens[k.id].rank() + 1
		}
		slices.SortFunc(small, func(a, b trieKey) int { return cmp.Compare(order(a), order(b)) })
		small = small[:smallTokens-1]
		slices.SortFunc(small, func(a, b trieKey) int { return cmp.Compare(a.text, b.text) })
	}
	for i, k := range small {
		l.small[k.id] = uint16(i + 1)
	}
}

// compatible tells whether the merges leave b after a as they are. If apart, a
// and b themselves are known not to merge.
func (l *linear) compatible(a, b uint32, apart bool, st *walkState) bool {
	if i, j := l.small[a], l.small[b]; i != 0 && j != 0 {
		return l.verdict(a, b, int(i)*smallTokens+int(j), st) == stay
	}
	if !apart && l.pairs.rank(a, b) != 0 {
		return false
	}
	return l.undo(a, b, st)
}

// verdict is what is known of two small tokens.
func (l *linear) verdict(a, b uint32, at int, st *walkState) uint64 {
	word, shift := &st.verdicts[at/32], at%32*2
	v := *word >> shift & 3
	if v == 0 {
		switch {
		case l.pairs.rank(a, b) != 0:
			v = merging
		case l.undo(a, b, nil):
			v = stay
		default:
			v = change
		}
		*word |= v << shift
	}
	return v
}

// undo tells whether the merges leave b after a as they are, when a and b do not
// merge. Undoing the merges of both from the last one, it looks for one across the
// border that would have come first; of equal ranks the left one comes first.
// Where that comes to two small tokens, st, unless nil, knows the rest.
func (l *linear) undo(a, b uint32, st *walkState) bool {
	x, y := &l.tokens[a], &l.tokens[b]
	rx, ry := x.rank(), y.rank()
	for rx|ry != 0 {
		// Which one is undone is hard to foretell: without branches.
		na, nb, limit := a, y.left, ry+1
		if rx > ry {
			na = x.right
		}
		if rx > ry {
			nb = b
		}
		if rx > ry {
			limit = rx
		}
		a, b = na, nb
		x, y = &l.tokens[a], &l.tokens[b]
		rx, ry = x.rank(), y.rank()
		if rx|ry == 0 && l.bytePairs != nil {
			r := l.bytePairs[x.left&0xff<<8|y.left&0xff]
			return r == 0 || r >= limit
		}
		if i, j := l.small[a], l.small[b]; i != 0 && j != 0 && st != nil {
			if v := l.verdict(a, b, int(i)*smallTokens+int(j), st); v != merging {
				return v == stay
			}
		}
		if r := l.pairs.rank(a, b); r != 0 && r < limit {
			return false
		}
	}
	return true
}

// encode appends the ids of a piece to dst, up to a place where no token
// begins, and returns that place. It is -1 if there is no way to get there,
// which does not happen when all symbols before are known.
func (l *linear) encode(dst []uint32, piece []byte, st *walkState) (out []uint32, n int) {
	if st.verdicts == nil {
		st.verdicts = make([]uint64, smallTokens*smallTokens/32)
	}
	first, pos := len(dst), 0
	deadEnd := -1 // the last place of st.dead with a bit
	repeats := 0  // up to here it is known how far the text repeats itself
	prev := uint32(noID)
	longest, prevLongest := true, false
	tok := l.trie.longest(piece)
	for tok != noID {
		t := &l.tokens[tok]
		end := pos + t.length()
		if (end > deadEnd || st.dead[end/64]>>(end&63)&1 == 0) && (prev == noID || l.compatible(prev, tok, prevLongest, st)) {
			if len(dst) == cap(dst) {
				dst = slices.Grow(dst, room(len(dst)-first, pos, len(piece)))
			}
			dst = append(dst, tok)
			if tok == prev && longest && prevLongest && end >= max(repeats, deadEnd) {
				n := end - pos
				same := repeated(piece[pos:], n)
				repeats = end + same
				for ; same >= l.deepest; same -= n { // all that was looked at, so all is as it was
					dst = append(dst, tok)
					end += n
				}
			}
			pos, prev, prevLongest = end, tok, longest
			tok, longest = l.trie.longest(piece[pos:]), true
			continue
		}
		longest = false
		for tok = t.shorter; tok == noID; tok = l.tokens[tok].shorter { // nothing fits here: the token before was wrong
			if len(dst) == first {
				return dst, -1
			}
			if deadEnd < 0 {
				st.dead = append(st.dead[:0], make([]uint64, len(piece)/64+1)...)
			}
			st.dead[pos/64] |= 1 << (pos & 63)
			deadEnd = max(deadEnd, pos)
			tok = prev
			pos -= l.tokens[tok].length()
			dst = dst[:len(dst)-1]
			prev, prevLongest = noID, false
			if len(dst) > first {
				prev = dst[len(dst)-1]
			}
		}
	}
	return dst, pos
}

// room is for how many more ids to make room when pos of size bytes have become
// n: as many as the rest will need, at most three times what is there.
func room(n, pos, size int) int {
	if pos == 0 {
		return 16
	}
	rest := int(float64(n) / float64(pos) * float64(size-pos) * 1.01)
	return 16 + min(rest, 3*n+1024, size-pos)
}

// repeated returns how many bytes from text[n:] on are those n bytes before them.
func repeated(text []byte, n int) int {
	at := n
	for ; at+8 <= len(text); at += 8 {
		if x := binary.LittleEndian.Uint64(text[at:]) ^ binary.LittleEndian.Uint64(text[at-n:]); x != 0 {
			return at - n + bits.TrailingZeros64(x)/8
		}
	}
	for ; at < len(text) && text[at] == text[at-n]; at++ {
	}
	return at - n
}
