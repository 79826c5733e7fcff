// Package dedup removes what a corpus says more than once, as passes of a pipeline: whole documents by their text ([Exact]) or
// address ([URL]), near-duplicates by MinHash-LSH ([MinHash]), repeated lines and paragraphs ([Paragraphs]), and repeated
// stretches of text ([Substring]).
//
//	collect: a record a document ─▶ merge: sort on disk, find groups, choose ─▶ decide: drop or cut
//
// Merges stay within the memory they are given by sorting on disk ([extsort]); none of them holds the corpus. Which of several
// copies stays is a rule of the recipe ([Keep]) with ties broken by the contents' hash, so that the result is the same for
// every order of the input and every number of workers and ranks. An index saved by one run lets a later one drop what
// the earlier corpus had.
//
// [extsort]: github.com/athanor-lm/athanor/corpus/internal/extsort
package dedup
