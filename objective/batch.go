// Package objective turns samples of tokens into the batches a model learns from. Objectives are pure functions of
// the sample, so a batch can be made again from its index alone.
package objective

import "fmt"

// Ignore is the label of a position that takes no part in the loss.
const Ignore int32 = -100

// Batch is what a model's forward pass sees. Every slice holds B·T values, row by row.
type Batch struct {
	B, T      int
	Inputs    []int32 // [B,T] token ids
	Labels    []int32 // [B,T] the id to predict at each position, or Ignore
	Positions []int32 // [B,T] row of the position table
	// KeyLo and KeyHi: query (b,t) attends to the keys t' of its row with KeyLo ≤ t' < KeyHi.
	KeyLo, KeyHi []int32 // [B,T]
	// Valid is the number of labels that are not Ignore: the denominator of the mean loss.
	Valid int

	rowValid []int
}

// NewBatch returns a batch whose rows are all padding.
func NewBatch(b, t int) *Batch {
	if b < 1 || t < 1 {
		panic(fmt.Sprintf("objective.NewBatch: %d rows of %d tokens, want at least 1 of 1", b, t))
	}
	n := b * t
	batch := &Batch{B: b, T: t, Inputs: make([]int32, n), Labels: make([]int32, n), Positions: make([]int32, n),
		KeyLo: make([]int32, n), KeyHi: make([]int32, n), rowValid: make([]int, b)}
	for row := range b {
		batch.Clear(row)
	}
	return batch
}

// Clear makes a row padding: id 0 everywhere, causal attention, no label.
func (b *Batch) Clear(row int) {
	lo := row * b.T
	clear(b.Inputs[lo : lo+b.T])
	clear(b.KeyLo[lo : lo+b.T])
	for t := range b.T {
		b.Labels[lo+t], b.Positions[lo+t], b.KeyHi[lo+t] = Ignore, int32(t), int32(t+1)
	}
	b.setValid(row, 0)
}

// setValid records how many labels of a row count, and keeps the sum.
func (b *Batch) setValid(row, n int) {
	b.Valid += n - b.rowValid[row]
	b.rowValid[row] = n
}
