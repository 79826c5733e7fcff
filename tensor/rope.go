package tensor

import (
	"fmt"
	"math"
)

// RopeScalingKind is a way to stretch rotary positions past the length a model was trained for.
type RopeScalingKind string

// The ways.
const (
	RopeNone   RopeScalingKind = ""
	RopeLinear RopeScalingKind = "linear" // positions divided by Factor (Chen et al. 2023)
	RopeNTK    RopeScalingKind = "ntk"    // θ' = θ·Factor^(D/(D−2)) ("NTK-aware", bloc97 2023)
	RopeYaRN   RopeScalingKind = "yarn"   // by parts of the spectrum, and an attention temperature (Peng et al. 2023)
	RopeLlama3 RopeScalingKind = "llama3" // by wavelength (Llama 3.1's reference code)
)

// RopeScaling describes the stretching of a Rope; the zero value is none. A zero field takes its published default.
type RopeScaling struct {
	Kind       RopeScalingKind
	Factor     float64
	Original   int     // yarn, llama3: the context length of the pretraining (llama3: 8192)
	LowFreq    float64 // llama3: 1
	HighFreq   float64 // llama3: 4
	BetaFast   float64 // yarn: 32
	BetaSlow   float64 // yarn: 1
	AttnFactor float64 // yarn: multiplies cos and sin; 0.1·ln Factor + 1
}

// Rope holds the tables of rotary position embeddings (Su et al. 2021, §3.2.2) in the half-split layout: elements i and
// i + D/2 of a head turn by the angle position·θ^(−2i/D).
type Rope struct {
	D, MaxPos int
	cos, sin  []float32 // [MaxPos, D/2]
}

// NewRope computes the tables for heads of D elements and positions below maxPos.
func NewRope(D, maxPos int, theta float64, scaling RopeScaling) *Rope {
	if D <= 0 || D%2 != 0 || maxPos <= 0 || theta <= 1 {
		panic(fmt.Sprintf("tensor.NewRope: head size %d, %d positions, θ %v: want an even head size, positions > 0, θ > 1", D, maxPos, theta))
	}
	freqs, scale := scaling.frequencies(D, theta)
	half := D / 2
	r := &Rope{D: D, MaxPos: maxPos, cos: make([]float32, maxPos*half), sin: make([]float32, maxPos*half)}
	for pos := range maxPos {
		for i, f := range freqs {
			sin, cos := math.Sincos(float64(pos) * f)
			r.cos[pos*half+i] = float32(cos * scale)
			r.sin[pos*half+i] = float32(sin * scale)
		}
	}
	return r
}

// frequencies returns the angle per position of each pair, and the factor of the tables.
func (s RopeScaling) frequencies(D int, theta float64) (freqs []float64, scale float64) {
	if s.Kind != RopeNone && s.Factor <= 0 {
		panic(fmt.Sprintf("tensor.RopeScaling: %s with factor %v, want a factor above 0", s.Kind, s.Factor))
	}
	if s.Kind == RopeNTK {
		theta *= math.Pow(s.Factor, float64(D)/float64(D-2))
	}
	freqs = make([]float64, D/2)
	for i := range freqs {
		freqs[i] = math.Pow(theta, -2*float64(i)/float64(D))
	}
	scale = 1
	switch s.Kind {
	case RopeNone, RopeNTK:
	case RopeLinear:
		for i := range freqs {
			freqs[i] /= s.Factor
		}
	case RopeYaRN:
		s.yarn(freqs, D, theta)
		scale = orDefault(s.AttnFactor, 0.1*math.Log(max(s.Factor, 1))+1)
	case RopeLlama3:
		s.llama3(freqs)
	default:
		panic(fmt.Sprintf("tensor.RopeScaling: kind %q, want linear, ntk, yarn or llama3", s.Kind))
	}
	return freqs, scale
}

// yarn keeps the fast pairs, divides the slow ones by Factor and blends between (Peng et al. 2023, eq. 17-23): a pair's
// place is judged by the turns it makes over the original context.
func (s RopeScaling) yarn(freqs []float64, D int, theta float64) {
	if s.Original <= 0 {
		panic("tensor.RopeScaling: yarn without the original context length")
	}
	at := func(turns float64) float64 { // the pair that makes so many turns
		return float64(D) * math.Log(float64(s.Original)/(turns*2*math.Pi)) / (2 * math.Log(theta))
	}
	low := max(math.Floor(at(orDefault(s.BetaFast, 32))), 0)
	high := min(math.Ceil(at(orDefault(s.BetaSlow, 1))), float64(D-1))
	if low == high {
		high += 0.001
	}
	for i := range freqs {
		slow := min(max((float64(i)-low)/(high-low), 0), 1)
		freqs[i] *= slow/s.Factor + 1 - slow
	}
}

// llama3 divides by Factor the pairs whose wavelength passes Original/LowFreq, keeps those below Original/HighFreq and
// blends between.
func (s RopeScaling) llama3(freqs []float64) {
	low, high := orDefault(s.LowFreq, 1), orDefault(s.HighFreq, 4)
	original := float64(s.Original)
	if original == 0 {
		original = 8192
	}
	for i, f := range freqs {
		turns := original * f / (2 * math.Pi)
		keep := min(max((turns-low)/(high-low), 0), 1)
		freqs[i] = f * (keep + (1-keep)/s.Factor)
	}
}

func orDefault(v, def float64) float64 {
	if v == 0 {
		return def
	}
	return v
}
