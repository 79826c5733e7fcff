package runlog

import (
	"math"
	"testing"
	"time"
)

func TestUnits(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Count(0), "0"}, {Count(7), "7"}, {Count(950), "950"}, {Count(999.7), "1.00k"}, {Count(1000), "1.00k"}, {Count(12400), "12.4k"},
		{Count(12.4e6), "12.4M"}, {Count(124.4e6), "124M"}, {Count(999.6e6), "1.00B"}, {Count(1.1e9), "1.10B"}, {Count(15e12), "15.0T"},
		{Count(-2500), "-2.50k"}, {Count(math.NaN()), "NaN"}, {Count(0.25), "0.25"},
		{Bytes(0), "0 B"}, {Bytes(512), "512 B"}, {Bytes(1023), "1023 B"}, {Bytes(1024), "1.00 KiB"}, {Bytes(3328599654), "3.10 GiB"}, {Bytes(math.MaxInt64), "8192 PiB"},
		{Duration(830 * time.Millisecond), "830ms"}, {Duration(4200 * time.Millisecond), "4.2s"}, {Duration(9960 * time.Millisecond), "10s"},
		{Duration(59600 * time.Millisecond), "1m00s"}, {Duration(252 * time.Second), "4m12s"}, {Duration(3*time.Hour + 7*time.Minute + 9*time.Second), "3h07m"},
		{Duration(53 * time.Hour), "2d05h"}, {Duration(-time.Second), "-1.0s"},
		{Percent(0.6131), "61.3%"}, {fixed(3.25), "3.2500"}, {fixed(1e9), "1.000e+09"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	if Seconds(1.5) != 1500*time.Millisecond || Seconds(math.Inf(1)) != math.MaxInt64 || Seconds(1e300) != math.MaxInt64 {
		t.Error("Seconds")
	}
}

func TestMemoryIsPlausible(t *testing.T) {
	now, peak, ok := Memory()
	if !ok || now < 1<<20 || peak < now/2 {
		t.Errorf("Memory() = %d, %d, %v", now, peak, ok)
	}
}
