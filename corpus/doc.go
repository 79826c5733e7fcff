// Package corpus is what the stations of a corpus pipeline share: the document on its way, the filters that look at one
// document at a time, the passes that must see all of them before they decide, and what either reports.
//
//	read ─▶ filter ─▶ filter ─▶ pass (collect │ merge │ decide) ─▶ filter ─▶ mix ─▶ write
//
// A recipe is a list of such steps (package corpus/pipeline). A step's package knows the recipe's part that is its own and
// nothing of files, ranks and progress; the pipeline knows nothing of what steps do.
package corpus
