package dedup

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	mathbits "math/bits"
)

// bloom is a Bloom filter (Bloom 1970) over hashes of 64 bits, whose k places come of two halves by double hashing (Kirsch &
// Mitzenmacher 2008).
type bloom struct {
	bits []uint64
	k    int
}

// newBloom makes a filter for n hashes with a rate of false alarms, in at most so many bytes.
func newBloom(n int64, rate float64, memory int64) (*bloom, error) {
	size := int64(math.Ceil(-float64(max(n, 1))*math.Log(rate)/(math.Ln2*math.Ln2)/64)) * 8
	if size > memory {
		return nil, fmt.Errorf("dedup: a Bloom filter for %d hashes with false alarms at %g takes %d MB, there are %d MB: want a higher rate, more memory or bloom: 0", n, rate,
			size/1e6, memory/1e6)
	}
	return &bloom{make([]uint64, size/8), max(1, int(math.Round(-math.Log2(rate))))}, nil
}

// add adds a hash and says whether it was there already.
func (b *bloom) add(hash uint64) bool {
	step := hash*mixer | 1
	there := true
	for range b.k {
		at, _ := mathbits.Mul64(hash, uint64(len(b.bits))*64)
		bit := uint64(1) << (at % 64)
		there = there && b.bits[at/64]&bit != 0
		b.bits[at/64] |= bit
		hash += step
	}
	return there
}

// mergeBloom looks at the hashes in the order of the corpus, after counting them.
func (p *paragraphs) mergeBloom(ctx context.Context, m *merge) error {
	n := int64(0)
	count := func(_ []byte, _, _ uint64) error { n++; return nil }
	if err := m.walk(ctx, func(e *entry) error { return eachHash(e.body, count) }); err != nil {
		return err
	}
	filter, err := newBloom(n, p.s.Bloom, m.env.Memory*3/4)
	if err != nil {
		return err
	}
	w, err := p.decide(m)
	if err != nil {
		return err
	}
	err = m.walk(ctx, func(e *entry) error {
		var left, seen uint64
		return eachHash(e.body, func(hash []byte, unit, total uint64) error {
			if left == 0 {
				left, seen = total, 0
			}
			if filter.add(binary.BigEndian.Uint64(hash)) {
				seen++
			}
			if left--; left > 0 || seen == 0 {
				return nil
			}
			return w.unit(e.seq, unit, seen, total)
		})
	})
	if err != nil {
		return err
	}
	m.stat("hashes", float64(n))
	return w.end()
}
