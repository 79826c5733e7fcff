package pipeline

import (
	"context"
	"iter"

	"github.com/athanor-lm/athanor/corpus"
)

// Documents yields the documents of the recipe's inputs as its first step gets them, in order. An error is the last thing it
// yields; records and files that a run would set aside are passed over.
func (r *Recipe) Documents(ctx context.Context) iter.Seq2[*corpus.Document, error] {
	return func(yield func(*corpus.Document, error) bool) {
		inputs, _, err := openInputs(r)
		if err != nil {
			yield(nil, err)
			return
		}
		for i, c := range inputs {
			for k := range c.Files() {
				part := c.Part(k, k+1, nil)
				file := part.Files()[0]
				for d, err := range part.Documents(ctx) {
					if err != nil && ctx.Err() == nil && r.OnBadFile == badFileQuarantine && !transient(err) {
						break
					}
					if err != nil {
						yield(nil, err)
						return
					}
					if !yield(r.Inputs[i].document(&file, &d), nil) {
						return
					}
				}
			}
		}
	}
}
