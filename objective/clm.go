package objective

import (
	"fmt"

	"github.com/athanor-lm/athanor/dataset"
)

// CLM is causal language modelling: predict every token from those before it. (Radford et al. 2018, "Improving
// language understanding by generative pre-training", equation 1.)
type CLM struct {
	// Window is the number of most recent keys a query attends to, itself included, as in Mistral's sliding window
	// (Jiang et al. 2023, section 2); 0 = all. It is the model's.
	Window int
}

// Fill writes sample s of T+1 tokens as row of b: inputs are tokens 0…T−1, labels tokens 1…T. Where the sample marks
// documents, attention and positions begin anew at each, and a document's first token is nobody's label. Padding has
// no label. Rows of one batch must not be filled concurrently. It allocates nothing.
func (c CLM) Fill(b *Batch, row int, s *dataset.Sample) {
	if len(s.Tokens) != b.T+1 || len(s.DocStart) != b.T+1 {
		panic(fmt.Sprintf("objective.CLM.Fill: a sample of %d tokens and %d document marks, want %d+1 of each", len(s.Tokens), len(s.DocStart), b.T))
	}
	off, valid := row*b.T, 0
	for t := range b.T {
		i, doc := off+t, s.DocStart[t]
		b.Inputs[i] = s.Tokens[t]
		b.Positions[i] = int32(t) - doc
		b.KeyLo[i], b.KeyHi[i] = doc, int32(t)+1
		if c.Window > 0 {
			b.KeyLo[i] = max(doc, int32(t+1-c.Window))
		}
		if t+1 < s.Valid && s.DocStart[t+1] == doc {
			b.Labels[i] = s.Tokens[t+1]
			valid++
		} else {
			b.Labels[i] = Ignore
		}
	}
	b.setValid(row, valid)
}
