package train

import (
	"context"
	"fmt"
	"math"

	"github.com/athanor-lm/athanor/objective"
	"github.com/athanor-lm/athanor/runlog"
)

// validate computes the loss over the fixed validation set; nil where there is none, or where ctx was cancelled on the way.
func (r *Run) validate(ctx context.Context) (*runlog.Validation, error) {
	if len(r.data.val) == 0 {
		return nil, nil
	}
	var nats, bytes float64
	var valid int
	for i := range r.data.val {
		v := &r.data.val[i]
		n, k, err := r.validateSource(ctx, v)
		if err != nil || ctx.Err() != nil {
			clear(r.valExtra)
			return nil, err
		}
		nats, valid, bytes = nats+n, valid+k, bytes+v.bytes
		if len(r.data.val) > 1 {
			r.valExtra["val_loss_"+v.name] = n / float64(k)
		}
	}
	val := &runlog.Validation{Loss: nats / float64(valid), Perplexity: math.Exp(nats / float64(valid))}
	if bytes > 0 {
		val.BitsPerByte = nats / math.Ln2 / bytes
	}
	r.lastVal = val
	return val, nil
}

// validateSource returns the summed loss and the number of labels of one source's windows.
func (r *Run) validateSource(ctx context.Context, v *valSource) (nats float64, valid int, err error) {
	b := r.valBatch
	for at := 0; at < len(v.indices); at += b.B {
		if ctx.Err() != nil {
			return 0, 0, nil
		}
		for row := range b.B {
			if at+row >= len(v.indices) {
				b.Clear(row)
				continue
			}
			if err := v.windows.Sample(v.indices[at+row], r.data.sample); err != nil {
				return 0, 0, fmt.Errorf("train: validation window %d of %s: %w", v.indices[at+row], v.name, err)
			}
			r.data.clm.Fill(b, row, r.data.sample)
		}
		r.tape.Run("validate", 0, false, r.score)
		nats += r.loss.Sum()
		valid += b.Valid
	}
	return nats, valid, nil
}

// makeScore makes the body of a validation run of the tape.
func (r *Run) makeScore(b *objective.Batch) func() {
	return func() { r.loss = r.model.Loss(r.tape, b, 0) }
}
