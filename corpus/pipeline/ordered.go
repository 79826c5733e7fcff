package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/mix"
)

// partStreams opens what the mix takes of every source.
func (p *Pipeline) partStreams(plan *mix.Plan, done *atomic.Int64) []*partStream {
	streams := make([]*partStream, len(p.finals))
	for i, f := range p.finals {
		var tasks []int
		for t := range p.tasks {
			if p.sourceOf(t) == f.source {
				tasks = append(tasks, t)
			}
		}
		streams[i] = p.partStream(plan, i, tasks, done)
	}
	return streams
}

// interleaved hands out the sources in turns: the next document is of the source that has given the smallest part of its share, so that
// every stretch of the output has about the mix's shares.
func (p *Pipeline) interleaved(ctx context.Context, plan *mix.Plan, done *atomic.Int64, take func(int, *corpus.Document) error) error {
	streams := p.partStreams(plan, done)
	defer func() {
		for _, s := range streams {
			s.close()
		}
	}()
	given := make([]float64, len(streams)) // bytes
	ended := make([]bool, len(streams))
	for {
		next := -1
		for i, part := range plan.Parts {
			if !ended[i] && part.Epochs > 0 && (next < 0 || given[i]*plan.Parts[next].TakeBytes() < given[next]*part.TakeBytes()) {
				next = i
			}
		}
		if next < 0 {
			return nil
		}
		d, err := streams[next].next()
		if err == io.EOF {
			ended[next] = true
			continue
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		given[next] += float64(len(d.Text()))
		if err := take(next, d); err != nil {
			return err
		}
	}
}

// Shuffling deals the documents into buckets on disk by the highest bits of a keyed hash and sorts each in memory, so that the order is
// that of the hash, whatever the number of buckets.
const (
	maxBuckets   = 1024
	bucketBuffer = 64 << 10 // bytes of documents kept back for each
)

// attrPart is where a document's source number travels while it is in a bucket.
const attrPart = "\x00part"

// shuffled hands out all documents in an order of chance.
func (p *Pipeline) shuffled(ctx context.Context, plan *mix.Plan, done *atomic.Int64, take func(int, *corpus.Document) error) error {
	dir := p.outPath(filepath.Join(workDir, "shuffle"))
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var total float64
	for _, part := range plan.Parts {
		total += part.TakeBytes()
	}
	buckets := newBuckets(dir, total, int64(p.recipe.Memory))
	defer buckets.close()
	for i, s := range p.partStreams(plan, done) {
		if err := p.deal(ctx, i, s, buckets); err != nil {
			return err
		}
	}
	return buckets.sorted(ctx, p, take)
}

// deal puts a source's documents into buckets.
func (p *Pipeline) deal(ctx context.Context, part int, s *partStream, b *buckets) error {
	return s.each(ctx, func(d *corpus.Document) error {
		d.Attrs = append(d.Attrs, corpus.Attr{Key: attrPart, Value: float64(part)}, corpus.Attr{Key: attrPart, Value: float64(s.pass)})
		return b.add(shuffleKey(p.recipe.Seed, s.pass, d), d)
	})
}

// shuffleKey is a document's place in the order.
func shuffleKey(seed uint64, pass int, d *corpus.Document) uint64 {
	return mix.Key(seed^0x5DEECE66D^uint64(pass)<<48, d.Source, d.ID)
}

// buckets are files of documents, by the highest bits of their keys.
type buckets struct {
	bits  int
	files []*aside
	bufs  [][]byte // documents not written yet
	items []int    // in bufs
	total []int64
	dir   string
	block []byte
}

func newBuckets(dir string, size float64, memory int64) *buckets {
	b := &buckets{dir: dir}
	for n := 1; n < maxBuckets && size*4 > float64(memory)*float64(n); n *= 2 {
		b.bits++
	}
	n := 1 << b.bits
	b.files, b.bufs, b.items, b.total = make([]*aside, n), make([][]byte, n), make([]int, n), make([]int64, n)
	return b
}

func (b *buckets) path(i int) string { return filepath.Join(b.dir, fmt.Sprintf("%04d.docs", i)) }

func (b *buckets) add(key uint64, d *corpus.Document) error {
	i := int(key >> (64 - b.bits))
	b.bufs[i] = appendDocument(b.bufs[i], d)
	b.items[i]++
	if len(b.bufs[i]) < bucketBuffer {
		return nil
	}
	return b.flush(i)
}

func (b *buckets) flush(i int) (err error) {
	if b.files[i] == nil {
		if b.files[i], err = createAside(b.path(i)); err != nil {
			return err
		}
	}
	b.total[i] += int64(b.items[i])
	if b.items[i] > 0 {
		b.block = append(beginBlock(b.block[:0]), b.bufs[i]...)
		endStored(b.block, b.items[i])
		if _, err = b.files[i].Write(b.block); err != nil {
			return err
		}
	}
	b.bufs[i], b.items[i] = b.bufs[i][:0], 0
	return nil
}

// sorted hands out the buckets' documents by key.
func (b *buckets) sorted(ctx context.Context, p *Pipeline, take func(int, *corpus.Document) error) error {
	for i := range b.files {
		if err := b.flush(i); err != nil {
			return err
		}
		b.bufs[i] = nil
		if _, err := b.files[i].Write(endBlock(b.total[i])); err != nil {
			return err
		}
		if err := b.files[i].commit(); err != nil {
			return err
		}
	}
	for i := range b.files {
		if err := b.sortOne(ctx, p, i, take); err != nil {
			return err
		}
	}
	return nil
}

type keyed struct {
	key  uint64
	part int
	doc  *corpus.Document
}

func (b *buckets) sortOne(ctx context.Context, p *Pipeline, i int, take func(int, *corpus.Document) error) error {
	in, err := openDocuments(b.path(i))
	if err != nil {
		return err
	}
	defer in.Close()
	var docs []keyed
	for {
		d, _, err := in.next()
		if err == io.EOF {
			break
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		n := len(d.Attrs) - 2
		part, pass := int(d.Attrs[n].Value.(float64)), int(d.Attrs[n+1].Value.(float64))
		d.Attrs = d.Attrs[:n]
		docs = append(docs, keyed{shuffleKey(p.recipe.Seed, pass, d), part, d})
	}
	slices.SortStableFunc(docs, func(a, b keyed) int { return cmp.Compare(a.key, b.key) })
	for _, k := range docs {
		if err := take(k.part, k.doc); err != nil {
			return err
		}
	}
	return os.Remove(b.path(i))
}

func (b *buckets) close() {
	for _, f := range b.files {
		if f != nil {
			f.drop()
		}
	}
}
