// Package spm reads, writes and runs SentencePiece models (.model files):
// unigram, BPE, word and character models, with SentencePiece's own
// normalization, byte fallback, offsets and decoding. Ids, offsets and decoded
// text equal those of the original program (Kudo and Richardson 2018,
// "SentencePiece: A simple and language independent subword tokenizer and
// detokenizer for Neural Text Processing"), version 0.2.3.
package spm
