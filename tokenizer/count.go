package tokenizer

import (
	"context"
	"hash/maphash"
	"iter"
	"sync"

	"github.com/athanor-lm/athanor/tokenizer/internal/scan"
)

// pieceCounts is a hash table from pieces to how often they occur.
type pieceCounts struct {
	slots []pieceSlot // a power of two, at most half full
	used  int
	text  []byte
	seed  maphash.Seed
}

type pieceSlot struct {
	hash  uint64
	at    uint64 // in text
	size  uint32 // 0 for a free slot
	count int64
}

func newPieceCounts(seed maphash.Seed) *pieceCounts {
	return &pieceCounts{slots: make([]pieceSlot, 1<<14), seed: seed}
}

// add counts a piece n times.
func (c *pieceCounts) add(piece []byte, n int64) {
	hash := maphash.Bytes(c.seed, piece)
	mask := uint64(len(c.slots) - 1)
	i := hash & mask
	for ; c.slots[i].size != 0; i = (i + 1) & mask {
		s := &c.slots[i]
		if s.hash == hash && int(s.size) == len(piece) && string(c.text[s.at:s.at+uint64(s.size)]) == string(piece) {
			s.count += n
			return
		}
	}
	c.slots[i] = pieceSlot{hash, uint64(len(c.text)), uint32(len(piece)), n}
	c.text = append(c.text, piece...)
	if c.used++; 2*c.used > len(c.slots) {
		c.grow()
	}
}

func (c *pieceCounts) grow() {
	old := c.slots
	c.slots = make([]pieceSlot, 2*len(old))
	mask := uint64(len(c.slots) - 1)
	for _, s := range old {
		if s.size == 0 {
			continue
		}
		i := s.hash & mask
		for c.slots[i].size != 0 {
			i = (i + 1) & mask
		}
		c.slots[i] = s
	}
}

// batch is a run of documents copied for a counting goroutine.
type batch struct {
	text []byte
	ends []int
}

// batchBytes is enough work to make handing it over cheap.
const batchBytes = 1 << 20

// countPieces reads all documents and counts their pieces.
func countPieces(ctx context.Context, cfg *TrainConfig, docs iter.Seq2[[]byte, error]) (*pieceCounts, error) {
	full, empty := make(chan *batch, cfg.Workers), make(chan *batch, 2*cfg.Workers+1)
	for range 2*cfg.Workers + 1 {
		empty <- &batch{}
	}
	seed := maphash.MakeSeed()
	counts := make([]*pieceCounts, cfg.Workers)
	var wg sync.WaitGroup
	for w := range counts {
		counts[w] = newPieceCounts(seed)
		wg.Go(func() {
			for b := range full {
				countBatch(counts[w], cfg, b)
				b.text, b.ends = b.text[:0], b.ends[:0]
				empty <- b
			}
		})
	}
	err := fillBatches(ctx, cfg, docs, full, empty)
	close(full)
	wg.Wait()
	if err != nil {
		return nil, err
	}
	all := counts[0]
	for _, c := range counts[1:] {
		for _, s := range c.slots {
			if s.size != 0 {
				all.add(c.text[s.at:s.at+uint64(s.size)], s.count)
			}
		}
	}
	return all, nil
}

func fillBatches(ctx context.Context, cfg *TrainConfig, docs iter.Seq2[[]byte, error], full chan<- *batch, empty <-chan *batch) error {
	b := <-empty
	var total int64
	for doc, err := range docs {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		b.text = append(b.text, doc...)
		b.ends = append(b.ends, len(b.text))
		total += int64(len(doc))
		if len(b.text) >= batchBytes {
			full <- b
			b = <-empty
			if cfg.Progress != nil {
				cfg.Progress(Progress{Phase: "count", Done: total})
			}
		}
	}
	full <- b
	if cfg.Progress != nil {
		cfg.Progress(Progress{Phase: "count", Done: total})
	}
	return nil
}

func countBatch(c *pieceCounts, cfg *TrainConfig, b *batch) {
	cut := scan.For(scan.Pattern(canonicalPattern(cfg.Pattern)))
	var buf []byte
	start := 0
	for _, end := range b.ends {
		text := b.text[start:end]
		start = end
		if cfg.NFC {
			out := nfc{}.normalize(buf, text)
			if len(out) > 0 && &out[0] != &text[0] {
				buf = out
			}
			text = out
		}
		for i := 0; i < len(text); {
			j := cut(text, i)
			c.add(text[i:j], 1)
			i = j
		}
	}
}
