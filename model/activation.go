package model

import "github.com/athanor-lm/athanor/internal/kernel"

// activations maps the config's names to the kernels' activations.
var activations = map[string]kernel.Act{
	"gelu_tanh": kernel.GELUTanhAct,
	"gelu_erf":  kernel.GELUErfAct,
	"relu":      kernel.ReLUAct,
	"silu":      kernel.SiLUAct,
}
