package bpe

import (
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/bytelevel"
)

// linear encodes in time linear in the piece, without merging.
//
// A sequence of tokens is what the merges make of its text if and only if that
// holds of every two neighbours: were it otherwise for the whole, the first
// merge across a border between two tokens would come about between these two
// alone as well. So tokens are chosen from left to right, the longest first,
// each compatible with the one before; where none is, the choice before is
// taken back, and a place from which nothing leads to the end is never tried
// twice. (The idea is that of GitHub's rust-gems crate bpe.)
//
// Every token is made by one merge only, the last one when it is encoded by
// itself: up to there nothing outside of it has a part in it. Merges that are
// no token's last one never happen and are left out. Two tokens are compatible
// if no merge across their border comes before the merges that made them; this
// looks at their last merges, in reverse order, which must be that of the
// ranks: a token's rank must be above those of its parts. Where a vocabulary
// is otherwise, there is no linear.
type linear struct {
	trie      trie
	tokens    []tokenInfo // by id
	pairs     livePairs
	bytePairs *[1 << 16]uint32 // byte-level: the ranks of pairs of bytes, 0 for none
	small     []uint16         // by id: the number of a token that verdicts are kept of, 0 for none
	deepest   int              // bytes of the longest token
}

// tokenInfo is a token with its last merge. Of a symbol rank is 0, as of an id
// that no merges make.
type tokenInfo struct {
	left, right uint32 // what it was made of; of a byte-level symbol left is the byte
	shorter     uint32 // the longest token that it begins with, noID if there is none
	packed      uint32 // rank above length
}

const (
	lengthBits = 12
	maxLength  = 1<<lengthBits - 1
)

// rank of the last merge, from 1, in the order of all last merges.
func (t *tokenInfo) rank() uint32 { return t.packed >> lengthBits }

// length in bytes.
func (t *tokenInfo) length() int { return int(t.packed & maxLength) }

// livePairs is a hash table from pairs of ids to the ranks of their last
// merges, in one word each: left in bits 42-63, right in bits 20-41, rank below.
// Most pairs that are looked for have no merge; a bit for every pair, small
// enough for a near cache, tells so of all but one in seven of them.
type livePairs struct {
	slots  []uint64 // 0 for a free one
	shift  uint
	filter []uint64
	thin   uint // shift of the filter's bits
}

const (
	rankBits    = 20
	maxLinear   = 1<<rankBits - 2 // merges
	maxLinearID = 1 << 22
)

func livePair(a, b uint32) uint64 { return uint64(a)<<42 | uint64(b)<<20 }

func newLivePairs(n int) livePairs {
	bits := uint(8)
	for 1<<bits < 2*n {
		bits++
	}
	return livePairs{make([]uint64, 1<<bits), 64 - bits, make([]uint64, 1<<(bits+2)/64), 64 - bits - 2}
}

func (p *livePairs) set(a, b, rank uint32) {
	key := livePair(a, b)
	hash := key * 0x9E3779B97F4A7C15
	p.filter[hash>>p.thin>>6] |= 1 << (hash >> p.thin & 63)
	at := int(hash >> p.shift)
	for p.slots[at] != 0 {
		at = (at + 1) & (len(p.slots) - 1)
	}
	p.slots[at] = key | uint64(rank)
}

// rank returns the rank of a pair, 0 if it is never merged.
func (p *livePairs) rank(a, b uint32) uint32 {
	key := livePair(a, b)
	hash := key * 0x9E3779B97F4A7C15
	if bit := hash >> p.thin; p.filter[bit>>6]>>(bit&63)&1 == 0 {
		return 0
	}
	return p.find(key, hash>>p.shift)
}

func (p *livePairs) find(key, at uint64) uint32 {
	for slots := p.slots; ; at++ {
		e := slots[int(at)&(len(slots)-1)]
		if (e^key)>>rankBits == 0 {
			return uint32(e) & (1<<rankBits - 1)
		}
		if e == 0 {
			return 0
		}
	}
}

// newLinear returns nil where the vocabulary does not allow it.
func newLinear(m *Model) *linear {
	if m.c.ByteLevel && !m.direct || m.c.ContinuingSubwordPrefix != "" || m.c.EndOfWordSuffix != "" {
		return nil
	}
	top := uint32(0)
	for _, id := range m.c.Vocab {
		top = max(top, id)
	}
	if top >= maxLinearID || len(m.c.Merges) == 0 {
		return nil
	}
	l := &linear{tokens: make([]tokenInfo, top+1)}
	lasts, keys := l.lastMerges(m)
	if lasts == nil || len(lasts) > maxLinear || !l.rankTokens(m, lasts) {
		return nil
	}
	l.trie = newTrie(keys)
	for _, k := range keys {
		t := &l.tokens[k.id]
		t.shorter = l.trie.longest([]byte(k.text[:len(k.text)-1]))
		l.deepest = max(l.deepest, len(k.text))
	}
	l.numberSmall(keys)
	return l
}

// lastMerges encodes every token by itself. It returns, by rank of the merge,
// the token each last merge makes (noID for the other merges), and the text of
// all tokens that come about.
func (l *linear) lastMerges(m *Model) (lasts []uint32, keys []trieKey) {
	lasts = make([]uint32, len(m.c.Merges))
	for i := range lasts {
		lasts[i] = noID
	}
	keys = make([]trieKey, 0, len(m.c.Vocab))
	var ids []uint32
	var raw []byte
	var long longState
	for token, id := range m.c.Vocab {
		text := token
		if m.c.ByteLevel {
			var ok bool
			if raw, ok = bytelevel.AppendBytes(raw[:0], token); !ok {
				continue
			}
			text = string(raw)
		}
		var ok bool
		if ids, ok = m.knownSymbols(ids[:0], text); !ok {
			continue
		}
		t := &l.tokens[id]
		if len(ids) > 1 {
			n, last := m.mergeAll(ids, &long)
			if n > 1 || last.id != id {
				continue
			}
			t.left, t.right = last.left, last.right
			lasts[last.rank] = id
		}
		if len(text) > maxLength {
			return nil, nil
		}
		t.packed = uint32(len(text))
		keys = append(keys, trieKey{text, id})
	}
	return lasts, keys
}

// rankTokens numbers the last merges and fills the table of pairs. It is false
// if some merge comes before those of its parts, or has a part that is not what
// its text gives.
func (l *linear) rankTokens(m *Model, lasts []uint32) bool {
	n := uint32(0)
	for _, id := range lasts {
		if id != noID {
			n++
			l.tokens[id].packed |= n << lengthBits
		}
	}
	l.pairs = newLivePairs(int(n))
	if m.c.ByteLevel {
		l.bytePairs = new([1 << 16]uint32)
		for b, id := range m.byteIDs {
			l.tokens[id].left = uint32(b)
		}
	}
	for _, id := range lasts {
		if id == noID {
			continue
		}
		t := &l.tokens[id]
		a, b := &l.tokens[t.left], &l.tokens[t.right]
		if a.rank() >= t.rank() || b.rank() >= t.rank() || a.length() == 0 || b.length() == 0 || a.length()+b.length() != t.length() {
			return false
		}
		l.pairs.set(t.left, t.right, t.rank())
		if l.bytePairs != nil && a.rank()|b.rank() == 0 {
			l.bytePairs[a.left<<8|b.left] = t.rank()
		}
	}
	return l.inert(m)
}

// inert tells whether what stands for unknown characters takes part in no
// merge and comes of none.
func (l *linear) inert(m *Model) bool {
	names := []string{m.c.UnkToken}
	if m.c.ByteFallback {
		names = append(names, byteTokens[:]...)
	}
	inert := map[uint32]bool{}
	for _, name := range names {
		if id, ok := m.c.Vocab[name]; ok {
			inert[id] = true
			if l.tokens[id].rank() != 0 {
				return false
			}
		}
	}
	for _, e := range m.merges.entries {
		if e.key != emptyPair && (inert[uint32(e.key>>32)] || inert[uint32(e.key)]) {
			return false
		}
	}
	return true
}

// knownSymbols appends the symbols of text; ok is false if one has no token.
func (m *Model) knownSymbols(dst []uint32, text string) (ids []uint32, ok bool) {
	for i := 0; i < len(text); {
		if m.c.ByteLevel {
			dst = append(dst, m.byteIDs[text[i]])
			i++
			continue
		}
		_, w := utf8.DecodeRuneInString(text[i:])
		id, ok := m.c.Vocab[text[i:i+w]]
		if !ok {
			return dst, false
		}
		dst = append(dst, id)
		i += w
	}
	return dst, len(dst) > 0
}
