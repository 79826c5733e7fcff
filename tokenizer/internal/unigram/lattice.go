package unigram

import (
	"math"
	"math/rand/v2"

	"github.com/athanor-lm/athanor/tokenizer/internal/darts"
)

// edge is a piece at a place in a text.
type edge struct {
	lo, hi int32
	id     uint32 // Unk for an unknown character
	score  float32
	next   int32   // the next edge that ends at hi; -1: none
	prev   int32   // the best edge that ends at lo
	best   float32 // score of the best way to hi by this edge
}

// lattice holds all pieces of a text.
type lattice struct {
	edges       []edge // by lo, then length; the first one ends at 0 and is empty, the last one begins and ends at the end
	first, last []int32
}

// newLattice finds all pieces in text.
func (m *Model) newLattice(text []byte) *lattice {
	l := &lattice{first: make([]int32, len(text)+1), last: make([]int32, len(text)+1)}
	for i := range l.first {
		l.first[i] = -1
	}
	l.add(edge{})
	unk := float32(m.minimum) - unkPenalty
	for i := 0; i < len(text); {
		char, known := min(charLen(text[i]), len(text)-i), false
		u := m.trie[darts.Root]
		for k, c := range text[i:] {
			u = m.trie[uint32(u>>32)^uint32(c)]
			if uint32(u)&0x1ff != uint32(c) {
				break
			}
			if id := uint32(u) >> 9; id != 0 {
				l.add(edge{lo: int32(i), hi: int32(i + k + 1), id: id - 1, score: m.lattice[id-1]})
				known = known || k+1 == char
			}
		}
		if !known {
			l.add(edge{lo: int32(i), hi: int32(i + char), id: Unk, score: unk})
		}
		i += char
	}
	l.edges = append(l.edges, edge{lo: int32(len(text)), hi: int32(len(text))})
	return l
}

// add appends an edge to the lattice and to those that end where it does.
func (l *lattice) add(e edge) {
	at := int32(len(l.edges))
	e.next = -1
	l.edges = append(l.edges, e)
	if l.first[e.hi] < 0 {
		l.first[e.hi] = at
	} else {
		l.edges[l.last[e.hi]].next = at
	}
	l.last[e.hi] = at
}

// search finds the best way to every edge, by SentencePiece's arithmetic.
func (l *lattice) search() {
	for at := 1; at < len(l.edges); at++ {
		e := &l.edges[at]
		e.prev = -1
		for k := l.first[e.lo]; k >= 0; k = l.edges[k].next {
			if score := l.edges[k].best + e.score; e.prev < 0 || score > e.best {
				e.prev, e.best = k, score
			}
		}
	}
}

// Path is a way to cut a text, with the sum of its pieces' scores.
type Path struct {
	Tokens []Token
	Score  float32
}

// bestPath returns the best way, after search.
func (l *lattice) bestPath() Path {
	var out []Token
	end := &l.edges[len(l.edges)-1]
	for k := end.prev; k > 0; k = l.edges[k].prev {
		out = append(out, Token{l.edges[k].id, int(l.edges[k].hi)})
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return Path{out, end.best}
}

// hypothesis is the end of a way to cut a text, from an edge on.
type hypothesis struct {
	edge, next int32   // next: the hypothesis it extends, -1 for the text's end
	total      float32 // of the best way with this end
	end        float32 // of the end alone, without the edge at its beginning
}

// Bounds of SentencePiece's n-best search. When the agenda or the hypotheses
// made since get too many, only the best few of the agenda are kept; a search
// that goes on too long gives the best way alone.
const (
	maxAgenda     = 10000
	maxShrunk     = 512
	maxHypotheses = 100000
	maxTotal      = 500000
	maxShrinks    = 10
)

// NBest returns the n best ways to cut text, best first, by A* search from the
// end with the best scores from the beginning as the heuristic. Fewer are
// returned where there are not as many. Among ways that score the same the order
// is SentencePiece's.
func (m *Model) NBest(text []byte, n int) []Path {
	if len(text) == 0 || n < 1 {
		return nil
	}
	l := m.newLattice(text)
	l.search()
	if n == 1 {
		return []Path{l.bestPath()}
	}
	s := nbest{l: l, keep: min(maxShrunk, 10*n), most: maxHypotheses}
	last := int32(len(l.edges) - 1)
	s.all = append(s.all, hypothesis{edge: last, next: -1, total: l.edges[last].best})
	s.push(0)
	s.alive = 1
	var out []Path
	for len(s.agenda) > 0 && len(out) < n {
		top := s.pop()
		h := s.all[top]
		if h.edge == 0 {
			out = append(out, s.path(top))
			continue
		}
		for k := l.first[l.edges[h.edge].lo]; k >= 0; k = l.edges[k].next {
			s.all = append(s.all, hypothesis{edge: k, next: top, total: l.edges[k].best + h.end, end: l.edges[k].score + h.end})
			s.push(int32(len(s.all) - 1))
			s.alive++
		}
		if len(s.all) >= maxTotal || !s.shrink() {
			return []Path{l.bestPath()}
		}
	}
	return out
}

// nbest is the state of an n-best search.
type nbest struct {
	l       *lattice
	all     []hypothesis
	agenda  []int32 // heap of hypotheses by total, in the order of std::priority_queue
	alive   int     // hypotheses since the agenda was cut, and those kept then
	keep    int
	most    int
	shrinks int
}

func (s *nbest) path(at int32) Path {
	p := Path{Score: s.all[at].total}
	for k := s.all[at].next; s.all[k].next >= 0; k = s.all[k].next {
		e := &s.l.edges[s.all[k].edge]
		p.Tokens = append(p.Tokens, Token{e.id, int(e.hi)})
	}
	return p
}

func (s *nbest) less(a, b int32) bool { return s.all[a].total < s.all[b].total }

// push is std::push_heap: equal elements do not pass one another.
func (s *nbest) push(v int32) {
	s.agenda = append(s.agenda, v)
	s.up(len(s.agenda)-1, 0, v)
}

func (s *nbest) up(at, top int, v int32) {
	for at > top {
		parent := (at - 1) / 2
		if !s.less(s.agenda[parent], v) {
			break
		}
		s.agenda[at] = s.agenda[parent]
		at = parent
	}
	s.agenda[at] = v
}

// pop is std::pop_heap: the hole sinks to the bottom along the larger children,
// then the last element rises from there.
func (s *nbest) pop() int32 {
	h := s.agenda
	n := len(h) - 1
	top, v := h[0], h[n]
	s.agenda = h[:n]
	if n == 0 {
		return top
	}
	at, child := 0, 0
	for child < (n-1)/2 {
		child = 2*child + 2
		if s.less(h[child], h[child-1]) {
			child--
		}
		h[at] = h[child]
		at = child
	}
	if n&1 == 0 && child == (n-2)/2 {
		child = 2*child + 1
		h[at] = h[child]
		at = child
	}
	s.up(at, 0, v)
	return top
}

// shrink cuts the agenda if it has to be; false means to give up.
func (s *nbest) shrink() bool {
	if len(s.agenda) < maxAgenda && (len(s.agenda) <= s.keep || s.alive < s.most) {
		return true
	}
	if s.shrinks++; s.shrinks > maxShrinks {
		return false
	}
	kept := make([]int32, min(len(s.agenda), s.keep))
	seen := map[int32]bool{}
	for i := range kept {
		kept[i] = s.pop()
		for k := kept[i]; k >= 0 && !seen[k]; k = s.all[k].next {
			seen[k] = true
		}
	}
	s.agenda = s.agenda[:0]
	for _, v := range kept {
		s.push(v)
	}
	s.alive, s.most = len(seen), len(seen)+maxHypotheses
	return true
}

// Sample cuts text at random: a way is chosen with a probability proportional to
// exp(alpha · its score), by forward filtering and backward sampling (Kudo 2018,
// section 3.3). Small alphas give many cuts, large ones the best way.
func (m *Model) Sample(text []byte, alpha float64, rng *rand.Rand) []Token {
	l := m.newLattice(text)
	sum := make([]float64, len(text)+1) // log of the sum over all ways to here
	for i := 1; i <= len(text); i++ {
		sum[i] = math.Inf(-1)
		for k := l.first[i]; k >= 0; k = l.edges[k].next {
			e := &l.edges[k]
			sum[i] = logSum(sum[i], sum[e.lo]+alpha*float64(e.score))
		}
	}
	var out []Token
	for at := len(text); at > 0; {
		u := rng.Float64()
		k := l.first[at]
		for ; l.edges[k].next >= 0; k = l.edges[k].next {
			e := &l.edges[k]
			if u -= math.Exp(sum[e.lo] + alpha*float64(e.score) - sum[at]); u < 0 {
				break
			}
		}
		out = append(out, Token{l.edges[k].id, at})
		at = int(l.edges[k].lo)
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

func logSum(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(a, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}

// Choose picks one of n ways, best first, with a probability proportional to
// exp(alpha · its score).
func Choose(n int, score func(int) float32, alpha float64, rng *rand.Rand) int {
	var total float64
	weights := make([]float64, n)
	for i := range weights {
		weights[i] = math.Exp(alpha * float64(score(i)-score(0)))
		total += weights[i]
	}
	u := rng.Float64() * total
	for i, w := range weights {
		if u -= w; u < 0 {
			return i
		}
	}
	return 0
}
