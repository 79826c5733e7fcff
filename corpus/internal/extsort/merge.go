package extsort

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	maxFan   = 256      // runs merged at once: files open
	minBlock = 16 << 10 // bytes read at once from a run
	maxBlock = 1 << 20
)

// Reader gives the records of a sort in order.
type Reader struct {
	size   int
	inputs []*input
	tree   []int32 // losers; tree[0] is the winner
	moved  bool    // the winner's record was given out
}

// input is one of the merged sequences.
type input struct {
	name  string
	from  io.Reader // nil for records in memory
	left  int64     // bytes still to be read
	room  []byte    // for blocks
	block []byte    // what is read of it and not given out
	key   uint64    // the first bytes of the record at hand
	done  bool
}

// merge joins the runs and the records left in memory.
func (s *Sorter) merge(rest []byte) (*Reader, error) {
	budget := s.o.Memory / 4
	fan := int(min(maxFan, max(2, budget/minBlock-1)))
	for len(s.runs) > fan {
		r, err := s.join(s.runs[:fan], budget)
		if err != nil {
			return nil, err
		}
		s.runs = append(s.runs[fan:], r)
	}
	return s.reader(s.runs, rest, budget)
}

// join writes several runs as one and removes them.
func (s *Sorter) join(runs []*run, budget int64) (*run, error) {
	from, err := s.reader(runs, nil, budget)
	if err != nil {
		return nil, err
	}
	w, err := s.dirs.begin(s.o.Compress)
	if err != nil {
		return nil, err
	}
	for {
		rec, err := from.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			_, err = w.Write(rec)
		}
		if err != nil {
			return nil, w.abandon(err)
		}
	}
	joined, err := w.end()
	if err != nil {
		return nil, err
	}
	for _, r := range runs {
		err = errors.Join(err, r.remove())
	}
	for _, b := range s.merged {
		err = errors.Join(err, b.Unmap())
	}
	s.merged = nil
	return joined, err
}

func (s *Sorter) reader(runs []*run, rest []byte, budget int64) (*Reader, error) {
	r := &Reader{size: s.o.Size}
	block := int(min(maxBlock, max(minBlock, budget/int64(len(runs)+1))))
	block = max(1, block/s.o.Size) * s.o.Size
	if len(runs) > 0 {
		room, err := reserve(block * len(runs))
		if err != nil {
			return nil, err
		}
		s.merged = append(s.merged, room)
		for i, run := range runs {
			from, err := run.reader()
			if err != nil {
				return nil, err
			}
			r.inputs = append(r.inputs, &input{name: run.name, from: from, left: run.bytes, room: room[i*block : (i+1)*block]})
		}
	}
	r.inputs = append(r.inputs, &input{block: rest})
	for _, in := range r.inputs {
		if err := in.settle(s.o.Size); err != nil {
			return nil, err
		}
	}
	r.plant()
	return r, nil
}

// settle makes a record be at hand where there is one.
func (in *input) settle(size int) error {
	if len(in.block) == 0 {
		if in.left == 0 {
			in.done = true
			return nil
		}
		in.block = in.room[:min(int64(len(in.room)), in.left)]
		if _, err := io.ReadFull(in.from, in.block); err != nil {
			return fmt.Errorf("extsort: read sorted run %s, %d bytes before its end: %w", in.name, in.left, err)
		}
		in.left -= int64(len(in.block))
	}
	if size >= 8 {
		in.key = binary.BigEndian.Uint64(in.block)
	}
	return nil
}

// before says whether input i's record comes before j's.
func (r *Reader) before(i, j int32) bool {
	a, b := r.inputs[i], r.inputs[j]
	switch {
	case a.done || b.done:
		return !a.done
	case a.key != b.key:
		return a.key < b.key
	default:
		return bytes.Compare(a.block[:r.size], b.block[:r.size]) < 0
	}
}

// plant builds the tree of losers (Knuth vol. 3, 5.4.1): inner node k has the input that lost there, and the leaves of n
// inputs would be nodes n to 2n-1.
func (r *Reader) plant() {
	n := len(r.inputs)
	r.tree = make([]int32, n)
	winners := make([]int32, 2*n)
	for i := range n {
		winners[n+i] = int32(i)
	}
	for k := n - 1; k >= 1; k-- {
		a, b := winners[2*k], winners[2*k+1]
		if r.before(b, a) {
			a, b = b, a
		}
		winners[k], r.tree[k] = a, b
	}
	r.tree[0] = winners[1]
}

// Next returns the next record, valid until the next call, or io.EOF.
func (r *Reader) Next() ([]byte, error) {
	w := r.tree[0]
	in := r.inputs[w]
	if r.moved {
		in.block = in.block[r.size:]
		if err := in.settle(r.size); err != nil {
			return nil, err
		}
		if len(r.inputs) > 1 {
			w = r.replay(w)
			in = r.inputs[w]
		}
	}
	if in.done {
		r.moved = false
		return nil, io.EOF
	}
	r.moved = true
	return in.block[:r.size:r.size], nil
}

// replay finds the winner after input w's record has changed.
func (r *Reader) replay(w int32) int32 {
	for k := (len(r.inputs) + int(w)) / 2; k >= 1; k /= 2 {
		if r.before(r.tree[k], w) {
			w, r.tree[k] = r.tree[k], w
		}
	}
	r.tree[0] = w
	return w
}
