// Package bytesize reads amounts of memory and of data as people write them: 512MB, 4GB, 1.5GiB.
package bytesize

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes. In a configuration it is a number, or a number with a unit.
type Size int64

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	n, err := Parse(string(text))
	*s = Size(n)
	return err
}

// Parse reads a size; a number alone is bytes.
func Parse(text string) (int64, error) {
	number := strings.TrimRight(text, "BbIiKkMmGgTt ")
	factor, ok := map[string]float64{"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
		"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40}[strings.ToUpper(strings.TrimSpace(text[len(number):]))]
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !ok || !(n >= 0) || n*factor >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is no amount of bytes, want one like 512MB, 4GB or 1.5GiB", text)
	}
	return int64(n * factor), nil
}
