package tokenizer

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// EncodeBatch encodes texts on many goroutines (0 = GOMAXPROCS), each as
// AppendEncode does. The ids of texts[i] are at index i. Cancelling ctx ends it
// with ctx's error.
func (t *Tokenizer) EncodeBatch(ctx context.Context, texts [][]byte, addSpecial bool, workers int) ([][]uint32, error) {
	return encodeBatch(ctx, texts, workers, func(dst []uint32, text []byte) []uint32 { return t.AppendEncode(dst, text, addSpecial) })
}

// EncodeBatchPlain is EncodeBatch as AppendEncodePlain.
func (t *Tokenizer) EncodeBatchPlain(ctx context.Context, texts [][]byte, workers int) ([][]uint32, error) {
	return encodeBatch(ctx, texts, workers, t.AppendEncodePlain)
}

func encodeBatch(ctx context.Context, texts [][]byte, workers int, encode func(dst []uint32, text []byte) []uint32) ([][]uint32, error) {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	out := make([][]uint32, len(texts))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, len(texts)) {
		wg.Go(func() {
			var ids []uint32
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(texts) {
					return
				}
				ids = encode(ids[:0], texts[i])
				out[i] = slices.Clone(ids)
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return out, nil
}
