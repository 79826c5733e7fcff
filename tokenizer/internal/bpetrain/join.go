package bpetrain

import "sync"

// shard is the working memory of one goroutine that joins pairs.
type shard struct {
	left, right changes // of the symbols before and behind the joined pairs
	sum         uint32  // keeps the reading ahead from being optimized away
}

// changes gathers by symbol what joining changes.
type changes struct {
	by   []change
	seen []uint32 // symbols that have a change
	list []placed // pieces by symbol, in the order in which they were seen
}

// change is a count, and how many pieces it comes from.
type change struct {
	count int64
	size  uint32 // pieces
	last  uint32 // piece
	at    uint32 // where the next piece goes, or nowhere
}

type placed struct{ symbol, word uint32 }

const nowhere = none

func newChanges(n int) changes { return changes{by: make([]change, n)} }

func (c *changes) add(symbol, word uint32, n int64) {
	by := &c.by[symbol]
	by.count += n
	if by.size == 0 {
		c.seen = append(c.seen, symbol)
	} else if by.last == word {
		return
	}
	by.size++
	by.last = word
	c.list = append(c.list, placed{symbol, word})
}

func (c *changes) reset() {
	for _, x := range c.seen {
		c.by[x] = change{}
	}
	c.seen, c.list = c.seen[:0], c.list[:0]
}

const (
	joinAlone = 1 << 12 // fewer pieces are not worth handing to other goroutines
	ahead     = 16      // pieces that are asked for before they are needed
)

// joinAll joins a pair in pieces, at most chunkWords different ones, and moves the
// counts of its neighbours. The sums are the same however the pieces are shared.
func (l *learner) joinAll(words []uint32, a, b, id uint32) {
	shards := l.shards
	if len(words) < joinAlone {
		shards = shards[:1]
	}
	var wg sync.WaitGroup
	for k, s := range shards {
		mine := words[k*len(words)/len(shards) : (k+1)*len(words)/len(shards)]
		if k == len(shards)-1 {
			s.joinIn(l.text, mine, a, b, id)
			break
		}
		wg.Go(func() { s.joinIn(l.text, mine, a, b, id) })
	}
	wg.Wait()
	for _, s := range shards {
		l.settle(s, a, b, id)
	}
}

func (s *shard) joinIn(text, words []uint32, a, b, id uint32) {
	for k, w := range words {
		if k+ahead < len(words) {
			s.sum += text[words[k+ahead]] // the pieces lie far apart: have them fetched together
		}
		s.join(text[w:], w, a, b, id)
	}
}

// join replaces a b by id in piece w, which is text, and notes the neighbours.
func (s *shard) join(text []uint32, w, a, b, id uint32) {
	n, t := countOf(text), text[2:]
	i := 0
	for ; t[i] != a || t[i+1] != b; i++ {
		if t[i] == end {
			return
		}
	}
	k := i
	for t[i] != end {
		if t[i] != a || t[i+1] != b {
			t[k] = t[i]
			i, k = i+1, k+1
			continue
		}
		if k > 0 {
			s.left.add(t[k-1], w, n)
		}
		if t[i+2] != end {
			s.right.add(t[i+2], w, n)
		}
		t[k] = id
		i, k = i+2, k+1
	}
	t[k] = end
}

// settle moves the counts of the neighbours' pairs: of x before a b from x a to
// x id, of y behind it from b y to id y.
func (l *learner) settle(s *shard, a, b, id uint32) {
	for _, x := range s.left.seen {
		l.raise(x, id, &s.left.by[x])
	}
	for _, y := range s.right.seen {
		l.raise(id, y, &s.right.by[y])
	}
	for _, x := range s.left.seen {
		l.drop(x, a, s.left.by[x].count)
	}
	for _, y := range s.right.seen {
		l.drop(b, y, s.right.by[y].count)
	}
	l.place(&s.left)
	l.place(&s.right)
	for _, x := range s.left.seen {
		l.offer(x, id)
	}
	for _, y := range s.right.seen {
		l.offer(id, y)
	}
	s.left.reset()
	s.right.reset()
}

// place writes the pieces into the lists that raise has made.
func (l *learner) place(c *changes) {
	for _, e := range c.list {
		if by := &c.by[e.symbol]; by.at != nowhere {
			l.pairs.lists.words(stretch{by.at, 1})[0] = e.word
			by.at++
		}
	}
}
