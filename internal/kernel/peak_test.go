package kernel

import (
	"testing"
	"time"
)

func TestMeasurePeakIsPlausible(t *testing.T) {
	p := testPools(t, 1)[0]
	forLevels(t, func(t *testing.T) {
		for _, dt := range []DType{F32, BF16} {
			if g := MeasurePeak(p, dt, 10*time.Millisecond); !(g > 0 && g < 1e5) {
				t.Errorf("%v: %v GFLOP/s", dt, g)
			}
		}
	})
}
