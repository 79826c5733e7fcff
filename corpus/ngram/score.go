package ngram

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/athanor-lm/athanor/tokenizer"
)

// Scorer scores texts with memory of its own. One goroutine uses it.
//
// Nearly all of the time is waiting for memory: n-grams lie scattered in tables far larger than the caches. Which places are looked at
// does not depend on what is found, so hundreds of words are looked up side by side, order by order.
type Scorer struct {
	m *Model
	c *cutter

	ids   []uint32 // sentences one after the other, each with <s> and </s>
	reach []uint8  // how many words of its sentence are before each, at most maxOrder-1
	keys  []uint64
	live  []int32                // words whose n-gram was found in the order before
	look  []lookup               // theirs
	found [maxOrder + 1][]uint64 // by order, from 2 on: slots of the n-grams that end with each word, 0 = not there
}

// lookup is where a search is.
type lookup struct {
	at    uint64
	slot  uint64
	known uint32
}

// batch is how many words are looked up at once, sentences whole.
const batch = 512

// NewScorer returns a scorer. A model of tokens needs the tokenizer it was trained with, others nil.
func (m *Model) NewScorer(tok *tokenizer.Tokenizer) (*Scorer, error) {
	c, err := newCutter(m.head.Unit, m.head.Fold, tok)
	if err != nil {
		return nil, err
	}
	if tok != nil && tok.Hash() != m.head.Tokenizer {
		return nil, fmt.Errorf("ngram: the tokenizer's hash is %.12s…, the model's is %.12s…: want the one it was trained with", tok.Hash(), m.head.Tokenizer)
	}
	return &Scorer{m: m, c: c}, nil
}

// Score returns the probability of a text.
func (s *Scorer) Score(text string) (sum Score) {
	s.ids, s.reach = s.ids[:0], s.reach[:0]
	s.c.eachSentence(text, func(units []uint64) {
		s.ids, s.reach = append(s.ids, begin), append(s.reach, 0)
		for i, u := range units {
			w := s.m.vocab.of(u)
			if w == unknown {
				sum.Unknown++
			}
			s.ids, s.reach = append(s.ids, w), append(s.reach, uint8(min(i+1, maxOrder-1)))
		}
		s.ids, s.reach = append(s.ids, end), append(s.reach, uint8(min(len(units)+1, maxOrder-1)))
		sum.Words += int64(len(units)) + 1
		if len(s.ids) >= batch {
			sum.Log += s.log()
			s.ids, s.reach = s.ids[:0], s.reach[:0]
		}
	})
	sum.Log += s.log()
	return sum
}

// log returns log₁₀ of the probability of the sentences at hand.
func (s *Scorer) log() (sum float64) {
	s.search()
	order := s.m.head.Order
	for i, w := range s.ids {
		if w == begin && s.reach[i] == 0 {
			continue
		}
		n := 1 // the length of the n-gram found
		for n < order && s.found[n+1][i] != 0 {
			n++
		}
		if n == 1 {
			sum += s.m.unigram(w, 0)
		} else {
			sum += float64(s.found[n][i]>>32&math.MaxUint16) * (-probabilityRange / math.MaxUint16)
		}
		// γ of all contexts that are longer than the n-gram's own.
		for k := n; k < order; k++ {
			if k == 1 {
				sum += s.m.unigram(s.ids[i-1], 4)
				continue
			}
			slot := s.found[k][i-1]
			if slot == 0 {
				break
			}
			sum += float64(slot>>48) * (-gammaRange / math.MaxUint16)
		}
	}
	return sum
}

func (m *Model) unigram(w uint32, at int) float64 {
	return float64(math.Float32frombits(binary.LittleEndian.Uint32(m.unigrams[8*int(w)+at:])))
}

// search looks up the n-grams that end with each word, as far as they are known. What an n-gram ends with is known where it is.
func (s *Scorer) search() {
	s.live, s.keys = s.live[:0], s.keys[:0]
	for i, w := range s.ids {
		s.keys = append(s.keys, keyOf(w))
		if s.reach[i] > 0 {
			s.live = append(s.live, int32(i))
		}
	}
	for n := 2; n <= s.m.head.Order; n++ {
		if cap(s.found[n]) < len(s.ids) {
			s.found[n] = make([]uint64, len(s.ids)+batch)
		}
		s.found[n] = s.found[n][:len(s.ids)]
		clear(s.found[n])
		s.searchOrder(n)
	}
}

// searchOrder looks up the n-grams that end with the live words, and leaves those words live that have one and may have a longer one.
func (s *Scorer) searchOrder(n int) {
	data, slots, probes := s.m.grams[n-2], s.m.head.Slots[n-2], s.m.head.Probes[n-2]
	if cap(s.look) < len(s.live) {
		s.look = make([]lookup, len(s.live)+batch)
	}
	look := s.look[:len(s.live)]
	for j, i := range s.live { // without branches, so that the loads overlap
		key := longerKey(s.keys[i], s.ids[int(i)-n+1])
		s.keys[i] = key
		at, known := place(key, slots/bucketSlots)
		look[j] = lookup{at, binary.LittleEndian.Uint64(data[8*at:]), known}
	}
	live, found := s.live[:0], s.found[n]
	for j := range look {
		l, i := &look[j], s.live[j]
		for left := probes; l.slot != 0 && uint32(l.slot) != l.known; {
			if left <= 1 {
				l.slot = 0
				break
			}
			left--
			if l.at++; l.at == slots {
				l.at = 0
			}
			l.slot = binary.LittleEndian.Uint64(data[8*l.at:])
		}
		if l.slot != 0 {
			found[i] = l.slot
			if int(s.reach[i]) >= n {
				live = append(live, i)
			}
		}
	}
	s.live = live
}
