package tensor

import (
	"math"
	"testing"
)

// The expected frequencies are those of transformers' modeling_rope_utils for D 8, θ 10000.
func TestRopeFrequencies(t *testing.T) {
	base := []float64{1, 0.1, 0.01, 0.001}
	for name, c := range map[string]struct {
		s     RopeScaling
		want  []float64
		scale float64
	}{
		"none":   {RopeScaling{}, base, 1},
		"linear": {RopeScaling{Kind: RopeLinear, Factor: 4}, []float64{0.25, 0.025, 0.0025, 0.00025}, 1},
		// θ' = 10000·4^(8/6)
		"ntk": {RopeScaling{Kind: RopeNTK, Factor: 4}, []float64{1, math.Pow(1e4*math.Pow(4, 4.0/3), -0.25), math.Pow(1e4*math.Pow(4, 4.0/3), -0.5), math.Pow(1e4*math.Pow(4, 4.0/3), -0.75)}, 1},
		// Turns over 8192 positions: 1304, 130, 13, 1.3. The pairs above 4 stay, 1.3 turns blend (1.3038−1)/3 = 0.10127.
		"llama3": {RopeScaling{Kind: RopeLlama3, Factor: 8}, []float64{1, 0.1, 0.01, 0.001 * (0.101266 + (1-0.101266)/8)}, 1},
		// Pairs of 32 and 1 turns over 2048: 8·ln(2048/(32·2π))/(2·ln 1e4) = 1.008 → 1, and 2.513 → 3: pair 2 is half way.
		"yarn": {RopeScaling{Kind: RopeYaRN, Factor: 4, Original: 2048}, []float64{1, 0.1, 0.01 * (0.5 + 0.125), 0.00025}, 0.1*math.Log(4) + 1},
	} {
		t.Run(name, func(t *testing.T) {
			got, scale := c.s.frequencies(8, 1e4)
			for i, w := range c.want {
				if math.Abs(got[i]-w) > 1e-6*w {
					t.Errorf("pair %d: %v, want %v", i, got[i], w)
				}
			}
			if math.Abs(scale-c.scale) > 1e-12 {
				t.Errorf("factor %v, want %v", scale, c.scale)
			}
		})
	}
}

func TestRopeTables(t *testing.T) {
	r := NewRope(6, 5, 100, RopeScaling{})
	angle := 3 * math.Pow(100, -2.0/6)
	if at := 3*3 + 1; math.Abs(float64(r.cos[at])-math.Cos(angle)) > 1e-7 || math.Abs(float64(r.sin[at])-math.Sin(angle)) > 1e-7 {
		t.Errorf("position 3, pair 1: %v, %v; want cos and sin of %v", r.cos[at], r.sin[at], angle)
	}
}
