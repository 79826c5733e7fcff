package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

// byteSize is an amount of memory or of data, given as 512MB, 4GB or 1.5GiB; a number alone is bytes.
type byteSize int64

// Decode reads the flag's value.
func (b *byteSize) Decode(ctx *kong.DecodeContext) error {
	var text string
	if err := ctx.Scan.PopValueInto("size", &text); err != nil {
		return err
	}
	n, err := parseByteSize(text)
	*b = byteSize(n)
	return err
}

func parseByteSize(text string) (int64, error) {
	number := strings.TrimRight(text, "BbIiKkMmGgTt ")
	factor, ok := map[string]float64{"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
		"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40}[strings.ToUpper(strings.TrimSpace(text[len(number):]))]
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !ok || !(n >= 0) || n*factor >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is no amount of bytes, want one like 512MB, 4GB or 1.5GiB", text)
	}
	return int64(n * factor), nil
}
