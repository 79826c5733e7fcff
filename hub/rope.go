package hub

import (
	"fmt"
	"math"

	"github.com/athanor-lm/athanor/model"
)

// ropeJSON is the description of rotary positions in config.json. Old readers look for type, newer ones for rope_type.
type ropeJSON struct {
	OldType  string `json:"type"`
	Type     string `json:"rope_type"`
	Theta    float  `json:"rope_theta,omitempty"` // not in rope_scaling, whose readers would warn
	Factor   float  `json:"factor,omitempty"`
	LowFreq  float  `json:"low_freq_factor,omitempty"`
	HighFreq float  `json:"high_freq_factor,omitempty"`
	Original int    `json:"original_max_position_embeddings,omitempty"`
	BetaFast float  `json:"beta_fast,omitempty"`
	BetaSlow float  `json:"beta_slow,omitempty"`
}

// ropeConfig reads rope_parameters (transformers 5) or rope_theta and rope_scaling (before).
func ropeConfig(f *fields, context int) (float64, model.RopeScaling) {
	theta := f.float("rope_theta", 10000)
	r := f.object("rope_parameters")
	if r == nil {
		r = f.object("rope_scaling")
	}
	if f.float("partial_rotary_factor", 1) != 1 {
		f.refuse("partial_rotary_factor", f.float("partial_rotary_factor", 1), "1: every pair of a head is rotated")
	}
	if r == nil {
		return theta, model.RopeScaling{}
	}
	theta = r.float("rope_theta", theta)
	kind := r.text("rope_type", r.text("type", "default"))
	var s model.RopeScaling
	switch kind {
	case "default":
		return theta, s
	case "linear":
		s = model.RopeScaling{Kind: kind, Factor: r.float("factor", 0)}
	case "llama3":
		s = model.RopeScaling{Kind: kind, Factor: r.float("factor", 0), LowFreq: r.float("low_freq_factor", 0), HighFreq: r.float("high_freq_factor", 0),
			Original: r.sizeOr(context, "original_max_position_embeddings")}
		if !(s.LowFreq > 0) || !(s.HighFreq > s.LowFreq) {
			r.refuse("high_freq_factor", s.HighFreq, fmt.Sprintf("more than low_freq_factor (%v), and both above 0", s.LowFreq))
		}
	case "yarn":
		s = yarnConfig(r, context)
	default:
		r.refuse("rope_type", kind, "one of default, linear, llama3, yarn")
	}
	if !(s.Factor >= 1) {
		r.refuse("factor", s.Factor, "a number of at least 1")
	}
	return theta, s
}

// yarnConfig reads YaRN's settings (Peng et al. 2023), whose attention scale is 0.1·ln(factor) + 1 here as in the paper.
func yarnConfig(r *fields, context int) model.RopeScaling {
	s := model.RopeScaling{Kind: "yarn", Factor: r.float("factor", 0), Original: r.sizeOr(context, "original_max_position_embeddings"),
		BetaFast: r.float("beta_fast", 32), BetaSlow: r.float("beta_slow", 1)}
	want := 0.1*math.Log(s.Factor) + 1
	if got := r.float("attention_factor", want); math.Abs(got-want) > 1e-6 {
		r.refuse("attention_factor", got, fmt.Sprintf("none or 0.1·ln(factor)+1 = %.6g", want))
	}
	if r.has("mscale") || r.has("mscale_all_dim") {
		r.refuse("mscale", "given", "none")
	}
	r.only("truncate", true, "the ramp begins and ends at whole dimensions")
	return s
}

// ropeExport renders rotary positions for old readers (theta, scaling) and new ones (params). Static NTK-aware scaling, which transformers has no
// name for, is exactly a larger theta: θ·s^(D/(D−2)).
func ropeExport(c model.Config) (theta float, scaling, params *ropeJSON) {
	s := c.RopeScaling
	r := ropeJSON{Type: "default", Theta: float(c.RopeTheta)}
	switch s.Kind {
	case "ntk":
		r.Theta = float(c.RopeTheta * math.Pow(s.Factor, float64(c.HeadDim)/float64(c.HeadDim-2)))
	case "linear":
		r.Type, r.Factor = s.Kind, float(s.Factor)
	case "llama3":
		r.Type, r.Factor, r.LowFreq, r.HighFreq, r.Original = s.Kind, float(s.Factor), float(s.LowFreq), float(s.HighFreq), s.Original
	case "yarn":
		r.Type, r.Factor, r.Original = s.Kind, float(s.Factor), s.Original
		r.BetaFast, r.BetaSlow = float(s.BetaFast), float(s.BetaSlow)
	}
	r.OldType = r.Type
	if r.Type != "default" {
		old := r
		old.Theta = 0
		scaling = &old
	}
	return r.Theta, scaling, &r
}
