// Package dataset turns documents into token shards and token shards into training samples.
//
// # On disk
//
// A dataset is a directory:
//
//	manifest.json     what it is made of: tokenizer, counts, checksums, options
//	train.bin/.idx    token ids back to back, and Megatron's index of the documents in them
//	val.bin/.idx      the held-out documents (absent where none were held out)
//	tokenizer/        the tokenizer that made the ids
//	quarantine.jsonl  records that were refused, with file, line and reason (absent where none were)
//
// [Build] writes it aside, with a journal from which a build that was stopped goes on, and renames it into place; [Open]
// maps it into memory and checks everything that is cheap to check; [Set.Verify] reads every byte against its SHA-256.
//
// # In training
//
// A [Sampler] is a pure function of (seed, mixture, global sample index). There is no shuffle buffer and no state to
// save: a run resumes by going on with the next index. The order within a source is a keyed permutation per epoch
// (see permutation), the order between sources a quota schedule (see schedule).
package dataset
