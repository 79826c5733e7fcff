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
	b.EncodeMBs = encodeRate(ctx, t, docs, b.Bytes, workers)
	b.OneMBs = encodeRate(ctx, t, docs, b.Bytes, 1)
	ids := make([][]uint32, len(docs))
	for i, d := range docs {
		ids[i] = t.AppendEncodePlain(nil, d)
		b.Tokens += int64(len(ids[i]))
	}
	start := time.Now()
	var text []byte
	for _, doc := range ids {
		text = t.AppendDecode(text[:0], doc...)
	}
	b.DecodeMBs = float64(b.Bytes) / 1e6 / time.Since(start).Seconds()
	b.BytesToken = float64(b.Bytes) / float64(max(b.Tokens, 1))
	return b, ctx.Err()
}

// encodeAll encodes every document, each on one of the workers.
func encodeAll(ctx context.Context, t *Tokenizer, docs [][]byte, workers int) {
	ids := make([][]uint32, workers)
	eachDoc(ctx, len(docs), workers, func(worker, i int) {
		ids[worker] = t.AppendEncodePlain(ids[worker][:0], docs[i])
	})
}

// eachDoc calls f for 0 … n-1, shared out among workers.
func eachDoc(ctx context.Context, n, workers int, f func(worker, i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && ctx.Err() == nil; i = next.Add(1) - 1 {
				f(worker, int(i))
			}
		})
	}
	wg.Wait()
}
