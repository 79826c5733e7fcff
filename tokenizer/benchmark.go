package tokenizer

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Benchmark is the speed of a tokenizer on a text; rates are in MB (10⁶ bytes) of text a second.
type Benchmark struct {
	Documents  int     `json:"documents"`
	Bytes      int64   `json:"bytes"`
	Tokens     int64   `json:"tokens"`
	Workers    int     `json:"workers"`
	EncodeMBs  float64 `json:"encode_mbs"`     // on all workers
	OneMBs     float64 `json:"encode_one_mbs"` // on one
	DecodeMBs  float64 `json:"decode_mbs"`     // on one
	BytesToken float64 `json:"bytes_per_token"`
}

// Measure times the encoding of docs, which together hold some text, on one and on many goroutines (0 = GOMAXPROCS), and
// the decoding, once each: what a first pass over a corpus takes, its caches cold.
func Measure(ctx context.Context, t *Tokenizer, docs [][]byte, workers int) (Benchmark, error) {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	b := Benchmark{Documents: len(docs), Workers: workers}
	for _, d := range docs {
		b.Bytes += int64(len(d))
	}
	if b.Bytes == 0 {
		return b, fmt.Errorf("tokenizer: benchmark: the documents hold no text")
	}
	rate := func(f func()) float64 {
		start := time.Now()
		f()
		return float64(b.Bytes) / 1e6 / time.Since(start).Seconds()
	}
	b.EncodeMBs = rate(func() { b.Tokens = encodeAll(ctx, t, docs, workers) })
	b.OneMBs = rate(func() { encodeAll(ctx, t, docs, 1) })
	ids := make([][]uint32, len(docs))
	for i, d := range docs {
		ids[i] = t.AppendEncodePlain(nil, d)
	}
	b.DecodeMBs = rate(func() {
		var text []byte
		for _, doc := range ids {
			text = t.AppendDecode(text[:0], doc...)
		}
	})
	b.BytesToken = float64(b.Bytes) / float64(max(b.Tokens, 1))
	return b, ctx.Err()
}

// encodeAll encodes every document, each on one of the workers, and returns the number of ids.
func encodeAll(ctx context.Context, t *Tokenizer, docs [][]byte, workers int) int64 {
	var next, tokens atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			var ids []uint32
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(docs) {
					return
				}
				ids = t.AppendEncodePlain(ids[:0], docs[i])
				tokens.Add(int64(len(ids)))
			}
		})
	}
	wg.Wait()
	return tokens.Load()
}
