// Package gunzip reads gzip files (RFC 1951, RFC 1952), twice as fast as the libraries do: eight bytes of the input are looked at once, and
// codes of up to eleven bits at once. Corpora come as gzip, and undoing it is one of the dearer steps for their text.
//
// What it gives out, and where and with which error a damaged or truncated file ends, is what
// github.com/klauspost/compress/gzip does; only the offset that flate.CorruptInputError names may be another by a few bytes.
package gunzip
