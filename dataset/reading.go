package dataset

import (
	"context"

	"github.com/athanor-lm/athanor/corpus/read"
)

// read fills batches with documents, from a place in one of the corpora on.
func (b *builder) read(ctx context.Context, from int, at [2]read.Position, free, work, ordered chan *batch) error {
	for i := from; i < len(b.corpora); i++ {
		if b.corpora[i] == nil {
			continue
		}
		r := corpusReader{corpus: b.corpora[i], index: i, free: free, work: work, ordered: ordered}
		b.onBad = func(bad read.Bad) { r.setAside(ctx, bad) }
		if err := r.read(ctx, at[i]); err != nil {
			return err
		}
	}
	return nil
}

// corpusReader is the reading of one corpus.
type corpusReader struct {
	corpus              *read.Corpus
	index               int
	free, work, ordered chan *batch
	t                   *batch // being filled; nil before the first record
	bad                 []read.Bad
}

func (r *corpusReader) read(ctx context.Context, from read.Position) error {
	files := r.corpus.Files()
	for doc, err := range r.corpus.DocumentsFrom(ctx, from) {
		if err == nil {
			err = r.begin(ctx)
		}
		if err != nil {
			return err
		}
		t := r.t
		t.docs = append(t.docs, doc)
		t.inputs = append(t.inputs, int32(files[r.corpus.Position().File].Input))
		if t.size += len(doc.Text); t.size >= batchBytes || len(t.docs) >= batchDocs {
			r.send()
		}
	}
	// The last batch says what came behind the last document, even if it holds none.
	if err := r.begin(ctx); err != nil {
		return err
	}
	r.send()
	return nil
}

// setAside keeps a bad record for the batch. A corpus of nothing else must not fill the memory.
func (r *corpusReader) setAside(ctx context.Context, bad read.Bad) {
	r.bad = append(r.bad, bad)
	if len(r.bad) >= batchDocs && r.begin(ctx) == nil { // where begin fails, the reading is about to end
		r.send()
	}
}

// begin takes a batch where none is being filled.
func (r *corpusReader) begin(ctx context.Context) error {
	if r.t != nil {
		return nil
	}
	select {
	case r.t = <-r.free:
		r.t.docs, r.t.inputs, r.t.size, r.t.corpus = r.t.docs[:0], r.t.inputs[:0], 0, r.index
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// send hands the batch on.
func (r *corpusReader) send() {
	r.t.at = r.corpus.Position()
	r.t.bad, r.bad = r.bad, nil
	r.ordered <- r.t // has room for all batches there are
	r.work <- r.t
	r.t = nil
}
