// Package quickstart takes a bare machine from raw text to a language model that writes, in a few minutes: it collects
// a corpus, trains a tokenizer, builds token shards, trains the small model of examples/quickstart.yaml for a given
// time, compares it with gzip and zstd on the held-out text, lets it write, and exports it to Hugging Face's format.
package quickstart
