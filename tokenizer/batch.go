package tokenizer

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// EncodeBatch encodes texts on many goroutines (0 = GOMAXPROCS), each as
// AppendEncode does. The ids of texts[i] are at index i. It ends where TryEncode
// fails, and with ctx's error where that is cancelled.
func (t *Tokenizer) EncodeBatch(ctx context.Context, texts [][]byte, addSpecial bool, workers int) ([][]uint32, error) {
	return t.encodeBatch(ctx, texts, workers, EncodeOptions{AddSpecial: addSpecial})
}

// EncodeBatchPlain is EncodeBatch as AppendEncodePlain.
func (t *Tokenizer) EncodeBatchPlain(ctx context.Context, texts [][]byte, workers int) ([][]uint32, error) {
	return t.encodeBatch(ctx, texts, workers, EncodeOptions{Plain: true})
}

func (t *Tokenizer) encodeBatch(ctx context.Context, texts [][]byte, workers int, o EncodeOptions) ([][]uint32, error) {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
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
				var err error
				if ids, err = t.TryEncode(ids[:0], texts[i], o); err != nil {
					stop(fmt.Errorf("text %d: %w", i, err))
					return
				}
				out[i] = slices.Clone(ids)
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return out, nil
}
