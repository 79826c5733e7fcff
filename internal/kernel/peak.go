package kernel

import "time"

// peakJob makes every worker run multiply-adds on registers.
type peakJob struct {
	dt    DType
	loops int
	flops []float64 // by worker
}

// Do runs the loops of the calling worker.
func (j *peakJob) Do(worker, lo, hi int) {
	for range hi - lo {
		j.flops[worker] = peakLoop(j.dt, j.loops)
	}
}

// MeasurePeak measures for about d what p's workers can do: GFLOP/s (a multiply-add counts two) of a loop over
// registers with the instruction that computation in dt (BF16 or F32) uses at the current level. It returns the best
// of rounds of a few milliseconds, so that a disturbance does not lower it. The denominator of MFU.
func MeasurePeak(p *Pool, dt DType, d time.Duration) float64 {
	j := &peakJob{dt: dt, loops: 1 << 10, flops: make([]float64, p.Workers())}
	best := 0.0
	for start := time.Now(); time.Since(start) < d || best == 0; {
		clear(j.flops)
		t := time.Now()
		p.Run(p.Workers(), 1, j)
		took := time.Since(t)
		if took < 3*time.Millisecond { // too short to tell
			j.loops *= 2
			continue
		}
		total := 0.0
		for _, f := range j.flops {
			total += f
		}
		best = max(best, total/took.Seconds()/1e9)
	}
	return best
}

// peakLoopGeneric runs n × 8 multiply-adds of float32 and returns their operations.
func peakLoopGeneric(n int) float64 {
	var s [8]float32
	x, y := float32(0.5), float32(0.25)
	for range n {
		s[0] += x * y
		s[1] += x * y
		s[2] += x * y
		s[3] += x * y
		s[4] += x * y
		s[5] += x * y
		s[6] += x * y
		s[7] += x * y
	}
	if s[0] != s[7] { // never: the sums are used, so that they are computed
		return 0
	}
	return float64(n) * 16
}
