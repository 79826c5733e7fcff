// Package token holds what the models of a tokenizer give back besides ids.
package token

// Span is an id and the bytes [Lo, Hi) of the piece (or text) it covers.
type Span struct {
	ID     uint32
	Lo, Hi int
}
