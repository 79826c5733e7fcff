// Package pipeline runs a recipe: it reads the inputs, passes the documents through the steps, mixes the sources and writes the
// outputs.
//
// # Stages
//
// The input files, in order, are cut into tasks: a task is a run of whole files of one input. The steps are cut into stages at
// the passes, which must see all documents before they decide:
//
//	stage 0   each task: read files → filters → collect for pass 0
//	merge 0   one process
//	stage 1   each task: documents of stage 0, pass 0 decides → filters → collect for pass 1
//	…
//	finish    one process: mix → outputs, report.json, manifest.json
//
// Tasks, and therefore all files, are functions of the inputs and the recipe alone: the output is the same, byte for byte, for any
// number of workers and ranks, in whatever order tasks are done and however often a process is killed.
//
// # On disk
//
// Everything lies below the recipe's out directory:
//
//	recipe.yaml            the recipe that made it
//	manifest.json          inputs, steps with all settings, counts, files with SHA-256
//	report.json            a Summary
//	quarantine.jsonl       files and records that were set aside (absent where none were)
//	data/                  the outputs
//	work/README            says whose work is
//	work/stage-K/          for each task N: N.docs (documents; behind stage 0 what is different about them), N.rec (records for the merge), N.json (counts), N.done (marker)
//	work/merge-K/          decisions of the merge, stats.json; merge-K.done beside it
//	work/write/            for each write task what it wrote, and its marker
//	work/ranks/            signs of life of ranks
//
// Files are written under another name, synced and renamed; the marker comes last and holds a hash of all that the task's outcome
// depends on. A task whose marker holds the hash, and whose files are there, is not done again; any other is done anew. Where the corpus
// stands whole, nobody looks into work, and a recipe may say that it goes.
package pipeline
