// Package ngram is an n-gram language model with interpolated modified Kneser-Ney smoothing (Chen and Goodman 1998), estimated as
// KenLM does (Heafield et al. 2013), and the perplexity of documents under it, as CCNet takes it for a measure of quality (Wenzek et
// al. 2020): what a model of clean text finds likely is head, what it finds odd is tail.
//
// A text's lines that are not empty are its sentences; each is scored between <s> and </s>. With the adjusted counts a (the
// occurrences of the longest n-grams and of those that begin a sentence, the number of different words to the left of others):
//
//	p(w|h) = max(a(hw) − D(a(hw)), 0) / Σ a(hx) + γ(h)·p(w|h'),   γ(h) = Σᵢ Dᵢ·nᵢ(h) / Σ a(hx)
//
// where h' is h without its first word, nᵢ(h) the number of words behind h with count i (3 = three or more), and below words is the
// uniform distribution over the vocabulary with <unk>. The discounts are Dᵢ = i − (i+1)·Y·nᵢ₊₁/nᵢ with Y = n₁/(n₁+2n₂).
package ngram
