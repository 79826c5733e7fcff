package main

import (
	"runtime/debug"

	"github.com/alecthomas/kong"

	"github.com/athanor-lm/athanor/internal/bytesize"
)

// byteSize is an amount of memory or of data, given as 512MB, 4GB or 1.5GiB; a number alone is bytes.
type byteSize int64

// Decode reads the flag's value.
func (b *byteSize) Decode(ctx *kong.DecodeContext) error {
	var text string
	if err := ctx.Scan.PopValueInto("size", &text); err != nil {
		return err
	}
	n, err := bytesize.Parse(text)
	*b = byteSize(n)
	return err
}

// limitMemory keeps the garbage collector below a number of bytes, 0 = as it is, and returns what undoes that.
func limitMemory(bytes int64) (restore func()) {
	if bytes == 0 {
		return func() {}
	}
	before := debug.SetMemoryLimit(bytes)
	return func() { debug.SetMemoryLimit(before) }
}
