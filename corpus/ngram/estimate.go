package ngram

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"os"

	"github.com/athanor-lm/athanor/corpus/internal/extsort"
)

// tail is a word behind a context, with its adjusted count.
type tail struct {
	word   uint32
	count  uint64
	pruned bool
}

// normalize reads the n-grams of an order in context order. Of each that is kept it adds the word's own share of the probability and
// γ of the context to a sorter in suffix order; of each context it writes γ, in suffix order too.
func (t *trainer) normalize(n int, in *extsort.Sorter, gammas io.Writer) (*extsort.Sorter, error) {
	out, err := t.sorter(n*wordBytes + 8)
	if err != nil {
		return nil, err
	}
	r, err := in.Sort()
	if err != nil {
		return nil, err
	}
	context := make([]byte, (n-1)*wordBytes)
	var tails []tail
	g := &group{t: t, n: n, out: out, gammas: gammas, rec: make([]byte, n*wordBytes+8)}
	for {
		rec, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(tails) > 0 && !bytes.Equal(context, rec[:len(context)]) {
			if err := g.close(context, tails); err != nil {
				return nil, err
			}
			tails = tails[:0]
		}
		if len(tails) == 0 {
			copy(context, rec)
		}
		count := getCount(rec[n*wordBytes:])
		tails = append(tails, tail{getWord(rec[len(context):]), count &^ prunedBit, count&prunedBit != 0})
	}
	if len(tails) > 0 {
		if err := g.close(context, tails); err != nil {
			return nil, err
		}
	}
	return out, in.Close()
}

// group is the words behind one context.
type group struct {
	t      *trainer
	n      int
	out    *extsort.Sorter
	gammas io.Writer
	rec    []byte
}

// close divides up the probability behind a context. What pruned words had goes to γ, so that the sum stays 1.
func (g *group) close(context []byte, tails []tail) error {
	d := g.t.discount[g.n]
	var sum, gamma float64
	for _, w := range tails {
		sum += float64(w.count)
		if w.pruned {
			gamma += float64(w.count)
		} else {
			gamma += d[min(w.count, 3)]
		}
	}
	gamma /= sum
	rec := g.rec
	copy(rec[wordBytes:], context)
	binary.BigEndian.PutUint32(rec[g.n*wordBytes+4:], math.Float32bits(float32(gamma)))
	for _, w := range tails {
		if w.pruned {
			continue
		}
		putWord(rec, w.word)
		own := (float64(w.count) - d[min(w.count, 3)]) / sum
		binary.BigEndian.PutUint32(rec[g.n*wordBytes:], math.Float32bits(float32(own)))
		if err := g.out.Add(rec); err != nil {
			return err
		}
	}
	if _, err := g.gammas.Write(context); err != nil {
		return err
	}
	_, err := g.gammas.Write(binary.BigEndian.AppendUint32(nil, math.Float32bits(float32(gamma))))
	return err
}

// stream is records in suffix order with the one at hand.
type stream struct {
	next func() ([]byte, error)
	key  int // bytes of the n-gram
	rec  []byte
	err  error
}

func (s *stream) advance() {
	if s.rec, s.err = s.next(); s.err != nil {
		s.rec = nil
	}
}

// failed returns the error that ended the stream early.
func (s *stream) failed() error {
	if s.err == io.EOF {
		return nil
	}
	return s.err
}

// joiner interpolates all orders: an n-gram follows the shorter one whose words it ends with.
type joiner struct {
	t      *trainer
	grams  []stream // by order, from 2 on
	gammas []stream // by the length of the context, from 1 on
	take   func(n int, suffix []byte, p, gamma float64)
}

// join walks over all n-grams in suffix order and hands each to take, with its probability and its γ as a context, 1 where nothing
// follows it.
func (t *trainer) join(orders []*extsort.Sorter, gammas []*os.File, take func(n int, suffix []byte, p, gamma float64)) error {
	j := &joiner{t: t, grams: make([]stream, t.Order+2), gammas: make([]stream, t.Order+1), take: take}
	for n := 2; n <= t.Order; n++ {
		r, err := orders[n].Sort()
		if err != nil {
			return err
		}
		j.grams[n] = stream{next: r.Next, key: n * wordBytes}
		j.grams[n].advance()
		if _, err := gammas[n-1].Seek(0, io.SeekStart); err != nil {
			return err
		}
		in, rec := bufio.NewReaderSize(gammas[n-1], 1<<18), make([]byte, (n-1)*wordBytes+4)
		j.gammas[n-1] = stream{key: (n - 1) * wordBytes, next: func() ([]byte, error) {
			_, err := io.ReadFull(in, rec)
			return rec, err
		}}
		j.gammas[n-1].advance()
	}
	j.unigrams()
	for n := 2; n <= t.Order; n++ {
		if err := j.grams[n].failed(); err != nil {
			return err
		}
		if err := j.gammas[n-1].failed(); err != nil {
			return err
		}
	}
	return nil
}

// unigrams goes over the vocabulary; <s> has no probability.
func (j *joiner) unigrams() {
	t := j.t
	d := t.discount[1]
	var sum, gamma float64
	for _, a := range t.unigrams {
		sum += float64(a)
		gamma += d[min(a, 3)]
	}
	gamma /= sum
	uniform := 1 / float64(len(t.unigrams)-1) // without <s>
	key := make([]byte, wordBytes)
	for w, a := range t.unigrams {
		p := (float64(a)-d[min(a, 3)])/sum + gamma*uniform
		if w == begin {
			p = 0
		}
		putWord(key, uint32(w))
		j.take(1, key, p, j.gamma(1, key))
		j.longer(2, key, p)
	}
}

// longer goes over the n-grams that end with a shorter one whose probability is p.
func (j *joiner) longer(n int, suffix []byte, p float64) {
	if n > j.t.Order {
		return
	}
	s := &j.grams[n]
	key := make([]byte, s.key)
	for s.rec != nil && bytes.Equal(s.rec[:len(suffix)], suffix) {
		copy(key, s.rec)
		own := math.Float32frombits(binary.BigEndian.Uint32(s.rec[s.key:]))
		gamma := math.Float32frombits(binary.BigEndian.Uint32(s.rec[s.key+4:]))
		full := float64(own) + float64(gamma)*p
		j.take(n, key, full, j.gamma(n, key))
		s.advance()
		j.longer(n+1, key, full)
	}
}

// gamma returns that of a context, passing over those of n-grams that were pruned.
func (j *joiner) gamma(n int, key []byte) float64 {
	if n == j.t.Order {
		return 1
	}
	s := &j.gammas[n]
	for s.rec != nil && bytes.Compare(s.rec[:s.key], key) < 0 {
		s.advance()
	}
	if s.rec == nil || !bytes.Equal(s.rec[:s.key], key) {
		return 1
	}
	return float64(math.Float32frombits(binary.BigEndian.Uint32(s.rec[s.key:])))
}
