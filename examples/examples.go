// Package examples holds the recipes: a YAML file a run, for athanor train.
package examples

import _ "embed" // for the recipe

// Quickstart is quickstart.yaml, which the command of that name runs.
//
//go:embed quickstart.yaml
var Quickstart []byte
