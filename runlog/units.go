package runlog

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Count renders a number with three significant digits and a decimal prefix: 950, 12.4k, 1.61M, 3.2B, 1.4T.
func Count(n float64) string {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return strconv.FormatFloat(n, 'g', -1, 64)
	}
	return scaled(n, 1000, [...]string{"", "k", "M", "B", "T", "P"}, "")
}

// Bytes renders a size in binary units with three significant digits: 512 B, 3.1 GiB.
func Bytes(n int64) string {
	return scaled(float64(n), 1024, [...]string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}, " ")
}

func scaled(n, base float64, units [6]string, sep string) string {
	if n < 0 {
		return "-" + scaled(-n, base, units, sep)
	}
	i := 0
	// 999.5 would print as 1000 of the smaller unit.
	for n >= base-0.5 && i < len(units)-1 {
		n /= base
		i++
	}
	return trim3(n, i > 0) + sep + units[i]
}

// trim3 renders n ≥ 0 with about three significant digits; whole numbers of the base unit have no fraction.
func trim3(n float64, fraction bool) string {
	switch {
	case !fraction && n == math.Trunc(n), n >= 99.95:
		return strconv.FormatFloat(n, 'f', 0, 64)
	case n >= 9.995:
		return strconv.FormatFloat(n, 'f', 1, 64)
	}
	return strconv.FormatFloat(n, 'f', 2, 64)
}

// Duration renders d in at most two units: 830ms, 4.2s, 4m12s, 3h07m, 2d05h.
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Duration(-d)
	case d == 0:
		return "0s"
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < 10*time.Second-50*time.Millisecond:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	s := int64(d.Round(time.Second) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%dh%02dm", s/3600, s%3600/60)
	}
	return fmt.Sprintf("%dd%02dh", s/86400, s%86400/3600)
}

// Seconds converts a number of seconds to a Duration, saturating where it would overflow.
func Seconds(s float64) time.Duration {
	if !(s < math.MaxInt64/1e9) {
		return math.MaxInt64
	}
	return time.Duration(s * float64(time.Second))
}

// Percent renders a fraction: 0.613 → 61.3%.
func Percent(f float64) string { return strconv.FormatFloat(100*f, 'f', 1, 64) + "%" }

// fixed renders a loss-like number in a stable width: four decimals, scientific beyond a million.
func fixed(v float64) string {
	if math.Abs(v) >= 1e6 {
		return strconv.FormatFloat(v, 'e', 3, 64)
	}
	return strconv.FormatFloat(v, 'f', 4, 64)
}
