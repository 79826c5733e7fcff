package model

import (
	"maps"
	"slices"
)

// family is what a configuration means to one family, beside the forward pass in the same file.
type family struct {
	build    func(c Config, o Options) Model
	defaults func(c *Config)       // fills in the fields whose zero value the family reads as something else
	validate func(c *Config) error // a *FieldError for the first field of a normalized Config that the family cannot have
	sizes    func(c *Config) sizes // of a normalized one
}

// sizes are counts that the figures of a configuration are made of.
type sizes struct {
	positions int64 // parameters of learned positions
	layer     int64 // parameters of one layer
	last      int64 // parameters between the last layer and the head
	mlp       int64 // C×F matrices in a layer: up and down, and the gate of gated ones
	tables    int64 // bytes of the rotation tables that New makes
}

// families holds the families by Config.Family.
var families = map[string]*family{"gpt2": &gpt2Family, "llama": &llamaFamily}

// Families returns the names of the model families, sorted.
func Families() []string { return slices.Sorted(maps.Keys(families)) }
