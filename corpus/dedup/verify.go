package dedup

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"github.com/athanor-lm/athanor/corpus/internal/extsort"
)

// pairing gathers pairs of candidates, to compare their signatures.
type pairing struct {
	c      *clustering
	sorter *extsort.Sorter
	last   [1 + window]uint32 // the band's first document, then its latest
	n      int
}

func (c *clustering) pairing() (*pairing, error) {
	s, err := c.sorter(2*numberBytes, 25, true)
	return &pairing{c: c, sorter: s}, err
}

// begin begins a band's group with its first document.
func (p *pairing) begin(i uint32) { p.last[0], p.n = i, 1 }

// add pairs a document with those of its group that the window holds.
func (p *pairing) add(i uint32) error {
	var rec [2 * numberBytes]byte
	for _, k := range p.last[:min(p.n, len(p.last))] {
		binary.BigEndian.PutUint32(rec[:], min(i, k))
		binary.BigEndian.PutUint32(rec[numberBytes:], max(i, k))
		if err := p.sorter.Add(rec[:]); err != nil {
			return err
		}
	}
	if p.n < len(p.last) {
		p.last[p.n] = i
	} else {
		p.last[1+(p.n-1)%window] = i
	}
	p.n++
	return nil
}

// verify unites the pairs whose signatures agree enough.
func (p *pairing) verify(ctx context.Context) error {
	r, err := p.sorter.Sort()
	if err != nil {
		return err
	}
	size := p.c.p.s.Bands * p.c.p.s.Rows
	a, b := make([]byte, size), make([]byte, size)
	var last []byte
	var pairs, agree float64
	err = each(ctx, r, func(rec []byte) error {
		if bytes.Equal(rec, last) {
			return nil
		}
		pairs++
		for i, sig := range [][]byte{a, b} {
			at := rec[i*numberBytes : (i+1)*numberBytes]
			if i == 0 && len(last) > 0 && bytes.Equal(at, last[:numberBytes]) {
				continue
			}
			if _, err := p.c.sigs.ReadAt(sig, int64(binary.BigEndian.Uint32(at))*int64(size)); err != nil {
				return fmt.Errorf("dedup: read signatures: %w", err)
			}
		}
		last = append(last[:0], rec...)
		if similarity(a, b) >= p.c.p.s.Verify {
			agree++
			p.c.sets.union(binary.BigEndian.Uint32(rec), binary.BigEndian.Uint32(rec[numberBytes:]))
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.c.stat("candidates", pairs)
	p.c.stat("candidates verified", agree)
	return p.sorter.Close()
}

// similarity estimates the Jaccard similarity from a byte a place of two signatures: places that differ have the same byte with a
// chance of 1/256 (b-bit minwise hashing, Li & König 2010, eq. 5, for sets that are small beside the range of the hashes).
func similarity(a, b []byte) float64 {
	same := 0
	for i, v := range a {
		if v == b[i] {
			same++
		}
	}
	const chance = 1.0 / 256
	return (float64(same)/float64(len(a)) - chance) / (1 - chance)
}
