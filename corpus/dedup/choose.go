package dedup

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/internal/extsort"
)

// kindDrop marks decisions that drop documents: the place of the name of the one that stays, or 0 for an earlier corpus.
const kindDrop = 'd'

// dropper gathers which documents are dropped and for which others, and what groups there were.
type dropper struct {
	m       *merge
	drops   *extsort.Sorter
	sizes   sizes
	earlier int64 // documents an earlier corpus has
}

func (m *merge) dropper(percent int) (*dropper, error) {
	s, err := m.sorter(seqBytes+nameBytes, percent, true)
	return &dropper{m: m, drops: s}, err
}

// drop drops a document for another, or for an earlier corpus where name is 0.
func (d *dropper) drop(seq, name uint64) error {
	var rec [seqBytes + nameBytes]byte
	putUint(putUint(rec[:], seq, seqBytes), name, nameBytes)
	return d.drops.Add(rec[:])
}

// write writes the decisions and tells the figures.
func (d *dropper) write(ctx context.Context) error {
	r, err := d.drops.Sort()
	if err != nil {
		return err
	}
	w, err := newDecisions(d.m.Dir, kindDrop, d.m.docs)
	if err != nil {
		return err
	}
	d.m.files = append(d.m.files, closed{w.f})
	err = each(ctx, r, func(rec []byte) error { return w.put(getUint(rec, seqBytes), rec[seqBytes:]) })
	if err == nil {
		err = w.end()
	}
	if err != nil {
		return err
	}
	d.m.stat("duplicates", float64(d.drops.Len()))
	d.m.stat("in earlier corpora", float64(d.earlier))
	d.sizes.tell(d.m, "clusters", "largest cluster", "documents in a cluster")
	return nil
}

// closed closes a file that may be closed already.
type closed struct{ c interface{ Close() error } }

func (c closed) Close() error {
	c.c.Close() //nolint:errcheck // what counts was checked where it was closed first
	return nil
}

// sizes is a distribution of sizes of groups.
type sizes struct {
	counts  [9]float64
	groups  int64
	largest int64
}

var sizeLabels = []string{"2", "3", "4", "5-9", "10-99", "100-999", "1,000-9,999", "10,000-99,999", "100,000+"}

func (s *sizes) add(n int64) {
	if n < 2 {
		return
	}
	s.groups++
	s.largest = max(s.largest, n)
	bin := n - 2
	if n >= 5 {
		bin = 3
		for n >= 10 && bin < int64(len(s.counts))-1 {
			n /= 10
			bin++
		}
	}
	s.counts[bin]++
}

func (s *sizes) tell(m *merge, groups, largest, chart string) {
	m.stat(groups, float64(s.groups))
	m.stat(largest, float64(s.largest))
	if m.Chart != nil && s.groups > 0 {
		m.Chart(chart, sizeLabels, s.counts[:])
	}
}

// drops are the decisions of a pass that drops documents.
type drops struct {
	s *section
	n *names
}

func openDrops(dir string, task int) (corpus.Decisions, error) {
	s, err := openSection(dir, kindDrop, task)
	if err != nil {
		return nil, err
	}
	n, err := openNames(dir)
	if err != nil {
		return nil, err
	}
	return &drops{s, n}, nil
}

func (x *drops) Decide(d *corpus.Document, r *corpus.Report) error {
	what, err := x.s.decide()
	if err != nil || what == nil {
		return err
	}
	if len(what) != nameBytes {
		return fmt.Errorf("dedup: a decision of %d bytes, want %d: %w", len(what), nameBytes, errDamaged)
	}
	name := getUint(what, nameBytes)
	if name == 0 {
		r.Drop("in-earlier-corpus", 0, 0)
		return nil
	}
	if r.Partner, err = x.n.at(name); err != nil {
		return err
	}
	r.Drop("duplicate", 0, 0)
	return nil
}

func (x *drops) Close() error { return x.n.f.Close() }

// keyed is a pass over documents that have a key of 128 bits: of those with the same key, one stays.
type keyed struct {
	env     corpus.Env
	keep    Keep
	earlier Earlier
	name    string // of the settings that shape the key, for indexes
	// key appends the document's key, or nothing where it has none.
	key func() func(dst []byte, d *corpus.Document) []byte
}

const keyBytes = 16

type keyedCollector struct {
	keep Keep
	key  func(dst []byte, d *corpus.Document) []byte
	room [keyBytes]byte
}

func (p *keyed) Collector() corpus.Collector {
	return &keyedCollector{keep: p.keep, key: p.key()}
}

func (c *keyedCollector) Collect(dst []byte, d *corpus.Document) []byte {
	key := c.key(c.room[:0], d)
	if len(key) == 0 {
		return dst
	}
	return append(c.keep.appendHead(dst, d), key...)
}

func (p *keyed) Decisions(dir string, task int) (corpus.Decisions, error) {
	return openDrops(dir, task)
}

// Merge sorts records of key, rank, hash, number, and place of the name: of every key the first record stays.
func (p *keyed) Merge(ctx context.Context, cm corpus.Merge) (err error) {
	m, err := begin(cm, p.env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	s, err := m.sorter(keyBytes+headBytes+seqBytes+nameBytes, 60, false)
	if err != nil {
		return err
	}
	names, err := m.names()
	if err != nil {
		return err
	}
	rec := make([]byte, keyBytes+headBytes+seqBytes+nameBytes)
	err = m.walk(ctx, func(e *entry) error {
		if len(e.body) != keyBytes {
			return fmt.Errorf("a key of %d bytes, want %d", len(e.body), keyBytes)
		}
		at, err := names.add(e.id)
		if err != nil {
			return err
		}
		n := copy(rec, e.body)
		n += copy(rec[n:], e.head)
		putUint(putUint(rec[n:], e.seq, seqBytes), at, nameBytes)
		return s.Add(rec)
	})
	if err == nil {
		err = names.end()
	}
	if err != nil {
		return err
	}
	m.stat("documents with a key", float64(s.Len()))
	return p.choose(ctx, m, s)
}

func (p *keyed) choose(ctx context.Context, m *merge, s *extsort.Sorter) error {
	old, save, err := m.indexes(&p.earlier, p.name, keyBytes)
	if err != nil {
		return err
	}
	out, err := m.dropper(30)
	if err != nil {
		return err
	}
	r, err := s.Sort()
	if err != nil {
		return err
	}
	var key []byte
	var size int64
	var stays uint64 // place of the name of the one that stays, 0 = an earlier corpus has it
	err = each(ctx, r, func(rec []byte) error {
		seq := getUint(rec[keyBytes+headBytes:], seqBytes)
		if size == 0 || !bytes.Equal(rec[:keyBytes], key) {
			out.sizes.add(size)
			key, size = append(key[:0], rec[:keyBytes]...), 1
			stays = getUint(rec[keyBytes+headBytes+seqBytes:], nameBytes)
			if err := save.add(key); err != nil {
				return err
			}
			seen, err := old.has(key)
			if err != nil || !seen {
				return err
			}
			stays = 0
		} else {
			size++
		}
		if stays == 0 {
			out.earlier++
		}
		return out.drop(seq, stays)
	})
	if err != nil {
		return err
	}
	out.sizes.add(size)
	if err := old.drain(); err != nil {
		return err
	}
	if err := out.write(ctx); err != nil {
		return err
	}
	return save.end()
}
